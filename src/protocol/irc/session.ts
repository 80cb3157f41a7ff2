/** The conversation with one IRC peer: runs its lines, and sends the answers as fast as it takes them. */
import { isUtf8 } from 'node:buffer';
import type { EventOf } from '../../chat/event.js';
import type { Member, MemberDescription } from '../../chat/member.js';
import type { Room } from '../../chat/room.js';
import { CharsetDetector, encodeText } from '../charset.js';
import { PARTINGS } from '../parting.js';
import type { Link, Session } from '../session.js';
import { SESSION_STATE_VERSION, type SessionState } from '../session-state.js';
import { Client, type ClientOwner, type IrcOptions } from './client.js';
import { type Command, COMMANDS } from './commands.js';
import { type ForeignLine, ForeignWaits } from './foreign-waits.js';
import { takeBatched } from './handlers/batch.js';
import { Intake, type LineRunner } from './intake.js';
import { Liveness } from './liveness.js';
import {
  hasExcessiveTags,
  MAX_CLIENT_TAG_BYTES,
  MAX_LINE_BYTES,
  type Message,
  middle,
  parseMessage,
} from './message.js';
import { askToSync, isInSight, knowsMetadata, replyChange } from './metadata.js';
import type { MultilineDraft } from './multiline.js';
import { Outbox } from './outbox.js';
import { Deferred, type Outcome, type Paged, sendAll, type Wait } from './outcome.js';
import { sendMarkLater } from './read-marks.js';
import { replyUnprivileged, replyWaitingAbroad } from './refusals.js';
import { reenter, sendNames, sendTopic } from './room-replies.js';

/** Steps in one part of a long answer, whether they find something to say or not. */
const STEPS_PER_PART = 100;
const AT_SIGN = 0x40;
const SPACE = 0x20;

/** A line that has been read, and not answered yet. */
interface ReceivedLine extends ForeignLine {
  /** See {@link ForeignLine.draft}. Null as well if the batch is still that of the client. */
  readonly draft: MultilineDraft | null;
  readonly isOverlong: boolean;
  /** Whether it is in the charset that the client must use. */
  readonly isReadable: boolean;
}

/** The answer of a command that takes a while. */
interface LongAnswer {
  /** What it answers. */
  readonly message: Message;
  readonly steps: Paged;
}

/** How far a long answer has got: to its end, to the end of a part that the peer is to take, or to a wait. */
type Progress = 'end' | 'part' | Wait;

/** Whether a line may run before the messages ahead of it are answered. */
const pipelines = ({ message }: ReceivedLine): boolean => COMMANDS.get(message.command)?.pipelines === true;

/** The session of one IRC peer. */
export class IrcSession implements Session, LineRunner, ClientOwner {
  readonly #link: Link;
  readonly #charset: CharsetDetector;
  readonly #outbox: Outbox;
  readonly #client: Client;
  readonly #liveness: Liveness;
  readonly #intake: Intake;
  /** The answer that waits for the peer to take its earlier parts; null without one. */
  #paged: LongAnswer | null = null;
  /** Whether that answer waits for a log. */
  #isLogLate = false;
  /** The messages and commands that wait for other domains; null without any. */
  #foreign: ForeignWaits<ReceivedLine> | null = null;
  /** Whether a command waits for a result, such as that of a check of a password. */
  #isResultAwaited = false;
  /** A line that waits until the messages before it have been answered; null without one. */
  #waitingLine: ReceivedLine | null = null;
  /** Whether the peer will send no more, and is to be closed when all that it has sent is answered. */
  #isEnding = false;

  /** @param state - that of a session which this one goes on with; null for a peer that has just arrived */
  constructor(link: Link, options: IrcOptions, state: SessionState | null = null) {
    const { server } = options;
    const { registrationTimeoutMs } = link.limits;
    this.#link = link;
    link.session = this;
    this.#charset = CharsetDetector.resume(options.charset, state?.charset ?? null);
    this.#outbox = new Outbox(link, server, this.#charset);
    this.#client = new Client(link, options, { charset: this.#charset, outbox: this.#outbox, owner: this });
    this.#liveness = new Liveness(this.#client, this.#now());
    this.#intake = new Intake(link, this.#client, { liveness: this.#liveness, runner: this });
    if (state !== null) this.#restore(state);
    else if (registrationTimeoutMs > 0) link.wakeIn(registrationTimeoutMs);
  }

