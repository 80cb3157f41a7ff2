/**
 * The single path of every change: proposed to a log, applied when the log returns it, shown to all whom it concerns.
 */
import type {
  DomainDeeds,
  Entry,
  EntryOf,
  Heir,
  LogName,
  Place,
  PrivateDeeds,
  ServerBan,
  Stamp,
  Who,
} from '../log/entry.js';
import { SHARED_PRIVATE_LOG } from '../log/log-name.js';
import { MemoryLog } from '../log/memory-log.js';
import type { SharedLog } from '../log/shared-log.js';
import { type Abroad, FOREIGN_PATIENCE_MS, isFromAbroad, namesDomain, type Origin, wayOfLog } from './abroad.js';
import type { Assembly } from './assembly.js';
import { Branches } from './branches.js';
import { ASCII_NAMING, type Naming } from './case-mapping.js';
import { Checkpointing } from './checkpointing.js';
import { CutRooms } from './cut-rooms.js';
import { DirectoryState } from './directory-state.js';
import type { BanBook } from './domain-bans.js';
import { DOMAIN_DEEDS, type DomainOutcomes } from './domain-deeds.js';
import { DomainState } from './domain-state.js';
import { Foreigners } from './foreigners.js';
import { formerOf, nameOf, nodeOf, sessionsOf } from './gone-nodes.js';
import type { Outlet } from './member.js';
import { MemberState, stateOf, stranger } from './member-state.js';
import { Nodes } from './nodes.js';
import type { Banned, Lost, Outcome } from './outcome.js';
import { Presenter } from './presenter.js';
import { type PrivateOutcomes, PrivateState } from './private-state.js';
import { type LogTrouble, Replica, type ReplicaOwner, type Waiting } from './replica.js';
import { Returning } from './returning.js';
import type { Room } from './room.js';
import type { RoomKeeper } from './room-keeper.js';
import type { Cast } from './room-state.js';
import { type RoomReplica, Rooms, type SharedRooms } from './rooms.js';
import type { ServerBans } from './server-bans.js';
import type { Sharing } from './sharing.js';
import { DOMAIN_CODEC, PRIVATE_CODEC } from './snapshot-codec.js';
import { SteadyTime } from './steady-time.js';
import { Strangers } from './strangers.js';
import { type Answer, whenSettled } from './ticket.js';
import { Titles } from './titles.js';

/** The most attempts to remove somebody of another domain from a room, since its entries may still arrive meanwhile. */
const MAX_DISMISSALS = 10;
/** The number of sessions that one looks through in the time that an entry takes. */
const SESSIONS_PER_ENTRY = 100;

/** The options of a chat's core. */
export interface CoreOptions {
  /** The log of everything that people do. @defaultValue a {@link MemoryLog} that keeps nothing */
  readonly log?: SharedLog | undefined;
  /** How names are compared. @defaultValue {@link ASCII_NAMING} */
  readonly naming?: Naming | undefined;
  /** The name of this process in the sessions of its members: `node.incarnation`. @defaultValue `a.1` */
  readonly node?: string;
  /**
   * Returns a name that no other log ever has; the ids of messages begin with it. By default logs are counted. If
   * several processes share logs, each has to give a log the same name.
   */
  readonly newLogId?: (log: LogName) => string;
  /** For a process that shares all its logs with others. @defaultValue it does not share them */
  readonly sharing?: Sharing | undefined;
  /** Sends the messages of a room to many at once. @defaultValue each member is sent to separately */
  readonly assembly?: Assembly | undefined;
  /** The other domains with which this one shares rooms. @defaultValue none */
  readonly abroad?: Abroad | undefined;
  /** The number of departures that are remembered, at least 0. @defaultValue 500 */
  readonly departureLimit?: number;
  /** Milliseconds since the epoch. @defaultValue `Date.now` */
  readonly now?: () => number;
  /** Keeps rooms from one run of the server to the next. Without it, each run starts without rooms. */
  readonly keeper?: RoomKeeper | undefined;
  /**
   * Receives the outcomes of a log before anybody is shown them. It receives those that are applied again at the start
   * once more.
   */
  readonly record?: ((log: LogName, outcome: Outcome) => void) | undefined;
  /** Receives the troubles of logs. */
  readonly onTrouble?: (log: LogName, trouble: LogTrouble) => void;
}

