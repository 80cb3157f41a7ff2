/** The connection to the home of rooms: one at a time, opened again when it is lost. */
import { performance } from 'node:perf_hooks';
import { toError } from '../errors.js';
import type { Dial } from '../log/channel.js';
import { Redial } from '../log/redial.js';
import { Throttle } from '../throttle.js';
import { FrameChannel } from './frame-channel.js';
import { isWord, LINK_VERSION, type Visit, type Word } from './messages.js';
import type { DomainLog } from './settings.js';

/** The work that one server does for a home, in entries per second on average and at once: far more than people say. */
const ENTRIES_PER_SECOND = 20_000;
const BURST_ENTRIES = 100_000;
/** The same in bytes. */
const BYTES_PER_SECOND = 8_388_608;
const BURST_BYTES = 33_554_432;
/** The bytes that each message about a room costs besides its body. */
const MESSAGE_BYTES = 512;
/** The cost of a part of a room, in entries, and the bytes of it that cost as much as one more. */
const STATE_COST = 50;
const BYTES_PER_ENTRY = 400;
/** A link that has held this long, in milliseconds, is opened again without delay when it is lost. */
const HELD_MS = 30_000;

/** Why a home is not heard: too much of what it has sent is still to be copied, or nodes are asked about that. */
export type PauseReason = 'full' | 'roll call';

/** The greeting of a home. */
export type Greeting = Extract<Word, { readonly kind: 'hello' }>;
/** A message of a home about one room. */
export type RoomWord = Extract<Word, { readonly id: number }>;

/** Bounds of the work for a home, which outlast its connections. */
export interface Budget {
  readonly entries: Throttle;
  readonly bytes: Throttle;
}

function oneServerBudget(): Budget {
  const nowMs = performance.now();
  return {
    entries: new Throttle(ENTRIES_PER_SECOND, BURST_ENTRIES, nowMs),
    bytes: new Throttle(BYTES_PER_SECOND, BURST_BYTES, nowMs),
  };
}

/** The parts of the connection. */
export interface HomeLineParts {
  /** The names of this domain and of the home. */
  readonly own: string;
  readonly home: string;
  /** Names this run of the domain: its people of an earlier run are gone. */
  readonly run: string;
  readonly dial: (failed: (error: Error) => void) => Dial;
  readonly later?: ((ms: number, then: () => void) => void) | undefined;
  readonly log: DomainLog;
  /** The work that is done for the home. @defaultValue that of one server */
  readonly budget?: Budget;
}

/** The observer of the connection. */
export interface HomeLineEvents {
  greeted(greeting: Greeting): void;
  /** The connection is lost. @param wasUp - whether the home had greeted */
  lost(wasUp: boolean): void;
  /** The home has received a pack, or has not. `why` is null if it has. */
  answered(turn: number, why: 'unknown' | 'invalid' | null): void;
  heard(word: RoomWord, body: Uint8Array): void;
}

/** Returns the work that a message of a home costs, in entries, apart from those in a pack. */
function costOf({ kind }: Word, { length }: Uint8Array): number {
  return kind === 'state' ? STATE_COST + length / BYTES_PER_ENTRY : 1;
}

/** A connection to a home. */
export class HomeLine {
  readonly #parts: HomeLineParts;
  readonly #events: HomeLineEvents;
  readonly #redial: Redial;
  readonly #budget: Budget;
  /** Why nothing is heard. */
  readonly #pauses = new Set<PauseReason>();
  #channel: FrameChannel<Word> | null = null;
  /** Whether the home has greeted on this connection. */
  #isUp = false;
  /** Runs until the link has held; null while it is lost, and after that. */
  #holding: NodeJS.Timeout | null = null;
  /** The last trouble that was reported, so that each is reported once. */
  #reported = '';
  #isClosed = false;

  constructor(parts: HomeLineParts, events: HomeLineEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#budget = parts.budget ?? oneServerBudget();
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

  #opened(): void {
    const { own, run } = this.#parts;
    this.#channel = new FrameChannel<Word>(this.#redial.channel, isWord, {
      heard: (word, body) => {
        this.#hear(word, body);
      },
      violated: (why) => {
        this.violated(why);
      },
    });
    this.send({ kind: 'hello', version: LINK_VERSION, domain: own, run });
  }

  send(visit: Visit, body?: Uint8Array): void {
    this.#channel?.send(visit, body);
  }

  #lost(): void {
    const wasUp = this.#isUp;
    this.#isUp = false;
    this.#stopHolding();
    this.#pauses.clear();
    this.#channel?.end();
    this.#channel = null;
    this.attempt(() => {
      this.#events.lost(wasUp);
    });
    if (this.#isClosed) return;
    if (wasUp) this.#parts.log.warn('link lost', { domain: this.#parts.home });
    this.#redial.lost();
  }

  /** The home has broken the rules: the connection is opened again. */
  violated(why: string): void {
    if (why !== this.#reported) {
      this.#parts.log.error('a domain breaks the rules of links', { domain: this.#parts.home, why });
    }
    this.#reported = why;
    this.#channel?.close();
  }

  /** The home speaks a later version: nothing changes before one of both is replaced. */
  mistaken(why: string): void {
    this.#redial.mistaken();
    this.violated(why);
  }

  /** Hears nothing until {@link resume}, or until the connection is lost. */
  pause(why: PauseReason): void {
    this.#pauses.add(why);
    this.#channel?.hold(true);
  }

  resume(why: PauseReason): void {
    if (this.#pauses.delete(why) && this.#pauses.size === 0) this.#channel?.hold(false);
  }

  /** Closes the connection, which is then opened again. */
  reopen(): void {
    this.#channel?.close();
  }

  /** Does something that no message has caused. An error ends the channel, if there is one, and not the process. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      const { home: domain, log } = this.#parts;
      log.error('an error in a link', { domain, error: toError(error).message });
      this.#channel?.close();
    }
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

  /** Counts work for the home: if it sends too much, the rest waits. @param entries - the work, in entries */
  charge(entries: number): void {
    this.#channel?.charge(this.#budget.entries, entries);
  }

  #hear(word: Word, body: Uint8Array): void {
    if (word.kind === 'hello') {
      this.#greeted(word);
      return;
    }
    if (!this.#isUp) {
      this.violated('it has not greeted');
      return;
    }
    switch (word.kind) {
      case 'appended':
        this.#events.answered(word.turn, null);
        return;
      case 'failed':
        this.#events.answered(word.turn, word.why);
        return;
      case 'pulse':
        return;
      default:
        this.charge(costOf(word, body));
        this.#channel?.charge(this.#budget.bytes, MESSAGE_BYTES + body.length);
        this.#events.heard(word, body);
    }
  }

  #greeted(greeting: Greeting): void {
    const { version, domain, label } = greeting;
    if (this.#isUp || version !== LINK_VERSION || domain !== this.#parts.home || !/^[a-z\d.-]{1,63}$/.test(label)) {
      if (version === LINK_VERSION) this.violated('it has greeted wrongly');
      else this.mistaken('it speaks another version');
      return;
    }
    this.#isUp = true;
    // A domain that is refused right after its greeting would otherwise connect fifty times a second.
    this.#holding = setTimeout(() => {
      this.#held();
    }, HELD_MS).unref();
    this.#events.greeted(greeting);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopHolding();
    this.#channel?.end();
    this.#redial.close();
  }
}
