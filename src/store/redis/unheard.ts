/** The announcements of this process that have not come back to it. */
export class Unheard {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** These are about to be made. */
  add(count: number): void {
    this.#count += count;
  }

  /** One has come back. Those that come back late, after {@link forget}, do not count. */
  heard(): void {
    if (this.#count === 0) return;
    this.#count -= 1;
    if (this.#count === 0) this.#goOn();
  }

  /** Nothing is expected any more: a connection is lost. */
  forget(): void {
    this.#count = 0;
    this.#goOn();
  }

  /** Waits until all have come back, or are not expected any more. */
  async none(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #goOn(): void {
    for (const goOn of this.#waiting.splice(0)) goOn();
  }
}
