/** An IRC peer as the commands see it: who it is, what it has asked for, and how it is answered. */
import type { SaslExchange } from '../../accounts/account-service.js';
import type { ChatEvent, EventOf } from '../../chat/event.js';
import type { Member, Outlet, Privilege } from '../../chat/member.js';
import type { Room } from '../../chat/room.js';
import { MAX_OPEN_TICKETS, type Ticket } from '../../chat/ticket.js';
import { type Line, personalShelf, type Shelf } from '../../history/line.js';
import type { ConnectionFacts } from '../account-door.js';
import type { CharsetChoice, CharsetDetector } from '../charset.js';
import type { ClassSettings } from '../limits.js';
import { BANNED_TEXT, type EntryRefused, type Link, type RelayedPeer, type Transport } from '../session.js';
import type { IrcPart } from '../session-state.js';
import { sourceKey } from '../source-key.js';
import {
  type Capability,
  capabilityBit,
  capabilityNames,
  formatOffers,
  hasCapability,
  type Offers,
} from './capabilities.js';
import { type IrcEncoder, MAX_BODY_BYTES } from './encoder.js';
import { isupportLines } from './isupport.js';
import type { MarkedClient } from './mark-board.js';
import { middle } from './message.js';
import type { Subscriber } from './metadata-board.js';
import type { Watcher } from './monitor-board.js';
import type { MultilineDraft } from './multiline.js';
import { type Numeric, NUMERICS } from './numerics.js';
import type { Outbox } from './outbox.js';
import type { Paged } from './outcome.js';
import { formatPast } from './past-lines.js';
import { Registration } from './registration.js';
import type { IrcState, RegisteredClient } from './shared-state.js';
import { packWords, packWordsInSteps } from './text-length.js';

/** The options that all IRC clients of one listener share. */
export interface IrcOptions {
  readonly server: IrcState;
  readonly charset: CharsetChoice;
}

/** The reports of a client to its session. */
export interface ClientOwner {
  /** The client has registered: from now on it is asked for signs of life. */
  registered(): void;
  /** The peer of a gateway has taken its place: its limits are others. */
  relocated(): void;
  /** All that the client has said has been answered. */
  settled(): void;
  /** Of many messages that waited for their log, half have been answered. */
  eased(): void;
  /** A message waits for another domain. @param way - to that domain. @returns what to call when it is answered */
  waitsAbroad(way: string): () => void;
  /** Somebody, or a channel, says something else about itself. */
  annotated(event: EventOf<'annotated'>, key: string): void;
  /** The client has received the news that somebody it watches is here. */
  monitored(nicks: readonly string[]): void;
  /** A channel has another name, and the client cannot be told so in one line. */
  retitled(event: EventOf<'retitled'>): void;
  /** The client's member is in a channel that another one of its clients has entered. */
  entered(room: Room): void;
  /** A command of the client has cost as much as so many more. */
  spent(lines: number): void;
  /** The client has left: none of its lines counts any more. */
  left(): void;
}

/** A SASL exchange. */
export interface Authentication {
  readonly exchange: SaslExchange;
  /** The part of a response that has arrived, in base64. */
  received: string;
}

/** A batch that an answer has begun. */
export interface OpenBatch {
  /** Adds the answers that are given meanwhile. */
  add(answers: () => void): void;
  close(): void;
}

/** One IRC peer. */
export class Client implements Watcher, RegisteredClient, Subscriber, MarkedClient {
  /** Admitted to the directory when it has registered; until then its nick is empty. */
  member: Member;
  readonly server: IrcState;
  /** The facts known before registration is complete; null afterwards. */
  registration: Registration | null = new Registration();
  /** The account that it has shown to be its own, as long as its member has not got it; null for none. */
  claim: string | null = null;
  /** The SASL exchange that it is in; null without one. */
  authentication: Authentication | null = null;
  /** The batch that the client has opened; null without one. */
  draft: MultilineDraft | null = null;
  readonly #link: Link;
  readonly #charset: CharsetDetector;
  readonly #outbox: Outbox;
  readonly #owner: ClientOwner;
  #encoder: IrcEncoder;
  #capabilities = 0;
  /** How many messages wait for their log. */
  #unsettled = 0;
  #isOver = false;
  /** Since when it is connected, in milliseconds since the epoch; null if that is as long as its member is here. */
  #sinceMs: number | null = null;

