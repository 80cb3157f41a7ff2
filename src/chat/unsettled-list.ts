/** The proposals of one process to a log that have not returned. */
import { type Entry, proposerOf, type Stamp } from '../log/entry.js';
import type { Unsettled } from './proposal.js';

/** Up to this number, a look at each is cheaper than an index. */
const FEW = 16;

/** Proposals in the order in which they were made, which is that of their sessions' numbers. */
export class UnsettledList<F> {
  readonly #all: Unsettled<F>[] = [];
  /** The proposals of each proposer, in order; null while there are few. */
  #bySession: Map<string, Unsettled<F>[]> | null = null;
  /** The number of proposals that may be given up. */
  #free = 0;

  get size(): number {
    return this.#all.length;
  }

  /** The number of proposals besides those that must happen. */
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

  /** The proposals of a proposer, in order. If there are few, others may be among them. */
  #near(session: string): readonly Unsettled<F>[] {
    return this.#bySession === null ? this.#all : (this.#bySession.get(session) ?? []);
  }

  /** The last number that a session has proposed; 0 for none. A report that a node is gone has no number. */
  lastNumber(session: string): number {
    let last = 0;
    for (const { entry } of this.#near(session)) {
      if (proposerOf(entry) === session && entry.kind !== 'gone') last = Math.max(last, entry.n);
    }
    return last;
  }

  /** The number of a session's proposals besides those that must happen. */
  freeCountOf(session: string): number {
    let count = 0;
    for (const { entry, isObliged } of this.#near(session)) if (proposerOf(entry) === session && !isObliged) count += 1;
    return count;
  }

  has(session: string, kind?: Entry['kind']): boolean {
    return this.#near(session).some(
      ({ entry }) => proposerOf(entry) === session && (kind === undefined || entry.kind === kind),
    );
  }

  hasGone(node: string): boolean {
    return this.#goneLike(node) !== undefined;
  }

  /** Removes and returns the proposal with an entry's number, or the one that reports the same node as gone. */
  take(entry: Entry): Unsettled<F> | null {
    const first = this.#all[0];
    if (this.#all.length === 1 && first?.entry === entry) {
      // A log in memory has returned the very entry that was proposed to it.
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

  #numbered(stamp: Stamp): Unsettled<F> | undefined {
    const session = proposerOf(stamp);
    for (const proposal of this.#near(session)) {
      const { entry } = proposal;
      if (entry.n === stamp.n && proposerOf(entry) === session && entry.kind !== 'gone') return proposal;
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
    const session = proposerOf(proposal.entry);
    const own = index.get(session);
    if (own !== undefined && remove(own, proposal) && own.length === 0) index.delete(session);
  }

  /** Removes and returns all proposals. */
  clear(): Unsettled<F>[] {
    this.#bySession = null;
    this.#free = 0;
    return this.#all.splice(0);
  }
}

function file<F>(index: Map<string, Unsettled<F>[]>, proposal: Unsettled<F>): void {
  const session = proposerOf(proposal.entry);
  const own = index.get(session);
  if (own === undefined) index.set(session, [proposal]);
  else own.push(proposal);
}

function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
