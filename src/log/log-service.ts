/** The end that has the logs. It serves one peer. */
import type { Channel } from './channel.js';
import { decodePack, encodePack, type Unreadable } from './codec.js';
import type { LogName, Pack } from './entry.js';
import { encodeFrame, type Frame, FrameReader } from './frames.js';
import { commonEnd, type Mark, MAX_MARKS } from './marks.js';
import { type Ask, isAsk, MAX_READ_PACKS, PROTOCOL_VERSION, type Tell } from './messages.js';
import type { AppendFailure, Following, LogSink, SharedLog } from './shared-log.js';

/** The most questions of a peer that are under way: it is not read from while it has more. */
const MAX_QUESTIONS = 1_000;
/** The most logs that a peer follows. */
const MAX_FOLLOWINGS = 200_000;

/** An answer to `read` with more bytes than this has no further pack. */
const MAX_READ_BYTES = 1_048_576;

/** The bytes of packs, each encoded once however many peers follow its log. */
export class PackBytes {
  readonly #known = new WeakMap<Pack, Uint8Array>();

  /** @returns null for a pack that cannot be written; a log never takes such a pack */
  of(pack: Pack): Uint8Array | null {
    const known = this.#known.get(pack);
    if (known !== undefined) return known;
    const encoded = encodePack(pack);
    if (encoded.kind !== 'bytes') return null;
    this.#known.set(pack, encoded.bytes);
    return encoded.bytes;
  }
}

/** Follows one log for the peer, no faster than the channel accepts it. */
class Relay implements LogSink {
  readonly #service: LogService;
  readonly #id: number;
  readonly #log: LogName;
  #applied: number;
  /** Null while it does not follow. */
  #following: Following | null = null;
  #isGoing = false;
  #isHeld = false;

  constructor(service: LogService, id: number, log: LogName, after: number) {
    this.#service = service;
    this.#id = id;
    this.#log = log;
    this.#applied = after;
  }