/** The surroundings of a core, besides the options of its maker. */
export interface CoreParts {
  /** Receives each outcome of an entry after it has been shown. */
  readonly happened?: ((outcome: Outcome) => void) | undefined;
  readonly bans?: ServerBans | undefined;
  /** Removes the members of this process to whom a new ban applies. */
  readonly enforce?: ((banned: Banned) => void) | undefined;
  /** A member has a new session from now on. The argument is the former one. */
  readonly renewed?: ((session: string) => void) | undefined;
  /** An account has been erased. */
  readonly erased?: ((account: string) => void) | undefined;
}

/** The states of one chat, with their logs. Verbs propose to them; nothing else changes anything. */
export class Core implements ReplicaOwner {
  readonly domain: Replica<DomainDeeds, DomainOutcomes, DomainState>;
  /** The messages to single members of this process. */
  readonly private: Replica<PrivateDeeds, PrivateOutcomes, PrivateState>;
  readonly rooms: Rooms;
  readonly directory: DirectoryState;
  readonly nodes: Nodes;
  readonly returning: Returning;
  readonly branches: Branches;
  readonly titles: Titles;
  /** The other domains; null for a chat that knows of none. */
  readonly abroad: Abroad | null;
  readonly foreigners: Foreigners;
  #node: string;
  /** Whether the others have given this process up, and it has not returned. */
  #isGivenUp = false;
  /** Whether this process has given itself up, since it stops. */
  #isLeaving = false;
  /** The members of this process that were here at that time. */
  readonly #lostMembers: MemberState[] = [];
  readonly #onGivenUp: () => void;
  readonly #parts: CoreParts;
  readonly #checkpointing: Checkpointing | null;
  readonly #presenter: Presenter;
  readonly #record: ((log: LogName, outcome: Outcome) => void) | null;
  readonly #onTrouble: (log: LogName, trouble: LogTrouble) => void;
  /** The domains that somebody has waited for in vain, and that are not back. */
  readonly #lostWays = new Set<string>();
  readonly #happened: ((outcome: Outcome) => void) | undefined;
  /** Members that have asked to be let in, by their sessions. */
  readonly #arriving = new Map<string, MemberState>();
  /** Members that have quit before they were let in, by their sessions, until the log has that they have quit. */
  readonly #departing = new Map<string, MemberState>();
  readonly #strangers = new Strangers();
  readonly #cutRooms = new CutRooms();
  readonly #waiting = new Set<Waiting>();
  /** The logs of rooms that packs of other rooms wait for. */
  readonly #awaited = new Set<LogName>();
  /** The logs that are followed, but whose states are incomplete. */
  readonly #opening = new Set<LogName>();
  readonly #onCaughtUp: (() => void)[] = [];
  readonly #steady = new SteadyTime();
  #voice: Outlet | null = null;
  #sessions = 0;
  #steward: MemberState | null = null;
  #guests = 1000;

