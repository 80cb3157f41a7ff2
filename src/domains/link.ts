/** The link of this domain to the rooms of another one: one connection at a time, opened again when it is lost. */
import { performance } from 'node:perf_hooks';
import type { Abroad, BorderObserver, BorderRefusal, Origin } from '../chat/abroad.js';
import type { Dial } from '../log/channel.js';
import { decodePack, encodePack } from '../log/codec.js';
import type { LogName, Pack } from '../log/entry.js';
import { Redial } from '../log/redial.js';
import type { AppendAnswer, Following, LogSink } from '../log/shared-log.js';
import { Throttle } from '../throttle.js';
import { Border } from './border.js';
import { FrameChannel } from './frame-channel.js';
import { isWord, LINK_VERSION, type Visit, type Word } from './messages.js';
import { Mirror, type MirrorOwner } from './mirror.js';
import type { DomainLog } from './settings.js';

/** How long somebody waits for a room that cannot be reached, in milliseconds. */
const PATIENCE_MS = 30_000;
/** The entries that a home may send per second on average, and at once: far more than people say. */
const ENTRIES_PER_SECOND = 20_000;
const BURST_ENTRIES = 100_000;
/** The cost of a part of a room, in entries, and the bytes of it that cost as much as one more. */
const STATE_COST = 50;
const BYTES_PER_ENTRY = 400;
/** A link that has held this long, in milliseconds, is opened again without delay when it is lost. */
const HELD_MS = 30_000;

/** The parts of a link. */
export interface LinkParts {
  /** The names of this domain and of the other one. */
  readonly own: string;
  readonly home: string;
  /** The label behind the nicks of the other domain's people here. */
  readonly homeLabel: string;
  /** The label behind the nicks of this domain's people there, until the other one has sent it. */
  readonly ownLabel: string;
  /** Names this run of the server. */
  readonly run: string;
  /** The folded names of the rooms that people here may enter. */
  readonly rooms: ReadonlySet<string>;
  readonly fold: (name: string) => string;
  readonly dial: (failed: (error: Error) => void) => Dial;
  readonly later?: ((ms: number, then: () => void) => void) | undefined;
  readonly observer: BorderObserver;
  readonly isInside: (log: LogName, session: string) => boolean;
  readonly crowdOf: MirrorOwner['crowdOf'];
  readonly isOwn: (session: string) => boolean;
  readonly now: () => number;
  readonly log: DomainLog;
}

/** Returns the work that a message of a home costs, in entries, apart from those in a pack. */
function costOf({ kind }: Word, { length }: Uint8Array): number {
  return kind === 'state' ? STATE_COST + length / BYTES_PER_ENTRY : 1;
}

