/** A peer that speaks plain lines: whatever it sends is said in the lobby. */
import type { Directory } from '../../chat/directory.js';
import { Member, type Encoder, type Outlet } from '../../chat/member.js';
import type { Room } from '../../chat/room.js';
import { CharsetDetector, encodeText, type CharsetChoice } from '../charset.js';
import { LineDecoder, type LineSink } from '../line-decoder.js';
import { newMessageId } from '../message-id.js';
import { Pacer, type Pace } from '../pacer.js';
import { PLAIN_NICK_PREFIX } from '../reserved-nicks.js';
import { sanitize } from '../sanitize.js';
import { BANNED_TEXT, type Link, type Session } from '../session.js';
import { plainEncoder } from './encoder.js';
import { formatAddress, formatNotice } from './format.js';

/** The user name of all plain peers. */
export const PLAIN_USER = 'plain';

/** What all plain sessions of one listener share. */
export interface PlainOptions {
  readonly directory: Directory;
  /** The room that plain peers are in; it must be permanent. */
  readonly lobby: Room;
  readonly charset: CharsetChoice;
  /** The longest line, in bytes, from 1. */
  readonly maxLineBytes: number;
  /** After how many quiet milliseconds a message without a newline is taken as a line; 0 for never. */
  readonly quietMs: number;
  readonly limits: Pace;
}

const REFUSALS = {
  banned: 'you are banned from this room',
  'invite-only': 'this room takes invited members only',
  'bad-key': 'this room asks for a key',
  full: 'this room is full',
  outside: 'you have been put out of the room; connect again to come back',
  moderated: 'this room is moderated: you may listen',
} as const;

/** The session of one plain peer. */
export class PlainSession implements Session, LineSink, Outlet {
  readonly member: Member;
  encoder: Encoder;
  readonly #options: PlainOptions;
  readonly #link: Link;
  readonly #charset: CharsetDetector;
  readonly #decoder: LineDecoder;
  readonly #pacer: Pacer;
  #isOver = false;

  /** Brings the peer into the lobby, unless the lobby refuses it: then the link is closed. */
  constructor(link: Link, options: PlainOptions) {
    const { directory, lobby } = options;
    this.#options = options;
    this.#link = link;
    this.#charset = CharsetDetector.of(options.charset);
    this.encoder = plainEncoder(this.#charset.charset);
    this.#decoder = new LineDecoder({ maxLineBytes: options.maxLineBytes });
    this.#pacer = new Pacer(link, options.limits, directory.now());
    this.member = new Member({
      nick: freeNick(directory, link.remotePort),
      user: PLAIN_USER,
      host: link.remoteHost,
      realName: 'a plain-text user',
      label: formatAddress(link.remoteHost, link.remotePort),
      outlet: this,
      atMs: directory.now(),
    });
    const refusal = lobby.refusesEntry(this.member, null);
    if (refusal === null) {
      directory.admit(this.member);
      directory.join(this.member, lobby.name);
    } else {
      this.#close(REFUSALS[refusal]);
    }
  }

  send(bytes: Uint8Array, droppable: boolean): void {
    if (!this.#isOver) this.#link.send(bytes, droppable);
  }

  receive(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#pacer.beginSlice();
    this.#decoder.push(bytes, this);
    this.#scheduleWake();
  }

  drained(): void {
    // No answer of a plain session is long enough to wait for room.
  }

  wake(): void {
    const wasWaiting = this.#pacer.isWaiting;
    this.#pacer.beginSlice();
    while (!this.#isOver) {
      const line = this.#pacer.next(this.#options.directory.now(), false);
      if (line === null) break;
      this.#take(line);
    }
    // While lines waited nothing was read, so what is pending has not been quiet for long enough.
    if (!this.#isOver && !wasWaiting) this.#decoder.flush(this);
    this.#scheduleWake();
  }

  #scheduleWake(): void {
    if (this.#isOver) return;
    const { waitMs } = this.#pacer;
    if (waitMs !== null) this.#link.wakeIn(waitMs);
    else if (this.#options.quietMs > 0 && this.#decoder.hasPending) this.#link.wakeIn(this.#options.quietMs);
  }

  endOfInput(): void {
    if (this.#isOver) return;
    this.#decoder.flush(this);
    this.#close(null);
  }

  disconnected(reason: string): void {
    this.#isOver = true;
    this.#options.directory.dismiss(this.member, reason);
  }

  shutDown(reason: string): void {
    this.#close(reason);
  }

  expel(reason: string, ban?: string): void {
    if (ban !== undefined) this.#notify(`${BANNED_TEXT}: ${ban}`);
    this.#close(reason);
  }

  line(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#pacer.admits(bytes, this.#options.directory.now(), false)) this.#take(bytes);
    else if (this.#pacer.isOverfull) this.#close('you send faster than this server takes');
  }

  #take(bytes: Uint8Array): void {
    const text = sanitize(this.#charset.decode(bytes));
    this.encoder = plainEncoder(this.#charset.charset);
    const words = text.trim();
    if (words.toLowerCase() === 'exit') this.#close(null);
    else if (words !== '') this.#say(text);
  }

  overlong(): void {
    this.#notify(`that line was longer than ${this.#options.maxLineBytes} bytes and was not sent`);
  }

  #say(text: string): void {
    const { directory, lobby } = this.#options;
    const refusal = lobby.refusesSpeech(this.member) ?? (lobby.seatOf(this.member) === undefined ? 'outside' : null);
    if (refusal !== null) {
      this.#notify(REFUSALS[refusal]);
      return;
    }
    const atMs = directory.now();
    this.member.lastSpokeMs = atMs;
    lobby.tell(
      {
        kind: 'said',
        atMs,
        by: this.member,
        room: lobby,
        target: lobby.name,
        manner: 'message',
        text,
        id: newMessageId(),
        tags: '',
        isDivisible: true,
      },
      this.member,
    );
  }

  #notify(text: string): void {
    const line = formatNotice(text, this.#options.directory.now());
    if (!this.#isOver) this.#link.answer(encodeText(line, this.#charset.charset));
  }

  /** Leaves the room at once, so that nobody waits for a slow close to hear of it. */
  #close(notice: string | null): void {
    if (this.#isOver) return;
    if (notice !== null) this.#notify(notice);
    this.#isOver = true;
    this.#options.directory.dismiss(this.member, notice ?? '');
    this.#link.close(notice ?? 'left');
  }
}

/** A nick for somebody who has none: IRC members see it, plain members see the address. */
function freeNick(directory: Directory, port: number): string {
  const nick = `${PLAIN_NICK_PREFIX}${port}`;
  for (let attempt = 1; ; attempt += 1) {
    const candidate = attempt === 1 ? nick : `${nick}-${attempt}`;
    if (directory.member(candidate) === undefined) return candidate;
  }
}
