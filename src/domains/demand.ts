/** The nodes of a domain that need each room of another one. */

export class Demand {
  readonly #nodes = new Map<string, Set<string>>();

  /** The rooms that are needed. */
  rooms(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** The nodes that need a room. */
  nodesOf(room: string): ReadonlySet<string> {
    return this.#nodes.get(room) ?? new Set();
  }

  add(room: string, node: string): void {
    const nodes = this.#nodes.get(room) ?? new Set();
    this.#nodes.set(room, nodes.add(node));
  }

  remove(room: string, node: string): void {
    this.#nodes.get(room)?.delete(node);
  }

  /** Forgets nodes that are gone. @returns the rooms that nobody needs any more */
  prune(isGone: (node: string) => boolean): string[] {
    const unneeded: string[] = [];
    for (const [room, nodes] of this.#nodes) {
      for (const node of nodes) if (isGone(node)) nodes.delete(node);
      if (nodes.size > 0) continue;
      this.#nodes.delete(room);
      unneeded.push(room);
    }
    return unneeded;
  }

  clear(): void {
    this.#nodes.clear();
  }
}
