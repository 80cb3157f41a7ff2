/** The logs of another process: all calls go over one channel. */
import type { ChannelEvents } from './channel.js';
import { decodePack, encodePack, type Unreadable } from './codec.js';
import { type LogName, MAX_PACK_ENTRIES, type Pack } from './entry.js';
import { encodeFrame, FrameReader } from './frames.js';
import { Marks } from './marks.js';
import { type Ask, isTell, PROTOCOL_VERSION, type Tell, type Unread } from './messages.js';
import { Redial, type RedialOptions } from './redial.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink, SharedLog, StoredPack } from './shared-log.js';

/** The choices of a {@link SocketLog}. */
export interface SocketLogOptions extends RedialOptions {
  /** Called when the other end has another version; the connection is retried all the same. */
  readonly onVersion?: (version: number) => void;
  /** Called once when the other end is gone, and once when it is there. */
  readonly onReach?: (reach: Reach) => void;
}

/** Whether the other end is there; `replaced`: it is gone, and has said that another process has the logs next. */
export type Reach = 'there' | 'lost' | 'replaced';

/** Reads the names of nodes; null if they are malformed. */
function nodesOf(body: Uint8Array): readonly string[] | null {
  try {
    const nodes: unknown = JSON.parse(new TextDecoder().decode(body));
    return Array.isArray(nodes) ? nodes.map(String) : null;
  } catch {
    return null;
  }
}

function whyOf({ why, version }: Unread): Unreadable {
  return why === 'unknown-version' ? { kind: why, version } : { kind: why };
}

/** A follower of a log, over successive channels. */
class Follower implements Following {
  readonly log: LogName;
  readonly id: number;
  readonly #client: SocketLog;
  readonly #sink: LogSink;
  /**
   * The other end uses these to notice that it has lost packs that were applied here, even if other packs have their
   * numbers.
   */
  readonly marks = new Marks();
  #applied: number;
  #isAway = false;
  #hasCaughtUp = false;
  #isOver = false;

  constructor(client: SocketLog, id: number, log: LogName, after: number, sink: LogSink) {
    this.#client = client;
    this.id = id;
    this.log = log;
    this.#applied = after;
    this.#sink = sink;
  }

  get applied(): number {
    return this.#applied;
  }