  /** Continues where it stopped, unless it is following already. */
  go(): void {
    if (this.#isGoing) return;
    this.#isGoing = true;
    this.#isHeld = false;
    const following = this.#service.log.follow(this.#log, this.#applied, this);
    this.#following = following;
    this.#settle();
  }

  /** It may have been stopped while the log was handing over its packs. */
  #settle(): void {
    if (!this.#isHeld) return;
    this.#following?.stop();
    this.#following = null;
  }

  /** The peer has applied other packs than the log has after a number. Call it before {@link go}. */
  fallBack(top: number): void {
    if (top < this.#applied) this.#tell(top, { kind: 'regressed', id: this.#id, applied: this.#applied, top });
  }

  stop(): void {
    this.#isHeld = true;
    this.#isGoing = false;
    this.#following?.stop();
    this.#following = null;
  }

  pack(seq: number, entries: Pack): void {
    if (this.#isHeld) return;
    const body = this.#service.bytes.of(entries);
    if (body === null) this.unreadable(seq, { kind: 'malformed' });
    else this.#tell(seq, { kind: 'pack', id: this.#id, seq }, body);
  }

  unreadable(seq: number, why: Unreadable): void {
    if (!this.#isHeld) this.#tell(seq, unreadOf(this.#id, seq, why));
  }

  missing(from: number, to: number): void {
    if (!this.#isHeld) this.#tell(to, { kind: 'missing', id: this.#id, from, to });
  }

  regressed(applied: number, top: number): void {
    if (!this.#isHeld) this.#tell(top, { kind: 'regressed', id: this.#id, applied, top });
  }

  /** @param applied - the last number that the peer will have applied */
  #tell(applied: number, what: Tell, body?: Uint8Array): void {
    this.#applied = applied;
    this.#service.tell(what, body);
    if (!this.#service.isFull) return;
    this.stop();
    this.#service.hold(this);
  }

  caughtUp(): void {
    if (!this.#isHeld) this.#service.tell({ kind: 'caught-up', id: this.#id });
  }

  away(): void {
    if (!this.#isHeld) this.#service.tell({ kind: 'away', id: this.#id });
  }

  back(): void {
    if (!this.#isHeld) this.#service.tell({ kind: 'back', id: this.#id });
  }
}

function unreadOf(id: number, seq: number, why: Unreadable): Tell {
  return { kind: 'unreadable', id, seq, why: why.kind, version: why.kind === 'unknown-version' ? why.version : 0 };
}

/**
 * Serves one peer. Nothing that the peer sends ends the process: anything that is not a message of the protocol closes
 * its channel. The channel bounds the data that waits for the peer: a followed log waits while the channel is full.
 */
export class LogService {
  readonly log: SharedLog;
  readonly bytes: PackBytes;
  readonly #channel: Channel;
  readonly #frames = new FrameReader();
  readonly #relays = new Map<number, Relay>();
  /** The relays that wait for room in the channel. */
  readonly #held = new Set<Relay>();
  #hasGreeted = false;
  #questions = 0;
  #isOver = false;

  constructor(log: SharedLog, channel: Channel, bytes: PackBytes) {
    this.log = log;
    this.bytes = bytes;
    this.#channel = channel;
    this.tell({ kind: 'hello', version: PROTOCOL_VERSION });
  }

  // Events of the channel

  received(bytes: Uint8Array): void {
    this.#frames.push(bytes);
    for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) {
      if (this.#isOver) return;
      if (frame === 'malformed' || !isAsk(frame.head) || !this.#mayAsk(frame.head)) {
        this.#channel.close();
        return;
      }
      this.#serve(frame.head, frame);
    }
  }

  drained(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const relay of held) {
      if (this.isFull) this.#held.add(relay);
      else relay.go();
    }
  }

  /** The peer sends nothing more. It is treated as gone, since nobody would receive its answers. */
  hangUp(): void {
    this.#channel.close();
  }

  /** Another process has the logs next, and the channel is about to be closed. */
  replaced(): void {
    this.tell({ kind: 'replaced' });
  }

  /** The peer is gone. */
  closed(): void {
    this.#isOver = true;
    for (const relay of this.#relays.values()) relay.stop();
    this.#relays.clear();
    this.#held.clear();
  }

  // For the relays

  get isFull(): boolean {
    return this.#channel.isFull;
  }

  tell(what: Tell, body?: Uint8Array): void {
    if (!this.#isOver) this.#channel.send(encodeFrame(what, body));
  }

  /** Restarts a relay when the channel has room. */
  hold(relay: Relay): void {
    this.#held.add(relay);
  }

  // Questions of the peer

  /** The first message, and only that one, states the version of the peer. */
  #mayAsk(ask: Ask): boolean {
    const isGreeting = ask.kind === 'hello';
    if (isGreeting === this.#hasGreeted || (isGreeting && ask.version !== PROTOCOL_VERSION)) return false;
    this.#hasGreeted = true;
    return true;
  }

  #serve(ask: Ask, { body }: Frame): void {
    switch (ask.kind) {
      case 'hello':
        return;
      case 'follow':
        this.#follow(ask);
        return;
      case 'stop':
        this.#stop(ask.id);
        return;
      case 'append':
        this.#append(ask.id, ask.log, body);
        return;
      case 'read':
        this.#answer(this.#read(ask));
        return;
      case 'lease':
        this.#answer(this.log.lease(ask.node, ask.ms).then((ok) => this.tell({ kind: 'done', id: ask.id, ok })));
        return;
      case 'forget':
        this.#answer(this.log.forget(ask.node).then((ok) => this.tell({ kind: 'done', id: ask.id, ok })));
        return;
      case 'expired':
        this.#answer(this.log.expired().then((nodes) => this.#tellNodes(ask.id, nodes)));
        return;
      case 'living':
        this.#answer(this.log.living().then((nodes) => this.#tellNodes(ask.id, nodes)));
    }
  }

  #follow({ id, log, after, marks }: Extract<Ask, { readonly kind: 'follow' }>): void {
    if (this.#relays.has(id) || this.#relays.size >= MAX_FOLLOWINGS) {
      this.#channel.close();
      return;
    }
    const relay = new Relay(this, id, log, after);
    this.#relays.set(id, relay);
    if (marks.length === 0) relay.go();
    else this.#answer(this.#resume(relay, id, log, marks));
  }

  /** Continues for a peer that has applied something, unless the log has different packs. */
  async #resume(relay: Relay, id: number, log: LogName, marks: readonly Mark[]): Promise<void> {
    const after = (marks[0]?.[0] ?? 1) - 1;
    const excerpt = await this.log.read(log, { after, maxPacks: MAX_MARKS });
    if (this.#relays.get(id) !== relay) return;
    const found = new Map<number, Uint8Array>();
    for (const stored of excerpt?.packs ?? []) {
      const bytes = stored.kind === 'pack' ? this.bytes.of(stored.entries) : null;
      if (bytes !== null) found.set(stored.seq, bytes);
    }
    const end = commonEnd(marks, found);
    if (end !== null && end < (marks.at(-1)?.[0] ?? 0)) relay.fallBack(end);
    relay.go();
  }

  #stop(id: number): void {
    const relay = this.#relays.get(id);
    if (relay === undefined) return;
    this.#relays.delete(id);
    this.#held.delete(relay);
    relay.stop();
  }

  #append(id: number, log: LogName, body: Uint8Array): void {
    const decoded = decodePack(body);
    if (decoded.kind !== 'pack') {
      this.tell({ kind: 'failed', id, why: 'invalid' });
      return;
    }
    this.#begin();
    this.log.append(log, decoded.entries, {
      appended: (seq) => {
        this.tell({ kind: 'appended', id, seq });
        this.#end();
      },
      failed: (why: AppendFailure) => {
        this.tell({ kind: 'failed', id, why });
        this.#end();
      },
    });
  }

  /** Answers with some of the packs: the peer asks for the rest. */
  async #read({ id, log, after, maxPacks }: Extract<Ask, { readonly kind: 'read' }>): Promise<void> {
    const excerpt = await this.log.read(log, { after, maxPacks: Math.min(maxPacks, MAX_READ_PACKS) });
    let bytes = 0;
    for (const stored of excerpt?.packs ?? []) {
      if (bytes > MAX_READ_BYTES) break;
      const body = stored.kind === 'pack' ? this.bytes.of(stored.entries) : null;
      bytes += body?.length ?? 0;
      if (stored.kind === 'pack' && body !== null) this.tell({ kind: 'pack', id, seq: stored.seq }, body);
      else this.tell(unreadOf(id, stored.seq, stored.kind === 'pack' ? { kind: 'malformed' } : stored));
    }
    this.tell({ kind: 'excerpt', id, first: excerpt?.first ?? null, top: excerpt?.top ?? null });
  }

  #tellNodes(id: number, nodes: readonly string[] | null): void {
    this.tell({ kind: 'nodes', id }, new TextEncoder().encode(JSON.stringify(nodes)));
  }

  #answer(answering: Promise<void>): void {
    this.#begin();
    answering.then(
      () => {
        this.#end();
      },
      () => {
        // A log never rejects. If one does, the peer must not wait forever.
        this.#channel.close();
      },
    );
  }

  #begin(): void {
    this.#questions += 1;
    if (this.#questions === MAX_QUESTIONS) this.#channel.pause();
  }

  #end(): void {
    this.#questions -= 1;
    if (this.#questions === MAX_QUESTIONS - 1 && !this.#isOver) this.#channel.resume();
  }
}
