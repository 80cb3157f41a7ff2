/** The open multiplexers of this thread, so that an fd can leave all of them before it is closed. */

/** What is needed of a multiplexer here. */
interface Holder {
  get(fd: number): { unregister(): void } | undefined;
}

/** Weak: an abandoned multiplexer may be collected. */
const open = new Set<WeakRef<Holder>>();

/** Lets a multiplexer take part. @returns what ends that, to be called when it closes */
export function announce(multiplexer: Holder): () => void {
  const reference = new WeakRef(multiplexer);
  open.add(reference);
  return () => open.delete(reference);
}

/**
 * Ends the registration of an fd in every multiplexer. Whoever owns an fd calls it before closing: a number that is
 * registered when it is closed may soon name something else.
 */
export function leaveMultiplexers(fd: number): void {
  for (const reference of open) {
    const multiplexer = reference.deref();
    if (multiplexer === undefined) open.delete(reference);
    else multiplexer.get(fd)?.unregister();
  }
}
