/** The members in the chat and their nicks, as the domain's log has them. */
import {
  type DomainDeeds,
  type EntryOf,
  type Heir,
  type Privilege,
  proposerOf,
  type RoomLog,
  type Stamp,
  type Who,
} from '../log/entry.js';
import type { Fold as CaseFold, Naming } from './case-mapping.js';
import type { Departure } from './directory.js';
import { type BanBook, DomainBans } from './domain-bans.js';
import { DOMAIN_DEEDS, type DomainOutcomes } from './domain-deeds.js';
import type { EventOf } from './event.js';
import type { Fold } from './fold.js';
import { GoneNodes } from './gone-nodes.js';
import { type MemberState, NO_TRAITS, securityOf, UNSECURED } from './member-state.js';
import { NO_NOTES } from './notes.js';
import { type Presence, Presences } from './presences.js';
import { NOT_TAKEN, type NotTaken } from './refusal.js';
import type { Cast } from './room-state.js';
import { RunningNumbers } from './running-numbers.js';
import type { DomainSnapshot } from './snapshot.js';
import { isSamePrivileges } from './subject.js';

/** The options of a domain. */
export interface DomainOptions {
  readonly naming: Naming;
  /** The number of departures that are remembered, at least 0. */
  readonly departureLimit: number;
  /** Returns the member of a session that the log lets in. */
  readonly memberOf: Cast;
  /** Receives the bans of the server. @defaultValue nobody does */
  readonly banBook?: BanBook;
}

/** A member that continues on another node. */
export interface MovedMember {
  readonly member: MemberState;
  /** The session that it had on a node that is gone. */
  readonly former: string;
}

const NO_PRIVILEGES: Pick<Presence, 'privileges'> = { privileges: null };

/** The members by their nicks. The first entry that asks for a nick gets it, in the order of the log. */
export class DomainState implements Fold<DomainDeeds, DomainOutcomes> {
  readonly #fold: CaseFold;
  readonly #departureLimit: number;
  readonly #memberOf: Cast;
  readonly #byNick = new Map<string, MemberState>();
  readonly #likenessOf: CaseFold | null;
  /** The members by the looks of their nicks; empty if looks do not count. */
  readonly #byLikeness = new Map<string, MemberState>();
  /** Also by the sessions that members had on nodes that are gone. */
  readonly #bySession = new Map<string, MemberState>();
  /** The members that are, or have been, connected to several nodes. */
  readonly #presences = new Map<MemberState, Presences>();
  /** The logs of the rooms that are open. */
  readonly rooms = new Set<RoomLog>();
  readonly gone = new GoneNodes();
  readonly bans: DomainBans;
  readonly #numbers = new RunningNumbers();
  /** The nicks that belong to accounts, by their folded forms. */
  readonly #owned = new Map<string, string>();
  /** The folded nicks of accounts by their looks, in the order in which they came to belong to accounts. */
  readonly #ownedLooks = new Map<string, readonly string[]>();
  /** The folded nicks are included, since a stranger's question must not fold all of them. */
  readonly #departures: { readonly key: string; readonly departure: Departure }[] = [];
  #peak = 0;
  // Counted as they change: everybody may ask for them, and a question must not look at every member.
  #operators = 0;
  #invisible = 0;
  #seq = 0;
  #atMs = 0;

  constructor({ naming, departureLimit, memberOf, banBook }: DomainOptions) {
    this.bans = new DomainBans(naming.fold, banBook ?? null);
    this.#fold = naming.fold;
    this.#likenessOf = naming.likenessOf;
    this.#departureLimit = departureLimit;
    this.#memberOf = memberOf;
  }

  get size(): number {
    return this.#byNick.size;
  }

  /** The most members at once so far. */
  get peak(): number {
    return this.#peak;
  }

  get operators(): number {
    return this.#operators;
  }

  get invisible(): number {
    return this.#invisible;
  }

  members(): IterableIterator<MemberState> {
    return this.#byNick.values();
  }

  member(nick: string): MemberState | undefined {
    return this.#byNick.get(this.#fold(nick));
  }

  /** Whether two nicks are the same to those who look for one. */
  isSameNick(one: string, other: string): boolean {
    return this.#fold(one) === this.#fold(other);
  }

