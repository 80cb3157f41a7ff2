/** The log in which the nodes of a domain share what concerns their link to another one. */
import { nodeOf } from '../chat/gone-nodes.js';
import { toError } from '../errors.js';
import { type Entry, type LogName, MAX_PACK_ENTRIES, type Pack } from '../log/entry.js';
import type { AppendAnswer, AppendFailure, Following, LogSink, SharedLog } from '../log/shared-log.js';
import { isRelayed, type Relayed } from './relayed.js';
import type { DomainLog } from './settings.js';

/** The most packs that a node reads when it starts: the last message of each sort is among them, see `REPEAT_PACKS`. */
const TAIL_PACKS = 2_000;
/** After this number of packs, or this time in milliseconds, nodes say again what others have to know. */
const REPEAT_PACKS = 500;
const REPEAT_MS = 600_000;
/** The most bytes of a message in one entry, and of all messages in one pack: base64 makes them longer by a third. */
const PART_BYTES = 262_144;
const PACK_BYTES = 393_216;
/** The bytes of an entry besides its message, at least. */
const ENTRY_BYTES = 150;
/** The delay before the end of the log is asked for again, in milliseconds. */
const RETRY_MS = 500;
const NO_BODY = new Uint8Array();

/** The observer of the log. */
export interface BusReader {
  /** A message has arrived. @param seq - the number of its pack. @param node - the node that has said it */
  heard(seq: number, node: string, message: Relayed, body: Uint8Array): void;
  /** It is time to say again what nodes that start have to know. */
  repeat(): void;
  /** Messages are missing. */
  missed(): void;
  /** Messages are late, or are on time again. */
  away(): void;
  back(): void;
}

/** The parts of the log. */
export interface BusParts {
  /** The other domain. */
  readonly domain: string;
  readonly logs: Pick<SharedLog, 'append' | 'follow' | 'read'>;
  /** Lets the store drop packs up to a number when they are old. */
  readonly release: (log: LogName, seq: number) => void;
  /** Returns the name of this process in sessions: `node.incarnation`. */
  readonly node: () => string;
  /** Returns the number of the last pack of the domain's log that this process has applied. */
  readonly applied: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: DomainLog;
}

/** A message that waits for the end of the turn. */
interface Waiting {
  readonly entries: readonly Entry[];
  readonly bytes: number;
  readonly answer: ((why: AppendFailure | null) => void) | null;
}

/** Reads the log in order, and appends to it. */
export class Bus implements LogSink {
  readonly name: LogName;
  readonly #parts: BusParts;
  #reader: BusReader | null = null;
  #following: Following | null = null;
  #beginning = 0;
  #seen = 0;
  #isCaughtUp = false;
  #isAway = false;
  #isClosed = false;
  #numbers = 0;
  #waiting: Waiting[] = [];
  /** The messages that have arrived in part, by the sessions that say them. */
  readonly #parted = new Map<string, { readonly pieces: Uint8Array[]; length: number }>();
  #repeatedSeq = 0;
  #repeatedMs: number;
  #retry: NodeJS.Timeout | null = null;

  constructor(parts: BusParts) {
    this.#parts = parts;
    this.name = `n:link ${parts.domain}`;
    this.#repeatedMs = parts.now();
  }

  /** Begins to read near the end of the log. */
  open(reader: BusReader): void {
    this.#reader = reader;
    void this.#open();
  }

