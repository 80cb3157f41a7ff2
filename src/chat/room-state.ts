/** A room as its log makes it: its members, their ranks, and its rules. */
import {
  byMaskList,
  type EntryOf,
  type Heir,
  MASK_LISTS,
  type MaskList,
  type Privilege,
  type RoomDeeds,
  type RoomFlag,
  type Stamp,
  type Who,
} from '../log/entry.js';
import { areOfOneDomain, isFromAbroad, type RoomView } from './abroad.js';
import { type Author, authorOf } from './author.js';
import type { Fold as CaseFold } from './case-mapping.js';
import type { RoomChange } from './event.js';
import type { Fold } from './fold.js';
import { GoneNodes, sessionsOf } from './gone-nodes.js';
import { type KnockLimit, Knocks } from './knocks.js';
import type { Member } from './member.js';
import type { MemberState } from './member-state.js';
import { NO_NOTES } from './notes.js';
import { authority } from './permissions.js';
import { Positions } from './positions.js';
import { RecentMessages } from './recent-messages.js';
import { NOT_TAKEN, type NotTaken } from './refusal.js';
import { type MaskEntry, RANK_BITS, type Room, type RoomFacts, type Seat, type Topic } from './room.js';
import { type ClaimsSnapshot, RoomClaims } from './room-claims.js';
import { ROOM_DEEDS, ROOM_TRACES, type RoomOutcomes } from './room-deeds.js';
import { RoomRegistration } from './room-registration.js';
import { RunningNumbers } from './running-numbers.js';
import type { RoomSnapshot } from './snapshot.js';
import { hasPrivilege, identityOf, Outsider, type Subject } from './subject.js';
import { type Identity, UserMask } from './user-mask.js';

/**
 * Returns the member of a session. An unknown session gets a member without a connection, which has been here since
 * `atMs`.
 */
export type Cast = (session: string, who: Who, atMs: number) => MemberState;

/** The most other names that a room gets within {@link RETITLE_PERIOD_MS}: each makes some clients load it again. */
const MAX_RETITLES = 3;
const RETITLE_PERIOD_MS = 60_000;

/** The most absent members that are awaited after several stops of the server, unless more were inside. */
const MAX_ABSENT = 1_000;

/** The most people of one domain who are invited to a room that several domains have: the domain may invent them. */
const MAX_INVITED_OF_DOMAIN = 1_000;

/** The number of messages of a room that can still be taken back. */
const MAX_REMEMBERED_MESSAGES = 500;

/** The options of a place. */
interface SeatOptions {
  readonly session: string;
  readonly who: Who;
  readonly ranks: number;
  readonly sinceMs: number;
  readonly index: number;
  readonly last: number;
}

/** A member's place in a room, as the room's log has made it. */
export class SeatState implements Seat, Subject {
  // The fields that a fan-out reads are first: they are in the processor's cache then.
  readonly member: MemberState;
  ranks: number;
  /** The session of the member by this room's log: the member may have another one by now. */
  session: string;
  readonly room: RoomState;
  readonly sinceMs: number;
  index: number;
  /** The running number of its last entry in the room's log. */
  last: number;
  #who: Who;
  /** Made when a mask first asks for it. */
  #identity: Identity | null = null;

  constructor(room: RoomState, member: MemberState, place: SeatOptions) {
    this.room = room;
    this.member = member;
    this.ranks = place.ranks;
    this.session = place.session;
    this.sinceMs = place.sinceMs;
    this.index = place.index;
    this.last = place.last;
    this.#who = place.who;
  }

  get account(): string | null {
    return this.#who.account;
  }

  get who(): Who {
    return this.#who;
  }

  set who(who: Who) {
    this.#who = who;
    this.#identity = null;
  }

