/** The link of this domain to the rooms of another one: one connection at a time, opened again when it is lost. */
import {
  type Abroad,
  type BorderObserver,
  type BorderRefusal,
  isFromAbroad,
  type Letter,
  type Origin,
} from '../chat/abroad.js';
import { decodePack, encodePack } from '../log/codec.js';
import type { LogName, Pack } from '../log/entry.js';
import type { AppendAnswer, Following, LogSink } from '../log/shared-log.js';
import { Border } from './border.js';
import { isPlainSession, isSession } from './customs.js';
import { logAbroad } from './domain-names.js';
import { type Greeting, HomeLine, type HomeLineParts, type RoomWord } from './home-line.js';
import { LetterLimits } from './letter-limits.js';
import { BOX, type Envelope, LETTER_BOX, Letters } from './letters.js';
import { Mirror, type MirrorOwner } from './mirror.js';
import { type LetterTaker, UNREACHABLE } from './open-letters.js';
import type { SharedLink } from './shared-link.js';

/** How long somebody waits for a room that cannot be reached, in milliseconds. */
const PATIENCE_MS = 30_000;

/** The parts of a link. */
export interface LinkParts extends HomeLineParts {
  /** The beginning of the sessions of this domain there. */
  readonly lineage: string;
  /** The label behind the nicks of the other domain's people here. */
  readonly homeLabel: string;
  /** The label behind the nicks of this domain's people there, until the other one has sent it. */
  readonly ownLabel: string;
  /** The names of the rooms that people here may enter. */
  readonly rooms: readonly string[];
  readonly fold: (name: string) => string;
  readonly observer: BorderObserver;
  readonly isInside: (log: LogName, session: string) => boolean;
  readonly isHeir: MirrorOwner['isHeir'];
  readonly crowdOf: MirrorOwner['crowdOf'];
  readonly isOwn: (session: string) => boolean;
  readonly isGone: MirrorOwner['isGone'];
  readonly now: () => number;
  /** What several nodes share of the link; null for one server. */
  readonly shared: Pick<
    SharedLink,
    'isUp' | 'silentMs' | 'bus' | 'onPause' | 'tenant' | 'postal' | 'relay' | 'reopen'
  > | null;
  /** Delivers a letter to somebody of this domain. */
  readonly deliver: (letter: Letter, take: LetterTaker) => void;
}

