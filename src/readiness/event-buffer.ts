/** The buffer that epoll_wait(2) fills, as JavaScript reads it: in place, as 32-bit words. */
import { native } from '../binding/load.js';
import { hasDefaultHandling } from './wait-options.js';

/** How many events one wait reports at most; 12 MB of events. */
export const MAX_EVENTS_LIMIT = 1 << 20;

/** How many events the first wait has room for. */
export const INITIAL_EVENTS = 64;

/** The distances in uint32 words from one event to the next, and from an event's first word, the mask, to its data. */
export interface EventLayout {
  readonly strideWords: number;
  readonly dataWord: number;
}

const memory = native.eventMemory;
let layout: EventLayout | undefined;

/** How the kernel lays events out on this architecture. */
export function eventLayout(): EventLayout {
  layout ??= { strideWords: native.eventStrideWords, dataWord: native.eventDataWord };
  return layout;
}

/**
 * Returns the buffer, with room for at least `events`. It holds the events of this thread's last wait, whichever object
 * made it: read them before anything else can run, and never hand the buffer out.
 */
export function eventWords(events: number): Uint32Array {
  const { strideWords } = eventLayout();
  if (events * strideWords > memory.words.length) {
    // Doubling keeps a growing set of registrations from reallocating on each wait.
    const doubled = (memory.words.length / strideWords) * 2;
    const capacity = Math.min(MAX_EVENTS_LIMIT, Math.max(events, doubled, INITIAL_EVENTS));
    memory.words = new Uint32Array(native.eventBuffer(capacity));
  }
  return memory.words;
}

/** Returns the buffer as it is: the events of a wait that was made for this thread without its asking lie in it. */
export function latestEventWords(): Uint32Array {
  return memory.words;
}

/**
 * epoll_wait(2) into that buffer, which must have room for `maxEvents`.
 *
 * @returns how many events there are
 */
export function waitForEvents(
  epollFd: number,
  maxEvents: number,
  timeoutMs: number,
  retryOnSignal: boolean,
  signalMask: readonly number[] | null,
): number {
  return hasDefaultHandling(timeoutMs, retryOnSignal, signalMask)
    ? native.epollWait(epollFd, maxEvents, timeoutMs)
    : native.epollWait(epollFd, maxEvents, timeoutMs, retryOnSignal, signalMask);
}
