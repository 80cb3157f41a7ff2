/** Connections that are needed all at once. */

/** One of them. */
interface GroupedLink {
  readonly isUp: boolean;
  readonly problem: Error | null;
  open(): void;
  close(): void;
}

/** The observer of a group. */
export interface GroupListener {
  /** All are there. It is called again after each `lost`. */
  found(): void;
  lost(why: Error): void;
}

/** Links that count as found when all are up, and as lost as soon as one is not. Each reports its own to the group. */
export class LinkGroup {
  #links: readonly GroupedLink[] = [];
  #listener: GroupListener | null = null;
  #isFound = false;

  /** Why one of them could not be made; null if none has failed. */
  get problem(): Error | null {
    return this.#links.find(({ problem }) => problem !== null)?.problem ?? null;
  }

  open(links: readonly GroupedLink[], listener: GroupListener): void {
    this.#links = links;
    this.#listener = listener;
    for (const link of links) link.open();
  }

  readonly found = (): void => {
    if (this.#isFound || !this.#links.every(({ isUp }) => isUp)) return;
    this.#isFound = true;
    this.#listener?.found();
  };

  readonly lost = (why: Error): void => {
    if (!this.#isFound) return;
    this.#isFound = false;
    this.#listener?.lost(why);
  };

  close(): void {
    this.#listener = null;
    for (const link of this.#links) link.close();
  }
}
