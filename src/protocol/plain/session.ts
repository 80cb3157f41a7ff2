/** The conversation with a peer that speaks plain lines: everything it sends is said in the lobby. */
import type { Chat } from '../../chat/chat.js';
import type { Directory } from '../../chat/directory.js';
import type { Said, Tag } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import { entryRefusal, speechRefusal } from '../../chat/permissions.js';
import type { NotTaken, Refused } from '../../chat/refusal.js';
import type { Room } from '../../chat/room.js';
import { isTicket, MAX_OPEN_TICKETS, type Ticket, whenSettled } from '../../chat/ticket.js';
import type { SayRefusal, Target } from '../../chat/verbs/speech.js';
import type { History } from '../../history/history.js';
import type { Line } from '../../history/line.js';
import { MemoryHistory } from '../../history/memory-history.js';
import { termsOf } from '../../search/terms.js';
import type { AccountDoor } from '../account-door.js';
import { type CharsetChoice, CharsetDetector, encodeText } from '../charset.js';
import { formatHostPort } from '../host-port.js';
import { describeInput, type InputParts, restoreInput } from '../input-state.js';
import { LineDecoder, type LineSink } from '../line-decoder.js';
import { describeForeign, type ForeignProtocol, Opening } from '../opening.js';
import { type Pace, Pacer } from '../pacer.js';
import { DEFAULT_PAST, ownShelf, pastOfRoom, type PastSettings } from '../past.js';
import { PLAIN_NICK_PREFIX } from '../reserved-nicks.js';
import { sanitize } from '../sanitize.js';
import { BANNED_TEXT, type Link, type Session } from '../session.js';
import { SESSION_STATE_VERSION, type SessionState } from '../session-state.js';
import { ACCOUNT_HELP, AccountCommands, type AccountPeer } from './account-commands.js';
import { plainEncoder } from './encoder.js';
import { formatNotice, formatPast } from './format.js';

/** The user name of all plain peers. */
export const PLAIN_USER = 'plain';

/** The options that all plain sessions of one listener share. */
export interface PlainOptions {
  readonly chat: Chat;
  /** The room that plain peers are in; it must be permanent. */
  readonly lobby: Room;
  readonly charset: CharsetChoice;
  /** The longest line, in bytes, at least 1. */
  readonly maxLineBytes: number;
  /** Milliseconds of silence after which a message without a newline counts as a line; 0 for never. */
  readonly quietMs: number;
  readonly limits: Pace;
  /** @defaultValue nothing was said before */
  readonly past?: PlainPast;
  /** Null if there are no accounts. @defaultValue null */
  readonly accounts?: AccountDoor | null;
}

/** The messages of the past, and how much of them is sent. */
export interface PlainPast {
  readonly history: History;
  readonly settings: PastSettings;
}

/** A peer types this to leave. */
const EXIT = 'exit';
/** A peer types this to read the last messages again, with how many. */
const HISTORY = /^\/history(?: (\d{1,4}))?$/i;
/** It types this to read what it can type. */
const HELP = /^\/help$/i;
const HELP_LINES = [
  'exit leaves; everything that begins with none of these is said to all:',
  '/history 50 shows the last messages, /search WORDS finds some',
];
/** It types this to look for messages, with the words that they hold. */
const SEARCH = /^\/search(?: (.*))?$/is;
/** How many of those it is sent, at most, and what it costs to look for them. */
const FOUND_LINES = 20;
const SEARCH_COST = 5;
/** They cost as much as one line of its own for each so many of them. */
const LINES_PER_TOKEN = 10;

const NO_TAGS: readonly Tag[] = [];

/** How a text has ended. */
type Answered = Said | Refused<SayRefusal> | NotTaken;

const REFUSALS = {
  'nick-taken': 'your name is taken; connect again',
  'nick-reserved': 'your name is taken; connect again',
  banned: 'you are banned from this room',
  'invite-only': 'this room is for invited members only',
  'needs-account': 'this room is for those who have logged in',
  'too-many-letters': 'too many messages to people of other domains',
  'speaker-needs-account': 'only those who have logged in may speak here: you may listen',
  'bad-key': 'this room needs a key',
  full: 'this room is full',
  outside: 'you were kicked from the room; connect again to come back',
  moderated: 'this room is moderated: you may listen',
  muted: 'you are muted in this room: you may listen',
  query: 'this room takes no requests of programs',
  'unknown-domain': 'there is no such room',
  'not-shared': 'there is no such room',
  unreachable: 'this room cannot be reached now',
  'not-taken': 'the server could not store this in time; if it is said after all, you will see it',
} as const;

