/** Lines of a history, for tests that care about few of their fields. */
import type { Line } from '../../src/history/line.js';

/** A message of ann's in #a, whose place and time follow from a number. */
export function saidAt(seq: number): Line {
  return {
    seq,
    part: 0,
    atMs: 1000 + seq,
    kind: 'message',
    msgid: `x-${seq}`,
    peer: null,
    source: 'ann!a@h',
    account: null,
    target: '#a',
    ranks: 0,
    text: '',
    tags: [],
    object: null,
    bits: 0,
  };
}
