/** The waits of one client for other domains: they hold up nothing but what it says to those. */
import { MAX_OPEN_TICKETS } from '../../chat/ticket.js';
import type { Target } from '../../chat/verbs/speech.js';
import type { Message } from './message.js';
import type { MultilineDraft } from './multiline.js';
import type { Wait } from './outcome.js';
import { targetOf } from './saying.js';

/** How long a client waits for a first answer when it has said too much, in milliseconds. */
const FULL_MS = 1_000;
/** The most that waits for all domains together. */
const MAX_WAITS = 3 * MAX_OPEN_TICKETS;

/** A line, as far as it matters to waits. */
export interface ForeignLine {
  readonly message: Message;
  /** The batch that it ends, which waits as a whole; null for any other line. */
  readonly draft: Pick<MultilineDraft, 'target'> | null;
  /** Its bytes, with those of the batch. */
  readonly bytes: number;
}

/** A message or a command that waits for an answer. */
export interface ForeignWait {
  readonly ways: ReadonlySet<string>;
  /** Whether further messages need not wait for it. */
  readonly isMessage: boolean;
}

/** A line that waits for its turn. */
interface WaitingLine<Line> extends Pick<ForeignWait, 'ways'> {
  readonly line: Line;
}

/** How a line is to go on. */
export type Passage = 'run' | 'wait' | 'hold' | 'refuse';

/** The surroundings of the waits. */
export interface ForeignWaitsParts {
  /** The most bytes of lines that wait. */
  readonly maxBytes: number;
  /** Returns the other domain that what is said to a target waits for; null for none. */
  readonly wayTo: (target: Target) => string | null;
}

/**
 * Counts what waits, and keeps the lines behind it: those to the same domain wait for the commands before them, and
 * commands also for messages. For each domain wait at most as many as for a log of this one, and the lines have at most
 * as many bytes as those that wait for their turn.
 */
export class ForeignWaits<Line extends ForeignLine> {
  readonly #parts: ForeignWaitsParts;
  readonly #unanswered = new Set<ForeignWait>();
  /** In the order of their arrival. */
  readonly #lines: WaitingLine<Line>[] = [];
  /** The rests of the commands that wait for the peer. */
  readonly #unread: (() => void)[] = [];
  /** The ways of the line with which the client is held up because too much waits; null if it is not. */
  #held: { readonly ways: ReadonlySet<string>; readonly sinceMs: number } | null = null;
  /** The ways on which no answer has arrived since the client was last held up for them. */
  readonly #stuck = new Set<string>();

  constructor(parts: ForeignWaitsParts) {
    this.#parts = parts;
  }

  get isIdle(): boolean {
    return this.#count === 0 && this.#held === null;
  }

  /** Whether the client is held up until there is room. */
  get isHolding(): boolean {
    return this.#held !== null;
  }