/** The session of one plain peer. */
export class PlainSession implements Session, LineSink, AccountPeer {
  readonly member: Member;
  readonly link: Link;
  readonly #options: PlainOptions;
  readonly #past: PlainPast;
  readonly #charset: CharsetDetector;
  readonly #decoder: LineDecoder;
  readonly #pacer: Pacer;
  readonly #target: Target;
  /** Null once the first line has shown that the peer speaks no other protocol. */
  #opening: Opening | null = new Opening();
  /** Its commands about its account; null as long as it has used none. */
  #account: AccountCommands | null = null;
  /** How many lines wait for the log. */
  #unsettled = 0;
  /** Whether they are so many that further ones wait as well. */
  #isFull = false;
  /** Whether the log has yet to bring the peer into the lobby. */
  #isEntering = true;
  /** Whether the peer wants to leave when all that it has said is settled. */
  #isEnding = false;
  #isOver = false;

  /**
   * Brings the peer into the lobby, or closes the link if the lobby refuses it.
   *
   * @param state - that of a session which this one goes on with; null for a peer that has just arrived
   */
  constructor(link: Link, options: PlainOptions, state: SessionState | null = null) {
    const { chat, lobby } = options;
    this.#options = options;
    this.#past = options.past ?? { history: new MemoryHistory(), settings: DEFAULT_PAST };
    this.link = link;
    this.#charset = CharsetDetector.resume(options.charset, state?.charset ?? null);
    link.session = this;
    link.encoder = plainEncoder(this.#charset.charset);
    this.#decoder = new LineDecoder({ maxLineBytes: options.maxLineBytes });
    this.#pacer = new Pacer(link, options.limits, chat.directory.now());
    const label = (host: string): string => formatHostPort(host, link.remotePort);
    const described = state?.member ?? null;
    // It would quit for all, and is known by its address.
    const isAlone = true;
    const restored = described === null ? null : chat.restore(described, link, { isAlone });
    this.member = restored ?? chat.receive({ host: link.remoteHost, label, outlet: link, isAlone });
    this.#target = { kind: 'room', name: lobby.name, ranks: 0 };
    if (state !== null) this.#opening = restoreInput(this.#input, state.input);
    if (restored === null) {
      this.#pacer.hold();
      this.#enter();
    } else {
      this.#isEntering = false;
      if (this.member.account !== null) this.#accountCommands();
      this.#scheduleWake();
    }
  }

  get chat(): Chat {
    return this.#options.chat;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  settle(): boolean {
    return !this.#isOver && !this.#isEnding && !this.#isEntering && this.#unsettled === 0;
  }

  describe(): SessionState | null {
    if (!this.settle()) return null;
    const { chat } = this.#options;
    return {
      version: SESSION_STATE_VERSION,
      protocol: 'plain',
      charset: this.#charset.known,
      input: describeInput(this.#input, chat.directory.now()),
      member: chat.describe(this.member),
      irc: null,
    };
  }

  get #input(): InputParts {
    return { decoder: this.#decoder, pacer: this.#pacer, opening: this.#opening };
  }

  /** Enters the lobby; lines wait until the peer is in. If the lobby refuses it, nobody hears of the peer. */
  #enter(): void {
    const { chat, lobby } = this.#options;
    const refusal = entryRefusal(this.member, lobby, null);
    if (refusal !== null) {
      this.close(REFUSALS[refusal]);
      return;
    }
    const nick = freeNick(chat.directory, this.link.remotePort);
    const names = { nick, user: PLAIN_USER, realName: 'a plain-text user' };
    whenSettled(chat.admit(this.member, names), (admitted) => {
      if (admitted.kind === 'arrived') this.#join();
      else if (admitted.why === 'banned') this.close(`${BANNED_TEXT}: ${admitted.ban.reason}`);
      else this.close(REFUSALS[admitted.why]);
    });
  }

  /** Takes a place in the lobby. A ban by nick or user name holds only now that the peer has them. */
  #join(): void {
    const { chat, lobby } = this.#options;
    if (this.#isOver) return;
    whenSettled(chat.join(this.member, lobby.name, { key: null, maxRooms: 1, flags: [] }), (joined) => {
      if (joined.kind === 'joined' || joined.why === 'already-inside' || joined.why === 'too-many-rooms') {
        this.#isEntering = false;
        this.#pacer.release();
        this.#recall(this.#past.settings.onJoin);
        this.#goOn();
      } else {
        this.close(REFUSALS[joined.why]);
      }
    });
  }

  /** The log has answered: runs what has waited for that. */
  #goOn(): void {
    if (this.#isOver || !this.#pacer.isWaiting) {
      this.#leaveIfEnding();
      return;
    }
    this.#runWaiting();
    this.#scheduleWake();
    this.#leaveIfEnding();
  }

  #leaveIfEnding(): void {
    if (this.#isEnding && !this.#isEntering && this.#unsettled === 0) this.close(null);
  }