  constructor(options: CoreOptions = {}, parts: CoreParts = {}) {
    const { log = new MemoryLog({ maxEntries: 0 }), node = 'a.1', newLogId = counter(), now = Date.now } = options;
    const { naming = ASCII_NAMING, sharing } = options;
    const { fold } = naming;
    this.#node = node;
    this.abroad = options.abroad ?? null;
    this.foreigners = new Foreigners(fold);
    this.#record = options.record ?? null;
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    this.#parts = parts;
    this.#happened = parts.happened;
    this.nodes = new Nodes(this);
    this.returning = new Returning(this);
    this.branches = new Branches(this);
    this.titles = new Titles(this);
    this.#onGivenUp = sharing?.onGivenUp ?? (() => undefined);
    this.#checkpointing = sharing === undefined ? null : new Checkpointing(sharing.checkpoints, this);
    const { departureLimit = 500 } = options;
    // Several processes have read the store at different times: only bans in the log count for all.
    const earlier = sharing === undefined ? (parts.bans?.all() ?? []) : [];
    const banBook = parts.bans && this.#bookOf(parts.bans, earlier);
    const domain = new DomainState({ naming, departureLimit, memberOf: this.#memberOf, ...(banBook && { banBook }) });
    const privateLog: LogName = sharing === undefined ? `n:${node}` : SHARED_PRIVATE_LOG;
    const told = new PrivateState(
      newLogId(privateLog),
      (session) => domain.bySession(session) ?? this.nodes.lostBy(session) ?? this.foreigners.bySession(session),
    );
    this.domain = new Replica({ log, name: 'd', fold: domain, belongs: isDomainEntry, owner: this });
    this.private = new Replica({ log, name: privateLog, fold: told, belongs: isPrivateEntry, owner: this });
    const { keeper = null } = options;
    const { abroad } = this;
    const cast = this.#memberOf;
    this.rooms = new Rooms({ log, fold, cast, owner: this, newLogId, keeper, shared: this.#shared(), abroad });
    const { foreigners } = this;
    this.directory = new DirectoryState({ naming, domain, rooms: this.rooms, foreigners, now });
    this.#presenter = new Presenter(this, options.assembly ?? null);
    abroad?.observe({
      renewed: (log_, origin) => {
        this.#renewForeign(log_, origin);
      },
      withdrawn: (log_) => {
        this.#loseForeign(log_);
      },
    });
    if (this.#checkpointing === null) {
      this.domain.open();
      this.private.open();
    } else {
      this.#checkpointing.begin(this.domain, DOMAIN_CODEC);
      this.#checkpointing.begin(this.private, PRIVATE_CODEC);
    }
  }

  /** Bans are stored by the process that sets them. */
  #bookOf(bans: ServerBans, earlier: readonly ServerBan[]): BanBook {
    return {
      earlier,
      add: (ban, session) => {
        bans.add(ban, session !== null && this.isOwn(session));
      },
      remove: (kind, mask, session) => void bans.remove(kind, mask, this.isOwn(session)),
    };
  }

  #shared(): SharedRooms | null {
    const checkpoints = this.#checkpointing;
    if (checkpoints === null) return null;
    return {
      checkpoints,
      names: this.domain.fold.rooms,
      patienceFor: (log) => shareOf(`${this.#node} ${log}`),
      announce: (log, isOpen) => {
        this.nodes.announce(log, isOpen);
      },
    };
  }

  /** Whether other processes have the same logs. */
  get isShared(): boolean {
    return this.#checkpointing !== null;
  }

  /** The name of this process in sessions. */
  get node(): string {
    return this.#node;
  }

  /** Whether a member may be connected to several nodes. */
  get mayShareMembers(): boolean {
    return this.isShared;
  }

  /** Whether a session belongs to this process. */
  isOwn(session: string): boolean {
    return session.startsWith(`${this.#node}.`);
  }

  /** Returns the member of a session; an unknown session gets a member without a connection. */
  readonly #memberOf: Cast = (session, who, atMs) =>
    isFromAbroad(session)
      ? this.foreigners.meet(session, who, atMs)
      : (this.domain.fold.bySession(session) ??
        this.#arriving.get(session) ??
        this.#departing.get(session) ??
        this.#strangers.meet(session, who, atMs));

  // Rooms of other domains

  /** The next entries of a foreign room are based on a different state from the one that was applied. */
  #renewForeign(log: LogName, origin: Origin): void {
    const replica = this.rooms.ofLog(log);
    if (replica === undefined) return;
    const { fold } = replica;
    const before = fold.seats.map(({ member }) => member);
    fold.adopt(origin.id, origin.snapshot);
    replica.renewed(origin.seq, (member) => before.includes(member));
    this.returning.renewed(replica);
    this.#presenter.showRenewed(fold, before);
    this.rooms.sort(log);
    for (const member of before) if (fold.seatOf(member) === undefined) this.enterAgain(replica, member);
  }

  /** A foreign room no longer exists. */
  #loseForeign(log: LogName): void {
    const replica = this.rooms.ofLog(log);
    if (replica === undefined) return;
    const before = replica.fold.seats.map(({ member }) => member).filter(({ isLocal }) => isLocal);
    this.rooms.dropForeign(replica);
    this.#presenter.showRenewed(replica.fold, before);
  }

  /** Lets a member of this process enter again a foreign room that it has not left by its own will. */
  enterAgain(replica: RoomReplica, member: MemberState): void {
    if (!member.isLocal || !this.isKnown(member) || replica.hasProposalOf(member.proposer, 'join')) return;
    const { name } = replica.fold;
    const who = replica.fold.guiseOf(member.who);
    if (this.isShared) this.nodes.beforeEntry(replica, member);
    const stamp = this.stamp(replica, member);
    const joined = replica.propose<'join'>(member, { kind: 'join', who, name, key: null, flags: [], ...stamp });
    // The member has not asked for it, so nobody else shows it to the member.
    whenSettled(joined, (outcome) => {
      if (outcome.kind === 'joined') this.#presenter.showEntered(outcome);
    });
  }

  /** Proposes that sessions of another domain have left the rooms of this one, since that domain cannot do so. */
  dismissForeign(isMeant: (session: string, log: LogName) => boolean): void {
    for (const replica of [...this.rooms.all()]) {
      if (replica.fold.isForeign || replica.isOpening) continue;
      for (const session of [...replica.fold.sessions()]) {
        if (isFromAbroad(session) && isMeant(session, replica.name)) this.#dismissOne(replica, session, 1);
      }
    }
  }

  /** Proposes that nodes of another domain are gone, if a room of this one has somebody of them. */
  loseForeign(prefix: string): void {
    for (const replica of [...this.rooms.all()]) {
      if (replica.fold.isForeign || replica.isOpening) continue;
      const sessions = [...replica.fold.sessions()].filter((session) => session.startsWith(prefix));
      for (const node of new Set(sessions.map(nodeOf))) this.nodes.say(replica, node);
    }
  }

  /**
   * Proposes that one node of another domain is gone.
   *
   * @param heirs - the sessions under which its people continue
   * @param isMeant - whether a room has to know it in any case; null for one that cannot have anybody of it
   * @returns how much work that was, in entries
   */
  loseForeignNode(node: string, heirs: readonly Heir[], isMeant: (name: string) => boolean | null): number {
    const isLost = sessionsOf(node);
    let work = 0;
    for (const replica of [...this.rooms.all()]) {
      const { fold, isOpening } = replica;
      if (fold.isForeign || isOpening || fold.knowsGone(node)) continue;
      const isToKnow = isMeant(fold.name);
      if (isToKnow === null) continue;
      const sessions = isToKnow ? [] : [...fold.sessions()];
      work += sessions.length / SESSIONS_PER_ENTRY;
      if (!isToKnow && !sessions.some(isLost)) continue;
      this.nodes.say(replica, node, heirs);
      work += 1;
    }
    return work;
  }

  #dismissOne(replica: RoomReplica, session: string, attempt: number): void {
    const { fold } = replica;
    if (replica.hasProposalOf(session, 'over')) return;
    const member = fold.seatBy(session)?.member ?? this.foreigners.meet(session, stranger(''), 0);
    const stamp = replica.stamp(session, this.directory.now());
    whenSettled(replica.oblige<'over'>(member, { kind: 'over', ...stamp }), (outcome) => {
      // An earlier entry of the session was still on its way.
      const isLate = outcome?.kind === 'refused' && fold.seatBy(session) !== undefined;
      if (isLate && attempt < MAX_DISMISSALS) this.#dismissOne(replica, session, attempt + 1);
    });
  }

