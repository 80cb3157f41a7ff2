/** The home of rooms as a node has it: a channel to the log in which another node, or this one, copies what it says. */
import { nameOf, nodeOf } from '../chat/gone-nodes.js';
import { toError } from '../errors.js';
import type { Channel, ChannelEvents, Dial } from '../log/channel.js';
import { encodeFrame, FrameReader } from '../log/frames.js';
import type { Bus } from './bus.js';
import { MAX_PENDING_BYTES } from './dial.js';
import { type GoneFacts, GoneReports } from './gone-reports.js';
import { encodeHeirs, isVisit, LINK_VERSION, STATE_PART_BYTES, type Visit, type Word } from './messages.js';
import type { Relayed, RoomRelayed } from './relayed.js';
import type { DomainLog } from './settings.js';
import type { Tenure } from './tenure.js';

/** How far a room has been copied into the log. */
interface Stream {
  /** The run of the home that the numbers belong to. */
  epoch: string;
  /** The number of the last pack; null if that is not known. */
  seq: number | null;
  /** Names the last time that all packs were copied; null if the link has been lost since then. */
  sync: number | null;
}

/** A room that is followed here. */
interface Followed {
  readonly id: number;
  readonly room: string;
  /** Whether it has the room as a whole. */
  isLive: boolean;
}

const NOBODY: ReadonlySet<Followed> = new Set();

/** The parts of the home. */
export interface SharedHomeParts extends GoneFacts {
  readonly bus: Bus;
  readonly tenure: Tenure;
  /** The name of the home. */
  readonly home: string;
  /** The beginning of the sessions of this domain there. */
  readonly lineage: string;
  readonly log: DomainLog;
}

/** Answers what this node says to the home out of the log of all nodes. */
export class SharedHome {
  readonly #parts: SharedHomeParts;
  readonly #streams = new Map<string, Stream>();
  /** Whether the node that holds the link has said that it is up. */
  #isUp = false;
  #channel: SharedChannel | null = null;
  /** The greeting that this node has received over the channel; null before that. */
  #greeting: string | null = null;
  readonly #followed = new Map<number, Followed>();
  /** The same by the names of rooms. */
  readonly #byRoom = new Map<string, Set<Followed>>();
  readonly #goneReports: GoneReports;
  /** Called when nothing can be offered until rooms have caught up. */
  onPause: () => void = () => undefined;

  constructor(parts: SharedHomeParts) {
    this.#parts = parts;
    this.#goneReports = new GoneReports(parts, parts.lineage);
  }

  /** Opens a channel as soon as the link is up, whichever node holds it. */
  readonly dial: Dial = (events) => {
    const channel = new SharedChannel(events, {
      heard: (visit, body) => {
        if (this.#channel !== channel) return;
        try {
          this.#hear(visit, body);
        } catch (error) {
          const { home: domain, log } = this.#parts;
          log.error('an error in a link', { domain, error: toError(error).message });
          channel.close();
        }
      },
      closed: () => {
        if (this.#channel === channel) this.#forget();
      },
    });
    this.#channel = channel;
    this.#mayOpen();
    return channel;
  };

  /** Returns how far a room has been copied. */
  streamOf(room: string): { readonly epoch: string; readonly after: number } | null {
    const stream = this.#streams.get(room);
    return stream === undefined || stream.seq === null ? null : { epoch: stream.epoch, after: stream.seq };
  }

  #mayOpen(): void {
    const { bus, tenure } = this.#parts;
    if (this.#channel !== null && bus.isReady && tenure.home !== null) this.#channel.open();
  }

  /** The home cannot be reached, or other nodes cannot: the channel stays, so that no pack is missed afterwards. */
  #pause(): void {
    for (const stream of this.#streams.values()) stream.sync = null;
    this.onPause();
  }

  /** Whether the home has other facts than those that this node has received over the channel. */
  get #isOutdated(): boolean {
    return this.#greeting !== null && this.#greeting !== JSON.stringify(this.#parts.tenure.home);
  }

  /** Asks for everything again: the node that holds the link may not know of it. */
  #goOn(): void {
    const { bus, tenure } = this.#parts;
    if (!bus.isReady || tenure.home === null) return;
    if (this.#isOutdated) this.#channel?.close();
    for (const { room, isLive } of this.#followed.values()) bus.say({ kind: 'want', room, isFresh: !isLive });
    this.#mayOpen();
  }

  #forget(): void {
    this.#channel = null;
    this.#greeting = null;
    this.#followed.clear();
    this.#byRoom.clear();
  }

  #drop(followed: Followed): void {
    this.#followed.delete(followed.id);
    this.#byRoom.get(followed.room)?.delete(followed);
    if (this.#byRoom.get(followed.room)?.size === 0) this.#byRoom.delete(followed.room);
  }

  #tell(word: Word, body?: Uint8Array): void {
    this.#channel?.deliver(encodeFrame(word, body));
  }