  receive(bytes: Uint8Array): void {
    if (this.#isOver || this.#closeIfForeign(this.#opening?.receive(bytes))) return;
    this.#pacer.beginSlice();
    this.#decoder.push(bytes, this);
    this.#scheduleWake();
  }

  drained(): void {
    // No answer of a plain session is long enough to wait for room.
  }

  caughtUp(): void {
    // Nothing waits for that.
  }

  lossNotice(_: string, count: number): Uint8Array {
    const text = `${count} messages are missing: you read too slowly, and they are no longer kept`;
    return encodeText(formatNotice(text, this.#options.chat.directory.now()), this.#charset.charset);
  }

  wake(): void {
    const wasWaiting = this.#pacer.isWaiting;
    this.#pacer.beginSlice();
    this.#runWaiting();
    // While lines waited nothing was read, so the pending line has not been quiet for long enough.
    if (!this.#isOver && !wasWaiting) {
      if (this.#decoder.hasPending) this.#closeIfForeign(this.#opening?.ofBeginning());
      this.#decoder.flush(this);
    }
    this.#scheduleWake();
  }

  #runWaiting(): void {
    while (!this.#isOver) {
      const line = this.#pacer.next(this.#options.chat.directory.now(), false);
      if (line === null) break;
      this.#take(line);
    }
  }

  #scheduleWake(): void {
    if (this.#isOver) return;
    const { waitMs } = this.#pacer;
    if (waitMs !== null) this.link.wakeIn(waitMs);
    else if (this.#options.quietMs > 0 && this.#decoder.hasPending) this.link.wakeIn(this.#options.quietMs);
  }

  endOfInput(): void {
    if (this.#isOver) return;
    if (this.#decoder.hasPending) this.#closeIfForeign(this.#opening?.ofBeginning());
    this.#decoder.flush(this);
    this.#isEnding = true;
    this.#leaveIfEnding();
  }

  disconnected(reason: string): void {
    this.#isOver = true;
    this.#account?.left();
    this.#options.chat.quit(this.member, reason);
  }

  shutDown(reason: string): void {
    this.close(reason);
  }

  expel(reason: string, ban?: string): void {
    if (ban !== undefined) this.notify(`${BANNED_TEXT}: ${ban}`);
    this.close(reason);
  }

  line(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#opening !== null && bytes.length > 0) {
      const foreign = this.#opening.ofLine(bytes);
      this.#opening = null;
      if (this.#closeIfForeign(foreign)) return;
    }
    if (this.#pacer.admits(bytes, this.#options.chat.directory.now(), false)) this.#take(bytes);
    else if (this.#pacer.isOverfull) this.close('you are sending faster than this server accepts');
  }

  #take(bytes: Uint8Array): void {
    const text = sanitize(this.#charset.decode(bytes));
    this.link.encoder = plainEncoder(this.#charset.charset);
    const words = text.trim();
    if (words.length === EXIT.length && words.toLowerCase() === EXIT) {
      this.#isEnding = true;
      this.#pacer.hold();
      this.#leaveIfEnding();
    } else if (words !== '' && !(words.startsWith('/') && this.#isCommand(words))) {
      this.#say(text);
    }
  }

  /** Does what the words ask for. @returns whether they are a command */
  #isCommand(words: string): boolean {
    if (this.#lookBack(words) || this.#accountCommands()?.run(words) === true) return true;
    if (!HELP.test(words)) return false;
    const hasAccounts = (this.#options.accounts?.accountSettings ?? null) !== null;
    for (const line of hasAccounts ? [...HELP_LINES, ...ACCOUNT_HELP] : HELP_LINES) this.notify(line);
    return true;
  }

  #accountCommands(): AccountCommands | null {
    const { accounts = null } = this.#options;
    if (accounts !== null) this.#account ??= new AccountCommands(this, accounts);
    return this.#account;
  }

  await<T>(work: Promise<T>, take: (result: T) => void): void {
    this.#unsettled += 1;
    this.#pacer.hold();
    void work.then((result) => {
      this.#unsettled -= 1;
      if (this.#isOver) return;
      take(result);
      this.#pacer.release();
      this.#goOn();
    });
  }

  /** Looks into the past, if the words ask for that. @returns whether they do */
  #lookBack(words: string): boolean {
    const history = HISTORY.exec(words);
    const search = SEARCH.exec(words);
    if (history !== null) this.#recall(Math.min(Number(history[1] ?? '10'), this.#past.settings.pageLines));
    else if (search !== null) this.#search(search[1] ?? '');
    return history !== null || search !== null;
  }

  /** Keeps another protocol out of the room. @returns whether the peer was closed */
  #closeIfForeign(protocol: ForeignProtocol | null | undefined): boolean {
    if (protocol === null || protocol === undefined) return false;
    this.close(describeForeign(protocol));
    return true;
  }

  overlong(): void {
    if (this.#closeIfForeign(this.#opening?.ofBeginning())) return;
    this.#opening = null;
    this.notify(`that line was longer than ${this.#options.maxLineBytes} bytes and was not sent`);
  }

  /** Sends the last messages of the lobby; its lines wait meanwhile. */
  #recall(limit: number): void {
    const { chat, lobby } = this.#options;
    const conversation = pastOfRoom(chat, this.member, lobby, false);
    if (limit === 0 || conversation === null) return;
    const range = { kind: 'between', after: null, before: null, end: 'newest' } as const;
    const page = this.#past.history.lines({ ...conversation, range, limit });
    this.#show(
      page.then((answer) => (answer.kind === 'lines' ? answer.lines : [])),
      limit / LINES_PER_TOKEN,
    );
  }

  /** Sends the last messages of the lobby that hold all of some words. */
  #search(words: string): void {
    const { chat, lobby } = this.#options;
    const place = pastOfRoom(chat, this.member, lobby, false);
    const terms = termsOf(words);
    if (place === null) return;
    if (terms.length === 0) {
      this.notify('type /search and the words to look for');
      return;
    }
    const query = { places: [place], terms, from: null, after: null, before: null, end: 'newest' } as const;
    const found = this.#past.history.search({ ...query, limit: FOUND_LINES }, ownShelf(chat, this.member));
    this.#show(
      found.then((answer) => {
        if (this.#isOver) return [];
        if (answer.kind === 'busy') this.notify('too many searches are under way, try again later');
        else if (answer.kind !== 'found') this.notify('the search could not be run');
        else if (answer.hits.length === 0) this.notify('no message has these words');
        return answer.kind === 'found' ? answer.hits.map(({ line }) => line) : [];
      }),
      SEARCH_COST,
    );
  }

  /** Sends lines of the history as soon as they are there; the peer's own lines wait meanwhile. */
  #show(past: Promise<readonly Line[]>, cost: number): void {
    this.#pacer.hold();
    void past.then((found) => {
      if (this.#isOver) return;
      const lines = found.map(formatPast).join('');
      if (lines !== '') this.link.answer(encodeText(lines, this.#charset.charset));
      this.#pacer.spend(cost, this.#options.chat.directory.now());
      this.#pacer.release();
      this.#goOn();
    });
  }

  /** Says a text in the lobby. */
  #say(text: string): void {
    const { chat, lobby } = this.#options;
    // A peer that was kicked may not speak from outside, even if strangers may.
    if (lobby.seatOf(this.member) === undefined) {
      this.notify(REFUSALS[speechRefusal(this.member, lobby) ?? 'outside']);
      return;
    }
    const said = chat.say(this.member, this.#target, { type: 'message', text, tags: NO_TAGS, isDivisible: true });
    // Nearly always the log is in memory, and has settled it.
    if (isTicket(said)) this.#answerLater(said);
    else this.#answerSaid(said);
  }

  /** By itself, because a function that makes a closure pays for it even when it makes none. */
  #answerLater(said: Ticket<Answered>): void {
    this.#unsettled += 1;
    if (this.#unsettled === MAX_OPEN_TICKETS) {
      this.#isFull = true;
      this.#pacer.hold();
    }
    said.whenSettled((outcome) => {
      this.#unsettled -= 1;
      this.#answerSaid(outcome);
      if (this.#isFull && this.#unsettled <= MAX_OPEN_TICKETS / 2) {
        this.#isFull = false;
        this.#pacer.release();
        this.#goOn();
      } else {
        this.#leaveIfEnding();
      }
    });
  }

  #answerSaid(said: Answered): void {
    // The lobby is permanent, so it is there.
    if (said.kind === 'said' || said.why === 'no-such-room' || said.why === 'no-such-member') return;
    this.notify(REFUSALS[said.why]);
  }

  notify(text: string): void {
    const line = formatNotice(text, this.#options.chat.directory.now());
    if (!this.#isOver) this.link.answer(encodeText(line, this.#charset.charset));
  }

  /** Leaves the room at once: the others must not wait for a slow close to hear of it. */
  close(notice: string | null): void {
    if (this.#isOver) return;
    if (notice !== null) this.notify(notice);
    this.#isOver = true;
    this.#account?.left();
    this.#options.chat.quit(this.member, notice ?? '');
    this.link.close(notice ?? 'left');
  }
}

/** Finds a nick for a plain peer: IRC members see it, plain members see the address. */
function freeNick(directory: Directory, port: number): string {
  const nick = `${PLAIN_NICK_PREFIX}${port}`;
  for (let attempt = 1; ; attempt += 1) {
    const candidate = attempt === 1 ? nick : `${nick}-${attempt}`;
    if (directory.member(candidate) === undefined) return candidate;
  }
}
