/**
 * Events that a helper thread has found and that a second call no longer sees.
 *
 * A wait looks again when the thread reports, since much may have happened meanwhile. Polling some files consumes the
 * event (see `mayLoseEvents` in the binding): for these, the thread's findings count as well.
 */
import { native } from '../binding/load.js';
import { present } from '../errors.js';
import { POLLERR, POLLHUP, POLLNVAL } from './constants.js';
import { FINDING_WORDS, type Findings } from './findings.js';

/** What poll(2) reports whether it is asked for or not. */
export const ALWAYS_REPORTED = POLLERR | POLLHUP | POLLNVAL;

/** How many of the fds in a list for select(2) are in each set. */
export interface SelectCounts {
  readonly read: number;
  readonly write: number;
  readonly except: number;
}

/**
 * Restores such events in the entries of a poll(2) that has just been made.
 *
 * @param words `count` entries and the places of the ready ones, as the binding's `poll` leaves them
 * @param ready how many of them are ready
 * @returns how many are ready now
 */
export function restorePolled(words: Int32Array, count: number, ready: number, findings: Findings): number {
  let isChanged = false;
  for (let at = 0; at < findings.length; at += FINDING_WORDS) {
    const fd = present(findings[at + 1], 'a word of a finding');
    const index = placeOf(fd, present(findings[at], 'a word of a finding'), count, (place) => words[place * 2]);
    if (index === undefined) continue;
    const word = present(words[index * 2 + 1], 'a word of the answer');
    const missing =
      present(findings[at + 2], 'a word of a finding') & ((word & 0xffff) | ALWAYS_REPORTED) & ~(word >>> 16);
    if (missing === 0 || !native.mayLoseEvents(fd)) continue;
    words[index * 2 + 1] = word | (missing << 16);
    isChanged = true;
  }
  return isChanged ? listReady(words, count) : ready;
}

function listReady(words: Int32Array, count: number): number {
  let ready = 0;
  for (let place = 0; place < count; place += 1) {
    if (present(words[place * 2 + 1], 'a word of the answer') >>> 16 === 0) continue;
    words[count * 2 + ready] = place;
    ready += 1;
  }
  return ready;
}

/**
 * Restores such events in the answer of a select(2) that has just been made.
 *
 * @param fds the three sets and the places of the ready fds, as the binding's `select` leaves them
 * @param ready how many of them are ready
 * @returns how many are ready now
 */
export function restoreSelected(fds: Int32Array, counts: SelectCounts, ready: number, findings: Findings): number {
  const starts = [0, counts.read, counts.read + counts.write];
  const ends = [counts.read, counts.read + counts.write, counts.read + counts.write + counts.except];
  const total = counts.read + counts.write + counts.except;
  const places = new Set(fds.subarray(total, total + ready));
  for (let at = 0; at < findings.length; at += FINDING_WORDS) {
    const fd = present(findings[at + 1], 'a word of a finding');
    const set = present(findings[at + 2], 'a word of a finding');
    const start = present(starts[set], 'the start of a set');
    const length = present(ends[set], 'the end of a set') - start;
    const index = placeOf(
      fd,
      present(findings[at], 'a word of a finding') - start,
      length,
      (place) => fds[start + place],
    );
    if (index === undefined || places.has(start + index) || !native.mayLoseEvents(fd)) continue;
    places.add(start + index);
  }
  if (places.size > ready)
    fds.set(
      [...places].sort((a, b) => a - b),
      total,
    );
  return places.size;
}

/** Finds the fd among `count` entries: at its place when the thread was started, or elsewhere by now. */
function placeOf(fd: number, expected: number, count: number, fdAt: (place: number) => number | undefined) {
  if (expected >= 0 && expected < count && fdAt(expected) === fd) return expected;
  for (let place = 0; place < count; place += 1) if (fdAt(place) === fd) return place;
  return undefined;
}