  stop(): void {
    if (this.#isOver) return;
    this.end();
    this.#client.leave(this);
  }

  /** It receives nothing more. */
  end(): void {
    this.#isOver = true;
  }

  away(): void {
    if (this.#isAway || this.#isOver) return;
    this.#isAway = true;
    this.#sink.away();
  }

  back(): void {
    if (!this.#isAway || this.#isOver) return;
    this.#isAway = false;
    this.#sink.back();
  }

  /** Takes a message of the other end about the log. @returns false if it cannot follow the earlier ones */
  take(what: Tell, body: Uint8Array): boolean {
    if (this.#isOver) return true;
    switch (what.kind) {
      case 'pack':
      case 'unreadable':
        if (what.seq !== this.#applied + 1) return false;
        this.#applied = what.seq;
        this.#read(what, body);
        return true;
      case 'missing':
        if (what.from !== this.#applied + 1 || what.to < what.from) return false;
        this.#applied = what.to;
        this.#sink.missing(what.from, what.to);
        return true;
      case 'regressed':
        if (what.applied !== this.#applied || what.top >= what.applied) return false;
        this.#applied = what.top;
        this.marks.cutAfter(what.top);
        this.#sink.regressed(what.applied, what.top);
        return true;
      case 'caught-up':
        if (!this.#hasCaughtUp) {
          this.#hasCaughtUp = true;
          this.#sink.caughtUp();
        }
        return true;
      case 'away':
        this.away();
        return true;
      case 'back':
        this.back();
        return true;
      default:
        return false;
    }
  }

  #read(what: Extract<Tell, { readonly kind: 'pack' | 'unreadable' }>, body: Uint8Array): void {
    if (what.kind === 'unreadable') {
      this.#sink.unreadable(what.seq, whyOf(what));
      return;
    }
    this.marks.add(what.seq, body);
    const decoded = decodePack(body);
    if (decoded.kind === 'pack') this.#sink.pack(what.seq, decoded.entries);
    else this.#sink.unreadable(what.seq, decoded);
  }
}

/** A question that waits for an answer. */
interface Question {
  /** @returns false if that is not an answer to it */
  answer(what: Tell, body: Uint8Array): boolean;
  /** There will be no answer. */
  lost(): void;
}

/**
 * The logs of another process. While that cannot be reached, appends fail as `unknown`, followers get `away`, and the
 * connection is retried. Followers then continue where they stopped.
 */
export class SocketLog implements SharedLog, ChannelEvents {
  readonly #onVersion: (version: number) => void;
  readonly #onReach: (reach: Reach) => void;
  readonly #line: Redial;
  #frames = new FrameReader();
  /** Whether the other end has said that it has this version. */
  #isReachable = false;
  /** Whether the other end has said that another process follows. */
  #isReplaced = false;
  #lastId = 0;
  readonly #followers = new Map<number, Follower>();
  readonly #questions = new Map<number, Question>();
  #isClosed = false;

  constructor({ onVersion, onReach, ...line }: SocketLogOptions) {
    this.#onVersion = onVersion ?? (() => undefined);
    this.#onReach = onReach ?? (() => undefined);
    this.#line = new Redial(line, this);
  }

  /** Whether the other end is there. */
  get isReachable(): boolean {
    return this.#isReachable;
  }

  append(log: LogName, pack: Pack, answer: AppendAnswer): void {
    if (this.#isClosed) {
      answer.failed('closed');
      return;
    }
    const encoded = encodePack(pack);
    if (encoded.kind !== 'bytes' || pack.length > MAX_PACK_ENTRIES) {
      answer.failed('invalid');
      return;
    }
    const question: Question = {
      answer: (what) => {
        if (what.kind === 'appended') answer.appended(what.seq);
        else if (what.kind === 'failed') answer.failed(what.why);
        else return false;
        return true;
      },
      lost: () => {
        answer.failed(this.#isClosed ? 'closed' : 'unknown');
      },
    };
    this.#ask((id) => ({ kind: 'append', id, log }), question, encoded.bytes);
  }

  follow(log: LogName, after: number, sink: LogSink): Following {
    this.#lastId += 1;
    const follower = new Follower(this, this.#lastId, log, after, sink);
    if (this.#isClosed) return follower;
    this.#followers.set(follower.id, follower);
    if (this.#isReachable) this.#begin(follower);
    else follower.away();
    return follower;
  }

  leave({ id }: Follower): void {
    if (this.#followers.delete(id) && this.#isReachable) this.#send({ kind: 'stop', id });
  }

  async read(log: LogName, { after, maxPacks }: LogRange): Promise<Excerpt | null> {
    const packs: StoredPack[] = [];
    for (;;) {
      const page = await this.#page(log, packs.at(-1)?.seq ?? after, maxPacks - packs.length);
      if (page === null) return null;
      const last = packs.at(-1);
      // Earlier packs are not kept any more, so packs are missing after them.
      if (last !== undefined && page.packs[0] !== undefined && page.packs[0].seq !== last.seq + 1) packs.length = 0;
      packs.push(...page.packs);
      const { first, top } = page;
      const isWhole = page.packs.length === 0 || packs.length >= maxPacks || (packs.at(-1)?.seq ?? top) >= top;
      if (isWhole) return { packs, first, top };
    }
  }

  #page(log: LogName, after: number, maxPacks: number): Promise<Excerpt | null> {
    return new Promise((resolve) => {
      const packs: StoredPack[] = [];
      this.#ask((id) => ({ kind: 'read', id, log, after, maxPacks }), {
        answer: (what, body) => {
          switch (what.kind) {
            case 'pack':
              packs.push({ seq: what.seq, ...decodePack(body) });
              return true;
            case 'unreadable':
              packs.push({ seq: what.seq, ...whyOf(what) });
              return true;
            case 'excerpt':
              resolve(what.first === null || what.top === null ? null : { packs, first: what.first, top: what.top });
              return true;
            default:
              return false;
          }
        },
        lost: () => {
          resolve(null);
        },
      });
    });
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#confirm((id) => ({ kind: 'lease', id, node, ms }));
  }

  forget(node: string): Promise<boolean> {
    return this.#confirm((id) => ({ kind: 'forget', id, node }));
  }

  expired(): Promise<readonly string[] | null> {
    return this.#nodes('expired');
  }

  living(): Promise<readonly string[] | null> {
    return this.#nodes('living');
  }

  #nodes(kind: 'expired' | 'living'): Promise<readonly string[] | null> {
    return new Promise((resolve) => {
      this.#ask((id) => ({ kind, id }), {
        answer: (what, body) => {
          if (what.kind !== 'nodes') return false;
          resolve(nodesOf(body));
          return true;
        },
        lost: () => {
          resolve(null);
        },
      });
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const follower of this.#followers.values()) follower.end();
    this.#followers.clear();
    this.#line.close();
    this.#loseQuestions();
  }

  #confirm(ask: (id: number) => Ask): Promise<boolean> {
    return new Promise((resolve) => {
      this.#ask(ask, {
        answer: (what) => {
          if (what.kind !== 'done') return false;
          resolve(what.ok);
          return true;
        },
        lost: () => {
          resolve(false);
        },
      });
    });
  }

  #ask(ask: (id: number) => Ask, question: Question, body?: Uint8Array): void {
    if (!this.#isReachable || this.#isClosed) {
      question.lost();
      return;
    }
    this.#lastId += 1;
    this.#questions.set(this.#lastId, question);
    this.#send(ask(this.#lastId), body);
  }

  #send(ask: Ask, body?: Uint8Array): void {
    this.#line.channel.send(encodeFrame(ask, body));
  }

  #begin({ id, log, applied, marks }: Follower): void {
    this.#send({ kind: 'follow', id, log, after: applied, marks: marks.all });
  }

  // Events of the channel

  opened(): void {
    this.#send({ kind: 'hello', version: PROTOCOL_VERSION });
  }

  received(bytes: Uint8Array): void {
    this.#frames.push(bytes);
    for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) {
      if (this.#isClosed) return;
      if (frame !== 'malformed' && isTell(frame.head) && this.#hear(frame.head, frame.body)) continue;
      this.#line.channel.close();
      return;
    }
  }

  drained(): void {
    // Callers wait for answers, so little is ever queued.
  }

  closed(): void {
    const wasReachable = this.#isReachable;
    this.#frames = new FrameReader();
    this.#isReachable = false;
    const reach = this.#isReplaced ? 'replaced' : 'lost';
    this.#isReplaced = false;
    this.#loseQuestions();
    if (this.#isClosed) return;
    for (const follower of [...this.#followers.values()]) follower.away();
    this.#line.lost();
    if (wasReachable) this.#onReach(reach);
  }

  /** @returns false if the message is not allowed now */
  #hear(what: Tell, body: Uint8Array): boolean {
    if (what.kind === 'hello') return this.#greet(what.version);
    if (!this.#isReachable) return false;
    if (what.kind === 'replaced') {
      this.#isReplaced = true;
      return true;
    }
    const follower = this.#followers.get(what.id);
    if (follower !== undefined) return follower.take(what, body);
    const question = this.#questions.get(what.id);
    // The other end may mention a stopped one until it learns of that.
    if (question === undefined) return true;
    const isPart = what.kind === 'pack' || what.kind === 'unreadable';
    if (!isPart) this.#questions.delete(what.id);
    return question.answer(what, body);
  }

  /** The other end has greeted. */
  #greet(version: number): boolean {
    if (version !== PROTOCOL_VERSION) this.#onVersion(version);
    if (version !== PROTOCOL_VERSION || this.#isReachable) return false;
    this.#isReachable = true;
    this.#line.succeeded();
    const followers = [...this.#followers.values()];
    for (const follower of followers) this.#begin(follower);
    for (const follower of followers) if (this.#followers.has(follower.id)) follower.back();
    this.#onReach('there');
    return true;
  }

  #loseQuestions(): void {
    const questions = [...this.#questions.values()];
    this.#questions.clear();
    for (const question of questions) question.lost();
  }
}
