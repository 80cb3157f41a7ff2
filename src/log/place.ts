/** Places in a log, as the ids of messages name them: `name-number` or `name-number.part`, the number in base 36. */

const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const SMALL_A = 0x61;
const SMALL_Z = 0x7a;

const NOWHERE = { seq: 0, part: 0 };

/** Returns the place that an id names in its log, whichever log that is: the pack, and the place in it. 0 for none. */
export function placeOf(id: string): { readonly seq: number; readonly part: number } {
  const start = id.lastIndexOf('-') + 1;
  if (start === 0 || start === id.length) return NOWHERE;
  // Digit by digit, since this runs for each message.
  let seq = 0;
  for (let at = start; at < id.length; at += 1) {
    const code = id.charCodeAt(at);
    if (code === DOT) return at === start ? NOWHERE : { seq, part: Number(id.slice(at + 1)) };
    if (code >= ZERO && code <= NINE) seq = seq * 36 + code - ZERO;
    else if (code >= SMALL_A && code <= SMALL_Z) seq = seq * 36 + 10 + code - SMALL_A;
    else return NOWHERE;
  }
  return { seq, part: 0 };
}