/** A link. */
export class Link implements Pick<Abroad, 'begin'> {
  readonly #parts: LinkParts;
  readonly #line: HomeLine;
  readonly #mirrors = new Map<LogName, Mirror>();
  /** The followings of this connection, and the number of each. */
  #byId = new Map<number, Mirror>();
  #idOf = new Map<Mirror, number>();
  #ids = 0;
  readonly #letters: Letters;
  /** The run of the home's server that each room belongs to. */
  readonly #epochs = new WeakMap<Mirror, string>();
  readonly #turns = new Map<number, AppendAnswer>();
  #turn = 0;
  #ownLabel: string;
  #border: Border;
  /** The folded names of the rooms that people here may enter. */
  #rooms: ReadonlySet<string>;
  /** The run of the home's server, and the rooms that it shares; null before the home has sent them. */
  #epoch: string | null = null;
  #shared: ReadonlySet<string> | null = null;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#ownLabel = parts.ownLabel;
    this.#border = this.#newBorder();
    this.#rooms = new Set(parts.rooms.map(parts.fold));
    if (parts.shared !== null) {
      parts.shared.onPause = () => {
        this.#pause();
      };
      parts.shared.postal.box = {
        open: () => {
          this.#letters.open(BOX);
        },
        hear: (message, body) => this.#letters.hear(message, body),
        lost: () => {
          this.#letters.lost();
        },
      };
    }
    this.#letters = new Letters({
      limits: new LetterLimits(),
      send: (message, body) => {
        if (parts.shared === null) this.#line.send(message, body);
        else parts.shared.postal.send(message, body);
      },
      outward: (envelope) => this.#outward(envelope),
      inward: (envelope) => this.#inward(envelope),
      deliver: parts.deliver,
      attempt: (work) => {
        this.#line.attempt(work);
      },
    });
    this.#line = new HomeLine(parts, {
      greeted: (greeting) => {
        this.#greeted(greeting);
      },
      lost: () => {
        this.#lost();
      },
      answered: (turn, why) => {
        this.#answered(turn, why);
      },
      heard: (word, body) => {
        this.#hear(word, body);
      },
    });
  }

  get isUp(): boolean {
    return this.#line.isUp && this.#parts.shared?.isUp !== false;
  }

  get silentMs(): number | null {
    const { shared } = this.#parts;
    return shared === null ? this.#line.silentMs : shared.silentMs;
  }

  get mirrored(): number {
    return this.#mirrors.size;
  }

  get waiting(): number {
    let count = 0;
    for (const mirror of this.#mirrors.values()) count += mirror.waiting;
    return count;
  }

  /** Returns the sessions of people here that have proposals on their way to a room. @param room - its name at home */
  proposingTo(room: string): ReadonlySet<string> {
    return this.#mirrors.get(logAbroad({ room, domain: this.#parts.home }))?.proposing ?? new Set();
  }

  /** The border between this domain and the home. It may change while the link is lost. */
  get border(): Border {
    return this.#border;
  }

  #newBorder(): Border {
    const { own, lineage, home, homeLabel } = this.#parts;
    return new Border({ own, lineage, ownLabel: this.#ownLabel, home, homeLabel });
  }

  // The connection

  /** Nothing is proposed until rooms have caught up. */
  #pause(): void {
    for (const mirror of [...this.#mirrors.values()]) {
      this.#line.attempt(() => {
        mirror.away();
      });
    }
  }

  #lost(): void {
    this.#byId = new Map();
    this.#idOf = new Map();
    if (this.#parts.shared === null) this.#letters.lost();
    const answers = [...this.#turns.values()];
    this.#turns.clear();
    this.#pause();
    for (const answer of answers) {
      this.#line.attempt(() => {
        answer.failed('unknown');
      });
    }
  }

  #answered(turn: number, why: 'unknown' | 'invalid' | null): void {
    const answer = this.#turns.get(turn);
    if (answer === undefined) return;
    this.#turns.delete(turn);
    if (why === null) answer.appended(0);
    else answer.failed(why);
  }

  #hear(word: RoomWord, body: Uint8Array): void {
    if (word.id === BOX) {
      this.#hearOfLetters(word, body);
      return;
    }
    const mirror = this.#byId.get(word.id);
    // The message may have been on its way when the room was dropped.
    if (mirror === undefined) return;
    switch (word.kind) {
      case 'state':
        if (!mirror.state(word, body)) this.#line.violated('it has sent a room that cannot be taken');
        return;
      case 'refused':
        this.#byId.delete(word.id);
        this.#idOf.delete(mirror);
        mirror.refused();
        return;
      case 'pack': {
        const decoded = decodePack(body);
        if (decoded.kind === 'unknown-version') {
          this.#line.mistaken('it has sent a pack of a later version');
          return;
        }
        if (decoded.kind === 'pack') this.#line.charge(decoded.entries.length);
        const why = decoded.kind === 'pack' ? mirror.pack(word.seq, decoded.entries) : 'it has sent what is no pack';
        if (why !== null) this.#line.violated(why);
        return;
      }
      case 'caught-up':
        // Before that, it may still be the room of an earlier run.
        if (this.#epoch !== null) this.#epochs.set(mirror, this.#epoch);
        mirror.caughtUp();
        return;
      case 'tell':
      case 'told':
        this.#line.violated('it has sent a letter as the word of a room');
        return;
      case 'away':
      case 'back':
        mirror.homeAway(word.kind === 'away');
    }
  }

  // Letters

  /** If several nodes share the connection, the one that holds it does so. */
  #askForLetters(): void {
    if (this.#parts.shared !== null) return;
    this.#line.send({ kind: 'follow', id: BOX, room: LETTER_BOX, resume: null });
  }

  #hearOfLetters(word: RoomWord, body: Uint8Array): void {
    if (this.#parts.shared !== null) return;
    if (word.kind === 'caught-up') this.#letters.open(word.id);
    else if (word.kind === 'tell' || word.kind === 'told') {
      if (!this.#letters.hear(word, body)) this.#line.violated('it has sent a letter that nobody there can have sent');
    }
  }

  #outward({ by, to }: Envelope): Envelope | null {
    const there = this.#border.sessionThere(to);
    return there === null || isFromAbroad(by) ? null : { by: `${this.#parts.lineage}${by}`, to: there };
  }

  #inward({ by, to }: Envelope): Envelope | null {
    if (!isSession(by) || !isPlainSession(to)) return null;
    const here = this.#border.sessionHere(by);
    // Nobody has a session of an earlier run, for which a letter may still be on its way.
    const own = this.#border.sessionHere(`${this.#parts.own}/${to}`);
    return isFromAbroad(here) ? { by: here, to: own } : null;
  }

  /** Sends a letter to somebody whom the home knows. @param take - called once, in this call or later */
  post(letter: Letter, take: LetterTaker): void {
    const { shared } = this.#parts;
    const node = shared?.tenant ?? null;
    if (shared === null || node === shared.bus.node) this.postHere(letter, take);
    else if (node === null || !shared.isUp) take(UNREACHABLE);
    else shared.relay.ask(node, 'link', letter, take);
  }

  /** The same over a connection of this process. */
  postHere(letter: Letter, take: LetterTaker): void {
    this.#letters.post(letter, take);
  }

  #greeted({ label, epoch, rooms }: Greeting): void {
    const { home, fold, log } = this.#parts;
    this.#shared = new Set(rooms.map(fold));
    const isSameRun = this.#epoch === epoch;
    this.#epoch = epoch;
    if (label !== this.#ownLabel) {
      this.#ownLabel = label;
      this.#border = this.#newBorder();
    }
    log.info('link opened', { domain: home, rooms: rooms.length, isSameRun });
    this.#askForLetters();
    for (const mirror of this.#mirrors.values()) this.#follow(mirror);
  }

  #follow(mirror: Mirror): void {
    this.#ids += 1;
    const id = this.#ids;
    this.#byId.set(id, mirror);
    this.#idOf.set(mirror, id);
    const epoch = this.#epochs.get(mirror);
    const resume = mirror.isOpen && epoch !== undefined ? { epoch, after: mirror.applied } : null;
    this.#line.send({ kind: 'follow', id, room: mirror.room, resume });
  }

  // For the chat

  /** Returns why nobody may enter a room of the home. @param room - its name there */
  objectionTo(log: LogName, room: string): BorderRefusal | null {
    const key = this.#parts.fold(room);
    if (!this.#rooms.has(key) || this.#shared?.has(key) === false) return 'not-shared';
    return this.isUp || this.#mirrors.get(log)?.isOpen === true ? null : 'unreachable';
  }

  begin(log: LogName, take: (origin: Origin | null) => void): void {
    const room = roomOf(log, this.#parts.home);
    const { now, observer, isInside, isHeir, crowdOf, isOwn, isGone, fold, shared, log: records } = this.#parts;
    const borderNow = (): Border => this.#border;
    const owner: MirrorOwner = {
      get border() {
        return borderNow();
      },
      get seen() {
        return shared?.bus.seen ?? 0;
      },
      now,
      observer,
      isInside,
      isHeir,
      crowdOf,
      isOwn,
      isGone,
      fold,
      log: records,
      send: (mirror, pack, answer) => this.#append(mirror, pack, answer),
      stopped: (mirror) => {
        this.#stopped(mirror);
      },
    };
    const mirror = new Mirror(log, room, owner, take);
    this.#mirrors.set(log, mirror);
    if (this.#line.isUp) this.#follow(mirror);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (mirror.isOpen || this.#mirrors.get(log) !== mirror) return;
      this.#line.attempt(() => {
        mirror.refused();
      });
    }, PATIENCE_MS).unref();
    this.#timers.add(timer);
  }

  follow(log: LogName, after: number, sink: LogSink): Following {
    return this.#mirrors.get(log)?.follow(after, sink) ?? { applied: after, stop: () => undefined };
  }

  append(log: LogName, pack: Pack, answer: AppendAnswer): void {
    const mirror = this.#mirrors.get(log);
    if (mirror === undefined) answer.failed('closed');
    else mirror.append(pack, answer);
  }

  #append(mirror: Mirror, pack: Pack, answer: AppendAnswer): boolean {
    const id = this.#idOf.get(mirror);
    if (!this.#line.isUp || id === undefined) return false;
    const encoded = encodePack(pack);
    if (encoded.kind !== 'bytes') {
      answer.failed('invalid');
      return true;
    }
    this.#turn += 1;
    this.#turns.set(this.#turn, answer);
    this.#line.send({ kind: 'append', id, turn: this.#turn }, encoded.bytes);
    return true;
  }

  #stopped(mirror: Mirror): void {
    if (this.#mirrors.get(mirror.log) === mirror) this.#mirrors.delete(mirror.log);
    const id = this.#idOf.get(mirror);
    if (id === undefined) return;
    this.#idOf.delete(mirror);
    this.#byId.delete(id);
    this.#line.send({ kind: 'stop', id });
  }

  /** Changes the rooms that people here may enter from now on: those who are inside stay. */
  share(rooms: readonly string[]): void {
    this.#rooms = new Set(rooms.map(this.#parts.fold));
  }

  /** Connects again, for example at another address. */
  reopen(): void {
    const { shared } = this.#parts;
    if (shared === null) this.#line.reopen();
    else shared.reopen();
  }

  /** The domains are not linked any more: nobody from here is in rooms of the home. */
  withdraw(): void {
    for (const mirror of [...this.#mirrors.values()]) {
      this.#line.attempt(() => {
        mirror.refused();
      });
    }
    this.close();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#letters.lost();
    this.#line.close();
  }
}

/** Returns the name at home of a room with a log. */
function roomOf(log: LogName, home: string): string {
  return log.slice('r:'.length, -(home.length + 1));
}
