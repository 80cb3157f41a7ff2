/** A peer that speaks IRC: framing, registration, flow control and answers. What the commands do is told elsewhere. */
import { isUtf8 } from 'node:buffer';
import type { ChatEvent } from '../../chat/event.js';
import type { Member, Outlet } from '../../chat/member.js';
import { type CharsetChoice, CharsetDetector, encodeText } from '../charset.js';
import type { ClassSettings } from '../limits.js';
import { LineDecoder, type LineSink } from '../line-decoder.js';
import { describeForeign, type ForeignProtocol, Opening } from '../opening.js';
import { Pacer } from '../pacer.js';
import { BANNED_TEXT, type Link, type Session } from '../session.js';
import { sourceKey } from '../source-key.js';
import { type Capability, hasCapability } from './capabilities.js';
import { type Command, COMMANDS, type LongAnswer, type Outcome } from './commands.js';
import { Deferred } from './deferred.js';
import { type IrcEncoder, MAX_BODY_BYTES } from './encoder.js';
import { isupportLines } from './isupport.js';
import { MAX_CLIENT_TAG_BYTES, MAX_LINE_BYTES, type Message, middle, parseMessage } from './message.js';
import type { Watcher } from './monitor-board.js';
import { type Numeric, NUMERICS } from './numerics.js';
import { Registration } from './registration.js';
import { ReplyWriter } from './reply-writer.js';
import type { IrcClient, IrcServer } from './shared-state.js';
import { packWords, packWordsInSteps } from './text-length.js';

/** What all IRC sessions of one listener share, and the class of this one's address. */
export interface IrcOptions {
  readonly server: IrcServer;
  readonly charset: CharsetChoice;
  readonly limits: ClassSettings;
}

/** A long answer is given in parts of so many steps, whether they find something to say or not. */
const STEPS_PER_PART = 100;
const AT_SIGN = 0x40;
const SPACE = 0x20;