  constructor(
    link: Link,
    { server }: IrcOptions,
    { charset, outbox, owner }: { charset: CharsetDetector; outbox: Outbox; owner: ClientOwner },
  ) {
    this.server = server;
    this.#link = link;
    this.#charset = charset;
    this.#outbox = outbox;
    this.#owner = owner;
    this.#encoder = server.encoders.of(0, charset.charset);
    link.encoder = this.#encoder;
    this.member = server.chat.receive({ host: link.remoteHost, outlet: link });
    server.unregisteredCount += 1;
  }

  /** The account that it is logged in to, or is about to be; null without one. Clients of one member have the same. */
  get account(): string | null {
    return this.claim ?? this.member.account;
  }

  /** The limits of the peer's class. */
  get limits(): ClassSettings {
    return this.#link.limits;
  }

  /** The peer's address, or the network that counts as one. */
  get source(): string {
    return sourceKey(this.#link.remoteHost, this.limits.ipv6PrefixBits);
  }

  /** The SHA-256 fingerprint of its certificate, as lower-case hexadecimal digits; null without one. */
  get certificate(): string | null {
    return this.#link.certificate;
  }

  /** Whether nobody between the peer and the server can read along. */
  get isSecure(): boolean {
    return this.#link.isSecure;
  }

  get #connectedMs(): number {
    return this.#sinceMs ?? this.member.sinceMs;
  }