  /** Returns the member that blocks a nick for everybody else: it has that nick, or one that looks like it. */
  holderOf(nick: string): MemberState | undefined {
    return this.member(nick) ?? (this.#likenessOf && this.#byLikeness.get(this.#likenessOf(nick))) ?? undefined;
  }

  bySession(session: string): MemberState | undefined {
    return this.#bySession.get(session);
  }

  nextNumber(session: string): number {
    const member = this.#bySession.get(session);
    return member?.session === session ? member.last + 1 : this.#numbers.next(session);
  }

  apply<K extends keyof DomainDeeds>(seq: number, entry: EntryOf<DomainDeeds, K>): DomainOutcomes[K] | NotTaken {
    this.#seq = seq;
    if (entry.kind !== 'gone' && !this.#counts(seq, entry)) return NOT_TAKEN;
    this.#atMs = Math.max(this.#atMs, entry.atMs);
    const deed = DOMAIN_DEEDS[entry.kind];
    return deed(this, entry, this.#atMs);
  }

  /** Returns the whole state of the log as plain data. */
  snapshot(): DomainSnapshot {
    return {
      members: [...this.members()].map((member) => ({
        session: member.session,
        who: member.who,
        last: member.last,
        sinceMs: member.sinceMs,
        away: member.away,
        traits: [...member.traits],
        metadata: [...member.metadata],
        security: member.security,
        isAlone: member.isAlone,
      })),
      presences: [...this.#presences].map(([{ session }, presences]) => presences.snapshot(session)),
      departures: this.#departures.map(({ departure }) => departure),
      owned: [...this.#owned.values()],
      rooms: [...this.rooms],
      gone: this.gone.nodes(),
      bans: this.bans.all(),
      numbers: this.#numbers.snapshot(),
      peak: this.#peak,
      atMs: this.#atMs,
    };
  }

  /** Continues from the result of {@link snapshot}. Call it before the first entry. */
  restore({ members, presences, departures, owned, rooms, gone, bans, numbers, peak, atMs }: DomainSnapshot): void {
    for (const account of owned) this.own(account, true);
    for (const room of rooms) this.rooms.add(room);
    this.gone.restore(gone);
    this.bans.restore(bans);
    for (const { session, who, last, sinceMs, away, traits, metadata, security, isAlone } of members) {
      const member = this.#memberOf(session, who, sinceMs);
      member.who = who;
      member.last = last;
      member.away = away;
      member.traits = new Set(traits);
      member.metadata = new Map(metadata);
      member.security = securityOf(security);
      member.isAlone = isAlone;
      this.#enter(member);
    }
    for (const each of presences) {
      const member = this.#bySession.get(each.session);
      if (member === undefined) continue;
      const made = new Presences();
      made.restore(each);
      this.#presences.set(member, made);
      for (const former of each.formers) this.#bySession.set(former, member);
    }
    for (const departure of departures) this.#departures.push({ key: this.#fold(departure.nick), departure });
    this.#numbers.restore(numbers);
    this.#peak = peak;
    this.#atMs = atMs;
  }

  /** Continues after a pack of which nothing is known any more. Call it before the first entry. */
  beginAfter(seq: number): void {
    this.#numbers.beginAfter(seq);
  }

  regressed(top: number): void {
    this.#numbers.regressed(top);
  }

  #counts(seq: number, entry: Stamp): boolean {
    const proposer = proposerOf(entry);
    const member = this.#bySession.get(proposer);
    if (member?.session !== proposer) return !this.gone.hasSession(proposer) && this.#numbers.take(entry, seq);
    if (entry.n !== member.last + 1) return false;
    member.last = entry.n;
    return true;
  }

  /** Lets a session in under a nick. @returns its member; null if the nick is taken, and nothing has changed then */
  add({ session, n, isAlone = false }: Stamp & { readonly isAlone?: boolean }, who: Who): MemberState | null {
    if (this.holderOf(who.nick) !== undefined || this.#bySession.has(session)) return null;
    const member = this.#memberOf(session, who, this.#atMs);
    member.who = who;
    // The member may have old state, from here or from a process that has begun later.
    member.away = null;
    member.traits = NO_TRAITS;
    member.metadata = NO_NOTES;
    member.security = UNSECURED;
    member.isAlone = isAlone;
    member.last = n;
    this.#numbers.hand(session);
    this.#enter(member);
    this.#peak = Math.max(this.#peak, this.#byNick.size);
    return member;
  }

  #enter(member: MemberState): void {
    this.#setNick(member);
    this.#bySession.set(member.session, member);
    this.#count(member, 1);
  }

  #setNick(member: MemberState): void {
    this.#byNick.set(this.#fold(member.nick), member);
    if (this.#likenessOf !== null) this.#byLikeness.set(this.#likenessOf(member.nick), member);
  }

  #freeNick({ nick }: MemberState): void {
    this.#byNick.delete(this.#fold(nick));
    if (this.#likenessOf !== null) this.#byLikeness.delete(this.#likenessOf(nick));
  }

  // Nicks that belong to accounts

  /** Reserves the nick of an account, or releases it. */
  own(account: string, on: boolean): void {
    const key = this.#fold(account);
    const isKnown = this.#owned.has(key);
    if (on) this.#owned.set(key, account);
    else this.#owned.delete(key);
    if (this.#likenessOf === null || isKnown === on) return;
    const look = this.#likenessOf(account);
    const others = this.#ownedLooks.get(look)?.filter((other) => other !== key) ?? [];
    const keys = on ? [...others, key] : others;
    if (keys.length > 0) this.#ownedLooks.set(look, keys);
    else this.#ownedLooks.delete(look);
  }

  /** Whether a nick, or one that looks like it, belongs to another account than this one. */
  belongsToOther(nick: string, account: string | null): boolean {
    const key = this.#fold(nick);
    const owner = this.#owned.has(key) ? key : this.#likenessOf && this.#ownedLooks.get(this.#likenessOf(nick))?.[0];
    return owner !== null && owner !== undefined && (account === null || this.#fold(account) !== owner);
  }

  /** Whether a nick belongs to an account. */
  belongsTo(nick: string, account: string): boolean {
    const key = this.#fold(nick);
    return this.#owned.has(key) && this.#fold(account) === key;
  }

  /** Whether the nick of an account is reserved for it. */
  isOwned(account: string): boolean {
    return this.#owned.has(this.#fold(account));
  }

  /** Whether two accounts are the same. */
  isSameAccount(one: string | null, other: string | null): boolean {
    return one !== null && other !== null && this.#fold(one) === this.#fold(other);
  }

  /** Gives a member another nick, which must be free or its own. */
  rename(member: MemberState, nick: string, atMs: number): void {
    if (this.#fold(nick) !== this.#fold(member.nick)) this.#remember(member, atMs);
    this.#freeNick(member);
    member.become({ nick });
    this.#setNick(member);
  }

  remove(member: MemberState, atMs: number): void {
    this.#freeNick(member);
    this.#bySession.delete(member.session);
    for (const former of this.#presences.get(member)?.formers ?? []) this.#bySession.delete(former);
    this.#presences.delete(member);
    this.#numbers.keep(member.session, member.last, this.#seq);
    this.#count(member, -1);
    this.#remember(member, atMs);
  }

  // Members that are connected to several nodes

  /** Returns the nodes of a member; undefined for one that has only ever been connected to its own. */
  presencesOf(member: MemberState): Presences | undefined {
    return this.#presences.get(member);
  }

  /** Whether connections to several nodes share a member. */
  isSpread(member: MemberState): boolean {
    return this.#presences.size > 0 && (this.#presences.get(member)?.size ?? 0) > 1;
  }

  /** Begins to note the nodes of a member. It is connected to its own so far. */
  spread(member: MemberState): Presences {
    const known = this.#presences.get(member);
    if (known !== undefined) return known;
    const made = new Presences();
    const { away, address, security } = member;
    made.connect(member.session, { away, address, ...security, privileges: member.who.privileges });
    this.#presences.set(member, made);
    return made;
  }

  /** Why nobody is present at the connections to one node; null if somebody is. @param session - that of the node */
  absenceAt(member: MemberState, session: string): string | null {
    const presences = this.#presences.get(member);
    return presences === undefined ? member.away : (presences.of(session)?.away ?? null);
  }

  /** Whether a member has a privilege where it acts. */
  mayBy(member: MemberState, stamp: Stamp, privilege: Privilege): boolean {
    const presences = this.#presences.get(member);
    const { privileges } = presences === undefined ? member.who : (presences.of(proposerOf(stamp)) ?? NO_PRIVILEGES);
    return privileges?.includes(privilege) === true;
  }

  /** Gives a member the rights and the absence of all its connections. @returns the absence, if that has changed */
  settle(member: MemberState, atMs: number): EventOf<'away'> | null {
    const presences = this.#presences.get(member);
    if (presences === undefined) return null;
    const { privileges, absence } = presences;
    if (!isSamePrivileges(privileges, member.who.privileges)) {
      this.recount(member, () => {
        member.become({ privileges });
      });
    }
    if (member.away === absence) return null;
    member.away = absence;
    return { kind: 'away', atMs, member };
  }

  /** Whether a member remains in the chat: it is connected somewhere, or stays when nobody is connected for it. */
  remains(member: MemberState): boolean {
    const presences = this.#presences.get(member);
    return presences === undefined || presences.size > 0 || this.stays(member);
  }

  /**
   * Whether a member stays when nobody is connected for it. One of each account does: if one stayed for each login
   * under another nick, they would add up.
   */
  stays(member: MemberState): boolean {
    const { account } = member;
    if (account === null || !member.traits.has('always-on')) return false;
    for (const other of this.members()) {
      if (other !== member && !other.isAlone && this.isSameAccount(other.account, account)) return false;
    }
    return true;
  }

  /**
   * Ends the connections to nodes that are gone. A member whose own node is gone continues on the first other one to
   * which it is connected.
   */
  loseNodes(): { readonly changed: readonly MemberState[]; readonly moved: readonly MovedMember[] } {
    const changed: MemberState[] = [];
    const moved: MovedMember[] = [];
    for (const [member, presences] of this.#presences) {
      const lost = [...presences.sessions()].filter((session) => this.gone.hasSession(session));
      for (const session of lost) presences.disconnect(session, this.#atMs);
      const former = member.session;
      const [next] = presences.sessions();
      if (next !== undefined && this.gone.hasSession(former)) {
        this.#move(member, presences, next);
        moved.push({ member, former });
      }
      if (lost.length > 0 && !this.gone.hasSession(member.session)) changed.push(member);
    }
    return { changed, moved };
  }

  #move(member: MemberState, { formers }: Presences, session: string): void {
    formers.push(member.session);
    member.session = session;
    member.last = this.#numbers.next(session) - 1;
    this.#numbers.hand(session);
    this.#bySession.set(session, member);
  }

  /** Returns the sessions of those of these sessions whose members continue under other ones. */
  heirsOf(sessions: Iterable<string>): Heir[] {
    const heirs: Heir[] = [];
    if (this.#presences.size === 0) return heirs;
    for (const former of sessions) {
      const member = this.#bySession.get(former);
      if (member !== undefined && member.session !== former) heirs.push([former, member.session]);
    }
    return heirs;
  }

  /** The sessions of all members, and those by which other nodes act for them. */
  *sessions(): Generator<string, void> {
    for (const { session } of this.members()) yield session;
    for (const presences of this.#presences.values()) yield* presences.sessions();
  }

  /** The sessions that members had on nodes that are gone. */
  *formerSessions(): Generator<string, void> {
    for (const { formers } of this.#presences.values()) yield* formers;
  }

  /** Forgets the sessions of nodes that are gone. */
  dropGone(): void {
    this.#numbers.drop((session) => this.gone.hasSession(session));
  }

  /** Changes a fact about a member that is counted. */
  recount(member: MemberState, change: () => void): void {
    this.#count(member, -1);
    change();
    this.#count(member, 1);
  }

  #count(member: MemberState, by: 1 | -1): void {
    if (member.isOperator) this.#operators += by;
    if (member.traits.has('invisible')) this.#invisible += by;
  }

  /** Returns the former holders of a nick, the latest first. */
  departuresOf(nick: string): Departure[] {
    const key = this.#fold(nick);
    const found = this.#departures.filter((one) => one.key === key);
    return found.map(({ departure }) => departure).reverse();
  }

  #remember(member: MemberState, atMs: number): void {
    if (this.#departureLimit === 0) return;
    const { nick, user, host, realName, account } = member;
    this.#departures.push({ key: this.#fold(nick), departure: { nick, user, host, realName, account, atMs } });
    if (this.#departures.length > this.#departureLimit) this.#departures.shift();
  }
}
