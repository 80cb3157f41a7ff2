/** One room of another domain, as this one follows it. */
import { type BorderObserver, isFromAbroad, type Origin } from '../chat/abroad.js';
import { decodeRoom } from '../chat/snapshot-codec.js';
import { type Entry, type LogName, type Pack, proposerOf, speakerOf } from '../log/entry.js';
import type { AppendAnswer, Following, LogSink } from '../log/shared-log.js';
import type { Border } from './border.js';
import { isFit, isFitRoom, isSession, MAX_INVITATIONS, MAX_MASKS, MAX_SEATS } from './customs.js';
import { OwnEntries } from './own-entries.js';
import type { DomainLog } from './settings.js';
import { type StatePart, StateParts } from './state-parts.js';
import { withdrawalOf } from './withdrawal.js';

/** The numbers of people, masks and invitations in a room. */
export interface Crowd {
  readonly seats: number;
  readonly masks: number;
  readonly invitations: number;
}

/** The surroundings of a mirror. */
export interface MirrorOwner {
  readonly border: Border;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * The last pack of the domain's log that what people of this domain have said here may refer to, if other nodes have
   * that log, too; 0 otherwise.
   */
  readonly seen: number;
  readonly observer: BorderObserver;
  readonly log: Pick<DomainLog, 'warn'>;
  /** Returns the form of a room's name that all spellings share. */
  readonly fold: (name: string) => string;
  /** Whether a session is one of this process. */
  readonly isOwn: (session: string) => boolean;
  /** Whether a node of this domain is gone, as far as is known here. */
  readonly isGone: (node: string) => boolean;
  /** Whether somebody of this domain is in the room, as far as this domain knows. */
  readonly isInside: (log: LogName, session: string) => boolean;
  /** Whether somebody of this domain continues under another session. */
  readonly isHeir: (former: string, session: string) => boolean;
  /** Returns these numbers for the room as this domain has it; null if it does not have the room. */
  readonly crowdOf: (log: LogName) => Crowd | null;
  /** Sends a pack home. @returns false while that is not possible */
  send(mirror: Mirror, pack: Pack, answer: AppendAnswer): boolean;
  stopped(mirror: Mirror): void;
}

/** A room that is ordered by its home. It can be read while the home cannot be reached; proposals wait then. */
export class Mirror implements Following {
  readonly log: LogName;
  /** The name at home. */
  readonly room: string;
  /** The same in the spelling of the home. */
  #name: string;
  readonly #owner: MirrorOwner;
  readonly #own: OwnEntries;
  /** Called when the room is there, or cannot be had; null after that. */
  #take: ((origin: Origin | null) => void) | null;
  #sink: LogSink | null = null;
  #applied = 0;
  /** Whether everything that the home had was applied when the link was last there. */
  #isCaughtUp = false;
  /** Whether the link is lost, or the home cannot reach the log, as far as is known. */
  #isAway = true;
  readonly #reported = new Set<string>();
  readonly #parts = new StateParts();

  constructor(log: LogName, room: string, owner: MirrorOwner, take: (origin: Origin | null) => void) {
    this.log = log;
    this.room = room;
    this.#name = room;
    this.#owner = owner;
    this.#own = new OwnEntries(owner.isOwn);
    this.#take = take;
  }

  /** The number of the last pack of the home's log that was applied; 0 before the room is there. */
  get applied(): number {
    return this.#applied;
  }

  /** Whether the room is there, whatever the state of the link. */
  get isOpen(): boolean {
    return this.#sink !== null;
  }

  /** The number of proposals from people here that have not returned. */
  get waiting(): number {
    return this.#own.size;
  }

  /** The sessions of people here that have proposals which have not returned. */
  get proposing(): ReadonlySet<string> {
    return this.#own.sessions;
  }

  // For the chat

  follow(after: number, sink: LogSink): Following {
    this.#applied = after;
    this.#sink = sink;
    sink.caughtUp();
    return this;
  }