  get connection(): ConnectionFacts {
    const { id, remoteHost, isSecure } = this.#link;
    return { id, address: remoteHost, isSecure, sinceMs: this.#connectedMs };
  }

  /** The transport of the connection. */
  get transport(): Transport {
    return this.#link.transport;
  }

  /** Whether it has left; its connection may still be closing. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isUtf8Only(): boolean {
    return this.#charset.charset === 'utf-8';
  }

  /** Its nick, user name and host, as far as they are known. */
  get mask(): string {
    const { nick, user, host } = this.member;
    if (this.registration === null) return `${nick}!${user}@${host}`;
    return `${this.registration.nick ?? '*'}!${this.registration.user ?? '*'}@${host}`;
  }

  /** The peer's name in replies. */
  get nickOrStar(): string {
    return this.member.nick === '' ? '*' : this.member.nick;
  }

  get hasExtendedMonitor(): boolean {
    return this.has('extended-monitor');
  }

  /** A set of capability bits. */
  get capabilities(): number {
    return this.#capabilities;
  }

  has(capability: Capability): boolean {
    return hasCapability(this.#capabilities, capability);
  }

  setCapabilities(bits: number): void {
    this.#capabilities = bits;
    if (!this.has('draft/metadata-3')) this.server.metadata.clear(this);
    this.server.markBoard.put(this, this.has('draft/read-marker'));
    this.updateEncoder();
  }

  /** Reads events by the capabilities and the charset that hold now. */
  updateEncoder(): void {
    this.#encoder = this.server.encoders.of(this.#capabilities, this.#charset.charset);
    this.#link.encoder = this.#encoder;
  }

  /** Records something that the client has done, for an operator to read up. No texts, no passwords. */
  log(event: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.server.control.log(event, { connection: this.#link.id, nick: this.member.nick, ...details });
  }

  // Answers

  /**
   * Answers with a numeric.
   *
   * @param params - its parameters after the client's nick; one that cannot stand before the last is sent as `*`
   */
  reply(name: Numeric, ...params: readonly string[]): void {
    const [code, text] = NUMERICS[name];
    const words = [code, this.nickOrStar];
    const last = params.at(-1);
    const isTextGiven = text === null || text === '';
    for (const param of isTextGiven ? params.slice(0, -1) : params) words.push(middle(param));
    if (!isTextGiven) words.push(`:${text}`);
    else if (last !== undefined) words.push(text === '' || middle(last) !== last ? `:${last}` : last);
    this.answer(`:${this.server.name} ${words.join(' ')}`);
  }

  /** Answers with as many numerics as all the words take. */
  replyWords(name: Numeric, params: readonly string[], words: Iterable<string>, separator = ' '): void {
    for (const packed of packWords(words, this.#roomAfter(params), separator)) this.reply(name, ...params, packed);
  }

  /** The same as part of a long answer, a few words a step; null stands for a look that has found no word. */
  *replyWordsAtLength(
    name: Numeric,
    params: readonly string[],
    words: Iterable<string | null>,
    separator = ' ',
  ): Paged {
    for (const packed of packWordsInSteps(words, this.#roomAfter(params), separator)) {
      if (packed !== null) this.reply(name, ...params, packed);
      yield;
    }
  }

  /** The bytes that a numeric with these parameters leaves for the last one. */
  #roomAfter(params: readonly string[]): number {
    const head = [this.server.name, '000', this.nickOrStar, ...params].join(' ');
    return MAX_BODY_BYTES - Buffer.byteLength(head, 'utf8') - ': :'.length;
  }

  /** Answers with a whole line, source and all. */
  answer(body: string): void {
    this.#outbox.add({ tags: '', body });
  }

  /** Answers the command at hand later, with its label. @returns whether it has one */
  postponeLabel(): boolean {
    return this.#outbox.postponeLabel();
  }

  /** Answers, from now on, a command whose label was postponed. */
  resumeLabel(label: string): void {
    this.#outbox.beginLabeled(label);
  }

  /** Answers with a NOTICE of the server. */
  notice(text: string): void {
    this.answer(`:${this.server.name} NOTICE ${this.nickOrStar} :${text}`);
  }

  /** Answers that a command has failed. */
  fail(command: string, code: string, context: readonly string[], text: string): void {
    this.#standardReply('FAIL', [command, code, ...context], text);
  }

  /** Answers that a part of a command has failed. */
  warn(command: string, code: string, context: readonly string[], text: string): void {
    this.#standardReply('WARN', [command, code, ...context], text);
  }

  /** Answers with a standard reply (IRCv3 standard-replies). */
  #standardReply(
    severity: 'FAIL' | 'WARN',
    [command, code, ...context]: readonly [string, string, ...string[]],
    text: string,
  ): void {
    const words = [middle(command), code, ...context.map(middle)].join(' ');
    this.answer(`:${this.server.name} ${severity} ${words} :${text}`);
  }

  /** Answers with a batch of lines (IRCv3 batch). */
  inBatch(type: string, params: readonly string[], add: () => void): void {
    const batch = this.openBatch(type, params);
    batch.add(add);
    batch.close();
  }

  /** Begins a batch of lines, for a long answer. */
  openBatch(type: string, params: readonly string[]): OpenBatch {
    const reference = this.server.nextBatch();
    const head = `:${this.server.name} BATCH`;
    this.answer([`${head} +${reference}`, type, ...params.map(middle)].join(' '));
    return {
      add: (add) => {
        this.#outbox.addWithin(reference, add);
      },
      close: () => {
        this.#outbox.add({ tags: '', body: `${head} -${reference}`, isNested: true });
      },
    };
  }

  /** Answers that the peer is banned from the server. */
  replyBanned(reason: string): void {
    this.reply('ERR_YOUREBANNEDCREEP', `${BANNED_TEXT}: ${reason}`);
  }

  /** Sends an event of the peer's own doing, as part of the answer. */
  echo(event: ChatEvent): void {
    for (const line of this.#encoder.format(event)) this.#outbox.add(line);
  }

  /** Sends a line of a history, as part of the answer. */
  recall(line: Line): void {
    for (const past of formatPast(line, this.#encoder)) this.#outbox.add(past);
  }

  /** Counts the command at hand as so many more: its answer has cost as much. */
  spend(lines: number): void {
    this.#owner.spent(lines);
  }

  get markOwner(): Shelf {
    const { account, session } = this.member;
    return personalShelf(account === null ? null : this.server.directory.fold(account), session);
  }

  marked(line: string): void {
    this.sendBeside(() => {
      this.answer(line);
    });
  }

  annotated(event: EventOf<'annotated'>, key: string): void {
    this.#owner.annotated(event, key);
  }

  retitled(event: EventOf<'retitled'>, answered: Member | null): void {
    if (event.room.seatOf(this.member) === undefined) return;
    if (this.member === answered || this.has('draft/channel-rename')) return;
    this.#outbox.sendBeside(() => {
      this.#owner.retitled(event);
    });
  }

  entered({ member, room }: EventOf<'joined'>, voice: Outlet | null): void {
    if (member !== this.member || voice === this.#link) return;
    this.#outbox.sendBeside(() => {
      this.#owner.entered(room);
    });
  }

  /** Runs a call in which the client's member acts through this connection, if that may matter. */
  acting<T>(act: () => T): T {
    return this.isDivided ? this.server.chat.through(this.member, this.#link, act) : act();
  }

  /** Whether it may matter through which of its connections its member acts. */
  get isDivided(): boolean {
    return this.server.chat.isDivided(this.member);
  }

  /** Whether it has one of the rights of those who run the server, through this connection. */
  may(privilege: Privilege): boolean {
    return this.acting(() => this.member.may(privilege));
  }

  /** Goes on as a member that is here already. */
  goOnAs(member: Member): void {
    this.#sinceMs = this.#connectedMs;
    this.member = member;
  }

  /**
   * Takes the peer of a gateway for the one at the other end. Only for a client that has not given its names yet.
   *
   * @returns null if it is let in
   */
  relocate(peer: RelayedPeer): EntryRefused | null {
    const refused = this.#link.relocate(peer);
    if (refused !== null) return refused;
    this.#sinceMs = this.#connectedMs;
    this.member = this.server.chat.receive({ host: this.#link.remoteHost, outlet: this.#link });
    this.#owner.relocated();
    return null;
  }

  /** Whether messages of the client wait for logs of this domain: only further messages may run before the answers. */
  get isUnsettled(): boolean {
    return this.#unsettled > 0;
  }

  /** Whether so many messages wait for their log that further ones have to wait as well. */
  get hasManyUnsettled(): boolean {
    return this.#unsettled >= MAX_OPEN_TICKETS;
  }

  /** Answers a message when its log has taken it; meanwhile further messages run. Only one abroad lets all else run. */
  answerLater<T>(ticket: Ticket<T>, answer: (outcome: T) => void): void {
    const answered = ticket.way === null ? null : this.#owner.waitsAbroad(ticket.way);
    if (answered === null) this.#unsettled += 1;
    const addPart = this.#outbox.postpone();
    ticket.whenSettled((outcome) => {
      if (answered === null) this.#unsettled -= 1;
      if (this.#isOver) return;
      addPart(() => {
        answer(outcome);
      });
      if (answered !== null) answered();
      else if (this.#unsettled === 0) this.#owner.settled();
      else if (this.#unsettled === MAX_OPEN_TICKETS / 2) this.#owner.eased();
    });
  }

  // As plain data

  /** Describes the client without its member. */
  describe(): Omit<IrcPart, 'heardMs' | 'pingedMs'> {
    return {
      sinceMs: this.#connectedMs,
      capabilities: capabilityNames(this.#capabilities),
      account: this.account,
      registration: this.registration?.state ?? null,
      monitored: this.server.monitors.namesOf(this),
      subscriptions: this.server.metadata.keysOf(this),
    };
  }

  /**
   * Goes on as a client that was described elsewhere.
   *
   * @param member - null if it has not registered
   */
  restore(part: IrcPart, member: Member | null): void {
    const { sinceMs, account, capabilities, registration, monitored, subscriptions } = part;
    this.#sinceMs = sinceMs ?? this.#connectedMs;
    this.setCapabilities(capabilities.reduce((bits, name) => bits | (capabilityBit(name) ?? 0), 0));
    if (registration !== null) this.registration?.restore(registration);
    for (const key of subscriptions) this.server.metadata.add(this, key);
    if (member === null) {
      this.claim = account ?? null;
      if (this.claim !== null) this.server.entering.add(this);
      return;
    }
    this.member = member;
    this.registration = null;
    this.server.unregisteredCount -= 1;
    this.server.clients.add(this);
    for (const nick of monitored) this.server.monitors.add(this, nick, Infinity);
  }

  // Lines that answer no command

  ping(): void {
    this.#outbox.sendBeside(() => {
      this.answer(`PING :${this.server.name}`);
    });
  }

  replyOverlong(): void {
    this.draft?.lose();
    this.#outbox.sendBeside(() => {
      this.reply('ERR_INPUTTOOLONG');
    });
  }

  monitorOnline(masks: readonly string[]): void {
    this.#outbox.sendBeside(() => {
      this.replyWords('RPL_MONONLINE', [], masks, ',');
      this.#owner.monitored(masks.map((mask) => mask.split('!', 1)[0] ?? mask));
    });
  }

  monitorOffline(nicks: readonly string[]): void {
    this.#outbox.sendBeside(() => {
      this.replyWords('RPL_MONOFFLINE', [], nicks, ',');
    });
  }

  isupportChanged(tokens: readonly string[]): void {
    this.#outbox.sendBeside(() => {
      for (const line of isupportLines(tokens)) this.reply('RPL_ISUPPORT', ...line);
    });
  }

  offersChanged(added: Offers, removed: readonly string[]): void {
    const gone = removed.reduce((bits, name) => bits | (capabilityBit(name) ?? 0), 0);
    if ((this.#capabilities & gone) !== 0) this.setCapabilities(this.#capabilities & ~gone);
    if (!this.has('cap-notify')) return;
    const head = `:${this.server.name} CAP ${this.nickOrStar}`;
    this.#outbox.sendBeside(() => {
      if (added.size > 0) this.answer(`${head} NEW :${formatOffers(added).join(' ')}`);
      if (removed.length > 0) this.answer(`${head} DEL :${removed.join(' ')}`);
    });
  }

  loseAccount(): void {
    this.claim = null;
    // Others hear of it in the order of the log; nobody waits for that here.
    if (this.registration === null) this.server.chat.setAccount(this.member, null);
    this.server.entering.delete(this);
    this.#outbox.sendBeside(() => {
      this.reply('RPL_LOGGEDOUT', this.mask, 'You are now logged out');
    });
  }

