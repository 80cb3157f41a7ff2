/** The chat: one method for each thing that can be done in it, for every protocol. */
import type { Heir, LogName, Privilege, Trait } from '../log/entry.js';
import {
  type BorderRefusal,
  isFromAbroad,
  labelOfNick,
  type Letter,
  type LetterAnswer,
  type Origin,
  wayToRoom,
} from './abroad.js';
import { ASCII_NAMING } from './case-mapping.js';
import { Core, type CoreOptions } from './core.js';
import type { Directory, NoteObserver, PresenceObserver, RoomObserver } from './directory.js';
import type { EventOf, Said } from './event.js';
import { nodeOf } from './gone-nodes.js';
import type { Arrival, Introduction, Member, MemberDescription, Outlet } from './member.js';
import { MemberState, stateOf, stranger } from './member-state.js';
import type { Note } from './notes.js';
import type { Amended, Arrived, Changed } from './outcome.js';
import { type EntryRefusal, sharesRoom, type SpeechRefusal } from './permissions.js';
import type { Refused } from './refusal.js';
import type { Room } from './room.js';
import { type BanKind, type ServerBan, ServerBans, type ServerBansOptions } from './server-bans.js';
import type { RoomSnapshot } from './snapshot.js';
import { type MemberKeeper, StayingMembers } from './staying-members.js';
import type { Answer } from './ticket.js';
import * as banning from './verbs/bans.js';
import * as devices from './verbs/devices.js';
import * as membership from './verbs/membership.js';
import * as notes from './verbs/notes.js';
import * as ownership from './verbs/ownership.js';
import * as profile from './verbs/profile.js';
import * as registration from './verbs/registration.js';
import * as restoration from './verbs/restoration.js';
import * as rooms from './verbs/rooms.js';
import type { Scene } from './verbs/scene.js';
import * as settings from './verbs/settings.js';
import * as speech from './verbs/speech.js';

/** The options of a {@link Chat}. */
export interface ChatOptions extends CoreOptions {
  /** Keeps the members that stay while nobody is connected for them, from one run of the server to the next. */
  readonly memberKeeper?: MemberKeeper | undefined;
  /** The store of the server's bans, and the most bans that it holds; by default in memory. */
  readonly bans?: Pick<ServerBansOptions, 'store' | 'maxBans'> | undefined;
  /** Returns the host that others see of somebody who connects from an address. @defaultValue the address */
  readonly hostOf?: ((address: string) => string) | undefined;
}

/** A proposal waits this long for its log, in milliseconds, so that its proposer is answered within five seconds. */
const PATIENCE_MS = 4_000;
/** If others are in the same rooms, it waits for their broker as long as that may take to return. */
const SHARED_PATIENCE_MS = 30_000;

/**
 * One chat. Each verb proposes something to a log, and returns the outcome: the event that has happened, for the one
 * who did it (the others have received it), or a refusal, or null if nothing has changed. If the log has not settled it
 * yet, the verb returns a ticket, which is settled later.
 */
export class Chat {
  /** All members in the chat, and all open rooms. */
  readonly directory: Directory;
  /** The bans of the server, which hold for all protocols. */
  readonly bans: ServerBans;
  readonly #core: Core;
  readonly #scene: Scene;
  readonly #hostOf: (address: string) => string;
  readonly #accountObservers = new Set<(account: string) => void>();

