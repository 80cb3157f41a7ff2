/** Signals by name and by number. */
import { constants } from 'node:os';
import { checkInteger, checkString } from '../arguments.js';
import { outOfRange } from '../errors.js';

/** The highest signal number that Linux has. */
const MAX_SIGNAL = 64;

/**
 * Converts a signal to its number.
 *
 * @param signal a name ('SIGTERM') or a number from `min` to 64
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function toSignalNumber(signal: unknown, name: string, min: 0 | 1): number {
  if (typeof signal === 'number') {
    checkInteger(signal, name, min, MAX_SIGNAL);
    return signal;
  }
  checkString(signal, name);
  const found = Object.entries(constants.signals).find(([known]) => known === signal);
  if (found === undefined) throw outOfRange(name, 'the name of a signal', signal);
  return found[1];
}

/** Returns the name of a signal; `null` for a real-time one. */
export function toSignalName(signal: number): NodeJS.Signals | null {
  let name: keyof typeof constants.signals;
  for (name in constants.signals) if (constants.signals[name] === signal) return name;
  return null;
}
