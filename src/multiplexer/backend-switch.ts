/** Registrations on their way from one backend to another: all of them, or none. */
import { native } from '../binding/load.js';
import { unsupportedTriggerError } from '../errors.js';
import type { Backend, BackendEntry, ReadySink } from './backend.js';

/** The findings of a single call. */
class ReadyList<Entry extends BackendEntry> implements ReadySink<Entry> {
  readonly entries: Entry[] = [];
  woken = false;

  get length(): number {
    return this.entries.length;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
  }

  sort(compare: (one: Entry, other: Entry) => number): void {
    this.entries.sort(compare);
  }
}

/**
 * Puts all active entries into the set of another backend.
 *
 * @param entries in the order of registering, in which poll and select report
 * @throws ERR_UNSUPPORTED_TRIGGER if the backend does not support an entry's trigger; with epoll EBADF, EPERM, ENOSPC,
 *   ENOMEM. No entry has changed then
 */
export function fillBackend<Entry extends BackendEntry>(entries: readonly Entry[], backend: Backend<Entry>): void {
  for (const { trigger, exclusive } of entries) {
    if (!backend.triggers.includes(trigger)) throw unsupportedTriggerError(trigger, backend.name);
    if (exclusive && !backend.hasExclusive) throw unsupportedTriggerError('exclusive', backend.name);
  }
  const before = entries.map(({ watched }) => watched);
  try {
    for (const entry of entries) {
      entry.watched = false;
      if (entry.active) backend.add(entry);
    }
  } catch (error) {
    entries.forEach((entry, index) => {
      entry.watched = before[index] ?? false;
    });
    throw error;
  }
}

/** The events that a backend has taken from the kernel, which would not report them to another one. */
export function takeLosable<Entry extends BackendEntry & { events: number }>(
  entries: readonly Entry[],
  backend: Backend<Entry>,
): Map<Entry, number> {
  const losable = new Map<Entry, number>();
  if (!entries.some(({ fd, active }) => active && native.mayLoseEvents(fd))) return losable;
  // The look overwrites the events of the latest wait, which a handler may be looking at, with those that it finds.
  const latest = entries.map(({ events }) => events);
  const ready = new ReadyList<Entry>();
  backend.wait(ready, 0, true, null);
  for (const entry of ready.entries) {
    if (native.mayLoseEvents(entry.fd)) losable.set(entry, entry.events);
  }
  entries.forEach((entry, index) => {
    entry.events = latest[index] ?? 0;
  });
  return losable;
}
