/** The one way of every change: proposed to a log, applied when the log brings it, shown to all whom it concerns. */
import type { DomainDeeds, Entry, EntryOf, LogName, PrivateDeeds, Stamp, Who } from '../log/entry.js';
import { MemoryLog } from '../log/memory-log.js';
import type { SharedLog } from '../log/shared-log.js';
import { ASCII_NAMING, type Naming } from './case-mapping.js';
import { DirectoryState } from './directory-state.js';
import { DOMAIN_DEEDS, type DomainOutcomes } from './domain-deeds.js';
import { DomainState } from './domain-state.js';
import type { Outlet } from './member.js';
import { MemberState, stranger } from './member-state.js';
import type { Outcome } from './outcome.js';
import { Presenter } from './presenter.js';
import { type PrivateOutcomes, PrivateState } from './private-state.js';
import { type LogTrouble, Replica, type ReplicaOwner, type Waiting } from './replica.js';
import type { RoomKeeper } from './room-keeper.js';
import type { Cast } from './room-state.js';
import { Rooms } from './rooms.js';
import { SteadyTime } from './steady-time.js';
import { Strangers } from './strangers.js';
import type { Answer } from './ticket.js';

/** The choices of a chat's core. */
export interface CoreOptions {
  /** The log that keeps everything that people do. @defaultValue a {@link MemoryLog} that keeps nothing */
  readonly log?: SharedLog | undefined;
  /** How names are compared. @defaultValue {@link ASCII_NAMING} */
  readonly naming?: Naming | undefined;
  /** The name of this process in the sessions of its members: `node.incarnation`. @defaultValue `a.1` */
  readonly node?: string;
  /** Returns a name that no other log ever has; the ids of messages begin with it. By default logs are counted. */
  readonly newLogId?: () => string;
  /** How many departures are remembered, at least 0. @defaultValue 500 */
  readonly departureLimit?: number;
  /** Milliseconds since the epoch. @defaultValue `Date.now` */
  readonly now?: () => number;
  /** Keeps rooms from one run of the server to the next. Without it, each run begins with none. */
  readonly keeper?: RoomKeeper | undefined;
  /**
   * Receives what has happened in a log, before anybody hears of it. It hears again what is applied again at the start.
   */
  readonly record?: ((log: LogName, outcome: Outcome) => void) | undefined;
  /** Receives each outcome of an entry when it has been shown. */
  readonly happened?: ((outcome: Outcome) => void) | undefined;
  /** Receives the troubles of logs. */
  readonly onTrouble?: (log: LogName, trouble: LogTrouble) => void;
}

/** The states of one chat, with their logs. Verbs propose to them; nothing else changes anything. */
export class Core implements ReplicaOwner {
  readonly domain: Replica<DomainDeeds, DomainOutcomes, DomainState>;
  /** The messages to single members of this process. */
  readonly private: Replica<PrivateDeeds, PrivateOutcomes, PrivateState>;
  readonly rooms: Rooms;
  readonly directory: DirectoryState;
  readonly #node: string;
  readonly #presenter: Presenter;
  readonly #record: ((log: LogName, outcome: Outcome) => void) | null;
  readonly #onTrouble: (log: LogName, trouble: LogTrouble) => void;
  readonly #happened: ((outcome: Outcome) => void) | undefined;
  /** Members that have asked to be let in, by their sessions. */
  readonly #arriving = new Map<string, MemberState>();
  readonly #strangers = new Strangers();
  readonly #waiting = new Set<Waiting>();
  /** The logs that are followed, and whose states are not complete yet. */
  readonly #opening = new Set<LogName>();
  readonly #onCaughtUp: (() => void)[] = [];
  readonly #steady = new SteadyTime();
  #voice: Outlet | null = null;
  #sessions = 0;
  #steward: MemberState | null = null;
  #guests = 1000;