  get member(): Member {
    return this.#client.member;
  }

  #now(): number {
    return this.#client.server.directory.now();
  }

  // From a line to its answer

  receive(bytes: Uint8Array): void {
    this.#intake.receive(bytes);
  }

  linesWait(): void {
    this.#scheduleWake();
  }

  run(bytes: Uint8Array): void {
    const client = this.#client;
    const tagBytes = bytes[0] === AT_SIGN ? bytes.indexOf(SPACE) + 1 : 0;
    if (tagBytes > MAX_CLIENT_TAG_BYTES) {
      client.replyOverlong();
      return;
    }
    const before = this.#charset.charset;
    const utf8 = this.#charset.decodeUtf8(bytes);
    const decoded = utf8 ?? this.#charset.decode(bytes);
    const text = decoded.includes('\0') ? decoded.replaceAll('\0', '') : decoded;
    if (this.#charset.charset !== before) client.updateEncoder();
    const message = parseMessage(text);
    if (message === null) return;
    const line = {
      message,
      draft: null,
      bytes: bytes.length,
      isOverlong: bytes.length - tagBytes > MAX_LINE_BYTES - 2 || hasExcessiveTags(message),
      isReadable: utf8 !== null || !client.isUtf8Only || isUtf8(bytes),
    };
    this.#take(line);
  }

  /** Answers a line, or lets it wait for what was said before. */
  #take(line: ReceivedLine): void {
    const client = this.#client;
    if (client.isUnsettled && (client.hasManyUnsettled || !pipelines(line))) {
      // Answers keep the order of the lines, and a log takes no more of one session than it has said so far.
      this.#hold(line);
      return;
    }
    if (this.#foreign === null || this.#passes(this.#foreign, line)) this.#answer(line);
  }

  #hold(line: ReceivedLine): void {
    this.#waitingLine = line;
    this.#intake.hold();
  }

  #answer({ message, isOverlong, isReadable }: ReceivedLine): void {
    const client = this.#client;
    this.#beginAnswer(message);
    if (isOverlong || !isReadable) client.draft?.lose();
    if (isOverlong) {
      client.reply('ERR_INPUTTOOLONG');
      this.#outbox.flush();
      return;
    }
    if (!isReadable) {
      // A command that cannot be read cannot be named either (utf8-only).
      const command = message.command.includes('\ufffd') ? '*' : message.command;
      client.fail(command, 'INVALID_UTF8', [], 'Message rejected, your line is not valid UTF-8');
      this.#outbox.flush();
      return;
    }
    this.#dispatch(message);
  }

  #beginAnswer({ label }: Message): void {
    const client = this.#client;
    // A labeled answer may be a batch, so labels count only with both (labeled-response, "Dependencies").
    if (label !== null && client.has('labeled-response') && client.has('batch')) this.#outbox.beginLabeled(label);
  }

  #dispatch(message: Message): void {
    if ((this.#client.draft !== null || message.batch !== null) && takeBatched(this.#client, message)) {
      this.#outbox.flush();
      return;
    }
    const command = this.#commandOf(message);
    const outcome = command === null ? undefined : this.#runCommand(command, message);
    if (this.#isAnsweredBy(message, outcome)) this.#outbox.flush();
  }

  #runCommand(command: Command, message: Message): Outcome {
    if (this.#client.isDivided) return this.#runDividedCommand(command, message);
    try {
      return command.run(this.#client, message);
    } catch (error) {
      this.#reportFailure(message, error);
      return undefined;
    }
  }

  /** By itself, because a function that makes a closure pays for it even when it makes none. */
  #runDividedCommand(command: Command, message: Message): Outcome {
    return this.#step(message, () => command.run(this.#client, message));
  }

  /** Takes a step of a command. */
  #step(message: Message, step: () => Outcome): Outcome {
    try {
      return this.#client.acting(step);
    } catch (error) {
      this.#reportFailure(message, error);
      return undefined;
    }
  }

  /** Finds the command of a message. Replies and returns null if the table of commands does not permit it. */
  #commandOf(message: Message): Command | null {
    const client = this.#client;
    const command = COMMANDS.get(message.command);
    if (command === undefined) client.reply('ERR_UNKNOWNCOMMAND', middle(message.command));
    else if (client.registration !== null && command.when === 'registered') client.reply('ERR_NOTREGISTERED');
    else if (client.registration === null && command.when === 'registering') client.reply('ERR_ALREADYREGISTERED');
    else if (message.params.length < command.minParams) client.reply('ERR_NEEDMOREPARAMS', middle(message.command));
    else if (command.privilege !== undefined && !client.may(command.privilege)) {
      replyUnprivileged(client, command.privilege);
    } else {
      const { commandCounts } = client.server;
      if (client.registration !== null) client.registration.commands += 1;
      commandCounts.set(message.command, (commandCounts.get(message.command) ?? 0) + 1);
      return command;
    }
    return null;
  }

  /** Takes the outcome of a step. @returns whether it was the last one; otherwise further commands wait */
  #isAnsweredBy(message: Message, outcome: Outcome): boolean {
    if (outcome === undefined) return true;
    if (outcome instanceof Deferred) {
      this.#stepLater(message, outcome);
    } else {
      this.#paged = { message, steps: outcome };
      if (this.#sayMore(this.#paged)) return true;
      this.#scheduleWake();
    }
    this.#intake.hold();
    return false;
  }

  #reportFailure(message: Message, error: unknown): void {
    this.#client.log('command failed', { command: message.command, error });
    this.#client.reply('ERR_UNKNOWNERROR', middle(message.command), 'This command failed; the server goes on');
  }

  /** Waits for a result. No other code of a session runs after an await. */
  #stepLater(message: Message, { step: whenReady }: Deferred<void>): void {
    this.#isResultAwaited = true;
    const take = (step: () => Outcome): void => {
      this.#isResultAwaited = false;
      // The client may have left in the meantime. If it were admitted now, nobody could remove it.
      if (!this.#client.isOver && this.#isAnsweredBy(message, this.#step(message, step))) this.#goOn();
    };
    const fail = (error: unknown): void => {
      this.#isResultAwaited = false;
      this.#reportFailure(message, error);
      this.#goOn();
    };
    void whenReady.then(take, fail);
  }

  /** A command that took a while is answered: now the lines that have arrived since then run. */
  #goOn(): void {
    if (this.#waitingLine === null) this.#intake.release();
    if (this.#client.isOver) return;
    this.#outbox.flush();
    this.#goOnAbroad();
    this.#runWaitingLine();
    this.#intake.runWaiting();
    this.#scheduleWake();
    this.#closeIfEnding();
  }

  // Long answers

  /** Takes the next steps of a long answer. An error is its end. */
  #advance({ message, steps }: LongAnswer): Progress {
    // The deeds of a command are done at once; its long answer waits for a peer that is behind.
    const maxSteps = this.#link.isFull ? 1 : STEPS_PER_PART;
    try {
      for (let step = 0; step < maxSteps && !this.#client.isOver; step += 1) {
        this.#intake.charge(1);
        const { done, value: wait } = this.#client.acting(() => steps.next());
        if (done === true) return 'end';
        if (wait !== undefined) return wait;
      }
    } catch (error) {
      this.#reportFailure(message, error);
      return 'end';
    }
    return 'part';
  }

  /** Sends the next part of the long answer. @returns whether further commands need not wait for it any longer */
  #sayMore(answer: LongAnswer): boolean {
    const progress = this.#advance(answer);
    if (progress === 'part') {
      this.#outbox.sendPart();
      return false;
    }
    if (progress !== 'end' && progress.way === null) {
      this.#isLogLate = true;
      // Made here, since each idle session would keep the closure.
      progress.whenOver(() => this.#logHasAnswered());
      return false;
    }
    this.#paged = null;
    if (progress !== 'end') this.#setAside(answer, progress);
    return true;
  }

  /** Continues the long answer, and then the commands that were sent after it. */
  #goOnSaying(): void {
    const answer = this.#paged;
    if (answer === null || this.#isLogLate || this.#link.isFull || this.#client.isOver) return;
    if (this.#sayMore(answer)) this.#goOn();
    else this.#scheduleWake();
  }

  #logHasAnswered(): void {
    this.#isLogLate = false;
    const answer = this.#paged;
    if (answer === null || this.#client.isOver) return;
    if (this.#sayMore(answer)) this.#goOn();
    else this.#scheduleWake();
    this.#closeIfEnding();
  }

  settled(): void {
    this.#runWaitingLine();
    this.#goOnAbroad();
    this.#closeIfEnding();
  }

  eased(): void {
    if (this.#waitingLine !== null && pipelines(this.#waitingLine)) this.#runWaitingLine();
  }

  #runWaitingLine(): void {
    const line = this.#waitingLine;
    // An answer may have begun since the line was held: it goes on to its end first.
    if (line === null || this.#isAnswering || this.#foreign?.isHolding === true) return;
    this.#waitingLine = null;
    this.#intake.release();
    this.#take(line);
    this.#intake.runWaiting();
    this.#scheduleWake();
  }

  // What waits for other domains

  /** What waits for other domains, made as soon as something does. */
  get #waits(): ForeignWaits<ReceivedLine> {
    this.#foreign ??= new ForeignWaits({
      maxBytes: this.#link.limits.receiveQueueBytes,
      wayTo: (target) => this.#client.server.chat.wayTo(target),
    });
    return this.#foreign;
  }

  waitsAbroad(way: string): () => void {
    const message = this.#waits.messageWaits(way);
    return () => {
      this.#foreign?.answered(message);
      this.#goOnAbroad();
    };
  }

  /** Whether a line need not wait for other domains; otherwise nothing is left to do with it now. */
  #passes(foreign: ForeignWaits<ReceivedLine>, line: ReceivedLine): boolean {
    if (line.message.command === 'QUIT') {
      // All of it is proposed before the client leaves; nobody reads the answers.
      for (const waiting of foreign.takeAll()) this.#answerWaiting(waiting);
      return true;
    }
    const whole = this.#withBatch(line);
    // A line that cannot be taken need not be kept for its answer.
    if (whole === null || line.isOverlong || !line.isReadable) return true;
    switch (foreign.pass(whole, pipelines(whole), this.#now())) {
      case 'run':
        return true;
      case 'wait':
        if (whole.draft !== null) this.#client.draft = null;
        return false;
      case 'hold':
        this.#hold(line);
        this.#scheduleWake();
        return false;
      case 'refuse':
        this.#refuse(whole);
        return false;
    }
  }

  /** Returns a line with the batch that it ends; null for one that says nothing by itself. */
  #withBatch(line: ReceivedLine): ReceivedLine | null {
    const { command, params, batch } = line.message;
    const { draft } = this.#client;
    if (draft === null) return command === 'BATCH' ? null : line;
    if (command !== 'BATCH') return batch === draft.reference ? null : line;
    const isItsEnd = !draft.isBroken && params[0] === `-${draft.reference}`;
    return isItsEnd ? { ...line, draft, bytes: line.bytes + draft.bytes } : null;
  }

  /** Answers a line that has waited, whatever batch the client has opened since then. */
  #answerWaiting(line: ReceivedLine): void {
    const client = this.#client;
    const { draft } = client;
    client.draft = line.draft;
    this.#answer(line);
    client.draft = draft;
  }

  #refuse({ message, draft }: ReceivedLine): void {
    const client = this.#client;
    this.#beginAnswer(message);
    if (draft === null) replyWaitingAbroad(client, message);
    else {
      client.draft = null;
      if (draft.label !== null) client.resumeLabel(draft.label);
      replyWaitingAbroad(client, { command: 'PRIVMSG', params: [draft.target] });
    }
    this.#outbox.flush();
  }

  /** Sets a command aside that waits for another domain, or does so for its peer since then: all else goes on. */
  #setAside(answer: LongAnswer, wait: Wait): void {
    const command = this.#waits.commandWaits(answer.message, wait.way);
    const addPart = this.#outbox.postpone();
    wait.whenOver(() => {
      if (this.#client.isOver) return;
      this.#foreign?.answered(command);
      addPart(() => {
        this.#sayAside(answer);
      });
      this.#goOnAbroad();
      this.#scheduleWake();
    });
  }

  /** Goes on with a command that was set aside. */
  #sayAside(answer: LongAnswer): void {
    const progress = this.#advance(answer);
    if (progress === 'end' || this.#client.isOver) return;
    this.#setAside(answer, progress === 'part' ? this.#waits.forPeer : progress);
  }

  /** Goes on with the commands that were set aside and wait for the peer, as far as it takes their answers. */
  #goOnAside(): void {
    const foreign = this.#foreign;
    if (foreign === null) return;
    for (let left = foreign.unreadCount; left > 0 && !this.#link.isFull && !this.#client.isOver; left -= 1) {
      foreign.goOnUnread();
    }
  }

  /** Another domain has answered, or a command of this one has: runs the lines that have waited for that. */
  #goOnAbroad(): void {
    while (!this.#isBusy && !this.#client.isOver) {
      const line = this.#foreign?.next(pipelines) ?? null;
      if (line === null) break;
      this.#answerWaiting(line);
    }
    const foreign = this.#foreign;
    if (foreign === null) return;
    if (foreign.isHolding && foreign.hasRoom) this.#releaseAbroad(foreign);
    if (this.#foreign?.isIdle === true) this.#foreign = null;
    this.#closeIfEnding();
  }

  #releaseAbroad(foreign: ForeignWaits<ReceivedLine>): void {
    foreign.release();
    this.#runWaitingLine();
  }

  /** Whether a command is being answered. */
  get #isAnswering(): boolean {
    return this.#paged !== null || this.#isResultAwaited;
  }

  /** The same, or whether messages wait for logs of this domain. */
  get #isBusy(): boolean {
    return this.#isAnswering || this.#client.isUnsettled;
  }

  drained(): void {
    if (this.#client.isOver || (this.#paged === null && this.#foreign === null)) return;
    // The peer has read what was sent, so it is alive, although its own lines wait for the end of the answer.
    this.#liveness.heard(this.#now());
    this.#goOnAside();
    this.#goOnSaying();
  }

  caughtUp(): void {
    if (this.#client.isOver) return;
    this.#liveness.heard(this.#now());
    this.#scheduleWake();
  }

  lossNotice(roomName: string, count: number): Uint8Array {
    const { nickOrStar, server } = this.#client;
    const text = `${count} messages of ${roomName} are missing: you read too slowly, and they are no longer kept`;
    return encodeText(`:${server.name} NOTICE ${nickOrStar} :${text}\r\n`, this.#charset.charset);
  }

  // Time

  wake(): void {
    if (this.#client.isOver) return;
    this.#intake.beginSlice();
    const foreign = this.#foreign;
    if (foreign?.waitMs(this.#now()) === 0) this.#releaseAbroad(foreign);
    this.#goOnAside();
    this.#goOnSaying();
    this.#intake.runWaiting();
    // While an answer waits for the peer, and not for a log, the peer is the one that is late.
    const isOurTurn = this.#intake.isWaiting && (this.#paged === null || this.#isLogLate);
    this.#liveness.check(this.#now(), isOurTurn || this.#link.isBehind);
    this.#scheduleWake();
  }

  #scheduleWake(): void {
    if (this.#client.isOver) return;
    const isExcused = this.#link.isBehind && this.#client.registration === null;
    const silenceMs = isExcused ? null : this.#liveness.waitMs(this.#now());
    const heldMs = this.#foreign?.waitMs(this.#now()) ?? null;
    const waits = [this.#intake.waitMs, silenceMs, heldMs].filter((wait) => wait !== null);
    const hasUnread = (this.#paged !== null && !this.#isLogLate) || (this.#foreign?.unreadCount ?? 0) > 0;
    if (hasUnread && !this.#link.isFull) waits.push(0);
    if (waits.length > 0) this.#link.wakeIn(Math.max(0, Math.min(...waits)));
  }

  registered(): void {
    this.#scheduleWake();
  }

  spent(lines: number): void {
    this.#intake.spend(lines);
  }

  relocated(): void {
    this.#intake.relocated();
  }

  annotated(event: EventOf<'annotated'>, key: string): void {
    const client = this.#client;
    if (!knowsMetadata(client) || client.registration !== null || !isInSight(client, event)) return;
    client.sendBeside(() => {
      replyChange(client, event, key);
    });
  }

  monitored(nicks: readonly string[]): void {
    askToSync(this.#client, nicks);
  }

  entered(room: Room): void {
    sendTopic(this.#client, room);
    sendAll(sendNames(this.#client, room));
    sendMarkLater(this.#client, room.name);
  }

  retitled(event: EventOf<'retitled'>): void {
    reenter(this.#client, event);
  }

  // As plain data

  settle(): boolean {
    return !this.#client.isOver && !this.#isEnding && this.#finishSaying();
  }

  describe(): SessionState | null {
    const { member } = this.#client;
    if (!this.settle()) return null;
    return {
      version: SESSION_STATE_VERSION,
      protocol: 'irc',
      charset: this.#charset.known,
      input: this.#intake.state,
      member: member.nick === '' ? null : this.#client.server.chat.describe(member, this.#link),
      irc: { ...this.#client.describe(), ...this.#liveness.state },
    };
  }

  /** Completes a long answer. @returns false if an answer waits for something else than its peer */
  #finishSaying(): boolean {
    while ((this.#foreign?.unreadCount ?? 0) > 0) this.#foreign?.goOnUnread();
    if (this.#foreign !== null || this.#waitingLine !== null) return false;
    while (this.#paged !== null && !this.#isLogLate) {
      if (!this.#sayMore(this.#paged)) continue;
      this.#intake.release();
      this.#outbox.flush();
    }
    return !this.#isBusy && !this.#client.isOver;
  }

  #restore({ input, irc, member: description }: SessionState): void {
    const { chat } = this.#client.server;
    const member = description === null ? null : (chat.restore(description, this.#link) ?? this.#shared(description));
    if (description !== null && member === null) {
      this.#client.close('This server could not take over your connection');
      return;
    }
    if (irc !== null) {
      this.#client.restore(irc, member);
      this.#liveness.restore(irc);
    }
    this.#intake.restore(input);
    this.#scheduleWake();
  }

  /** Returns the member that another session has brought in already: clients of one account share it. */
  #shared({ who: { account, nick, privileges } }: MemberDescription): Member | null {
    const { chat } = this.#client.server;
    const member = account === null ? undefined : chat.memberOfAccount(account, nick);
    if (member === undefined) return null;
    chat.share(member, this.#link);
    if (privileges !== null) chat.through(member, this.#link, () => chat.setOperator(member, privileges));
    return member;
  }

  // The end

  endOfInput(): void {
    if (this.#client.isOver) return;
    this.#intake.end();
    this.#isEnding = true;
    this.#closeIfEnding();
  }

  /** Closes once the peer has nothing more to say, and a log owes it no answer. */
  #closeIfEnding(): void {
    const isSettled = !this.#isLogLate && !this.#client.isUnsettled;
    const isAnswered = isSettled && this.#foreign === null && this.#waitingLine === null;
    if (this.#isEnding && isAnswered) this.#client.close(PARTINGS.closed);
  }

  disconnected(reason: string): void {
    this.#client.leave(reason);
  }

  shutDown(reason: string): void {
    this.#client.close(reason);
  }

  expel(reason: string, ban?: string): void {
    this.#client.expel(reason, ban);
  }

  left(): void {
    this.#paged = null;
    this.#foreign = null;
    this.#waitingLine = null;
    this.#intake.clear();
  }
}