  append(pack: Pack, answer: AppendAnswer): void {
    const { border, now } = this.#owner;
    if (!this.#isCaughtUp) {
      answer.failed('unknown');
      return;
    }
    const sent = pack.map((entry) => border.outward(entry));
    // Some fields differ when they return: a target that the home cannot know is none.
    for (const [index, entry] of sent.entries())
      this.#own.add({ ...border.inward(entry, now()), ...speakerOf(pack[index] ?? entry) });
    if (!this.#owner.send(this, sent, answer)) answer.failed('unknown');
  }

  stop(): void {
    this.#sink = null;
    this.#take = null;
    this.#owner.stopped(this);
  }

  /** The room cannot be had. */
  refused(): void {
    const take = this.#take;
    this.#take = null;
    if (take !== null) {
      this.#owner.stopped(this);
      take(null);
    } else if (this.#sink !== null) {
      this.#owner.observer.withdrawn(this.log);
    }
  }

  // From its home

  /** The link is lost. */
  away(): void {
    this.#parts.drop();
    this.#isCaughtUp = false;
    this.#awayFrom(true);
  }

  /** The home cannot reach its own log, or can again. */
  homeAway(isAway: boolean): void {
    this.#awayFrom(isAway);
  }

  #awayFrom(isAway: boolean): void {
    if (this.#isAway === isAway) return;
    this.#isAway = isAway;
    if (isAway) this.#sink?.away();
    else this.#sink?.back();
  }

  /** Everything that the home had has arrived: proposals that were made meanwhile can leave. */
  caughtUp(): void {
    this.#isCaughtUp = true;
    this.#isAway = true;
    this.#awayFrom(false);
  }

  /** A part of the current room has arrived. @returns false if it is not part of an acceptable room */
  state(head: StatePart, body: Uint8Array): boolean {
    const state = this.#parts.take(head, body);
    if (state === 'unfit') return false;
    return state === null || this.#begin(head, state.text);
  }

  #begin({ log: id, seq }: StatePart, text: string): boolean {
    const decoded = decodeRoom(text);
    if (decoded.kind === 'malformed' || !/^[A-Za-z\d.]{1,200}$/.test(id)) return false;
    if (decoded.kind !== 'state') return this.#leave('its home is a later version');
    const { state } = decoded;
    const { border, observer, isInside, isHeir, now, fold } = this.#owner;
    const { entering } = this.#own;
    const snapshot = border.roomHere(state, seq, now(), {
      isInside: (session) => isInside(this.log, session) || entering.has(session),
      isHeir,
    });
    // Another name would take the place of another room here.
    if (
      fold(state.name) !== fold(this.room) ||
      !isFitRoom(state) ||
      snapshot.gone.some((node) => this.#isAlive(node))
    ) {
      return this.#leave('its home has sent what this domain does not accept');
    }
    this.#name = state.name;
    const origin = { id: border.idHere(id), seq, snapshot };
    this.#applied = seq;
    this.#own.begin([
      ...snapshot.numbers.last.map(([session, n]) => [session, n] as const),
      ...snapshot.seats.map(({ session, last }) => [session, last] as const),
    ]);
    const take = this.#take;
    this.#take = null;
    if (take !== null) take(origin);
    else if (this.#sink !== null) observer.renewed(this.log, origin);
    return true;
  }

  /** A pack has arrived. @returns why it is not acceptable; null if it is */
  pack(seq: number, entries: Pack): string | null {
    const sink = this.#sink;
    if (sink === null) return null;
    // The pack was sent again, since the home does not know which packs have arrived.
    if (seq <= this.#applied) return null;
    if (seq !== this.#applied + 1) return 'it has left out a part of a room';
    const { border, now } = this.#owner;
    const taken: Entry[] = [];
    for (const entry of entries) {
      if (!isSession(proposerOf(entry)) || !isSession(entry.session))
        return 'it has named a session that nobody can have';
      const named = this.#named(entry);
      const here = border.inward(isFit(named) ? named : this.#unfit(named), now());
      const verdict = this.#own.judge(here);
      if (verdict === 'forged') return 'it has spoken for somebody of this domain';
      if (here.kind === 'gone' && this.#isAlive(here.node)) return 'it has removed a node of this domain that lives';
      if (verdict !== 'good') continue;
      const fit = here.kind === 'gone' ? this.#withHeirs(here) : here;
      taken.push(isFromAbroad(here.session) ? fit : { ...fit, seen: this.#owner.seen });
    }
    this.#applied = seq;
    sink.pack(seq, taken);
    const crowd = this.#owner.crowdOf(this.log);
    if (crowd !== null && !isBearable(crowd)) this.#leave('it is too large');
    return null;
  }

  /** Returns the report of a gone node without people of this domain who do not continue under these sessions. */
  #withHeirs(entry: Entry & { readonly kind: 'gone' }): Entry {
    const { heirs = [], ...rest } = entry;
    const fit = heirs.filter(([former, session]) => isFromAbroad(former) || this.#owner.isHeir(former, session));
    return fit.length === 0 ? rest : { ...rest, heirs: fit };
  }

  /** Whether a node is one of this domain that the home cannot remove. */
  #isAlive(node: string): boolean {
    return !isFromAbroad(node) && !this.#owner.isGone(node);
  }

  /** Gives up the room, but no other one of the home. */
  #leave(why: string): true {
    this.#owner.log.warn('a room of another domain is left', { room: this.room, why });
    this.refused();
    return true;
  }

  /** The other rooms of the home stay, since it may only know other rules than this domain. */
  #unfit(entry: Entry): Entry {
    this.#report('an entry of another domain is ignored', { kind: entry.kind });
    return withdrawalOf(entry);
  }

  /** Reports each trouble once. */
  #report(event: string, details: Readonly<Record<string, unknown>> = {}): void {
    if (this.#reported.has(event)) return;
    this.#reported.add(event);
    this.#owner.log.warn(event, { room: this.room, ...details });
  }

  /** Returns an entry as it is applied here, where the room keeps its name: the home could take that of another one. */
  #named(entry: Entry): Entry {
    if (entry.kind === 'retitle') return withdrawalOf(entry);
    if (entry.kind !== 'join') return entry;
    const { fold } = this.#owner;
    return fold(entry.name) === fold(this.room) ? entry : { ...entry, name: this.#name };
  }
}

function isBearable({ seats, masks, invitations }: Crowd): boolean {
  return seats <= MAX_SEATS && masks <= MAX_MASKS && invitations <= MAX_INVITATIONS;
}