  constructor(options: ChatOptions = {}) {
    const { memberKeeper: keeper } = options;
    const staying = keeper === undefined ? null : this.#staying(keeper);
    const { naming = ASCII_NAMING, now = Date.now } = options;
    const bans = new ServerBans({ ...options.bans, fold: naming.fold, now });
    this.bans = bans;
    this.#hostOf = options.hostOf ?? ((address) => address);
    const core = new Core(options, {
      ...(staying && {
        happened: (outcome) => {
          staying.happened(outcome);
        },
        renewed: (session) => {
          staying.renewed(session);
        },
      }),
      bans,
      enforce: (banned) => {
        banning.enforce(this.#scene, banned);
      },
      erased: (account) => {
        ownership.forget(this.#scene, account);
        for (const observer of this.#accountObservers) observer(account);
      },
    });
    const { directory } = core;
    this.directory = directory;
    this.#core = core;
    this.#scene = { core, directory, bans, hostOf: this.#hostOf };
  }

  /** Reports to an observer all members who arrive and leave later. */
  observe(observer: PresenceObserver): void {
    this.#core.directory.observe(observer);
  }

  /** Reports to an observer all rooms that are renamed later. */
  observeRooms(observer: RoomObserver): void {
    this.#core.directory.observeRooms(observer);
  }

  /** Reports to an observer all later changes of notes. */
  observeNotes(observer: NoteObserver): void {
    this.#core.directory.observeNotes(observer);
  }

  /** Opens a room that stays when everybody has left, or finds it if it is open. */
  openRoom(name: string): Room {
    return this.#core.rooms.addPermanent(name, this.directory.now());
  }

  /** Returns the log of an open room: it stays the same when the room is renamed. */
  logOf({ name }: Room): LogName | undefined {
    return this.#core.rooms.find(name)?.name;
  }

  /** Opens the rooms that had members when the last run of the server ended; call it after the permanent ones. */
  reviveRooms(): void {
    this.#core.rooms.revive(this.directory.now());
  }

  /** Returns the open rooms as plain data, each with the name of its log. */
  roomSnapshots(): (readonly [LogName, RoomSnapshot])[] {
    return this.#core.rooms.snapshots();
  }

  /** Runs a call that restores members whose rooms let nobody in now. Nobody is notified. */
  holdOpen(restore: () => void): void {
    restoration.holdOpen(this.#scene, restore);
  }

  /** Saves the current state of all rooms, for the next run of the server. */
  keepRooms(): void {
    this.#core.keep('all');
  }

  /**
   * Calls back once, as soon as the content of the logs that are followed by now is known; in this call if it is
   * already. Nobody is let in before that.
   */
  whenCaughtUp(then: () => void): void {
    this.#core.whenCaughtUp(then);
  }

  /** Answers those who have waited too long for a log. Call it about once a second. */
  tick(): void {
    this.#core.expire(this.#core.isShared ? SHARED_PATIENCE_MS : PATIENCE_MS);
    this.#core.keep('grown');
  }

  /** Answers those who wait for rooms of other domains, to which nothing leads any more. */
  giveUpAbroad(): void {
    this.#core.giveUpAbroad();
  }

  // Other processes

  /**
   * Removes a node that is dead, and all its earlier incarnations: its members are gone.
   *
   * @param node - `name.incarnation`. Nothing happens if the node is known to be gone
   */
  giveUp(node: string): void {
    this.#core.nodes.giveUp(node);
  }

  /**
   * Continues under another name after this node has been given up: its members arrive again, as other sessions, and
   * enter each room when its log has reported that the node was gone. They do not notice that.
   *
   * @param node - `name.incarnation`, with a greater number than before
   */
  comeBack(node: string): void {
    this.#core.comeBack(node);
  }

  /** Removes this node, since it stops. @param then - called when the others know, or are sure to */
  stepDown(then: () => void): void {
    this.#core.stepDown(then);
  }

  /** Returns the nodes that have members, or connections of members, as `name.incarnation`. */
  nodes(): ReadonlySet<string> {
    const nodes = new Set<string>();
    for (const session of this.#core.domain.fold.sessions()) nodes.add(nodeOf(session));
    return nodes;
  }

  /** Whether it is known that a node is gone. @param node - `name.incarnation` */
  isGone(node: string): boolean {
    return this.#core.domain.fold.gone.has(node);
  }

  // Other domains

  /**
   * Delivers the current state of a room of this domain, for another domain.
   *
   * @param take - called once, as soon as the content of the room's log is known
   */
  originOf(name: string, take: (log: LogName, origin: Origin) => void): void {
    const replica = this.#core.rooms.replica(name);
    this.#core.whenCaughtUp(() => {
      const { fold, applied } = replica;
      take(replica.name, { id: fold.id, seq: applied, snapshot: fold.snapshot() });
    });
  }

  /** Whether somebody of this domain has a session, on whichever node. */
  isSession(session: string): boolean {
    return this.#core.domain.fold.bySession(session) !== undefined;
  }

  /** Returns the sessions by which members of this process have places in a room. */
  sessionsIn(log: LogName): string[] {
    const seats = this.#core.rooms.ofLog(log)?.fold.seats ?? [];
    return seats.filter(({ member }) => member.isLocal).map(({ session }) => session);
  }

  /** Removes sessions of another domain from the rooms of this one, since they cannot leave by themselves. */
  dismissForeign(isMeant: (session: string, log: LogName) => boolean): void {
    this.#core.dismissForeign(isMeant);
  }

  /** Removes the nodes of another domain that have somebody in rooms of this one: their people may return to others. */
  loseForeign(prefix: string): void {
    this.#core.loseForeign(prefix);
  }

  /**
   * Removes one node of another domain from the rooms of this one.
   *
   * @param node - as sessions begin with it
   * @param heirs - the sessions under which its people continue
   * @param isMeant - whether it may have proposed something to a room that has nobody of it; null if it cannot have
   *   anybody there
   * @returns how much work that was, in entries
   */
  loseForeignNode(node: string, heirs: readonly Heir[], isMeant: (name: string) => boolean | null): number {
    return this.#core.loseForeignNode(node, heirs, isMeant);
  }

  /** The name of this process in the sessions of its members: `node.incarnation`. */
  get node(): string {
    return this.#core.node;
  }

  /** The number of the last pack of the domain's log that has been applied. */
  get seen(): number {
    return this.#core.entered;
  }

  /** The nodes that are gone; all earlier incarnations of each are, too. */
  get goneNodes(): readonly string[] {
    return this.#core.domain.fold.gone.nodes();
  }

  /** The sessions on gone nodes whose members continue under other ones. */
  heirs(): Heir[] {
    const { fold } = this.#core.domain;
    return fold.heirsOf(fold.formerSessions());
  }

  /** A number that grows whenever another node is gone. */
  get goneVersion(): number {
    return this.#core.domain.fold.gone.version;
  }

  /** Returns the number of places that people of other domains have in rooms, by the beginning of their sessions. */
  countForeign(prefix: string): number {
    let count = 0;
    for (const room of this.directory.rooms()) {
      for (const { member } of room.seats) if (member.session.startsWith(prefix)) count += 1;
    }
    return count;
  }

  // Arriving and leaving

  /** Makes a member that has no name yet, and that nobody sees until it is admitted. */
  receive({ host, label, outlet, isAlone }: Arrival): Member {
    const session = this.#core.newSession();
    const atMs = this.directory.now();
    const known = stranger(host);
    const shown = this.#hostOf(known.address);
    const who = { ...known, host: shown };
    const name = label?.(shown === known.address ? host : shown);
    return new MemberState({
      session,
      who,
      atMs,
      outlet,
      label: name,
      isLocal: true,
      ...(isAlone !== undefined && { isAlone }),
    });
  }

  /**
   * Describes a member that has been admitted, as plain data.
   *
   * @param outlet - the outlet whose privileges it gets; null for those of all its outlets
   */
  describe(member: Member, outlet: Outlet | null = null): MemberDescription {
    return restoration.describe(member, outlet);
  }

  #staying(keeper: MemberKeeper): StayingMembers {
    const describe = (member: Member): MemberDescription => restoration.describe(member, null);
    return new StayingMembers({
      keeper,
      describe,
      bySession: (session) => this.#core.domain.fold.bySession(session),
      now: () => this.directory.now(),
    });
  }

  /** Brings a member in as described, quietly. @returns null if that is not possible */
  restore(description: MemberDescription, outlet: Outlet | null, how: restoration.How = {}): Member | null {
    return restoration.restore(this.#scene, description, outlet, how);
  }

  /** Returns how a member's connection is secured. */
  securityOf(member: Member): Pick<Outlet, 'isSecure' | 'certificate'> {
    const state = stateOf(member);
    const presences = this.#core.domain.fold.presencesOf(state);
    if (presences !== undefined) return presences.security;
    return state.isLocal ? state.outlet : state.security;
  }

  /** Adds an outlet to a member. Its own deeds reach it there as they reach others. */
  attach(member: Member, outlet: Outlet): void {
    stateOf(member).attach(outlet);
  }

  /** Removes an outlet from a member. The member stays, even if it has no other outlet. */
  detach(member: Member, outlet: Outlet): void {
    stateOf(member).detach(outlet);
  }

  /**
   * Runs a call in which a member acts through one of its outlets. That outlet gets the answers, and the others are
   * notified of the deed; masks are compared with its address, and the member is an operator only if it has become one
   * there. By default a member acts through its first outlet.
   */
  through<T>(member: Member, outlet: Outlet, act: () => T): T {
    return devices.through(this.#scene, member, outlet, act);
  }

  /** Whether it may matter which of its outlets a member acts through. */
  isDivided(member: Member): boolean {
    return stateOf(member).isDivided;
  }

  /** Returns the addresses that a member is connected from; its arrival address if nobody is connected for it. */
  addressesOf(member: Member): string[] {
    return devices.addressesOf(this.#scene, member);
  }

  /** Whether a member has several outlets, or connections to several nodes. */
  isShared(member: Member): boolean {
    return stateOf(member).furtherOutlets.length > 0 || this.#core.domain.fold.isSpread(stateOf(member));
  }

  /**
   * Returns the member of an account that another connection may share; the one with this nick, if there are several.
   */
  memberOfAccount(account: string, nick: string): Member | undefined {
    return devices.ofAccount(this.#scene, account, nick);
  }

  /** Lets somebody who arrives share the member of its account. @returns null if that member is not here */
  arriveAs(member: Member, names: Introduction): Answer<devices.Shared | membership.KeptOut | null> {
    return devices.arriveAs(this.#scene, member, names);
  }

  /** Lets another connection share a member. Somebody is present again, so the member is no longer away. */
  share(member: Member, outlet: Outlet): void {
    devices.share(this.#scene, member, outlet);
  }

  /**
   * Removes an outlet from a member. A member without outlets quits, unless it is always on.
   *
   * @returns null if the member stays, or was not here
   */
  leave(member: Member, outlet: Outlet, reason: string): Answer<EventOf<'quit'> | null> | null {
    return devices.leave(this.#scene, member, outlet, reason);
  }

  /** Reserves the nicks of accounts, or releases them. Other members with these nicks get new ones. */
  reserveNicks(accounts: readonly string[], on: boolean): void {
    ownership.reserve(this.#scene, accounts, on);
  }

  /** Reports each account that is erased from now on, whichever process has erased it. */
  observeErasures(observer: (account: string) => void): void {
    this.#accountObservers.add(observer);
  }

  /** An account has been erased: its nick is free, no room belongs to it, and its members stay only if connected. */
  releaseAccount(account: string): void {
    registration.disown(this.#scene, account);
    ownership.release(this.#scene, account);
  }

  /** Removes the member that uses the nick of an account. @param account - that of the member who asks */
  ghost(by: Member, nick: string, account: string): ReturnType<typeof ownership.ghost> {
    return ownership.ghost(this.#scene, by, nick, account);
  }

  /** Lets a member in under the names that it gives itself. */
  admit(
    member: Member,
    names: Introduction,
  ): Answer<Arrived | membership.KeptOut | Refused<'nick-taken' | 'nick-reserved'>> {
    return membership.admit(this.#scene, member, names);
  }

  rename(
    member: Member,
    nick: string,
  ): Answer<EventOf<'renamed'> | Refused<'silenced' | 'nick-taken' | 'nick-reserved'>> {
    return membership.rename(this.#scene, member, nick);
  }

  /** Removes a member from all rooms and from the chat. */
  quit(member: Member, reason: string): Answer<EventOf<'quit'>> | null {
    return membership.quit(this.#scene, member, reason);
  }

  /** Removes a member from the chat. @param words - the reasons that it and the others get */
  expel(
    by: Member,
    nick: string,
    words: { readonly reason: string; readonly parting: string },
  ): Answer<EventOf<'expelled'> | Refused<'not-privileged' | 'no-such-member'>> {
    return membership.expel(this.#scene, by, nick, words);
  }

  /** Removes the member with a nick, on behalf of the server's operator. @returns null if nobody has the nick */
  putOut(nick: string, parting: string): Member | null {
    return membership.putOut(this.#scene, nick, parting);
  }

  /**
   * Sets a ban of the server, and removes the members that it matches.
   *
   * @param by - null for the operator of the server itself
   * @param parting - the reason that the others get
   */
  setBan(by: Member | null, ban: ServerBan, parting: string): ReturnType<typeof banning.setBan> {
    return banning.setBan(this.#scene, by, ban, parting);
  }

  /** Lifts a ban of the server. @param by - null for the operator of the server itself */
  liftBan(by: Member | null, kind: BanKind, mask: string): ReturnType<typeof banning.liftBan> {
    return banning.liftBan(this.#scene, by, kind, mask);
  }

  // Speaking

  /**
   * Delivers a letter from another domain to somebody of this one, or returns it.
   *
   * @param take - called once, in this call or later
   */
  deliver(letter: Letter, take: (answer: LetterAnswer) => void): void {
    speech.deliver(this.#scene, letter, take);
  }

  /** Returns why the recipient of a message that has just been sent is away; null if it is not. */
  absenceOf(member: Member): string | null {
    return isFromAbroad(member.session) ? this.#core.foreigners.absenceOf(member) : member.away;
  }

  /** Whether somebody of another domain shares a room here with somebody of a third one. */
  areForeignPeers(one: string, other: string): boolean {
    const { foreigners } = this.#core;
    const [by, to] = [foreigners.bySession(one), foreigners.bySession(other)];
    return by !== undefined && to !== undefined && sharesRoom(by, to);
  }

  say(by: Member, target: speech.Target, words: speech.Words): Answer<Said | Refused<speech.SayRefusal>> {
    return speech.say(this.#scene, by, target, words);
  }

  /** Returns the other domain that what is said to a target waits for; null for a target of this domain. */
  wayTo(target: speech.Target): string | null {
    if (target.kind === 'room') return wayToRoom(target.name);
    const label = labelOfNick(target.nick);
    return label === null ? null : (this.#core.abroad?.domainOf(label) ?? null);
  }

  /** Takes back a message. */
  redact(
    by: Member,
    target: speech.Target,
    what: { readonly message: string; readonly reason: string },
  ): ReturnType<typeof speech.redact> {
    return speech.redact(this.#scene, by, target, what);
  }

  /** Sends a text to everybody who listens to operators. */
  announce(by: Member, text: string): Answer<EventOf<'announced'> | Refused<'not-privileged'>> {
    return speech.announce(this.#scene, by, text);
  }

  /** Says something to everybody in the chat. */
  broadcast(
    by: Member,
    type: 'message' | 'notice',
    text: string,
  ): Answer<EventOf<'broadcast'> | Refused<'not-privileged'>> {
    return speech.broadcast(this.#scene, by, type, text);
  }

  // Rooms

  join(
    member: Member,
    name: string,
    options: rooms.JoinOptions,
  ): Answer<EventOf<'joined'> | Refused<EntryRefusal | BorderRefusal | 'already-inside' | 'too-many-rooms'>> {
    return rooms.join(this.#scene, member, name, options);
  }

  part(member: Member, name: string, reason: string): Answer<EventOf<'left'> | Refused<'no-such-room' | 'not-inside'>> {
    return rooms.part(this.#scene, member, name, reason);
  }

  kick(
    by: Member,
    name: string,
    target: { readonly nick: string; readonly reason: string },
  ): ReturnType<typeof rooms.kick> {
    return rooms.kick(this.#scene, by, name, target);
  }

  invite(by: Member, nick: string, name: string): ReturnType<typeof rooms.invite> {
    return rooms.invite(this.#scene, by, nick, name);
  }

  /** Asks the members inside to be let in. */
  knock(by: Member, name: string): ReturnType<typeof rooms.knock> {
    return rooms.knock(this.#scene, by, name);
  }

  /** Gives a room another name. */
  retitle(by: Member, name: string, title: string, reason: string): ReturnType<typeof rooms.retitle> {
    return rooms.retitle(this.#scene, by, name, { title, reason });
  }

  setTopic(
    by: Member,
    name: string,
    text: string,
  ): Answer<EventOf<'topic'> | Refused<SpeechRefusal | 'no-such-room' | 'not-inside' | 'not-allowed'> | null> {
    return rooms.setTopic(this.#scene, by, name, text);
  }

  /** Changes the settings of a room. To a member that may not know of the room, it does not exist. */
  amend(
    by: Member,
    name: string,
    wanted: readonly settings.WantedChange[],
    limits: settings.AmendLimits,
  ): Answer<Amended | Refused<'no-such-room'>> {
    return settings.amend(this.#scene, by, name, wanted, limits);
  }

  /** Changes a note of a room. @returns null if the note was the same before */
  annotateRoom(by: Member, name: string, note: Note): ReturnType<typeof notes.annotateRoom> {
    return notes.annotateRoom(this.#scene, by, name, note);
  }

  // Rooms that belong to accounts

  /** Makes a room belong to the account of a member inside. @param maxRooms - the most rooms that one account founds */
  registerRoom(by: Member, name: string, maxRooms: number): ReturnType<typeof registration.register> {
    return registration.register(this.#scene, by, name, maxRooms);
  }

  /** Ends the registration of a room. */
  unregisterRoom(by: Member, name: string): ReturnType<typeof registration.unregister> {
    return registration.unregister(this.#scene, by, name);
  }

  /** Sets the ranks that an account has in a room whenever it enters, as bits; 0 takes them away. */
  grantRanks(
    by: Member,
    name: string,
    access: { readonly account: string; readonly ranks: number },
  ): ReturnType<typeof registration.grant> {
    return registration.grant(this.#scene, by, name, access);
  }

  /** Transfers a room to another account. @param to - the account, and the most rooms that one account founds */
  passRoom(
    by: Member,
    name: string,
    to: { readonly account: string; readonly maxRooms: number },
  ): ReturnType<typeof registration.found> {
    return registration.found(this.#scene, by, name, to);
  }

  // Facts about a member

  /** Changes a note of a member. @returns null if the note was the same before */
  annotateSelf(member: Member, note: Note): ReturnType<typeof notes.annotateSelf> {
    return notes.annotateSelf(this.#scene, member, note);
  }

  /** Marks a member as away where it acts: it is away if it is so everywhere. @param reason - null if it is back */
  setAway(member: Member, reason: string | null): Answer<EventOf<'away'> | null> {
    return devices.setAway(this.#scene, member, reason);
  }

  setRealName(member: Member, name: string): Answer<EventOf<'realname'> | Refused<'silenced'>> {
    return profile.setRealName(this.#scene, member, name);
  }

  /** Shows others another host instead of the one from which a member has connected. */
  setHost(member: Member, host: string): Answer<EventOf<'host'>> {
    return profile.setHost(this.#scene, member, host);
  }

  /** Logs a member in to an account, or out (null). @returns null if nothing has changed */
  setAccount(member: Member, account: string | null): Answer<EventOf<'account'> | null> {
    return profile.setAccount(this.#scene, member, account);
  }

  /** Switches a trait of a member. @returns null if nothing has changed */
  setTrait(member: Member, trait: Trait, on: boolean): Answer<Changed | null> {
    return profile.setTrait(this.#scene, member, trait, on);
  }

  /** Gives a member the rights of an operator; null takes them away. @returns null if nothing has changed */
  setOperator(member: Member, privileges: readonly Privilege[] | null): Answer<Changed | null> {
    return profile.setOperator(this.#scene, member, privileges);
  }
}
