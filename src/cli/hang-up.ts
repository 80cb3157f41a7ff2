/** The signal that has the configuration read again: SIGHUP. */

/** One that arrives while nobody can heed it is heeded later. */
export class HangUp {
  #heed: (() => void) | null = null;
  #isPending = false;

  constructor() {
    process.on('SIGHUP', this.#onSignal);
  }

  /** Has it heeded in another way from now on. */
  heed(act: () => void): void {
    this.#heed = act;
    if (!this.#isPending) return;
    this.#isPending = false;
    act();
  }

  /** Keeps it until somebody can heed it again. */
  keep(): void {
    this.#heed = null;
  }

  dispose(): void {
    process.off('SIGHUP', this.#onSignal);
  }

  readonly #onSignal = (): void => {
    if (this.#heed === null) this.#isPending = true;
    else this.#heed();
  };
}
