/** What one process has proposed to a log, and not heard of yet. */
import type { Entry, Stamp } from '../log/entry.js';
import type { Unsettled } from './proposal.js';

/** Up to so many a look at each is cheaper than an index. */
const FEW = 16;

/** Proposals in the order in which they were made, which is that of their sessions' numbers. */
export class UnsettledList<F> {
  readonly #all: Unsettled<F>[] = [];
  /** Those of each session, in order; null while there are few. */
  #bySession: Map<string, Unsettled<F>[]> | null = null;
  /** How many may be given up. */
  #free = 0;

  get size(): number {
    return this.#all.length;
  }

  /** How many there are beside those that must happen. */
  get freeCount(): number {
    return this.#free;
  }

  [Symbol.iterator](): IterableIterator<Unsettled<F>> {
    return this.#all[Symbol.iterator]();
  }

  at(index: number): Unsettled<F> | undefined {
    return this.#all[index];
  }

  add(proposal: Unsettled<F>): void {
    this.#all.push(proposal);
    if (!proposal.isObliged) this.#free += 1;
    if (this.#bySession !== null) file(this.#bySession, proposal);
    else if (this.#all.length > FEW) this.#index();
  }

  #index(): void {
    const index = new Map<string, Unsettled<F>[]>();
    for (const proposal of this.#all) file(index, proposal);
    this.#bySession = index;
  }

  /** Those of a session, in order. Among few, they may be among others. */
  #near(session: string): readonly Unsettled<F>[] {
    return this.#bySession === null ? this.#all : (this.#bySession.get(session) ?? []);
  }

  /** The last number that a session has proposed; 0 for none. What says that a node is gone has none. */
  lastNumber(session: string): number {
    let last = 0;
    for (const { entry } of this.#near(session)) {
      if (entry.session === session && entry.kind !== 'gone') last = Math.max(last, entry.n);
    }
    return last;
  }

  /** How many a session has beside those that must happen. */
  freeCountOf(session: string): number {
    let count = 0;
    for (const { entry, isObliged } of this.#near(session)) if (entry.session === session && !isObliged) count += 1;
    return count;
  }

  has(session: string, kind?: Entry['kind']): boolean {
    return this.#near(session).some(
      ({ entry }) => entry.session === session && (kind === undefined || entry.kind === kind),
    );
  }

  hasGone(node: string): boolean {
    return this.#goneLike(node) !== undefined;
  }

  /** Takes out the proposal that has an entry's number, or that says like the entry that a node is gone. */
  take(entry: Entry): Unsettled<F> | null {
    const first = this.#all[0];
    if (this.#all.length === 1 && first?.entry === entry) {
      // A log in memory has brought back the very entry that was proposed to it.
      this.#all.pop();
      this.#free = 0;
      this.#bySession = null;
      return first;
    }
    const found = entry.kind === 'gone' ? this.#goneLike(entry.node) : this.#numbered(entry);
    if (found !== undefined) this.drop(found);
    return found ?? null;
  }

  #goneLike(node: string): Unsettled<F> | undefined {
    return this.#all.find(({ entry }) => entry.kind === 'gone' && entry.node === node);
  }

  #numbered({ session, n }: Stamp): Unsettled<F> | undefined {
    for (const proposal of this.#near(session)) {
      const { entry } = proposal;
      if (entry.n === n && entry.session === session && entry.kind !== 'gone') return proposal;
    }
    return undefined;
  }

  drop(proposal: Unsettled<F>): void {
    // Nearly always it is the only one.
    if (this.#all.length === 1 && this.#all[0] === proposal) this.#all.pop();
    else if (!remove(this.#all, proposal)) return;
    if (!proposal.isObliged) this.#free -= 1;
    if (this.#bySession === null) return;
    if (this.#all.length === 0) this.#bySession = null;
    else this.#unfile(this.#bySession, proposal);
  }

  #unfile(index: Map<string, Unsettled<F>[]>, proposal: Unsettled<F>): void {
    const { session } = proposal.entry;
    const own = index.get(session);
    if (own !== undefined && remove(own, proposal) && own.length === 0) index.delete(session);
  }

  /** Takes out all. */
  clear(): Unsettled<F>[] {
    this.#bySession = null;
    this.#free = 0;
    return this.#all.splice(0);
  }
}

function file<F>(index: Map<string, Unsettled<F>[]>, proposal: Unsettled<F>): void {
  const { session } = proposal.entry;
  const own = index.get(session);
  if (own === undefined) index.set(session, [proposal]);
  else own.push(proposal);
}

function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