/** A link. */
export class Link implements Pick<Abroad, 'begin'> {
  readonly #parts: LinkParts;
  readonly #redial: Redial;
  readonly #mirrors = new Map<LogName, Mirror>();
  /** The followings of this connection. */
  #byId = new Map<number, Mirror>();
  #ids = 0;
  /** The run of the home's server that each room belongs to. */
  readonly #epochs = new WeakMap<Mirror, string>();
  readonly #turns = new Map<number, AppendAnswer>();
  #turn = 0;
  readonly #throttle = new Throttle(ENTRIES_PER_SECOND, BURST_ENTRIES, performance.now());
  #channel: FrameChannel<Word> | null = null;
  #ownLabel: string;
  #border: Border;
  /** The run of the home's server, and the rooms that it shares; null before the home has sent them. */
  #epoch: string | null = null;
  #shared: ReadonlySet<string> | null = null;
  /** Whether the home has greeted on this connection. */
  #isUp = false;
  /** Runs until the link has held; null while it is lost, and after that. */
  #holding: NodeJS.Timeout | null = null;
  /** The last trouble that was reported, so that each is reported once. */
  #reported = '';
  #isClosed = false;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#ownLabel = parts.ownLabel;
    this.#border = this.#newBorder();
    const dial = parts.dial((error) => {
      this.#report(error.message);
    });
    this.#redial = new Redial(
      { dial, later: parts.later },
      {
        opened: () => {
          this.#opened();
        },
        received: (bytes) => {
          this.#channel?.take(bytes);
        },
        drained: () => undefined,
        closed: () => {
          this.#lost();
        },
      },
    );
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get silentMs(): number | null {
    return this.#isUp ? (this.#channel?.silentMs ?? null) : null;
  }

  get mirrored(): number {
    return this.#mirrors.size;
  }

  get waiting(): number {
    let count = 0;
    for (const mirror of this.#mirrors.values()) count += mirror.waiting;
    return count;
  }

  /** The border between this domain and the home. It may change while the link is lost. */
  get border(): Border {
    return this.#border;
  }

  #newBorder(): Border {
    const { own, home, homeLabel } = this.#parts;
    return new Border({ own, ownLabel: this.#ownLabel, home, homeLabel });
  }

  // The connection

  #opened(): void {
    const { own, run } = this.#parts;
    this.#channel = new FrameChannel<Word>(this.#redial.channel, isWord, {
      heard: (word, body) => {
        this.#hear(word, body);
      },
      violated: (why) => {
        this.#violated(why);
      },
    });
    this.#send({ kind: 'hello', version: LINK_VERSION, domain: own, run });
  }

  #send(visit: Visit, body?: Uint8Array): void {
    this.#channel?.send(visit, body);
  }

  #lost(): void {
    const wasUp = this.#isUp;
    this.#isUp = false;
    this.#stopHolding();
    this.#channel?.end();
    this.#channel = null;
    this.#byId = new Map();
    const answers = [...this.#turns.values()];
    this.#turns.clear();
    for (const mirror of [...this.#mirrors.values()]) mirror.away();
    for (const answer of answers) answer.failed('unknown');
    if (this.#isClosed) return;
    if (wasUp) this.#parts.log.warn('link lost', { domain: this.#parts.home });
    this.#redial.lost();
  }

  #violated(why: string): void {
    if (why !== this.#reported) {
      this.#parts.log.error('a domain breaks the rules of links', { domain: this.#parts.home, why });
    }
    this.#reported = why;
    this.#channel?.close();
  }

  /** The other end speaks a later version: nothing changes before one of both is replaced. */
  #mistaken(why: string): void {
    this.#redial.mistaken();
    this.#violated(why);
  }

  #held(): void {
    this.#holding = null;
    this.#redial.succeeded();
    this.#reported = '';
  }

  #stopHolding(): void {
    if (this.#holding !== null) clearTimeout(this.#holding);
    this.#holding = null;
  }

  #report(message: string): void {
    if (message === this.#reported) return;
    this.#reported = message;
    this.#parts.log.warn('a domain cannot be reached', { domain: this.#parts.home, error: message });
  }

  #hear(word: Word, body: Uint8Array): void {
    if (word.kind === 'hello') {
      this.#greeted(word);
      return;
    }
    if (!this.#isUp) {
      this.#violated('it has not greeted');
      return;
    }
    switch (word.kind) {
      case 'appended':
        this.#answer(word.turn, (answer) => {
          answer.appended(0);
        });
        return;
      case 'failed':
        this.#answer(word.turn, (answer) => {
          answer.failed(word.why);
        });
        return;
      case 'pulse':
        return;
      default:
        this.#hearOf(word, body);
    }
  }

  #answer(turn: number, tell: (answer: AppendAnswer) => void): void {
    const answer = this.#turns.get(turn);
    if (answer === undefined) return;
    this.#turns.delete(turn);
    tell(answer);
  }

  /** Counts work for the home: if it sends too much, the rest waits. @param entries - the work, in entries */
  #charge(entries: number): void {
    this.#channel?.charge(this.#throttle, entries);
  }

  #hearOf(word: Extract<Word, { readonly id: number }>, body: Uint8Array): void {
    this.#charge(costOf(word, body));
    const mirror = this.#byId.get(word.id);
    // The message may have been on its way when the room was dropped.
    if (mirror === undefined) return;
    switch (word.kind) {
      case 'state':
        if (!mirror.state(word, body)) this.#violated('it has sent a room that cannot be taken');
        return;
      case 'refused':
        this.#byId.delete(word.id);
        mirror.refused();
        return;
      case 'pack': {
        const decoded = decodePack(body);
        if (decoded.kind === 'unknown-version') {
          this.#mistaken('it has sent a pack of a later version');
          return;
        }
        if (decoded.kind === 'pack') this.#charge(decoded.entries.length);
        const why = decoded.kind === 'pack' ? mirror.pack(word.seq, decoded.entries) : 'it has sent what is no pack';
        if (why !== null) this.#violated(why);
        return;
      }
      case 'caught-up':
        // Before that, it may still be the room of an earlier run.
        if (this.#epoch !== null) this.#epochs.set(mirror, this.#epoch);
        mirror.caughtUp();
        return;
      case 'away':
      case 'back':
        mirror.homeAway(word.kind === 'away');
    }
  }

  #greeted({ version, domain, label, epoch, rooms }: Extract<Word, { readonly kind: 'hello' }>): void {
    const { home, fold, log } = this.#parts;
    if (this.#isUp || version !== LINK_VERSION || domain !== home || !/^[a-z\d.-]{1,63}$/.test(label)) {
      if (version === LINK_VERSION) this.#violated('it has greeted wrongly');
      else this.#mistaken('it speaks another version');
      return;
    }
    this.#isUp = true;
    // A domain that is refused right after its greeting would otherwise connect fifty times a second.
    this.#holding = setTimeout(() => {
      this.#held();
    }, HELD_MS).unref();
    this.#shared = new Set(rooms.map(fold));
    const isSameRun = this.#epoch === epoch;
    this.#epoch = epoch;
    if (label !== this.#ownLabel) {
      this.#ownLabel = label;
      this.#border = this.#newBorder();
    }
    log.info('link opened', { domain: home, rooms: rooms.length, isSameRun });
    for (const mirror of this.#mirrors.values()) this.#follow(mirror);
  }

  #follow(mirror: Mirror): void {
    this.#ids += 1;
    const id = this.#ids;
    this.#byId.set(id, mirror);
    const epoch = this.#epochs.get(mirror);
    const resume = mirror.isOpen && epoch !== undefined ? { epoch, after: mirror.applied } : null;
    this.#send({ kind: 'follow', id, room: mirror.room, resume });
  }

  // For the chat

  /** Returns why nobody may enter a room of the home. @param room - its name there */
  objectionTo(log: LogName, room: string): BorderRefusal | null {
    const key = this.#parts.fold(room);
    if (!this.#parts.rooms.has(key) || this.#shared?.has(key) === false) return 'not-shared';
    return this.#isUp || this.#mirrors.get(log)?.isOpen === true ? null : 'unreachable';
  }

  begin(log: LogName, take: (origin: Origin | null) => void): void {
    const room = roomOf(log, this.#parts.home);
    const { now, observer, isInside, crowdOf, isOwn, fold, log: records } = this.#parts;
    const borderNow = (): Border => this.#border;
    const owner: MirrorOwner = {
      get border() {
        return borderNow();
      },
      now,
      observer,
      isInside,
      crowdOf,
      isOwn,
      fold,
      log: records,
      send: (mirror, pack, answer) => this.#append(mirror, pack, answer),
      stopped: (mirror) => {
        this.#stopped(mirror);
      },
    };
    const mirror = new Mirror(log, room, owner, take);
    this.#mirrors.set(log, mirror);
    if (this.#isUp) this.#follow(mirror);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!mirror.isOpen && this.#mirrors.get(log) === mirror) mirror.refused();
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
    const id = [...this.#byId].find(([, each]) => each === mirror)?.[0];
    if (!this.#isUp || id === undefined) return false;
    const encoded = encodePack(pack);
    if (encoded.kind !== 'bytes') {
      answer.failed('invalid');
      return true;
    }
    this.#turn += 1;
    this.#turns.set(this.#turn, answer);
    this.#send({ kind: 'append', id, turn: this.#turn }, encoded.bytes);
    return true;
  }

  #stopped(mirror: Mirror): void {
    if (this.#mirrors.get(mirror.log) === mirror) this.#mirrors.delete(mirror.log);
    for (const [id, each] of this.#byId) {
      if (each !== mirror) continue;
      this.#byId.delete(id);
      this.#send({ kind: 'stop', id });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopHolding();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#channel?.end();
    this.#redial.close();
  }
}

/** Returns the name at home of a room with a log. */
function roomOf(log: LogName, home: string): string {
  return log.slice('r:'.length, -(home.length + 1));
}