  /** Runs a call and shows its outcomes to nobody. Outcomes that settle after the call are shown. */
  quietly<T>(run: () => T): T {
    this.#presenter.isQuiet = true;
    try {
      return run();
    } finally {
      this.#presenter.isQuiet = false;
    }
  }

  /** Whether the name of a room is one of this domain, or of one that can be entered as soon as it can be reached. */
  isLinked(name: string): boolean {
    if (!namesDomain(name)) return true;
    const objection = this.abroad === null ? 'unknown-domain' : this.abroad.objectionTo(name);
    return objection === null || objection === 'unreachable';
  }

  /** Returns the name of a new session. */
  newSession(): string {
    this.#sessions += 1;
    return `${this.#node}.${this.#sessions}`;
  }

  /** A member that is nobody's, for the server's own actions in rooms. */
  get steward(): MemberState {
    if (this.#steward === null) {
      const who = { ...stranger(''), privileges: ['override'] } as const;
      this.#steward = new MemberState({ session: this.newSession(), who, atMs: this.directory.now() });
    }
    return this.#steward;
  }

  /** Proposes that a member of this process gets a guest nick, if its nick belongs to somebody else. */
  displace(member: MemberState): void {
    const { fold } = this.domain;
    if (!member.isLocal || !fold.belongsToOther(member.nick, member.account)) return;
    const { steward } = this;
    const nick = this.guestNick();
    const stamp = this.stamp(this.domain, steward);
    const answer = this.domain.oblige<'displace'>(steward, {
      kind: 'displace',
      target: member.session,
      nick,
      ...stamp,
    });
    // Another process has meanwhile given that nick to somebody.
    whenSettled(answer, (outcome) => {
      if (outcome?.kind === 'refused' && outcome.why === 'nick-taken') this.displace(member);
    });
  }