/** The session of one IRC peer. */
export class IrcSession implements Session, LineSink, Outlet, Watcher, IrcClient {
  /** Admitted to the directory when it has registered; until then its nick is empty. */
  readonly member: Member;
  readonly server: IrcServer;
  readonly limits: ClassSettings;
  encoder: IrcEncoder;
  /** A set of capability bits; `setCapabilities` changes it. */
  capabilities = 0;
  /** What is known before registration is complete; null afterwards. */
  registration: Registration | null = new Registration();
  /** Since when a sign of life has been asked for; null while none is. */
  pingSentMs: number | null = null;
  readonly #link: Link;
  readonly #charset: CharsetDetector;
  readonly #decoder = new LineDecoder({
    maxLineBytes: MAX_CLIENT_TAG_BYTES + MAX_BODY_BYTES,
    carriageReturnEnds: true,
  });
  /** What the command at hand is answered; null while nothing is. */
  #answer: ReplyWriter | null = null;
  readonly #pacer: Pacer;
  /** Null once the first line has shown that the peer speaks as it should. */
  #opening: Opening | null = new Opening();
  /** The answer that waits for the peer to take its earlier parts; null without one. */
  #longAnswer: LongAnswer | null = null;
  #isOver = false;
  #lastHeardMs: number;

  constructor(link: Link, options: IrcOptions) {
    const { server, limits } = options;
    const nowMs = server.directory.now();
    this.server = server;
    this.limits = limits;
    this.#link = link;
    this.#charset = CharsetDetector.of(options.charset);
    this.encoder = server.encoders.of(0, this.#charset.charset);
    this.#pacer = new Pacer(link, limits, nowMs);
    this.#lastHeardMs = nowMs;
    const host = link.remoteHost;
    this.member = server.chat.receive({ host, outlet: this });
    server.unregisteredCount += 1;
    if (limits.registrationTimeoutMs > 0) link.wakeIn(limits.registrationTimeoutMs);
  }

  /** What counts as the peer's address where strangers are counted. */
  get source(): string {
    return sourceKey(this.#link.remoteHost, this.limits.ipv6PrefixBits);
  }

  /** When it last sent a line, in milliseconds since the epoch. */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  get isUtf8Only(): boolean {
    return this.#charset.charset === 'utf-8';
  }

  /** What replies call the peer. */
  get nickOrStar(): string {
    return this.member.nick === '' ? '*' : this.member.nick;
  }

  get hasExtendedMonitor(): boolean {
    return this.has('extended-monitor');
  }

  has(capability: Capability): boolean {
    return hasCapability(this.capabilities, capability);
  }

  setCapabilities(bits: number): void {
    this.capabilities = bits;
    this.#updateEncoder();
  }

  // Input

  receive(bytes: Uint8Array): void {
    if (this.#isOver || this.#closeIfForeign(this.#opening?.receive(bytes))) return;
    this.#pacer.beginSlice(this.server.directory.now());
    this.#decoder.push(bytes, this);
  }

  line(bytes: Uint8Array): void {
    if (this.#isOver || !this.#isWithinRegistration(bytes.length) || bytes.length === 0) return;
    if (this.#opening !== null) {
      const foreign = this.#opening.ofLine(bytes);
      this.#opening = null;
      if (this.#closeIfForeign(foreign)) return;
    }
    this.#lastHeardMs = this.server.directory.now();
    this.pingSentMs = null;
    if (this.#pacer.admits(bytes, this.#lastHeardMs, this.registration !== null)) {
      this.#run(bytes);
    } else if (this.#pacer.isOverfull) {
      this.close('Excess Flood');
    } else {
      this.#scheduleWake();
    }
  }

  /** Nothing of another protocol is taken for a command. @returns whether it was closed */
  #closeIfForeign(protocol: ForeignProtocol | null | undefined): boolean {
    if (protocol === null || protocol === undefined) return false;
    this.close(describeForeign(protocol));
    return true;
  }

  /** Lines before registration are not paced, so there is an end to them. @returns whether the line is still taken */
  #isWithinRegistration(byteLength: number): boolean {
    const { registration, limits } = this;
    if (registration === null) return true;
    registration.bytes += byteLength + 1;
    // CRLF also yields an empty line.
    if (byteLength > 0) registration.lines += 1;
    const { registrationLines, registrationBytes } = limits;
    const isWithin =
      (registrationLines === 0 || registration.lines <= registrationLines) &&
      (registrationBytes === 0 || registration.bytes <= registrationBytes);
    if (!isWithin) this.close('Excess Flood before registration');
    return isWithin;
  }

  overlong(): void {
    if (this.#isOver || !this.#isWithinRegistration(MAX_LINE_BYTES)) return;
    if (this.#closeIfForeign(this.#opening?.ofBeginning())) return;
    this.#opening = null;
    this.#sayOverlong();
  }

  #sayOverlong(): void {
    this.#unasked(() => {
      this.reply('ERR_INPUTTOOLONG');
    });
  }

  #runWaiting(): void {
    while (!this.#isOver) {
      const line = this.#pacer.next(this.server.directory.now(), this.registration !== null);
      if (line === null) return;
      this.#run(line);
    }
  }

  #run(bytes: Uint8Array): void {
    const tagBytes = bytes[0] === AT_SIGN ? bytes.indexOf(SPACE) + 1 : 0;
    if (tagBytes > MAX_CLIENT_TAG_BYTES) {
      this.#sayOverlong();
      return;
    }
    const before = this.#charset.charset;
    const text = this.#charset.decode(bytes).replaceAll('\0', '');
    if (this.#charset.charset !== before) this.#updateEncoder();
    const message = parseMessage(text);
    if (message === null) return;
    // A labeled answer may be a batch, so labels count only with both (labeled-response, "Dependencies").
    const { label } = message;
    if (label !== null && this.has('labeled-response') && this.has('batch')) {
      this.#answer = new ReplyWriter(this.server, label);
    }
    if (bytes.length - tagBytes > MAX_LINE_BYTES - 2) {
      this.reply('ERR_INPUTTOOLONG');
      this.#flush();
      return;
    }
    if (this.isUtf8Only && !isUtf8(bytes)) {
      // A command that cannot be read cannot be named either (utf8-only).
      const command = message.command.includes('\ufffd') ? '*' : message.command;
      this.fail(command, 'INVALID_UTF8', [], 'Message rejected, your line is not valid UTF-8');
      this.#flush();
      return;
    }
    this.#dispatch(message);
  }

  #dispatch(message: Message): void {
    const command = this.#permitted(message);
    if (this.#isAnsweredBy(message, () => command?.run(this, message))) this.#flush();
  }

  /** Takes a step of a command. @returns whether that was the last one; otherwise further commands wait */
  #isAnsweredBy(message: Message, step: () => Outcome): boolean {
    let outcome: Outcome = undefined;
    try {
      outcome = step();
    } catch (error) {
      this.#reportFailure(message, error);
    }
    if (outcome === undefined) return true;
    if (outcome instanceof Deferred) {
      this.#stepLater(message, outcome);
    } else {
      this.#longAnswer = outcome;
      if (this.#sayMore(outcome)) return true;
      this.#scheduleWake();
    }
    this.#pacer.hold();
    return false;
  }

  /** The one place where awaited results come back to a session. */
  #stepLater(message: Message, { step: whenReady }: Deferred<void>): void {
    const take = (step: () => Outcome): void => {
      // The client may have left meanwhile. It must not be admitted, or made an operator, when nobody can remove it.
      if (!this.#isOver && this.#isAnsweredBy(message, step)) this.#goOn();
    };
    const fail = (error: unknown): void => {
      this.#reportFailure(message, error);
      this.#goOn();
    };
    void whenReady.then(take, fail);
  }

  /** A command that took a while is answered: whatever came meanwhile has its turn. */
  #goOn(): void {
    this.#pacer.release();
    if (this.#isOver) return;
    this.#flush();
    this.#runWaiting();
    this.#scheduleWake();
  }

  /** Goes on with a long answer by one part, if the peer takes it. @returns whether the answer is complete */
  #sayMore(answer: LongAnswer): boolean {
    if (this.#link.isFull) return false;
    try {
      for (let step = 0; step < STEPS_PER_PART && !this.#isOver; step += 1) {
        this.#pacer.charge(1);
        if (answer.next().done !== true) continue;
        this.#longAnswer = null;
        return true;
      }
    } catch (error) {
      this.#longAnswer = null;
      this.log('command failed', { error });
      this.reply('ERR_UNKNOWNERROR', '*', 'This command failed; the server goes on');
      return true;
    }
    if (!this.#isOver && this.#writer.size > 0) {
      this.#link.answer(encodeText(this.#writer.takePart(this.#charset.charset), this.#charset.charset));
    }
    return false;
  }

  /** Goes on with the answer at hand, and with what was asked after it. */
  #goOnSaying(): void {
    const answer = this.#longAnswer;
    if (answer === null || this.#isOver) return;
    if (this.#sayMore(answer)) this.#goOn();
    else this.#scheduleWake();
  }

  drained(): void {
    if (this.#isOver || this.#longAnswer === null) return;
    // It has taken what there was, so it is alive, although what it says waits for the end of the answer.
    this.#lastHeardMs = this.server.directory.now();
    this.pingSentMs = null;
    this.#goOnSaying();
  }

  /** Checks what the table of commands asks for; answers and gives null where it is not met. */
  #permitted(message: Message): Command | null {
    const command = COMMANDS.get(message.command);
    const name = middle(message.command);
    if (command === undefined) this.reply('ERR_UNKNOWNCOMMAND', name);
    else if (this.registration !== null && command.when === 'registered') this.reply('ERR_NOTREGISTERED');
    else if (this.registration === null && command.when === 'registering') this.reply('ERR_ALREADYREGISTERED');
    else if (message.params.length < command.minParams) this.reply('ERR_NEEDMOREPARAMS', name);
    else if (command.isForOperators === true && !this.member.isOperator) this.reply('ERR_NOPRIVILEGES');
    else {
      const { commandCounts } = this.server;
      commandCounts.set(message.command, (commandCounts.get(message.command) ?? 0) + 1);
      return command;
    }
    return null;
  }

  /**
   * Records something that the client has done, as an operator should be able to read it up. No texts, no passwords.
   */
  log(event: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.server.control.log(event, { connection: this.#link.id, nick: this.member.nick, ...details });
  }

  #reportFailure(message: Message, error: unknown): void {
    this.log('command failed', { command: message.command, error });
    this.reply('ERR_UNKNOWNERROR', middle(message.command), 'This command failed; the server goes on');
  }

  // Answers

  get #writer(): ReplyWriter {
    this.#answer ??= new ReplyWriter(this.server, null);
    return this.#answer;
  }

  /**
   * Answers with a numeric.
   *
   * @param params - its parameters after the client's nick; whatever cannot stand before the last is told as `*`
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

  /** Answers with as many numerics as it takes to tell all words. */
  replyWords(name: Numeric, params: readonly string[], words: Iterable<string>, separator = ' '): void {
    for (const packed of packWords(words, this.#roomAfter(params), separator)) this.reply(name, ...params, packed);
  }

  /** The same as part of a long answer, a few words a step; null stands for a look without a word. */
  *replyWordsAtLength(
    name: Numeric,
    params: readonly string[],
    words: Iterable<string | null>,
    separator = ' ',
  ): LongAnswer {
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
    this.#writer.add({ tags: '', body });
  }

  /** Tells the peer of an event of its own doing, as part of the answer. */
  tell(event: ChatEvent): void {
    for (const line of this.encoder.format(event)) this.#writer.add(line);
  }

  /** Answers with a standard reply (IRCv3 standard-replies). */
  fail(command: string, code: string, context: readonly string[], text: string): void {
    this.answer([`:${this.server.name} FAIL`, middle(command), code, ...context.map(middle), `:${text}`].join(' '));
  }

  monitorOnline(masks: readonly string[]): void {
    this.#unasked(() => {
      this.replyWords('RPL_MONONLINE', [], masks, ',');
    });
  }

  monitorOffline(nicks: readonly string[]): void {
    this.#unasked(() => {
      this.replyWords('RPL_MONOFFLINE', [], nicks, ',');
    });
  }

  isupportChanged(tokens: readonly string[]): void {
    this.#unasked(() => {
      for (const line of isupportLines(tokens)) this.reply('RPL_ISUPPORT', ...line);
    });
  }

  /** Sends something that answers no command: it must not end up in the answer of one that is being gathered. */
  #unasked(add: () => void): void {
    const answer = this.#answer;
    this.#answer = null;
    add();
    this.#flush();
    this.#answer = answer;
  }

  #flush(): void {
    const text = this.#answer?.end(this.#charset.charset) ?? '';
    this.#answer = null;
    if (text !== '' && !this.#isOver) this.#link.answer(encodeText(text, this.#charset.charset));
  }

  send(bytes: Uint8Array, droppable: boolean): void {
    if (!this.#isOver) this.#link.send(bytes, droppable);
  }

  #updateEncoder(): void {
    this.encoder = this.server.encoders.of(this.capabilities, this.#charset.charset);
  }

  // Time

  wake(): void {
    if (this.#isOver) return;
    this.#pacer.beginSlice(this.server.directory.now());
    this.#goOnSaying();
    this.#runWaiting();
    if (this.registration === null) this.#checkLife();
    else if (this.#isLate()) this.close('Registration timed out');
    this.#scheduleWake();
  }

  #isLate(): boolean {
    const { registrationTimeoutMs } = this.limits;
    return registrationTimeoutMs > 0 && this.server.directory.now() - this.member.sinceMs >= registrationTimeoutMs;
  }

  #checkLife(): void {
    const { pingIntervalMs, pingTimeoutMs } = this.limits;
    // What it says may be waiting for its turn; only while an answer waits for the peer, it is the peer that is late.
    if (pingIntervalMs === 0 || this.#isOver || (this.#pacer.isWaiting && this.#longAnswer === null)) return;
    const nowMs = this.server.directory.now();
    if (this.pingSentMs !== null) {
      if (nowMs - this.pingSentMs >= pingTimeoutMs) {
        this.close(`Ping timeout: ${Math.round((nowMs - this.#lastHeardMs) / 1000)} seconds`);
      }
    } else if (nowMs - this.#lastHeardMs >= pingIntervalMs) {
      this.pingSentMs = nowMs;
      this.#unasked(() => {
        this.answer(`PING :${this.server.name}`);
      });
    }
  }

  #scheduleWake(): void {
    if (this.#isOver) return;
    const nowMs = this.server.directory.now();
    const { pingIntervalMs, pingTimeoutMs, registrationTimeoutMs } = this.limits;
    const waits: number[] = [];
    const { waitMs } = this.#pacer;
    if (waitMs !== null) waits.push(waitMs);
    if (this.#longAnswer !== null && !this.#link.isFull) waits.push(0);
    if (this.registration !== null) {
      if (registrationTimeoutMs > 0) waits.push(this.member.sinceMs + registrationTimeoutMs - nowMs);
    } else if (pingIntervalMs > 0) {
      const deadline = this.pingSentMs === null ? this.#lastHeardMs + pingIntervalMs : this.pingSentMs + pingTimeoutMs;
      waits.push(deadline - nowMs);
    }
    if (waits.length > 0) this.#link.wakeIn(Math.max(0, Math.min(...waits)));
  }

  // The beginning and the end

  /** The member is in the directory: from now on its commands count, and it is asked for signs of life. */
  registered(): void {
    this.registration = null;
    this.server.unregisteredCount -= 1;
    this.server.clients.add(this);
    const { nick, user, host, address } = this.member;
    this.server.control.note('registered', { connection: this.#link.id, nick, user, host, address });
    this.#scheduleWake();
  }

  endOfInput(): void {
    if (this.#isOver) return;
    this.#decoder.flush(this);
    this.close('Connection closed');
  }

  disconnected(reason: string): void {
    this.#leave(reason);
  }

  shutDown(reason: string): void {
    this.close(reason);
  }

  expel(reason: string, ban?: string): void {
    if (ban !== undefined)
      this.#unasked(() => {
        this.replyBanned(ban);
      });
    this.close(reason);
  }

  /** Answers that the peer is banned from the server. */
  replyBanned(reason: string): void {
    this.reply('ERR_YOUREBANNEDCREEP', `${BANNED_TEXT}: ${reason}`);
  }

  /**
   * Ends the session: whatever has been answered so far is sent, then the reason.
   *
   * @param reason - what the peer, the others and the log are told
   */
  close(reason: string): void {
    if (this.#isOver) return;
    this.answer(`ERROR :Closing Link: ${this.member.host} (${reason})`);
    this.#flush();
    this.#leave(reason);
    this.#link.close(reason);
  }

  #leave(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#longAnswer = null;
    this.#pacer.clear();
    this.server.monitors.clear(this);
    if (this.registration !== null) this.server.unregisteredCount -= 1;
    else this.server.chat.quit(this.member, reason);
    this.server.clients.delete(this);
  }
}
