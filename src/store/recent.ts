/** A map that forgets what has not been used for long. */

/** Values by their keys: it has the last ones that were used, at least `size` and at most twice as many. */
export class Recent<K, V> {
  readonly #size: number;
  /** What has been used since the last change of maps. A change is cheaper than an order that each use moves. */
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** @param size - at least 1 */
  constructor(size: number) {
    this.#size = size;
  }

  /** How many values it has. */
  get size(): number {
    let count = this.#young.size;
    for (const key of this.#old.keys()) if (!this.#young.has(key)) count += 1;
    return count;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#size && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
