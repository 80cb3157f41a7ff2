/** The messages to single people, as the log of an account or of a node has them. */
import { type EntryOf, type PrivateDeeds, proposerOf, type Stamp } from '../log/entry.js';
import type { EventOf, Said } from './event.js';
import type { Fold } from './fold.js';
import { GoneNodes } from './gone-nodes.js';
import type { MemberState } from './member-state.js';
import type { Cleared } from './outcome.js';
import { Positions } from './positions.js';
import { RecentMessages } from './recent-messages.js';
import { NOT_TAKEN, type NotTaken, refuse, type Refused } from './refusal.js';
import { RunningNumbers } from './running-numbers.js';
import type { PrivateSnapshot } from './snapshot.js';

/** The outcomes of entries of each kind. */
export interface PrivateOutcomes {
  tell: Said | Refused<'no-such-member' | 'needs-account'>;
  retract: EventOf<'redacted'> | Refused<'no-such-member' | 'no-such-message' | 'not-allowed'>;
  withdrawn: null;
  gone: Cleared | null;
}

/** The number of messages that can still be taken back. */
const MAX_REMEMBERED_MESSAGES = 5_000;

/** The sender and the recipient of a recent message. */
interface Telling {
  readonly by: string;
  readonly to: string;
}

/** The log keeps no state but the numbers of its senders, and the names of recent messages. */
export class PrivateState implements Fold<PrivateDeeds, PrivateOutcomes> {
  readonly gone = new GoneNodes();
  readonly #numbers = new RunningNumbers();
  #messages = new RecentMessages<Telling>(MAX_REMEMBERED_MESSAGES);
  readonly #positions: Positions;
  readonly #memberBy: (session: string) => MemberState | undefined;
  #atMs = 0;

  /**
   * @param id - the name of the log in the ids of its messages
   * @param memberBy - returns the member of a session
   */
  constructor(id: string, memberBy: (session: string) => MemberState | undefined) {
    this.#positions = new Positions(id);
    this.#memberBy = memberBy;
  }

  nextNumber(session: string): number {
    return this.#numbers.next(session);
  }

  apply<K extends keyof PrivateDeeds>(seq: number, entry: EntryOf<PrivateDeeds, K>): PrivateOutcomes[K] | NotTaken {
    this.#positions.enter(seq);
    if (entry.kind !== 'gone' && !this.#counts(seq, entry)) return NOT_TAKEN;
    this.#atMs = Math.max(this.#atMs, entry.atMs);
    const deed = this.#deeds[entry.kind];
    return deed(entry);
  }

  #counts(seq: number, entry: Stamp): boolean {
    return !this.gone.hasSession(proposerOf(entry)) && this.#numbers.take(entry, seq);
  }

  /** Returns the whole state of the log as plain data. */
  snapshot(): PrivateSnapshot {
    return {
      gone: this.gone.nodes(),
      numbers: this.#numbers.snapshot(),
      restarts: this.#positions.restarts,
      messages: this.#messages.entries().map(([key, { by, to }]) => ({ key, by, to })),
      atMs: this.#atMs,
    };
  }

  /** Continues from the result of {@link snapshot}. Call it before the first entry. */
  restore({ gone, numbers, restarts, messages, atMs }: PrivateSnapshot): void {
    this.gone.restore(gone);
    this.#numbers.restore(numbers);
    this.#positions.resume(restarts);
    for (const { key, by, to } of messages) this.#messages.add(key, { by, to });
    this.#atMs = atMs;
  }

  /** Continues after a pack of which nothing is known any more. Call it before the first entry. */
  beginAfter(seq: number): void {
    this.#numbers.beginAfter(seq);
  }

  regressed(top: number): void {
    this.#numbers.regressed(top);
    this.#positions.restart();
    this.#messages = new RecentMessages(MAX_REMEMBERED_MESSAGES);
  }

  readonly #deeds: { readonly [K in keyof PrivateDeeds]: (entry: EntryOf<PrivateDeeds, K>) => PrivateOutcomes[K] } = {
    tell: ({ session, target, type, text, tags, isDivisible }) => {
      // Whether they are still here does not matter: sender and recipient are in the log, the same for all who apply
      // it.
      this.#messages.add(this.#positions.key, { by: session, to: target });
      const by = this.#memberBy(session);
      const to = this.#memberBy(target);
      if (by === undefined || to === undefined) return refuse('no-such-member');
      if (to.traits.has('hears-accounts-only') && by.account === null && by !== to) return refuse('needs-account');
      by.lastSpokeMs = this.#atMs;
      const id = this.#positions.id();
      return { kind: 'said', atMs: this.#atMs, by, room: null, to, ranks: 0, type, text, id, tags, isDivisible };
    },
    retract: ({ session, target, message, reason }) => {
      const key = this.#positions.keyOf(message);
      const told = key === null ? undefined : this.#messages.find(key);
      if (key === null || told === undefined) return refuse('no-such-message');
      if (told.by === target && told.to === session) return refuse('not-allowed');
      // To others it is like a message that never existed.
      if (told.by !== session || told.to !== target) return refuse('no-such-message');
      this.#messages.remove(key);
      const by = this.#memberBy(session);
      const to = this.#memberBy(target);
      if (by === undefined || to === undefined) return refuse('no-such-member');
      const id = this.#positions.id();
      return { kind: 'redacted', atMs: this.#atMs, by, room: null, to, message, id, reason };
    },
    withdrawn: () => null,
    gone: ({ node, heirs = [] }) => {
      if (!this.gone.add(node)) return null;
      this.#numbers.drop((session) => this.gone.hasSession(session));
      const known = new Map(heirs);
      const current = (session: string): string => known.get(session) ?? session;
      if (known.size > 0) this.#messages.change(({ by, to }) => ({ by: current(by), to: current(to) }));
      return { kind: 'cleared', node, members: [], moved: [] };
    },
  };
}
