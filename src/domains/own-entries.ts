/** The proposals of people of this domain to a room of another one: its home cannot invent others for them. */
import { areOfOneDomain } from '../chat/abroad.js';
import { type Entry, proposerOf } from '../log/entry.js';

/** The most entries that are remembered; far more than can be on their way at once. */
const MAX_ENTRIES = 20_000;
/** The most sessions whose last number is remembered. */
const MAX_SESSIONS = 20_000;

/** The fields that the home itself sets, or bounds. */
const HOMES_OWN = new Set(['atMs', 'seen', 'base', 'maxMasks', 'maxValues', 'maxKeys', 'session', 'via', 'n', 'name']);

/**
 * The verdict on an entry. `repeated`: it has been there before, or was never proposed with a number that still counts,
 * so the room skips it.
 */
export type Verdict = 'good' | 'repeated' | 'forged';

/** What has been sent under one number. */
interface Sent {
  /** The original, and the entries that have replaced it, each as what it does. */
  readonly deeds: readonly string[];
  /** The session that enters by it; null for none. */
  readonly enters: string | null;
}

const NOTHING: Sent = { deeds: [], enters: null };

/** The proposals to one room that have not returned. */
export class OwnEntries {
  /** By session and number. */
  readonly #sent = new Map<string, Sent>();
  /** The last number of each session that has returned. */
  readonly #last = new Map<string, number>();
  readonly #isOwn: (session: string) => boolean;

  /** @param isOwn - whether a session is one of this process */
  constructor(isOwn: (session: string) => boolean) {
    this.#isOwn = isOwn;
  }

  get size(): number {
    return this.#sent.size;
  }

  /** The sessions of the proposals. */
  get sessions(): ReadonlySet<string> {
    return new Set([...this.#sent.keys()].map((key) => key.slice(0, key.indexOf(' '))));
  }

  /** The sessions that are about to enter: the home may have let them in already. */
  get entering(): ReadonlySet<string> {
    return new Set([...this.#sent.values()].flatMap(({ enters }) => enters ?? []));
  }

  /** Notes an entry that is sent home, perhaps again. */
  add(entry: Entry): void {
    const key = keyOf(entry);
    const deed = deedOf(entry);
    const { deeds, enters } = this.#sent.get(key) ?? NOTHING;
    if (deeds.includes(deed)) return;
    this.#sent.set(key, { deeds: [...deeds, deed], enters: entry.kind === 'join' ? entry.session : enters });
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= MAX_ENTRIES) break;
      this.#sent.delete(oldest);
    }
  }

  /** Judges an entry of the home's log. */
  judge(entry: Entry): Verdict {
    // The home vouches for the entries of others, whose nicks differ from those of people here.
    const proposer = proposerOf(entry);
    // Somebody of one domain cannot speak for somebody of another one.
    if (!areOfOneDomain(entry.session, proposer)) return 'forged';
    if (!this.#isOwn(proposer)) return 'good';
    const last = this.#last.get(proposer) ?? 0;
    if (entry.n <= last) return 'repeated';
    const key = keyOf(entry);
    const isProposed = this.#sent.get(key)?.deeds.includes(deedOf(entry)) === true;
    // The home may take somebody out of its room, and may refuse a proposal.
    if (!isProposed && entry.kind !== 'over' && entry.kind !== 'withdrawn') return 'forged';
    this.#sent.delete(key);
    this.#last.delete(proposer);
    this.#last.set(proposer, entry.n);
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= MAX_SESSIONS) break;
      this.#last.delete(oldest);
    }
    return 'good';
  }

  /** The room differs from the one that was known. @param last - the last number of each session that is in it */
  begin(last: Iterable<readonly [session: string, n: number]>): void {
    this.#last.clear();
    for (const [session, n] of last) if (this.#isOwn(session)) this.#last.set(session, n);
    for (const key of this.#sent.keys()) {
      const [session = '', n] = key.split(' ');
      if (Number(n) <= (this.#last.get(session) ?? 0)) this.#sent.delete(key);
    }
  }
}

function keyOf(entry: Entry): string {
  return `${proposerOf(entry)} ${entry.n}`;
}

/** Returns what an entry does, as text, and about whom, if that is not the one who proposes it. */
function deedOf(entry: Entry): string {
  const fields = Object.entries(entry).filter(([name]) => !HOMES_OWN.has(name));
  if (entry.via !== undefined) fields.push(['session', entry.session]);
  return JSON.stringify(fields.sort(([one], [other]) => (one < other ? -1 : 1)));
}