  /** Removes the members of this process to whom a ban applies that was set here or elsewhere. */
  enforce(banned: Banned): void {
    this.#parts.enforce?.(banned);
  }

  /** An account has been erased. */
  erased(account: string): void {
    this.#parts.erased?.(account);
  }

  /** Returns a guest nick, which belongs to nobody. */
  guestNick(): string {
    for (;;) {
      this.#guests += 1;
      const nick = `Guest${this.#guests}`;
      if (this.domain.fold.holderOf(nick) === undefined && !this.domain.fold.belongsToOther(nick, null)) return nick;
    }
  }

  /** Removes a member of this process, even one that would stay when nobody is connected for it. */
  putOut(member: MemberState, parting: string, ban?: string): void {
    const { outlet } = member;
    // It would stay, or other nodes would keep it.
    const isKept = member.traits.has('always-on') || this.domain.fold.presencesOf(member) !== undefined;
    if (isKept) this.quit(member, parting);
    outlet.expel(parting, ban);
  }

  /** Runs a call in which members act through this outlet. */
  through<T>(outlet: Outlet, act: () => T): T {
    const before = this.#voice;
    this.#voice = outlet;
    try {
      return act();
    } finally {
      this.#voice = before;
    }
  }

  // From a verb to a log

  /**
   * Returns the stamp of a member's next proposal to a log. Spread it last into an entry: V8 takes microseconds to add
   * fields to a copy of an object with a number as large as a time.
   */
  stamp(replica: Stamping, { session, branch }: MemberState): Stamp {
    const atMs = this.directory.now();
    return branch === null ? replica.stamp(session, atMs) : replica.stamp(session, atMs, branch);
  }

  /** Proposes to let a member in. */
  arrive(member: MemberState, who: Who): Answer<DomainOutcomes['arrive']> {
    // The node may have returned under another name since the member was received.
    if (!this.isOwn(member.session) && !this.#isGivenUp) member.session = this.newSession();
    this.#arriving.set(member.session, member);
    const answer = this.domain.propose<'arrive'>(member, this.#arrivalOf(member, who));
    if (answer.kind !== 'ticket') this.#arriving.delete(member.session);
    if (this.isShared) this.#reportSecurity(member);
    return answer;
  }

  #arrivalOf(member: MemberState, who: Who): EntryOf<DomainDeeds, 'arrive'> {
    const stamp = this.stamp(this.domain, member);
    return member.isAlone ? { kind: 'arrive', who, isAlone: true, ...stamp } : { kind: 'arrive', who, ...stamp };
  }

  /** Reports to the other nodes how the connection of a member of this process is secured. */
  #reportSecurity(member: MemberState): void {
    const { isSecure, certificate } = member.outlet;
    if (!isSecure && certificate === null) return;
    const stamp = this.stamp(this.domain, member);
    this.domain.oblige<'security'>(member, { kind: 'security', isSecure, certificate, ...stamp });
  }