  // From this node

  #hear(visit: Visit, body: Uint8Array): void {
    const { bus, tenure, home } = this.#parts;
    switch (visit.kind) {
      case 'hello':
        if (tenure.home === null) {
          this.#channel?.close();
          return;
        }
        this.#greeting = JSON.stringify(tenure.home);
        this.#tell({ kind: 'hello', version: LINK_VERSION, domain: home, ...tenure.home });
        return;
      case 'follow':
        this.#follow(visit);
        return;
      case 'stop': {
        const followed = this.#followed.get(visit.id);
        if (followed === undefined) return;
        this.#drop(followed);
        bus.say({ kind: 'drop', room: followed.room });
        return;
      }
      case 'append':
        this.#offer(visit, body);
        return;
      case 'pulse':
        this.#tell({ kind: 'pulse' });
        return;
      // Nodes report each other in another way, and letters have a way of their own.
      case 'gone':
      case 'tell':
      case 'told':
    }
  }

  #follow({ id, room, resume }: Extract<Visit, { readonly kind: 'follow' }>): void {
    const stream = this.#streams.get(room);
    const isLive = resume !== null && stream?.epoch === resume.epoch && stream.seq === resume.after;
    const followed: Followed = { id, room, isLive };
    this.#followed.set(id, followed);
    this.#byRoom.set(room, (this.#byRoom.get(room) ?? new Set()).add(followed));
    this.#parts.bus.say({ kind: 'want', room, isFresh: !isLive });
  }

  #offer({ id, turn }: Extract<Visit, { readonly kind: 'append' }>, body: Uint8Array): void {
    const { bus, tenure } = this.#parts;
    const channel = this.#channel;
    const followed = this.#followed.get(id);
    const stream = followed?.isLive === true ? this.#streams.get(followed.room) : undefined;
    const sync = stream?.sync ?? null;
    if (followed === undefined || sync === null) {
      // It is offered again when the room has caught up.
      this.#tell({ kind: 'failed', turn, why: 'unknown' });
      return;
    }
    const { term } = tenure.tenant;
    this.#reportGone();
    bus.say({ kind: 'offer', room: followed.room, term, sync }, body, (why) => {
      if (this.#channel !== channel) return;
      const isLate = term !== tenure.tenant.term || stream?.sync !== sync;
      if (why === null && !isLate) this.#tell({ kind: 'appended', turn });
      else this.#tell({ kind: 'failed', turn, why: why === 'invalid' ? 'invalid' : 'unknown' });
      // The room has caught up while the offer was on its way.
      if (isLate && stream?.sync !== null) this.#tell({ kind: 'caught-up', id });
    });
  }

  /** The others must know that people of this node have had other sessions, before these offer anything. */
  #reportGone(): void {
    const { bus } = this.#parts;
    this.#goneReports.report(
      (node, heirs) => {
        bus.say({ kind: 'lost', node }, encodeHeirs(heirs));
      },
      (node, heirs) => nameOf(node) === nameOf(bus.node) || heirs.some(([, session]) => nodeOf(session) === bus.node),
    );
  }

  // From the log

  heard(message: Relayed, body: Uint8Array): void {
    const { tenure } = this.#parts;
    if (message.kind === 'held' && message.term === tenure.tenant.term) {
      const wasUp = this.#isUp;
      this.#isUp = message.home !== null;
      if (wasUp && !this.#isUp) this.#pause();
      // The message that the link was down may have been lost.
      else if (this.#isUp && (!wasUp || this.#isOutdated)) this.#goOn();
      return;
    }
    if (message.kind === 'offer' || message.kind === 'roll-call') return;
    if (!('room' in message) || !('term' in message)) return;
    if (message.term === tenure.tenant.term) this.#relay(message, body);
  }

  /** Another node holds the link, or nobody. */
  moved(): void {
    this.#isUp = false;
    this.#goneReports.restart();
    this.#pause();
  }

  #relay(message: RoomRelayed, body: Uint8Array): void {
    const { room } = message;
    const followed = this.#byRoom.get(room) ?? NOBODY;
    switch (message.kind) {
      case 'state':
        this.#relayState(message, body, followed);
        return;
      case 'pack': {
        const stream = this.#streams.get(room);
        // A pack that two nodes have copied counts once; one behind a gap is copied again.
        if (stream === undefined || stream.seq === null || message.seq !== stream.seq + 1) return;
        stream.seq = message.seq;
        for (const { id, isLive } of followed) {
          if (isLive) this.#tell({ kind: 'pack', id, seq: message.seq }, body);
        }
        return;
      }
      case 'caught-up':
        this.#caughtUp(message, followed);
        return;
      case 'refused':
        this.#streams.delete(room);
        for (const each of [...followed]) {
          this.#drop(each);
          this.#tell({ kind: 'refused', id: each.id });
        }
        return;
      case 'away':
      case 'back':
        for (const { id } of followed) this.#tell({ kind: message.kind, id });
    }
  }

  #relayState(
    { room, log, seq, isFresh }: RoomRelayed & { readonly kind: 'state' },
    body: Uint8Array,
    followed: Iterable<Followed>,
  ): void {
    const stream = this.#streams.get(room) ?? { epoch: '', seq: null, sync: null };
    this.#streams.set(room, stream);
    // Packs after the last one that has been copied follow, if there was one.
    if (!isFresh || stream.seq === null) {
      stream.seq = seq;
      stream.epoch = this.#parts.tenure.home?.epoch ?? '';
    }
    for (const each of followed) {
      if (each.isLive && isFresh) continue;
      each.isLive = true;
      for (let at = 0; at < body.length; at += STATE_PART_BYTES) {
        const part = body.subarray(at, at + STATE_PART_BYTES);
        this.#tell({ kind: 'state', id: each.id, log, seq, bytes: body.length }, part);
      }
      if (stream.sync !== null) this.#tell({ kind: 'caught-up', id: each.id });
    }
  }

  #caughtUp({ room, sync }: RoomRelayed & { readonly kind: 'caught-up' }, followed: Iterable<Followed>): void {
    const stream = this.#streams.get(room);
    if (stream === undefined) return;
    stream.sync = sync;
    stream.epoch = this.#parts.tenure.home?.epoch ?? stream.epoch;
    for (const { id, isLive } of followed) if (isLive) this.#tell({ kind: 'caught-up', id });
  }

  missed(): void {
    this.#streams.clear();
    this.#channel?.close();
  }

  away(): void {
    this.#pause();
  }

  back(): void {
    this.#goOn();
  }
}