  get #count(): number {
    return this.#unanswered.size + this.#lines.length;
  }

  /** The bytes of the lines. */
  get #bytes(): number {
    return this.#lines.reduce((bytes, { line }) => bytes + line.bytes, 0);
  }

  /** Whether a line that was held may run. */
  get hasRoom(): boolean {
    const onWays = this.#countOn(this.#held?.ways ?? new Set());
    return onWays <= MAX_OPEN_TICKETS / 2 && this.#count < MAX_WAITS && this.#bytes <= this.#parts.maxBytes / 2;
  }

  /** How much waits for the same domains. */
  #countOn(ways: ReadonlySet<string>): number {
    return [...this.#unanswered, ...this.#lines].filter((waiting) => haveCommon(ways, waiting.ways)).length;
  }

  /**
   * Decides how a line goes on; one that waits is kept. If it is to be held, the client is held up from now on.
   *
   * @param pipelines - whether it need not wait for messages
   */
  pass(line: Line, pipelines: boolean, nowMs: number): Passage {
    const ways = this.#waysOf(line);
    if (ways.size === 0) return 'run';
    const isBlocked = this.#isBlocked(ways, pipelines);
    if (this.#isTooMuch(ways) || (isBlocked && !this.#hasPlaceFor(line))) return this.#holdOrRefuse(ways, nowMs);
    if (!isBlocked) return 'run';
    this.#lines.push({ line, ways });
    return 'wait';
  }

  #isTooMuch(ways: ReadonlySet<string>): boolean {
    return this.#count >= MAX_WAITS || this.#countOn(ways) >= MAX_OPEN_TICKETS;
  }

  #holdOrRefuse(ways: ReadonlySet<string>, nowMs: number): Passage {
    for (const way of ways) if (this.#stuck.has(way)) return 'refuse';
    this.#held = { ways, sinceMs: nowMs };
    for (const way of ways) this.#stuck.add(way);
    return 'hold';
  }

  /** One line may be longer than all that may wait. */
  #hasPlaceFor({ bytes }: Line): boolean {
    return this.#lines.length === 0 || this.#bytes + bytes <= this.#parts.maxBytes;
  }

  /** @param before - the lines that have arrived earlier */
  #isBlocked(ways: ReadonlySet<string>, pipelines: boolean, before = this.#lines): boolean {
    for (const wait of this.#unanswered) {
      if (!(pipelines && wait.isMessage) && haveCommon(ways, wait.ways)) return true;
    }
    return before.some((line) => haveCommon(ways, line.ways));
  }

  /** Removes and returns the next line that need not wait any longer; null for none. */
  next(pipelines: (line: Line) => boolean): Line | null {
    for (const [index, { line, ways }] of this.#lines.entries()) {
      if (this.#isBlocked(ways, pipelines(line), this.#lines.slice(0, index))) continue;
      this.#lines.splice(index, 1);
      return line;
    }
    return null;
  }

  /** Removes and returns all lines that wait. */
  takeAll(): Line[] {
    return this.#lines.splice(0).map(({ line }) => line);
  }

  messageWaits(way: string): ForeignWait {
    return this.#await({ ways: new Set([way]), isMessage: true });
  }

  /** @param way - what it waits for beside the ways of its line; null for something in this domain */
  commandWaits(message: Message, way: string | null): ForeignWait {
    const ways = this.#waysOf({ message, draft: null });
    if (way !== null) ways.add(way);
    return this.#await({ ways, isMessage: false });
  }

  #await(wait: ForeignWait): ForeignWait {
    this.#unanswered.add(wait);
    return wait;
  }

  answered(wait: ForeignWait): void {
    this.#unanswered.delete(wait);
    for (const way of wait.ways) this.#stuck.delete(way);
  }

  // Answers that the peer has to take

  /** The wait of a command for the peer, which has to take what there is of its answer. */
  readonly forPeer: Wait = {
    way: null,
    whenOver: (goOn) => {
      this.#unread.push(goOn);
    },
  };

  /** How many commands wait for the peer. */
  get unreadCount(): number {
    return this.#unread.length;
  }

  /** Goes on with the first of them. */
  goOnUnread(): void {
    this.#unread.shift()?.();
  }

  // Too much

  /** Milliseconds until the client is held up no more; null if it is not. */
  waitMs(nowMs: number): number | null {
    return this.#held === null ? null : Math.max(0, this.#held.sinceMs + FULL_MS - nowMs);
  }

  /** The line goes on: if nothing has been answered meanwhile, it is refused. */
  release(): void {
    this.#held = null;
  }

  /** Returns the ways to the rooms and people of other domains that a line names. */
  #waysOf({ message: { command, params }, draft }: Omit<ForeignLine, 'bytes'>): Set<string> {
    const ways = new Set<string>();
    const isSpeech = command === 'PRIVMSG' || command === 'NOTICE' || command === 'TAGMSG';
    const named = draft !== null ? [draft.target] : isSpeech ? params.slice(0, 1) : params;
    for (const param of named) {
      if (param.includes(' ')) continue;
      for (const name of param.split(',')) {
        const way = this.#parts.wayTo(targetOf(name));
        if (way !== null) ways.add(way);
      }
    }
    return ways;
  }
}

function haveCommon(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const each of some) if (others.has(each)) return true;
  return false;
}