  // After this process has been given up

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** The last incarnation of this node that is known to be gone; null for none. */
  get formerNode(): string | null {
    const name = nameOf(this.#node);
    return this.domain.fold.gone.nodes().find((node) => nameOf(node) === name) ?? null;
  }

  /** Whether the domain's log has reported that this node is gone, and it has not returned. */
  get isGone(): boolean {
    return this.#isGivenUp || this.domain.fold.gone.has(this.#node);
  }

  /** The domain's log has reported that a node is gone. */
  lost(lost: Lost): void {
    for (const { member, former } of lost.moved) {
      this.#parts.renewed?.(former);
      this.#happened?.({ kind: 'changed', member });
    }
    const isOwn = this.#mayBeGivenUp(lost.quits);
    this.nodes.lose(lost);
    if (isOwn && !this.#isLeaving) this.#onGivenUp();
  }

  /** Stops proposing if the domain's log has reported that this node is gone. @returns whether it has just done so */
  #mayBeGivenUp(quits: Lost['quits']): boolean {
    if (this.#isGivenUp || !this.domain.fold.gone.has(this.#node)) return false;
    this.#isGivenUp = true;
    for (const { member } of quits) {
      const state = stateOf(member);
      // A member that was leaving has left.
      if (state.isLocal && !this.#isLeavingChat(state)) this.#lostMembers.push(state);
    }
    return true;
  }

  #isLeavingChat({ proposer, isConnected, traits }: MemberState): boolean {
    if (this.domain.hasProposalOf(proposer, 'quit')) return true;
    return !isConnected && !traits.has('always-on') && this.domain.hasProposalOf(proposer, 'detach');
  }

  /** Continues as another node, with all members. */
  comeBack(node: string): void {
    if (!this.#isGivenUp) return;
    const former = this.#node;
    this.#node = node;
    this.#isGivenUp = false;
    this.#steward = null;
    const members = this.#lostMembers.splice(0);
    const arriving = [...this.#arriving.values()];
    this.#arriving.clear();
    for (const member of [...members, ...arriving]) {
      this.#parts.renewed?.(member.session);
      this.returning.renew(member);
    }
    // Their requests are proposed again.
    for (const member of arriving) this.#arriving.set(member.session, member);
    this.returning.begin(members, former);
    this.rooms.announceAll();
  }

  /** Removes this node by its own will. @param then - called when the domain's log has the entry */
  stepDown(then: () => void): void {
    this.#isLeaving = true;
    const { domain, steward } = this;
    const node = this.#node;
    const answer = domain.oblige<'gone'>(steward, { kind: 'gone', node, ...this.stamp(domain, steward) });
    whenSettled(answer, then);
  }

  /** Lets in again a member that has been here before. */
  arriveAgain(member: MemberState, who: Who): Answer<DomainOutcomes['arrive']> {
    this.#arriving.set(member.session, member);
    const answer = this.domain.oblige<'arrive'>(member, this.#arrivalOf(member, who));
    this.#reportSecurity(member);
    return answer;
  }

  /** A member does not arrive: it is in the chat already, on another node. */
  forget(member: MemberState): void {
    this.#arriving.delete(member.session);
  }

  /** Whether a member remains in the chat without the incarnations of this node. */
  isElsewhere(member: MemberState): boolean {
    const own = nameOf(this.#node);
    const sessions = this.domain.fold.presencesOf(member)?.sessions() ?? [];
    return [member.session, ...sessions].some((session) => nameOf(nodeOf(session)) !== own);
  }

  /** This process has been given up again before a member had returned. */
  loseAgain(member: MemberState): void {
    // The member may have quit meanwhile.
    if (this.#arriving.delete(member.session)) this.#lostMembers.push(member);
  }

  /**
   * Somebody has taken a nick. If a member of this process is absent, but still shown with that nick, it gets another
   * one first: nobody must see one nick twice.
   */
  yieldNick(taker: MemberState): void {
    for (const member of this.#lostMembers) {
      if (this.domain.fold.isSameNick(member.nick, taker.nick)) this.returning.yieldNick(member, member.nick);
    }
    this.returning.yieldNicks(taker);
  }

  /** A returning member has another nick. */
  renamed(member: MemberState, before: string): void {
    this.#presenter.showRenamed({ kind: 'renamed', atMs: this.directory.now(), member, before });
  }

  /** A returning member is not let into a room. */
  keptOut(room: Room, member: MemberState): void {
    const atMs = this.directory.now();
    this.#presenter.showLeft({ kind: 'left', atMs, id: '', member, room, reason: 'node lost' });
  }

  /** Whether a member is in the chat, or may be about to be. */
  isKnown(member: MemberState): boolean {
    const { session } = member;
    if (this.domain.fold.bySession(session) !== undefined || this.#arriving.has(session)) return true;
    return this.#isGivenUp && this.#lostMembers.includes(member);
  }

  /** Whether a session of this process is over. */
  isOver(member: MemberState): boolean {
    return this.isOwn(member.session) && !this.isKnown(member);
  }

  /** Proposes that a member has left, unless that is already on its way. */
  quit(member: MemberState, reason: string): Answer<DomainOutcomes['quit']> | null {
    const lostAt = this.#lostMembers.indexOf(member);
    if (lostAt >= 0) {
      // The member has already left, with its node.
      this.#lostMembers.splice(lostAt, 1);
      return null;
    }
    if (this.domain.hasProposalOf(member.proposer, 'quit')) return null;
    const entry = { kind: 'quit', reason, ...this.stamp(this.domain, member) } as const;
    const answer = this.domain.oblige<'quit'>(member, entry);
    if (this.#arriving.delete(member.session)) this.#depart(member, answer);
    return answer;
  }

  /** Keeps a member that has quit before it was let in: it has to leave the rooms that it has asked to enter. */
  #depart(member: MemberState, quit: Answer<DomainOutcomes['quit']>): void {
    const { session } = member;
    this.#departing.set(session, member);
    whenSettled(quit, () => this.#departing.delete(session));
  }

  /** The logs in which a session has proposals that have not returned. */
  waitingFor(session: string): Waiting[] {
    return [...this.#waiting].filter((replica) => replica.hasProposalOf(session));
  }

  // From a log to everybody

  get seen(): number {
    return this.domain.applied;
  }

  get entered(): number {
    return this.domain.entered;
  }

  get steadyMs(): number {
    return this.#steady.elapsed(this.directory.now());
  }

  get voice(): Outlet | null {
    return this.#voice;
  }

  recorded(log: LogName, outcome: Outcome): void {
    if (this.#record === null || outcome === null || outcome.kind === 'refused' || this.#presenter.isQuiet) return;
    this.#record(log, outcome);
  }

  applied(log: LogName, outcome: Outcome, by: MemberState | null, voice: Outlet | null): void {
    if (outcome?.kind === 'arrived') {
      this.#arriving.delete(outcome.member.session);
      this.#strangers.arrived(outcome.member.session);
    }
    this.#presenter.show(log, outcome, by, voice);
    this.#happened?.(outcome);
  }

  packApplied(log: LogName): void {
    if (this.#waiting.size === 0 || (log !== 'd' && !this.#awaited.delete(log))) return;
    for (const replica of this.#waiting) replica.resume();
  }

  lacks({ room, seq }: Place): boolean {
    const replica = this.rooms.ofLog(room);
    const isLacking = replica !== undefined && !replica.isOpening && replica.applied < seq;
    if (isLacking) this.#awaited.add(room);
    return isLacking;
  }

  opens(log: LogName): void {
    this.#opening.add(log);
  }

  caughtUp(log: LogName): void {
    this.rooms.caughtUp(log);
    const opened = this.isShared ? this.rooms.ofLog(log) : undefined;
    if (opened !== undefined && !this.domain.isOpening) this.#presenter.showOpened(opened);
    if (log === 'd') this.#domainCaughtUp();
    else this.#reviewGone(log);
    this.#opening.delete(log);
    if (this.#opening.size > 0) return;
    for (const then of this.#onCaughtUp.splice(0)) then();
  }

  #domainCaughtUp(): void {
    this.rooms.beginAll();
    if (!this.private.isOpening) this.nodes.privateCaughtUp();
    const former = this.isShared ? formerOf(this.#node) : null;
    if (former !== null) this.nodes.giveUp(former);
    if (this.#mayBeGivenUp([])) this.#onGivenUp();
  }

  /** Removes from a log the sessions that were gone by the domain's log when this log was read. */
  #reviewGone(log: LogName): void {
    if (this.domain.isOpening) return;
    if (log === this.private.name) this.nodes.privateCaughtUp();
    const room = this.rooms.ofLog(log);
    if (room === undefined) return;
    if (room.fold.isForeign) this.returning.renewed(room);
    else this.nodes.roomCaughtUp(room);
    if (this.isShared) this.titles.caughtUp(room);
  }

  /** Calls back once, as soon as the state includes everything in the logs that are followed by now. */
  whenCaughtUp(then: () => void): void {
    if (this.#opening.size === 0) then();
    else this.#onCaughtUp.push(then);
  }

  waits(replica: Waiting): void {
    this.#waiting.add(replica);
  }

  trouble(log: LogName, trouble: LogTrouble): void {
    this.#onTrouble(log, trouble);
    if (trouble.kind === 'restored') {
      // The log may have lost its state with its packs.
      this.#checkpointing?.renew(log);
      this.rooms.renew(log);
    }
    const room = this.rooms.ofLog(log);
    if (room !== undefined) this.#presenter.showTrouble(room.fold, trouble, this.directory.now());
    if (this.abroad?.isForeign(log) !== true) return;
    if (trouble.kind === 'away') this.#cutRooms.away(log, this.steadyMs);
    const way = wayOfLog(log);
    if (trouble.kind === 'back' && way !== null) this.#lostWays.delete(way);
    if (trouble.kind === 'back' && this.#cutRooms.back(log)) this.#showCut(log, false);
  }

  waitedInVain(way: string): void {
    this.#lostWays.add(way);
  }

  isLost(way: string): boolean {
    return this.#lostWays.has(way);
  }

  #showCut(log: LogName, isCut: boolean): void {
    const room = this.rooms.ofLog(log);
    if (room !== undefined) this.#presenter.showCut(room.fold, isCut);
  }

  /** Gives up proposals that have waited too long: their proposers are answered that the log has not taken them. */
  expire(patienceMs: number): void {
    const beforeMs = this.steadyMs - patienceMs;
    for (const replica of this.#waiting) {
      const isForeign = this.abroad?.isForeign(replica.name) === true;
      replica.expire(isForeign ? this.steadyMs - FOREIGN_PATIENCE_MS : beforeMs);
      if (replica.isSettled) this.#waiting.delete(replica);
    }
    const isHere = (log: LogName): boolean => this.rooms.ofLog(log) !== undefined;
    for (const log of this.#cutRooms.due(this.steadyMs, isHere)) this.#showCut(log, true);
    this.rooms.trim();
    this.rooms.dropUnused();
    if (!this.isShared) return;
    this.nodes.abandon(this.rooms.review(this.directory.now()));
    if (!this.#isGivenUp) this.titles.review((log) => shareOf(`${this.#node} ${log}`));
  }

  /**
   * Gives up what waits for rooms of other domains, once their links are closed. Those who are answered may go on with
   * something that then waits in its turn.
   */
  giveUpAbroad(): void {
    const waiting = (): Waiting[] => [...this.#waiting].filter(({ name }) => this.abroad?.isForeign(name) === true);
    while (
      waiting()
        .map((replica) => replica.expire(Infinity))
        .includes(true)
    );
  }

  /** Saves the states of logs, either those that have grown or all of them. */
  keep(which: 'grown' | 'all'): void {
    this.#checkpointing?.keep(this.domain, DOMAIN_CODEC, which);
    this.#checkpointing?.keep(this.private, PRIVATE_CODEC, which);
    this.rooms.keep(which);
  }
}

/** A log to which something can be proposed. */
interface Stamping {
  stamp(session: string, atMs: number, via?: string): Stamp;
}

function isDomainEntry(entry: Entry): entry is Entry & EntryOf<DomainDeeds> {
  return Object.hasOwn(DOMAIN_DEEDS, entry.kind);
}

function isPrivateEntry(entry: Entry): entry is Entry & EntryOf<PrivateDeeds> {
  return entry.kind === 'tell' || entry.kind === 'retract' || entry.kind === 'withdrawn' || entry.kind === 'gone';
}

/** How long this process waits for others, by the names of both: most others wait for a different time. */
function shareOf(text: string): number {
  let sum = 0;
  for (let index = 0; index < text.length; index += 1) sum = (31 * sum + text.charCodeAt(index)) % 1_000_003;
  return 1 + (sum % 4);
}

function counter(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return String(count);
  };
}