  may(privilege: Privilege): boolean {
    return hasPrivilege(this.#who, privilege);
  }

  identity(fold: CaseFold): Identity {
    this.#identity ??= identityOf(this.#who, fold);
    return this.#identity;
  }
}

/** A guest's permission to enter. */
interface Invitation {
  readonly guest: MemberState;
  /** The session of the guest when it was invited. */
  readonly session: string;
  /** The identity of the guest. */
  readonly who: Who;
  /** The session of the giver while it is here; null if the giver has left since, or has no rank. */
  readonly by: string | null;
  /**
   * Whether it overrides bans, the key, the limit and the invite-only rule of a room; otherwise it overrides nothing.
   */
  readonly opens: boolean;
}

/** The options of a room. */
export interface RoomOptions {
  readonly name: string;
  /** The name of its log in the ids of messages. */
  readonly id: string;
  readonly fold: CaseFold;
  readonly cast: Cast;
  /** When a permanent room was made, in milliseconds since the epoch; null for a room that the first to enter opens. */
  readonly permanentSinceMs: number | null;
  /** The time of the last event before: nothing in the room is earlier, whatever the clock says. @defaultValue 0 */
  readonly atMs?: number;
  /** How people are known in it, if other domains also have it. @defaultValue they do not */
  readonly view?: RoomView | null;
  /** The folded name of its log, if several processes have to agree on names. @defaultValue they do not */
  readonly home?: string | null;
}

/** A room. Its log alone decides its state: the same entries make the same room everywhere. */
export class RoomState implements Room, Fold<RoomDeeds, RoomOutcomes> {
  /** The name that it was made with. */
  readonly #title: string;
  #name: string;
  createdAtMs: number;
  readonly isPermanent: boolean;
  registration: RoomRegistration | null = null;
  topic: Topic | null = null;
  key: string | null = null;
  /** The most members of the room; null for no limit. */
  limit: number | null = null;
  readonly flags = new Set<RoomFlag>();
  metadata = NO_NOTES;
  readonly masks: Readonly<Record<MaskList, MaskEntry[]>> = byMaskList((): MaskEntry[] => []);
  /** A message asks about several lists, and nearly always there is no mask in any. */
  #maskCount = 0;
  readonly fold: CaseFold;
  readonly #cast: Cast;
  #positions: Positions;
  readonly #view: RoomView | null;
  // A fan-out walks the array; the map answers "is this one here?".
  readonly #seats: SeatState[] = [];
  #audience = 0;
  /** The session that made the last change of the audience by entering or leaving; empty if another change did. */
  #lastMoved = '';
  /** Also by the sessions that members had on nodes that are gone. */
  readonly #seatBy = new Map<string, SeatState>();
  /** Those sessions, each with the one that its member has now; null while there are none. */
  #heirs: Map<string, string> | null = null;
  /** The place that was last asked for: a message asks for its speaker's place several times. */
  #recent: SeatState | null = null;
  readonly #invitations = new Map<string, Invitation>();
  #numbers: RunningNumbers | null = null;
  /** The nodes that the log has reported to be gone; null while there are none. */
  #gone: GoneNodes | null = null;
  #messages: RecentMessages<string> | null = null;
  #knocks: Knocks | null = null;
  /** The times of its latest changes of name. */
  #retitledAtMs: readonly number[] = [];
  #atMs: number;
  /** Its names, if several processes have to agree on them; null otherwise. */
  readonly claims: RoomClaims | null;
  #isAwaiting = false;
  /** The ranks of the members who were inside when the server stopped, by their names. */
  readonly #absent = new Map<string, number>();

  constructor({ name, id, fold, cast, permanentSinceMs, atMs = 0, view = null, home = null }: RoomOptions) {
    this.#title = name;
    this.#name = name;
    this.claims = home === null ? null : new RoomClaims(home);
    this.#atMs = atMs;
    this.createdAtMs = permanentSinceMs ?? 0;
    this.isPermanent = permanentSinceMs !== null;
    this.fold = fold;
    this.#cast = cast;
    this.#positions = new Positions(id);
    this.#view = view;
  }

  /** The name in the spelling of the member who opened the room. */
  get name(): string {
    return this.#name;
  }

