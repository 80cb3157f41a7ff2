/** The open multiplexers of this thread, so that an fd can leave all of them before it is closed. */

/** The part of a multiplexer that is needed here. */
interface Holder {
  get(fd: number): { unregister(): void } | undefined;
}

/** Weak: an abandoned multiplexer may be collected. */
const open = new Set<WeakRef<Holder>>();

/** Adds a multiplexer. @returns a function that removes it again, to be called when it closes */
export function announce(multiplexer: Holder): () => void {
  const reference = new WeakRef(multiplexer);
  open.add(reference);
  return () => open.delete(reference);
}

/**
 * Ends the registration of an fd in every multiplexer. The owner of an fd calls it before closing the fd, because the
 * number may soon be another file's.
 */
export function leaveMultiplexers(fd: number): void {
  for (const reference of open) {
    const multiplexer = reference.deref();
    if (multiplexer === undefined) open.delete(reference);
    else multiplexer.get(fd)?.unregister();
  }
}

/** Whether an fd is registered in a multiplexer of this thread. */
export function isWatched(fd: number): boolean {
  return [...open].some((reference) => reference.deref()?.get(fd) !== undefined);
}
