/** Judges the packs of a home before the nodes of a domain believe them. */
import { isFromAbroad } from '../chat/abroad.js';
import { nodeOf } from '../chat/gone-nodes.js';
import type { RoomSnapshot } from '../chat/snapshot.js';
import { decodeRoom, encodeRoom } from '../chat/snapshot-codec.js';
import { decodePack } from '../log/codec.js';
import { type Entry, type Heir, type Pack, proposerOf, renamedSpeaker } from '../log/entry.js';
import { Border } from './border.js';
import { isSession } from './customs.js';
import { OwnEntries } from './own-entries.js';
import type { DomainLog } from './settings.js';

/** The most gone nodes whose people are remembered. */
const MAX_LOST = 1_000;
const REMOVED = 'it has removed a node of this domain that is not gone';

/** The parts of the judgement. */
export interface GateParts {
  /** The names of this domain and of the home. */
  readonly own: string;
  readonly home: string;
  /** The beginning of the sessions of this domain there. */
  readonly lineage: string;
  readonly isGone: (node: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Pick<DomainLog, 'warn'>;
}

/** The judgement of a pack. */
export interface Judgement {
  /** The number of its entries. */
  readonly entries: number;
  /** Why it is not acceptable; null if it is. */
  readonly why: string | null;
}

/** A room as a whole. */
export interface GuestList {
  /** The nodes of this domain that have people in it, by the home's word. */
  readonly nodes: ReadonlySet<string>;
  /**
   * Returns the room as text, without people of this domain who are not inside.
   *
   * @param seq - the number of the last pack that is in it
   * @param inside - the sessions of this domain that are inside
   */
  readonly textWith: (seq: number, inside: ReadonlySet<string>) => string;
  /**
   * Returns the entries by which people of living nodes who are not inside leave it. Those of nodes that are gone may
   * return to their ranks.
   */
  readonly departures: (seq: number, inside: ReadonlySet<string>) => Entry[];
}

/** A home cannot say for the people of any node what no node has offered. */
export class Gate {
  readonly #parts: GateParts;
  readonly #border: Border;
  readonly #offered = new Map<string, OwnEntries>();
  /** The sessions under which people of gone nodes continue, by these nodes. */
  readonly #heirs = new Map<string, Set<string>>();

  constructor(parts: GateParts) {
    this.#parts = parts;
    const { own, home, lineage } = parts;
    // Labels matter for nicks, which it does not judge.
    this.#border = new Border({ own, home, lineage, ownLabel: own, homeLabel: home });
  }

  #entriesOf(room: string): OwnEntries {
    const known = this.#offered.get(room) ?? new OwnEntries((session) => !isFromAbroad(session));
    this.#offered.set(room, known);
    return known;
  }

  /** A node has offered a pack for a room, perhaps again. */
  offered(room: string, body: Uint8Array): void {
    const decoded = decodePack(body);
    if (decoded.kind !== 'pack') return;
    const { lineage, now } = this.#parts;
    const known = this.#entriesOf(room);
    for (const entry of decoded.entries) {
      const own = renamedSpeaker(entry, (session) => session.slice(lineage.length));
      known.add({ ...this.#border.inward(entry, now()), ...own });
    }
  }

  /** Judges a pack of the home. The proposals in it are not remembered any more. */
  judge(room: string, body: Uint8Array): Judgement {
    const decoded = decodePack(body);
    if (decoded.kind !== 'pack') return { entries: 0, why: 'it has sent what is no pack' };
    const { entries } = decoded;
    return { entries: entries.length, why: this.#objectionTo(room, entries) };
  }

  #objectionTo(room: string, entries: Pack): string | null {
    const { isGone, now } = this.#parts;
    const known = this.#entriesOf(room);
    for (const entry of entries) {
      if (!isSession(entry.session) || !isSession(proposerOf(entry)))
        return 'it has named a session that nobody can have';
      const here = this.#border.inward(entry, now());
      if (known.judge(here) === 'forged') return 'it has spoken for somebody of this domain';
      if (here.kind === 'gone' && !isFromAbroad(here.node) && !isGone(here.node)) {
        return REMOVED;
      }
      const heirs = here.kind === 'gone' ? (here.heirs ?? []) : [];
      if (!heirs.every((heir) => this.#isKnownHeir(...heir)))
        return 'it has given people of this domain other sessions';
    }
    return null;
  }

  /**
   * Reads a room as a whole.
   *
   * @returns why it is not acceptable; null if the home is a later version
   */
  read(text: string): GuestList | string | null {
    const decoded = decodeRoom(text);
    if (decoded.kind === 'unknown-version') return null;
    if (decoded.kind === 'malformed') return 'it has sent a room that cannot be taken';
    const { state } = decoded;
    const isWrong = this.#border.nodesHere(state.gone).some((node) => !isFromAbroad(node) && !this.#parts.isGone(node));
    if (isWrong) return REMOVED;
    const { isGone, now } = this.#parts;
    return {
      nodes: this.#nodesIn(state),
      textWith: this.#writer(state, text),
      departures: (seq, inside) =>
        this.#border.departures(state, seq, now(), (session) => inside.has(session) || isGone(nodeOf(session))),
    };
  }

  /** A node is gone. @param heirs - the sessions under which its people continue */
  lost(node: string, heirs: readonly Heir[]): void {
    if (heirs.length === 0) return;
    const known = this.#heirs.get(node) ?? new Set();
    for (const [former, session] of heirs) known.add(`${former} ${session}`);
    this.#heirs.delete(node);
    this.#heirs.set(node, known);
    for (const oldest of this.#heirs.keys()) {
      if (this.#heirs.size <= MAX_LOST) break;
      this.#heirs.delete(oldest);
    }
  }

  #isKnownHeir(former: string, session: string): boolean {
    if (isFromAbroad(former) && isFromAbroad(session)) return true;
    return this.#heirs.get(nodeOf(former))?.has(`${former} ${session}`) === true;
  }

  #nodesIn({ seats }: RoomSnapshot): ReadonlySet<string> {
    const sessions = seats.map(({ session }) => this.#border.sessionHere(session));
    return new Set(sessions.filter((session) => !isFromAbroad(session)).map(nodeOf));
  }

  #writer(state: RoomSnapshot, text: string): GuestList['textWith'] {
    return (seq, inside) => {
      const room = this.#border.attended(state, seq, {
        isInside: (session) => inside.has(session),
        isHeir: (former, session) => this.#isKnownHeir(former, session),
      });
      if (room === state) return text;
      const count = state.seats.length - room.seats.length;
      if (count === 0) return encodeRoom(room);
      const { home: domain, log } = this.#parts;
      log.warn('a domain has named people who are not in its room', { domain, room: room.name, count });
      return encodeRoom(room);
    };
  }
}