  async #open(): Promise<void> {
    const end = await this.#parts.logs.read(this.name, { after: 0, maxPacks: 1 });
    if (this.#isClosed) return;
    if (end === null) {
      this.#retry = setTimeout(() => {
        void this.#open();
      }, RETRY_MS).unref();
      return;
    }
    this.#beginning = end.top;
    const after = Math.max(end.first - 1, end.top - TAIL_PACKS);
    this.#repeatedSeq = after;
    this.#following = this.#parts.logs.follow(this.name, after, this);
  }

  /** Whether everything that nodes have said has arrived, as far as is known. */
  get isReady(): boolean {
    return this.#isCaughtUp && !this.#isAway;
  }

  /** The number of the last pack that was there when this began to read. */
  get beginning(): number {
    return this.#beginning;
  }

  /** The last pack of the domain's log that the messages so far may refer to. */
  get seen(): number {
    return this.#seen;
  }

  get node(): string {
    return this.#parts.node();
  }

  /**
   * Says something to all nodes, this one included. The messages of one turn leave together.
   *
   * @param answer - called once; null if the message is in the log
   */
  say(message: Relayed, body: Uint8Array = NO_BODY, answer: Waiting['answer'] = null): void {
    const head = JSON.stringify(message);
    const entries: Entry[] = [];
    for (let at = 0; at === 0 || at < body.length; at += PART_BYTES) {
      const part = body.subarray(at, at + PART_BYTES);
      this.#numbers += 1;
      entries.push({
        kind: 'relay',
        head,
        body: Buffer.from(part.buffer, part.byteOffset, part.length).toString('base64'),
        at,
        bytes: body.length,
        session: `${this.node}.0`,
        n: this.#numbers,
        seen: this.#parts.applied(),
        base: 0,
        atMs: this.#parts.now(),
      });
    }
    if (this.#waiting.length === 0) {
      queueMicrotask(() => {
        this.#flush();
      });
    }
    this.#waiting.push({ entries, bytes: ENTRY_BYTES + head.length + body.length, answer });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let pack: Waiting[] = [];
    let bytes = 0;
    for (const one of waiting) {
      const isFull = bytes + one.bytes > PACK_BYTES || pack.length >= MAX_PACK_ENTRIES;
      if (pack.length > 0 && (isFull || one.entries.length > 1)) {
        this.#append(pack);
        pack = [];
        bytes = 0;
      }
      pack.push(one);
      bytes += one.bytes;
    }
    this.#append(pack);
  }

  #append(pack: readonly Waiting[]): void {
    const entries = pack.flatMap((one) => one.entries);
    // A long message fills a pack with each of its parts, and is in the log when the last one is.
    const packs = pack.length > 1 ? [entries] : entries.map((entry) => [entry]);
    let [left, failure]: [number, AppendFailure | null] = [packs.length, null];
    const settle = (why: AppendFailure | null): void => {
      left -= 1;
      failure ??= why;
      if (left === 0) for (const { answer } of pack) answer?.(failure);
    };
    const answer: AppendAnswer = {
      appended: () => {
        settle(null);
      },
      failed: settle,
    };
    for (const each of packs) this.#parts.logs.append(this.name, each, answer);
  }

  // From the log

  pack(seq: number, entries: Pack): void {
    for (const entry of entries) if (entry.kind === 'relay') this.#take(seq, entry);
    this.#mayRepeat(seq);
  }

  #take(seq: number, { session, head, body, at, bytes, seen }: Entry & { readonly kind: 'relay' }): void {
    this.#seen = Math.max(this.#seen, seen);
    let piece: Uint8Array = Buffer.from(body, 'base64');
    if (piece.length < bytes) {
      const parted = at === 0 ? { pieces: [], length: 0 } : this.#parted.get(session);
      // A part has been lost, with the process that said the message.
      if (parted?.length !== at) return;
      parted.pieces.push(piece);
      parted.length += piece.length;
      if (parted.length < bytes) {
        this.#parted.set(session, parted);
        return;
      }
      this.#parted.delete(session);
      piece = Buffer.concat(parted.pieces);
    }
    const message = messageOf(head);
    if (message === null) return;
    try {
      this.#reader?.heard(seq, nodeOf(session), message, piece);
    } catch (error) {
      const { domain, log } = this.#parts;
      log.error('an error in a link', { domain, error: toError(error).message });
    }
  }

  /** Call it every second. */
  tick(): void {
    this.#mayRepeat(this.#following?.applied ?? 0);
  }

  #mayRepeat(seq: number): void {
    const nowMs = this.#parts.now();
    if (!this.isReady) return;
    if (seq - this.#repeatedSeq < REPEAT_PACKS && nowMs - this.#repeatedMs < REPEAT_MS) return;
    this.#repeatedSeq = seq;
    this.#repeatedMs = nowMs;
    this.#parts.release(this.name, seq);
    this.#reader?.repeat();
  }

  unreadable(): void {
    this.#interrupt();
  }

  missing(): void {
    this.#interrupt();
  }

  regressed(_applied: number, top: number): void {
    this.#beginning = Math.min(this.#beginning, top);
    this.#interrupt();
  }

  /** Messages are missing: everything that depends on their order begins anew. */
  #interrupt(): void {
    this.#parted.clear();
    this.#reader?.missed();
  }

  caughtUp(): void {
    this.#isCaughtUp = true;
    if (this.isReady) this.#reader?.back();
  }

  away(): void {
    const wasReady = this.isReady;
    this.#isAway = true;
    if (wasReady) this.#reader?.away();
  }

  back(): void {
    this.#isAway = false;
    if (this.isReady) this.#reader?.back();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#following?.stop();
  }
}

function messageOf(head: string): Relayed | null {
  try {
    const value: unknown = JSON.parse(head);
    return isRelayed(value) ? value : null;
  } catch {
    return null;
  }
}