  /** Sends lines that do not answer the command at hand. @param label - of what they answer; null without one */
  sendBeside(add: () => void, label: string | null = null): void {
    this.#outbox.sendBeside(() => {
      if (label !== null) this.#outbox.beginLabeled(label);
      add();
    });
  }

  /**
   * Makes of an answer one that does not answer the command at hand: its command has failed because a log was late, and
   * what it asked for has happened after all.
   */
  afterAll<T>(answer: (outcome: T) => void): (outcome: T) => void {
    return (outcome) => {
      if (this.#isOver) return;
      this.sendBeside(() => {
        answer(outcome);
      });
    };
  }

  // The beginning and the end

  /** The member is in the directory: from now on its commands count. */
  registered(): void {
    // Its account may have been erased while it was let in.
    const hasLost = this.claim === null && this.member.account !== null;
    this.claim = null;
    if (hasLost) this.server.chat.setAccount(this.member, null);
    this.registration = null;
    this.server.unregisteredCount -= 1;
    this.server.entering.delete(this);
    this.server.clients.add(this);
    const { nick, user, host } = this.member;
    const { id, remoteHost: address } = this.#link;
    this.server.control.note('registered', { connection: id, nick, user, host, address });
    this.#owner.registered();
  }

  /**
   * Puts the peer out.
   *
   * @param ban - why it will not be let in again; not given when it may come back
   */
  expel(reason: string, ban?: string): void {
    if (ban !== undefined) {
      this.#outbox.sendBeside(() => {
        this.replyBanned(ban);
      });
    }
    this.close(reason);
  }

  /**
   * Ends the session: sends all answers so far, then the reason.
   *
   * @param reason - for the peer, the other members and the log
   */
  close(reason: string): void {
    if (this.#isOver) return;
    this.answer(closingLink(this.member.host, reason));
    this.#outbox.flush();
    this.leave(reason);
    this.#link.close(reason);
  }

  /** Leaves the chat; the connection is gone, or about to be closed. */
  leave(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#outbox.close();
    this.#owner.left();
    this.server.monitors.clear(this);
    this.server.metadata.clear(this);
    this.server.markBoard.put(this, false);
    if (this.registration !== null) this.server.unregisteredCount -= 1;
    // Also one that has not heard yet that it was let in.
    this.server.chat.leave(this.member, this.#link, reason);
    this.server.entering.delete(this);
    this.server.clients.delete(this);
  }
}

/** The last line that a peer is sent (modern, "ERROR message"). */
export function closingLink(host: string, reason: string): string {
  return `ERROR :Closing Link: ${host} (${reason})`;
}
