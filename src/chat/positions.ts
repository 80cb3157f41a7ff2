/** Places in a log, which name the messages that stand there. */
import { MAX_PACK_ENTRIES } from '../log/entry.js';
import { placeOf } from '../log/place.js';

const RADIX = 36;
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Names the entry that is being applied: the log, the number of its pack, and its place in that. */
export class Positions {
  readonly #log: string;
  /** Names the log; another one after it has lost its end, when other entries get places that these had. */
  #name: string;
  #restarts = 0;
  #seq = 0;
  #index = 0;
  /** All digits but the last of the latest number that was written, which most of those after it share. */
  #begin = 0;
  #beginText = '';

  /** @param log - names the log; no other log ever has this name */
  constructor(log: string) {
    this.#log = log;
    this.#name = log;
  }

  /** Names the log, whatever it has lost. */
  get log(): string {
    return this.#log;
  }

  /** Takes the next entry. @param seq - the number of its pack */
  enter(seq: number): void {
    this.#index = seq === this.#seq ? this.#index + 1 : 0;
    this.#seq = seq;
  }

  /** The number of the pack of the entry that is being applied; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** How often the log has lost its end. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Gives other names from now on: places that have been named will be taken again. */
  restart(): void {
    this.resume(this.#restarts + 1);
  }

  /** Gives the names that a log has which has lost its end so often. */
  resume(restarts: number): void {
    this.#restarts = restarts;
    this.#name = restarts === 0 ? this.#log : `${this.#log}.${restarts}`;
  }

  /** The place of the entry that is being applied as a number: a later one has a greater one. */
  get key(): number {
    return this.#seq * MAX_PACK_ENTRIES + this.#index;
  }

  /** Returns the key of the place that an id names; null if it is no id of this log, or one from before a restart. */
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
