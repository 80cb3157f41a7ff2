/** Places in a log, which identify the messages at these places. */
import { MAX_PACK_ENTRIES } from '../log/entry.js';
import { placeOf } from '../log/place.js';

const RADIX = 36;
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Names the entry that is being applied: the log, the number of its pack, and its place in the pack. */
export class Positions {
  readonly #log: string;
  /**
   * The name of the log; replaced when the log has lost its end, since other entries then get places of the lost ones.
   */
  #name: string;
  #restarts = 0;
  #seq = 0;
  #index = 0;
  /** All digits but the last of the latest number that was written; most of the next numbers share them. */
  #begin = 0;
  #beginText = '';

  /** @param log - the name of the log; no other log ever has this name */
  constructor(log: string) {
    this.#log = log;
    this.#name = log;
  }

  /** The name of the log, whatever the log has lost. */
  get log(): string {
    return this.#log;
  }

  /** Enters the next entry. @param seq - the number of its pack */
  enter(seq: number): void {
    this.#index = seq === this.#seq ? this.#index + 1 : 0;
    this.#seq = seq;
  }

  /** The number of the pack of the entry that is being applied; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** The number of times that the log has lost its end. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Gives other names from now on: places that have been named will be taken again. */
  restart(): void {
    this.resume(this.#restarts + 1);
  }

  /** Gives the names of a log that has lost its end this many times. */
  resume(restarts: number): void {
    this.#restarts = restarts;
    this.#name = restarts === 0 ? this.#log : `${this.#log}.${restarts}`;
  }

  /** The place of the entry that is being applied as a number, which is greater for a later entry. */
  get key(): number {
    return this.#seq * MAX_PACK_ENTRIES + this.#index;
  }

  /**
   * Returns the key of the place that an id names; null if it is not an id of this log, or is from before a restart.
   */
  keyOf(id: string): number | null {
    const { seq, part } = placeOf(id);
    return seq > 0 && this.#format(seq, part) === id ? seq * MAX_PACK_ENTRIES + part : null;
  }

  /** Returns the id of the message that is being applied; letters, digits, `-` and `.` only. */
  id(): string {
    return this.#format(this.#seq, this.#index);
  }

  #format(seq: number, index: number): string {
    const rest = seq % RADIX;
    const begin = (seq - rest) / RADIX;
    if (begin !== this.#begin) {
      this.#begin = begin;
      this.#beginText = begin === 0 ? '' : begin.toString(RADIX);
    }
    const id = `${this.#name}-${this.#beginText}${DIGITS.charAt(rest)}`;
    return index === 0 ? id : `${id}.${index}`;
  }
}
