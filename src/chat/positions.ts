/** Places in a log, which name the messages that stand there. */

/** Names the entry that is being applied: the log, the number of its pack, and its place in that. */
export class Positions {
  readonly #log: string;
  /** Names the log; another one after it has lost its end, when other entries get places that these had. */
  #name: string;
  #restarts = 0;
  #seq = 0;
  #index = 0;

  /** @param log - names the log; no other log ever has this name */
  constructor(log: string) {
    this.#log = log;
    this.#name = log;
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

  /** Gives other names from now on: places that have been named will be taken again. */
  restart(): void {
    this.#restarts += 1;
    this.#name = `${this.#log}.${this.#restarts}`;
  }

  /** Returns the id of the message that is being applied; letters, digits, `-` and `.` only. */
  id(): string {
    const id = `${this.#name}-${this.#seq.toString(36)}`;
    return this.#index === 0 ? id : `${id}.${this.#index}`;
  }
}