  nextNumber(session: string): number {
    const seat = this.seatBy(session);
    return seat?.session === session ? seat.last + 1 : (this.#numbers?.next(session) ?? 1);
  }

  apply<K extends keyof RoomDeeds>(seq: number, entry: EntryOf<RoomDeeds, K>): RoomOutcomes[K] | NotTaken {
    this.#positions.enter(seq);
    const seat = this.seatBy(entry.session);
    if (entry.kind !== 'gone' && !this.#counts(seq, entry, seat)) return NOT_TAKEN;
    if (entry.via !== undefined && seat === undefined && this.#isOver(entry.session)) return NOT_TAKEN;
    this.#atMs = Math.max(this.#atMs, entry.atMs);
    const deed = ROOM_DEEDS[entry.kind];
    // Another node of a member does not know yet that the member has another session.
    const isRenamed = entry.via !== undefined && seat !== undefined && seat.session !== entry.session;
    const said = isRenamed ? { ...entry, session: seat.session } : entry;
    const outcome = deed(this, said, this.#atMs, seat);
    if (this.isVacant) {
      if (this.isPermanent) this.#clearNames();
      else this.#clear();
    }
    return outcome;
  }

  recall<K extends keyof RoomDeeds>(entry: EntryOf<RoomDeeds, K>): RoomOutcomes[K] | null {
    return ROOM_TRACES[entry.kind]?.(this, entry) ?? null;
  }

  regressed(top: number): void {
    this.#numbers?.regressed(top);
    this.#positions.restart();
    this.#messages = null;
  }

  /** Returns the whole state of the log as plain data. */
  snapshot(): RoomSnapshot {
    return {
      name: this.#name,
      createdAtMs: this.createdAtMs,
      registration: this.#registrationFacts(),
      topic: this.topic,
      key: this.key,
      limit: this.limit,
      flags: [...this.flags],
      masks: byMaskList((list) => this.masks[list].map(({ mask, by, atMs }) => ({ mask, by, atMs }))),
      metadata: [...this.metadata],
      seats: this.#seats.map(({ session, who, ranks, sinceMs, last }) => ({ session, who, ranks, sinceMs, last })),
      invitations: [...this.#invitations.values()].map(({ session, who, by, opens }) => ({
        guest: session,
        who,
        by,
        opens,
      })),
      heirs: [...(this.#heirs ?? [])],
      gone: this.#gone?.nodes() ?? [],
      numbers: (this.#numbers ?? new RunningNumbers()).snapshot(),
      restarts: this.#positions.restarts,
      messages: this.#messages?.entries() ?? [],
      knocks: this.#knocks?.snapshot() ?? [],
      retitledAtMs: this.#retitledAtMs,
      ...claimsIn(this.claims),
      atMs: this.#atMs,
      isAwaiting: this.#isAwaiting,
      absent: [...this.#absent],
    };
  }

  /** Continues from the result of {@link snapshot}. Call it before the first entry. */
  restore(snapshot: RoomSnapshot): void {
    this.#name = snapshot.name;
    this.createdAtMs = snapshot.createdAtMs;
    this.registration = snapshot.registration && new RoomRegistration(snapshot.registration, this.fold);
    this.topic = snapshot.topic;
    this.key = snapshot.key;
    this.limit = snapshot.limit;
    this.#atMs = snapshot.atMs;
    this.#retitledAtMs = snapshot.retitledAtMs;
    if (snapshot.claims !== undefined) this.claims?.restore(snapshot.claims);
    for (const flag of snapshot.flags) this.flags.add(flag);
    for (const list of MASK_LISTS) {
      for (const { mask, by, atMs } of snapshot.masks[list]) {
        this.masks[list].push({ mask, matcher: new UserMask(mask, this.fold), by, atMs });
        this.#maskCount += 1;
      }
    }
    this.metadata = new Map(snapshot.metadata);
    for (const { session, who, ranks, sinceMs, last } of snapshot.seats) {
      this.seat(this.memberOf(session, who), { session, who, ranks, sinceMs, last });
    }
    for (const { guest, who, by, opens } of snapshot.invitations) {
      this.#addInvitation({ guest: this.memberOf(guest, who), session: guest, who, by, opens });
    }
    for (const [former, session] of snapshot.heirs) this.#alias(former, session);
    if (snapshot.gone.length > 0) {
      this.#gone = new GoneNodes();
      this.#gone.restore(snapshot.gone);
    }
    this.#numbers = new RunningNumbers();
    this.#numbers.restore(snapshot.numbers);
    this.#positions.resume(snapshot.restarts);
    this.#messages = new RecentMessages(MAX_REMEMBERED_MESSAGES);
    for (const [key, session] of snapshot.messages) this.#messages.add(key, session);
    this.#knocks = new Knocks();
    this.#knocks.restore(snapshot.knocks);
    // After the places: somebody who takes one is no longer awaited.
    this.#isAwaiting = snapshot.isAwaiting;
    for (const [name, ranks] of snapshot.absent) if (this.#mayKeep(name)) this.#absent.set(name, ranks);
    if (this.isPermanent && this.isVacant) this.#clearNames();
  }

  /** Continues after a pack that has left nothing but a closed room. Call it before the first entry. */
  beginAfter(seq: number): void {
    this.#numbers = new RunningNumbers();
    this.#numbers.beginAfter(seq);
  }

  #registrationFacts(): RoomFacts | null {
    if (this.registration === null) return null;
    const { founder, atMs, access } = this.registration;
    return { founder, atMs, access };
  }

  accessOf({ account }: Subject): number {
    return this.registration?.ranksOf(account) ?? 0;
  }

  /** Whether everybody has left for good, so that the next member to enter opens it again. */
  get isOver(): boolean {
    return this.isVacant && !this.isPermanent;
  }

  /** The same whatever the configuration says, so that all who apply the log agree. */
  get isVacant(): boolean {
    return this.size === 0 && !this.#isAwaiting && this.registration === null;
  }

  #counts(seq: number, entry: Stamp, seat: SeatState | undefined): boolean {
    if (entry.via !== undefined && entry.via !== seat?.session) return this.#takes(seq, entry, entry.via);
    if (seat === undefined || this.#hasOther(seat, entry)) return this.#takes(seq, entry, entry.session);
    if (entry.n !== seat.last + 1) return false;
    seat.last = entry.n;
    return true;
  }

  /** Whether the member at a place has another session than the one that proposes an entry. */
  #hasOther(seat: SeatState, { session, via }: Stamp): boolean {
    return this.#heirs !== null && seat.session !== (via ?? session);
  }

  /** Whether the node of a session is gone, as far as this log has reported. */
  #isOver(session: string): boolean {
    return this.#gone?.hasSession(session) === true;
  }

  /** Whether an entry of somebody counts who has no place, or who acts for a member of another node. */
  #takes(seq: number, entry: Stamp, proposer: string): boolean {
    if (this.#isOver(proposer)) return false;
    this.#numbers ??= new RunningNumbers();
    return this.#numbers.take(entry, seq);
  }

  /** The last number of a session that is not here. */
  lastNumberOf(session: string): number {
    return (this.#numbers?.next(session) ?? 1) - 1;
  }

  /** Returns an id for the message that is being applied. */
  messageId(): string {
    return this.#positions.id();
  }

  /** Remembers for a while who has said the message that is being applied. */
  remember(session: string): void {
    this.#messages ??= new RecentMessages(MAX_REMEMBERED_MESSAGES);
    this.#messages.add(this.#positions.key, session);
  }

  /** Returns the session that has said a message; undefined if nobody here did, or too long ago. */
  speakerOf(message: string): string | undefined {
    const key = this.#positions.keyOf(message);
    return key === null ? undefined : this.#messages?.find(key);
  }

  /** Forgets a message that was taken back. */
  forget(message: string): void {
    const key = this.#positions.keyOf(message);
    if (key !== null) this.#messages?.remove(key);
  }

  /** Starts again, with the first member who enters. */
  open(name: string, flags: readonly RoomFlag[], atMs: number): void {
    // A domain that enters a shared room must not make another room of it.
    if (this.#view === null || this.fold(name) === this.fold(this.#name)) this.#name = name;
    this.createdAtMs = atMs;
    for (const flag of flags) this.flags.add(flag);
  }

  /** Counts a session's request to be let in. @returns why the session may not ask; null if it may */
  countKnock(session: string, atMs: number): KnockLimit | null {
    this.#knocks ??= new Knocks();
    return this.#knocks.add(session, atMs);
  }

  /** Whether it has had so many new names lately that another one must wait. */
  wasRetitledLately(atMs: number): boolean {
    const recent = this.#retitledAtMs.filter((each) => each > atMs - RETITLE_PERIOD_MS);
    return recent.length >= MAX_RETITLES;
  }

  /** Whether a name is one of its own: it need not ask for that. */
  hasName(name: string): boolean {
    const key = this.fold(name);
    return key === this.fold(this.#name) || key === this.claims?.home;
  }

  /** Whether it has a name, or has asked for it. @param key - the folded name */
  holds(key: string): boolean {
    if (this.isVacant) return false;
    const asked = this.claims?.open?.name;
    return this.fold(this.#name) === key || (asked !== undefined && this.fold(asked) === key);
  }

  /** Whether the name of its log leads to another room. */
  get isCeded(): boolean {
    return this.claims !== null && this.claims.ceded !== null;
  }

  /** Whether the one who enters by a name means another room. */
  isMeantElsewhere(name: string): boolean {
    if (this.claims === null) return false;
    return this.claims.ceded !== null || (this.isVacant && this.fold(name) !== this.claims.home);
  }

  /** The name by which one enters this room. */
  get entryName(): string {
    return this.isMeantElsewhere(this.#name) && this.claims !== null ? this.claims.home : this.#name;
  }

  /** Takes another name. */
  retitle(name: string, atMs: number): void {
    this.#name = name;
    this.#retitledAtMs = [...this.#retitledAtMs, atMs].slice(-MAX_RETITLES);
  }

  /** Forgets everything that was decided while members were here. */
  #clear(): void {
    this.topic = null;
    this.key = null;
    this.limit = null;
    this.flags.clear();
    this.metadata = NO_NOTES;
    this.#messages = null;
    this.#knocks = null;
    this.#forgetRequests();
    for (const entries of Object.values(this.masks)) entries.length = 0;
    this.#maskCount = 0;
    for (const session of [...this.#invitations.keys()]) this.#withdraw(session);
    this.#absent.clear();
  }

  #forgetRequests(): void {
    this.#retitledAtMs = [];
    this.claims?.clear();
  }

  /** Has no more of its names than the room has for those whose configuration does not make it permanent. */
  #clearNames(): void {
    this.#name = this.#title;
    this.#forgetRequests();
  }

  // From one run of the server to the next

  /** The time of the last entry. */
  get atMs(): number {
    return this.#atMs;
  }

  /**
   * The server has stopped, and all sessions with it: nobody has left, so the room stays as it is and waits for the
   * members who were inside.
   */
  outlive(): void {
    this.#await(this.#seats);
    for (const session of [...this.sessions()]) this.dismiss(session);
    this.#numbers = null;
  }

  /**
   * A node has stopped, and its sessions with it. The room waits for its members from that node: they may return to any
   * node.
   *
   * @param heirs - the sessions whose members are connected to other nodes, and continue there
   * @returns the members who were inside, and those who still are; null if it was known that the node is gone
   */
  lose(
    node: string,
    heirs: readonly Heir[],
  ): { members: readonly MemberState[]; moved: readonly MemberState[] } | null {
    this.#gone ??= new GoneNodes();
    if (!this.#gone.add(node)) return null;
    const moved = heirs.flatMap(([former, session]) => this.#move(former, session) ?? []);
    // In one go, since there may be thousands.
    const current = new Map(heirs);
    this.#messages?.change((by) => current.get(by) ?? by);
    for (const [earlier, now] of this.#heirs ?? []) {
      const next = this.#heirs?.get(now);
      if (next !== undefined) this.#heirs?.set(earlier, next);
    }
    const isLost = sessionsOf(node);
    const lost = this.#seats.filter(({ session }) => isLost(session));
    this.#await(lost);
    for (const session of [...this.sessions()]) if (isLost(session)) this.dismiss(session);
    this.#numbers?.drop(isLost);
    return { members: lost.map(({ member }) => member), moved };
  }

  /** Hands over everything that a session has here to another one. @returns the member, if it has a place */
  #move(former: string, session: string): MemberState | null {
    this.#changeInvitations(
      ({ by }) => by === former,
      (invitation) => ({ ...invitation, by: session }),
    );
    const invitation = this.#invitations.get(former);
    if (invitation !== undefined && this.#invitations.delete(former)) {
      this.#invitations.set(session, { ...invitation, session });
    }
    const seat = this.#seatBy.get(former);
    if (seat === undefined || seat.session === session) return null;
    if (this.#seatBy.has(session)) {
      this.unseat(seat);
      return null;
    }
    const before = seat.session;
    seat.session = session;
    seat.last = this.lastNumberOf(session);
    this.#numbers?.hand(session);
    this.#seatBy.set(session, seat);
    this.#recent = null;
    this.#alias(before, session);
    return seat.member;
  }

  /** Finds the place of a session also by one that its member had before. */
  #alias(former: string, session: string): void {
    this.#heirs ??= new Map();
    this.#heirs.set(former, session);
    const seat = this.#seatBy.get(session);
    if (seat !== undefined) this.#seatBy.set(former, seat);
  }

  /** Whether the log has reported that a node is gone. */
  knowsGone(node: string): boolean {
    return this.#gone?.has(node) === true;
  }

  /**
   * Remembers the ranks of members who do not leave by their own will. If nobody else is inside, the room waits for
   * them.
   */
  #await(lost: readonly SeatState[]): void {
    if (lost.length === 0) return;
    if (lost.length === this.size) this.#isAwaiting = !this.isPermanent || this.claims !== null;
    for (const { who, ranks } of lost) {
      // A key that is set again moves to the end of the map: the first ones have been absent for longest.
      this.#absent.delete(this.#nameOf(who));
      this.#absent.set(this.#nameOf(who), ranks);
    }
    const most = Math.max(MAX_ABSENT, lost.length);
    for (const longest of this.#absent.keys()) {
      if (this.#absent.size <= most) break;
      this.#absent.delete(longest);
    }
  }

  /** Whether nobody is inside, and it waits for the members who were. */
  get isAwaiting(): boolean {
    return this.#isAwaiting;
  }

  /** Gives up waiting for the members who were inside when the server stopped. */
  close(): void {
    this.#isAwaiting = false;
    this.#clear();
  }

  /**
   * Gives up waiting, unless somebody has returned or the room stays all the same. A room that has closed before
   * forgets how often it has asked for names.
   */
  abandon(): void {
    if (this.isVacant) this.claims?.forget();
    if (!this.#isAwaiting || this.registration !== null) return;
    if (this.isPermanent) this.#isAwaiting = false;
    else this.close();
  }

  /** Returns the ranks of somebody who was inside when the server stopped; undefined for anybody else. */
  ranksBefore(who: Who): number | undefined {
    return this.#absent.size > 0 ? this.#absent.get(this.#nameOf(who)) : undefined;
  }

  /** Whether nobody has been inside since the server stopped, and no operator can be expected to return. */
  get lacksOperator(): boolean {
    return (
      this.size === 0 &&
      !this.isPermanent &&
      this.registration === null &&
      this.#isAwaiting &&
      ![...this.#absent.values()].some((ranks) => ranks >= RANK_BITS.operator)
    );
  }

  /** Returns the name of somebody who is absent. In a room that other domains have, it holds no address. */
  #nameOf({ nick, user, host, address }: Who): string {
    const source = `${this.fold(nick)}!${user}`;
    return this.#view === null ? `${source}@${address}` : `${source} ${host}`;
  }

  /** Whether a saved name may be kept: if no other domain had the room when it was saved, it holds an address. */
  #mayKeep(name: string): boolean {
    return this.#view === null || !name.includes('@');
  }

  /** A number for the members inside and their outlets: it changes as soon as any of these does. */
  get audience(): number {
    return this.#audience;
  }

  /** A member inside has another outlet. */
  audienceChanged(): void {
    this.#changeAudience('');
  }

  #changeAudience(session: string): void {
    this.#audience += 1;
    this.#lastMoved = session;
  }

  /**
   * Whether nothing has changed the audience but that a member has entered or left.
   *
   * @param audience - the number that it had before
   */
  hasOnlyMoved({ session }: Pick<Subject, 'session'>, audience: number): boolean {
    return this.#audience === audience + 1 && this.#lastMoved === session;
  }

  /** The occupied places, in an arbitrary order. */
  get seats(): readonly SeatState[] {
    return this.#seats;
  }

  get size(): number {
    return this.#seats.length;
  }

  seatOf({ session }: Pick<Subject, 'session'>): SeatState | undefined {
    return this.seatBy(session);
  }

  seatBy(session: string): SeatState | undefined {
    const recent = this.#recent;
    if (recent !== null && recent.session === session) return recent;
    const seat = this.#seatBy.get(session);
    if (seat !== undefined) this.#recent = seat;
    return seat;
  }

  /** Returns the identity of a session that is here or invited, as the room has it. */
  whoIs({ session }: Subject): Who | undefined {
    return this.#seatBy.get(session)?.who ?? this.#invitations.get(session)?.who;
  }

  memberOf(session: string, who: Who): MemberState {
    return this.#cast(session, this.#view === null ? who : this.#view.face(who), this.#atMs);
  }

  // In other domains

  /** The name of its log in the ids of messages. */
  get id(): string {
    return this.#positions.log;
  }

  /** Whether another domain orders it. */
  get isForeign(): boolean {
    return this.#view?.isForeign === true;
  }

  /** Whether other domains may also have it. */
  get isKnownAbroad(): boolean {
    return this.#view !== null;
  }

  /** Returns the identity of a member of this domain, as the room sees it. */
  guiseOf(who: Who): Who {
    return this.#view === null ? who : this.#view.guise(who);
  }

  /** Returns the names here of somebody who acts. */
  authorOf(who: Who): Author {
    const author = authorOf(who);
    return this.#view === null ? author : this.#view.authorOf(author);
  }

  /** Returns the identity here of somebody inside, based on the one that the room knows. */
  faceOf(member: MemberState): Who | undefined {
    const who = this.#seatBy.get(member.session)?.who;
    return who === undefined || this.#view === null ? who : this.#view.face(who);
  }

  /** Continues from the state at its home. @param id - the name of its log in the ids of messages */
  adopt(id: string, snapshot: RoomSnapshot): void {
    for (const session of [...this.sessions()]) this.dismiss(session);
    this.#clear();
    this.#numbers = null;
    this.#gone = null;
    this.#heirs = null;
    this.registration = null;
    this.#positions = new Positions(id);
    this.restore(snapshot);
  }

  /** The sessions that are here or invited. */
  *sessions(): Generator<string, void> {
    // In the order of the places, which a snapshot keeps.
    for (const { session } of this.#seats) yield session;
    for (const session of this.#invitations.keys()) if (!this.#seatBy.has(session)) yield session;
  }

  get maskCount(): number {
    return this.#maskCount;
  }

  get invitationCount(): number {
    return this.#invitations.size;
  }

  /** A member's ranks; 0 without any, and for somebody who is not here. */
  ranksOf({ session }: Subject): number {
    return this.#seatBy.get(session)?.ranks ?? 0;
  }

  /** Gives a member a place. It must not have one. @param last - the running number of the last entry of its session */
  seat(member: MemberState, { session, who, ranks, sinceMs, last }: Omit<SeatOptions, 'index'>): void {
    const seat = new SeatState(this, member, { session, who, ranks, sinceMs, index: this.#seats.length, last });
    this.#seats.push(seat);
    this.#changeAudience(session);
    this.#seatBy.set(session, seat);
    this.#numbers?.hand(session);
    this.#isAwaiting = false;
    if (this.#absent.size > 0) this.#absent.delete(this.#nameOf(who));
    member.seats.push(seat);
    this.#withdraw(session);
  }

  /** Takes a place away. */
  unseat(seat: SeatState): void {
    const { member, session } = seat;
    this.#changeAudience(session);
    this.#seatBy.delete(session);
    this.#recent = null;
    if (this.#heirs !== null) this.#dropHeirs(this.#heirs, session);
    this.#numbers ??= new RunningNumbers();
    this.#numbers.keep(session, seat.last, this.#positions.seq);
    const last = this.#seats.pop();
    if (last !== undefined && last !== seat) {
      this.#seats[seat.index] = last;
      last.index = seat.index;
    }
    member.seats.splice(member.seats.indexOf(seat), 1);
    this.#changeInvitations(
      ({ by }) => by === session,
      (invitation) => ({ ...invitation, by: null }),
    );
  }

  #dropHeirs(heirs: Map<string, string>, session: string): void {
    for (const [former, now] of heirs) {
      if (now !== session) continue;
      heirs.delete(former);
      this.#seatBy.delete(former);
    }
    if (heirs.size === 0) this.#heirs = null;
  }

  /** Takes away everything that a session has here, since it has left the chat. */
  dismiss(session: string): void {
    const seat = this.#seatBy.get(session);
    if (seat !== undefined) this.unseat(seat);
    this.#withdraw(session);
  }

  /** Sets the identity of a session. If it has lost a right, its invitations by that right have no effect any more. */
  identify(session: string, who: Who): void {
    if (isFromAbroad(session)) this.memberOf(session, who);
    const seat = this.#seatBy.get(session);
    if (seat !== undefined) {
      seat.who = who;
      if (!this.#mayOpen(seat)) this.disarmInvitationsBy(seat);
    }
    const invitation = this.#invitations.get(session);
    if (invitation !== undefined) this.#invitations.set(session, { ...invitation, who });
  }

  /**
   * Invites a guest, who may enter once.
   *
   * @param session - that of the guest
   * @param by - the giver; the invitation overrides only the rules that the giver can override, as long as it can
   */
  invite(session: string, by: Subject, who: Who): MemberState {
    const opens = this.#mayOpen(by);
    const guest = this.memberOf(session, who);
    // An invitation from a member without a rank does not weaken one from a member with a rank.
    if (!opens && this.#invitations.get(session)?.opens === true) return guest;
    this.#addInvitation({ guest, session, who, by: opens ? by.session : null, opens });
    return guest;
  }

  #addInvitation(invitation: Invitation): void {
    const { guest, session } = invitation;
    if (this.#view !== null && !this.#invitations.has(session)) this.#makeWayFor(session);
    this.#invitations.set(session, invitation);
    guest.invitations ??= new Set();
    guest.invitations.add(this);
  }

  /** Takes back the oldest invitation to the domain of a guest if it has too many. */
  #makeWayFor(guest: string): void {
    if (this.#invitations.size < MAX_INVITED_OF_DOMAIN) return;
    const ofDomain = [...this.#invitations.keys()].filter((session) => areOfOneDomain(session, guest));
    const [oldest] = ofDomain;
    if (oldest !== undefined && ofDomain.length >= MAX_INVITED_OF_DOMAIN) this.#withdraw(oldest);
  }

  /** Makes the invitations of a member ineffective: it has lost the right to give any. */
  disarmInvitationsBy({ session }: Subject): void {
    this.#changeInvitations(
      ({ by }) => by === session,
      (invitation) => ({ ...invitation, by: null, opens: false }),
    );
  }

  #mayOpen(subject: Subject): boolean {
    return authority(subject, this) >= RANK_BITS['half-operator'];
  }

  /** A ban is more recent: an earlier invitation does not override it. */
  #disarmInvitationsOf(matcher: UserMask): void {
    this.#changeInvitations(
      ({ session, who }) => {
        const subject = new Outsider(session, who);
        return matcher.matches(subject.identity(this.fold)) && !this.isListed(subject, 'exception');
      },
      (invitation) => ({ ...invitation, by: null, opens: false }),
    );
  }

  #changeInvitations(
    isMeant: (invitation: Invitation) => boolean,
    change: (invitation: Invitation) => Invitation,
  ): void {
    for (const [guest, invitation] of this.#invitations) {
      if (isMeant(invitation)) this.#invitations.set(guest, change(invitation));
    }
  }

  #withdraw(session: string): void {
    const guest = this.#invitations.get(session)?.guest;
    if (guest === undefined) return;
    this.#invitations.delete(session);
    guest.invitations?.delete(this);
    if (guest.invitations?.size === 0) guest.invitations = null;
  }

  /** Whether an invitation lets a member in whatever the rules of the room say. */
  isOpenedFor({ session }: Subject): boolean {
    return this.#invitations.get(session)?.opens === true;
  }

  isListed(subject: Subject, list: MaskList): boolean {
    if (this.#maskCount === 0) return false;
    const entries = this.masks[list];
    if (entries.length === 0) return false;
    const seat = this.#seatBy.get(subject.session);
    if (matchesAny(entries, (seat ?? subject).identity(this.fold))) return true;
    // A member inside acts through a connection from elsewhere.
    return seat !== undefined && subject.isElsewhere === true && matchesAny(entries, subject.identity(this.fold));
  }

  /**
   * Carries out one change of the settings.
   *
   * @param by - the member who made it, for the lists
   * @returns false if it changes nothing, and so need not be announced
   */
  change(change: RoomChange, by: Author, atMs: number): boolean {
    switch (change.kind) {
      case 'flag':
        if (this.flags.has(change.flag) === change.on) return false;
        if (change.on) this.flags.add(change.flag);
        else this.flags.delete(change.flag);
        return true;
      case 'key': {
        const key = change.on ? change.key : null;
        if (this.key === key) return false;
        this.key = key;
        return true;
      }
      case 'limit': {
        const limit = change.on ? change.limit : null;
        if (this.limit === limit) return false;
        this.limit = limit;
        return true;
      }
      case 'mask': {
        const entries = this.masks[change.list];
        const folded = this.fold(change.mask);
        const at = entries.findIndex((entry) => this.fold(entry.mask) === folded);
        if (at >= 0 === change.on) return false;
        const matcher = new UserMask(change.mask, this.fold);
        if (change.on) entries.push({ mask: change.mask, matcher, by, atMs });
        else entries.splice(at, 1);
        this.#maskCount += change.on ? 1 : -1;
        if (change.on && change.list === 'ban') this.#disarmInvitationsOf(matcher);
        return true;
      }
      case 'rank': {
        const seat = this.#seatFor(change.member);
        const bit = RANK_BITS[change.rank];
        if (seat === undefined || (seat.ranks & bit) > 0 === change.on) return false;
        seat.ranks ^= bit;
        if (!this.#mayOpen(seat)) this.disarmInvitationsBy(seat);
        return true;
      }
    }
  }

  /** Returns the place of a member. The room's log may not know its current session yet. */
  #seatFor(member: Member): SeatState | undefined {
    const seat = this.#seatBy.get(member.session);
    if (seat !== undefined) return seat;
    const known = member.seats.find(({ room }) => room === this);
    return known instanceof SeatState ? known : undefined;
  }
}

/**
 * Returns the changeable state of a room that an event names.
 *
 * @throws TypeError if this chat has not made it
 */
export function roomStateOf(room: Room): RoomState {
  if (room instanceof RoomState) return room;
  throw new TypeError('The chat knows only the rooms that it has made');
}

function matchesAny(entries: readonly MaskEntry[], identity: Identity): boolean {
  for (const { matcher } of entries) if (matcher.matches(identity)) return true;
  return false;
}

/** The field of a snapshot; none for a room that has never asked for a name, nor given its own away. */
function claimsIn(claims: RoomClaims | null): { readonly claims?: ClaimsSnapshot } {
  const snapshot = claims?.snapshot();
  return snapshot === undefined ? {} : { claims: snapshot };
}
