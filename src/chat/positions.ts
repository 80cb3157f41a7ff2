/** Places in a log, which name the messages that stand there. */

/** Names the entry that is being applied: the log, the number of its pack, and its place in that. */
export class Positions {
  readonly #log: string;
  #seq = 0;
  #index = 0;

  /** @param log - names the log; no other log ever has this name */
  constructor(log: string) {
    this.#log = log;
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

  /** Returns the id of the message that is being applied; letters, digits, `-` and `.` only. */
  id(): string {
    const id = `${this.#log}-${this.#seq.toString(36)}`;
    return this.#index === 0 ? id : `${id}.${this.#index}`;
  }
}