/** The observer of the bytes of this node. */
interface SharedChannelOwner {
  heard(visit: Visit, body: Uint8Array): void;
  closed(): void;
}

/** One end of a way of bytes whose other end is in this process. */
class SharedChannel implements Channel {
  readonly isFull = false;
  readonly #events: ChannelEvents;
  readonly #owner: SharedChannelOwner;
  readonly #frames = new FrameReader();
  /** Bytes that wait while nothing is received. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isPaused = false;
  #isDelivering = false;
  #phase: 'new' | 'open' | 'closed' = 'new';

  constructor(events: ChannelEvents, owner: SharedChannelOwner) {
    this.#events = events;
    this.#owner = owner;
  }

  open(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'open';
    queueMicrotask(() => {
      if (this.#phase === 'open') this.#events.opened();
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#phase !== 'open') return;
    this.#frames.push(bytes);
    for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) {
      if (frame === 'malformed' || !isVisit(frame.head)) return;
      const { head } = frame;
      // The body is valid only until the next frame.
      this.#owner.heard(head, new Uint8Array(frame.body));
    }
  }

  /** Lets this node receive bytes. */
  deliver(bytes: Uint8Array): void {
    if (this.#phase !== 'open') return;
    this.#heldBytes += bytes.length;
    // A connection to the home would be closed as well.
    if (this.#heldBytes > MAX_PENDING_BYTES) {
      this.close();
      return;
    }
    this.#held.push(bytes);
    this.#release();
  }

  #release(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      while (!this.#isPaused && this.#phase === 'open') {
        const next = this.#held.shift();
        if (next === undefined) return;
        this.#heldBytes -= next.length;
        this.#events.received(next);
      }
    } finally {
      this.#isDelivering = false;
    }
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => {
      this.#release();
    });
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#held = [];
    this.#owner.closed();
    queueMicrotask(() => {
      this.#events.closed();
    });
  }
}