  constructor(options: CoreOptions = {}) {
    const { log = new MemoryLog({ maxEntries: 0 }), node = 'a.1', newLogId = counter(), now = Date.now } = options;
    const { naming = ASCII_NAMING } = options;
    const { fold } = naming;
    this.#node = node;
    this.#record = options.record ?? null;
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    this.#happened = options.happened;
    const domain = new DomainState({ naming, departureLimit: options.departureLimit ?? 500, memberOf: this.#memberOf });
    const told = new PrivateState(newLogId(), (session) => domain.bySession(session));
    this.domain = new Replica({ log, name: 'd', fold: domain, belongs: isDomainEntry, owner: this });
    this.private = new Replica({ log, name: `n:${node}`, fold: told, belongs: isPrivateEntry, owner: this });
    const { keeper = null } = options;
    this.rooms = new Rooms({ log, fold, cast: this.#memberOf, owner: this, newLogId, keeper });
    this.directory = new DirectoryState({ naming, domain, rooms: this.rooms, now });
    this.#presenter = new Presenter(this);
    this.domain.open();
    this.private.open();
  }

  /** Returns the member of a session; an unknown session gets a member without a connection. */
  readonly #memberOf: Cast = (session, who, atMs) =>
    this.domain.fold.bySession(session) ?? this.#arriving.get(session) ?? this.#strangers.meet(session, who, atMs);

  /** Runs a call and shows its outcomes to nobody. Outcomes that settle after the call are shown. */
  quietly<T>(run: () => T): T {
    this.#presenter.isQuiet = true;
    try {
      return run();
    } finally {
      this.#presenter.isQuiet = false;
    }
  }

  /** Returns the name of a session that begins now. */
  newSession(): string {
    this.#sessions += 1;
    return `${this.#node}.${this.#sessions}`;
  }

  /** Nobody's member, for what the server has to do in rooms by itself. */
  get steward(): MemberState {
    if (this.#steward === null) {
      const who = { ...stranger(''), privileges: ['override'] } as const;
      this.#steward = new MemberState({ session: this.newSession(), who, atMs: this.directory.now() });
    }
    return this.#steward;
  }

  /** Proposes that a member of this process gets a nick of nobody, if the one that it has belongs to somebody else. */
  displace(member: MemberState): void {
    const { fold } = this.domain;
    if (!member.isLocal || !fold.belongsToOther(member.nick, member.account)) return;
    const { steward } = this;
    const nick = this.#guestNick();
    const stamp = this.stamp(this.domain, steward);
    this.domain.oblige<'displace'>(steward, { kind: 'displace', target: member.session, nick, ...stamp });
  }

  #guestNick(): string {
    for (;;) {
      this.#guests += 1;
      const nick = `Guest${this.#guests}`;
      if (this.domain.fold.holderOf(nick) === undefined && !this.domain.fold.belongsToOther(nick, null)) return nick;
    }
  }

  /** Puts a member of this process out, also one that would stay when nobody is connected for it. */
  putOut(member: MemberState, parting: string, ban?: string): void {
    const { outlet } = member;
    if (member.traits.has('always-on')) this.quit(member, parting);
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
   * Returns the stamp of what a member proposes next to a log. Spread it last into an entry: V8 takes microseconds to
   * add fields to a copy of an object with a number as large as a time.
   */
  stamp(replica: { stamp(session: string, atMs: number): Stamp }, { session }: MemberState): Stamp {
    return replica.stamp(session, this.directory.now());
  }

  /** Proposes to let a member in. */
  arrive(member: MemberState, who: Who): Answer<DomainOutcomes['arrive']> {
    this.#arriving.set(member.session, member);
    const stamp = this.stamp(this.domain, member);
    const answer = this.domain.propose<'arrive'>(member, { kind: 'arrive', who, ...stamp });
    if (answer.kind !== 'ticket') this.#arriving.delete(member.session);
    return answer;
  }

  /** Whether a member is in, or may be about to be. */
  isKnown({ session }: MemberState): boolean {
    return this.domain.fold.bySession(session) !== undefined || this.#arriving.has(session);
  }

  /** Whether a session of this process is over. */
  isOver(member: MemberState): boolean {
    return member.session.startsWith(`${this.#node}.`) && !this.isKnown(member);
  }

  /** Proposes that a member has left, unless that is on its way already. */
  quit(member: MemberState, reason: string): Answer<DomainOutcomes['quit']> | null {
    if (this.domain.hasProposalOf(member.session, 'quit')) return null;
    const entry = { kind: 'quit', reason, ...this.stamp(this.domain, member) } as const;
    const answer = this.domain.oblige<'quit'>(member, entry);
    this.#arriving.delete(member.session);
    return answer;
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
    if (log === 'd' && this.#waiting.size > 0) for (const replica of this.#waiting) replica.resume();
  }

  opens(log: LogName): void {
    this.#opening.add(log);
  }

  caughtUp(log: LogName): void {
    this.rooms.caughtUp(log);
    this.#opening.delete(log);
    if (this.#opening.size > 0) return;
    for (const then of this.#onCaughtUp.splice(0)) then();
  }

  /** Calls back once, as soon as the state has all that was in the logs which are followed by now. */
  whenCaughtUp(then: () => void): void {
    if (this.#opening.size === 0) then();
    else this.#onCaughtUp.push(then);
  }

  waits(replica: Waiting): void {
    this.#waiting.add(replica);
  }

  trouble(log: LogName, trouble: LogTrouble): void {
    this.#onTrouble(log, trouble);
  }

  /** Gives up what has waited too long: those who wait for it are answered that it has not been taken. */
  expire(patienceMs: number): void {
    const beforeMs = this.steadyMs - patienceMs;
    for (const replica of this.#waiting) {
      replica.expire(beforeMs);
      if (replica.isSettled) this.#waiting.delete(replica);
    }
    this.rooms.trim();
  }
}

function isDomainEntry(entry: Entry): entry is Entry & EntryOf<DomainDeeds> {
  return Object.hasOwn(DOMAIN_DEEDS, entry.kind);
}

function isPrivateEntry(entry: Entry): entry is Entry & EntryOf<PrivateDeeds> {
  return entry.kind === 'tell' || entry.kind === 'retract' || entry.kind === 'withdrawn' || entry.kind === 'gone';
}

function counter(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return String(count);
  };
}
