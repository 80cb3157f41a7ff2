/** The link between a session and its wire: how far the peer may fall behind, and when the session wakes. */
import type { Encoder } from '../chat/member.js';
import type { Room } from '../chat/room.js';
import type { Wire } from '../front/wire.js';
import { type Audience, endAudienceOf } from '../net/audience.js';
import type { ReleasedConnection } from '../net/connection.js';
import type { Place as ListenPlace } from '../net/place.js';
import type { ClassSettings } from '../protocol/limits.js';
import { sendQueueExceeded, tookNothing } from '../protocol/parting.js';
import {
  DEAF,
  type EntryRefused,
  type Link,
  type RelayedPeer,
  type Session,
  type Transport,
} from '../protocol/session.js';
import type { SlowReader } from './backlog.js';
import type { ClientState } from './client-state.js';
import { type Alarm, type Clock, SYSTEM_CLOCK } from './clock.js';
import { type Piece, Place } from './place.js';
import type { Worker } from './run-queue.js';
import { share } from './share.js';
import type { Tally } from './tally.js';
import type { TapeShelf } from './tape-shelf.js';

/** The most pending bytes that may not have been offered to the kernel yet: the turn's arena, and one write. */
const UNOFFERED_BYTES = 1_048_576;
/**
 * A peer has fallen behind if this many bytes wait for it after a turn. It then continues from its place, if rooms keep
 * messages.
 */
export const PLACE_FROM_BYTES = 4096;
/** The most bytes that a peer which catches up is sent before others have their turn. */
const FEED_BYTES = 16_384;
/** A long answer waits for a peer that so many bytes wait for. */
export const FULL_BYTES = 131_072;
/** The interval of `tick`. A link that is to wake later than this has no timer of its own. */
export const TICK_MS = 1000;
/** A peer that does not close its side is cut off after this time. */
const LINGER_MS = 2000;

/** Takes up what many links have to do, so that it is done once, after the turn. */
export interface LinkEvents {
  readonly tally: Tally;
  /** The tapes that rooms keep for those who have fallen behind. */
  readonly shelf: TapeShelf;
  /** The link's output has passed its high-water mark. Called within a fan-out, so it must not close anything. */
  overflowed(link: ConnectionLink): void;
  /** The link's session has more to do once the others have had their turn. */
  soon(link: ConnectionLink): void;
  /** Lets the link's peer in under another address. @returns the limits of that address, or why it is refused */
  relocate(link: ConnectionLink, peer: RelayedPeer): ClassSettings | EntryRefused;
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}

const NOTHING = new Uint8Array(0);

/** Rare states of a link, as bits of one number: a field for each would cost every idle client 8 bytes. */
const MARKS = {
  /** It is in line for its next piece of work after the others. */
  linedUp: 1,
  /** That piece is to wake the session. */
  wokenSoon: 2,
  /** That piece is to send the next of what the peer has missed. */
  fedSoon: 4,
  /** Its session takes nothing for now. */
  paused: 8,
  /** It is noted that `assess` is to be called. */
  toBeAssessed: 16,
  /** It is far behind: nothing is read from it, and droppable messages are skipped. */
  congested: 32,
  /** It was cut off because it read too slowly. */
  tooSlow: 64,
} as const;
type Mark = (typeof MARKS)[keyof typeof MARKS];

/** The facts about a connection; those of its peer change if that turns out to be a gateway. */
export interface LinkFacts {
  readonly id: number;
  readonly protocol: string;
  /** Where its listener listens; not given if nobody has to know. */
  readonly at?: ListenPlace;
  readonly host: string;
  readonly port: number;
  readonly transport: Transport;
  readonly isSecure: boolean;
  readonly certificate: string | null;
}

/** A client that goes on elsewhere, with its connection and the place of its listener. */
export interface GivenClient {
  readonly state: ClientState;
  readonly released: ReleasedConnection;
  readonly at: ListenPlace;
}

/** The link of one connection. */
export class ConnectionLink implements Link, Worker, SlowReader {
  // The fields that a fan-out reads are first: the processor's cache has them together then.
  #encoder: Encoder = DEAF;
  /** Whether it has a place, or is congested: then not all that is sent goes to the wire. */
  #isHeldBack = false;
  #isFull = false;
  /** Whether the kernel has not taken all, and `drained` has not followed yet. */
  #isBehind = false;
  readonly #wire: Wire;
  readonly #events: LinkEvents;
  readonly id: number;
  readonly protocol: string;
  readonly #at: ListenPlace | null;
  readonly transport: Transport;
  session: Session | null = null;
  readonly #clock: Clock;
  #remoteHost: string;
  #remotePort: number;
  #isSecure: boolean;
  #certificate: string | null;
  #limits: ClassSettings;
  /** The next call of a clock: at a time, and then, or at once, behind the bytes that have arrived. */
  #alarm: Alarm | null = null;
  /** When `tick` must wake the session, in whole milliseconds of the monotonic clock; 0 for never. */
  #wakeAtMs = 0;
  /** A set of {@link MARKS}. */
  #marks = 0;
  /** Where it goes on once it has read what it has; null unless it has fallen behind, or when rooms keep nothing. */
  #place: Place | null = null;
  #droppedMessages = 0;
  #closeReason: string | null = null;

  constructor(wire: Wire, facts: LinkFacts, limits: ClassSettings, events: LinkEvents, clock: Clock = SYSTEM_CLOCK) {
    this.#wire = wire;
    this.id = facts.id;
    this.protocol = facts.protocol;
    this.#at = facts.at ?? null;
    this.#remoteHost = facts.host;
    this.#remotePort = facts.port;
    this.transport = facts.transport;
    this.#isSecure = facts.isSecure;
    this.#certificate = facts.certificate;
    this.#limits = limits;
    this.#events = events;
    this.#clock = clock;
  }

  get encoder(): Encoder {
    return this.#encoder;
  }

  set encoder(encoder: Encoder) {
    // Sessions set it with each line.
    if (encoder === this.#encoder) return;
    endAudienceOf(this.#wire);
    this.#encoder = encoder;
  }

  get remoteHost(): string {
    return this.#remoteHost;
  }

  get remotePort(): number {
    return this.#remotePort;
  }

  get isSecure(): boolean {
    return this.#isSecure;
  }

  get certificate(): string | null {
    return this.#certificate;
  }

  get limits(): ClassSettings {
    return this.#limits;
  }

  #has(mark: Mark): boolean {
    return (this.#marks & mark) !== 0;
  }

  #mark(mark: Mark, on: boolean): void {
    this.#marks = on ? this.#marks | mark : this.#marks & ~mark;
  }

  relocate(peer: RelayedPeer): EntryRefused | null {
    const moved = this.#events.relocate(this, peer);
    if ('reason' in moved) return moved;
    this.#remoteHost = peer.host;
    this.#remotePort = peer.port;
    this.#isSecure &&= peer.isSecure;
    // The gateway's own certificate says nothing about those for whom it speaks.
    this.#certificate = null;
    this.#limits = moved;
    return null;
  }

  /** Bytes that wait for it alone. */
  get pendingBytes(): number {
    return this.#wire.isDestroyed ? 0 : this.#wire.pendingBytes + (this.#place?.heldBytes ?? 0);
  }

  get isFull(): boolean {
    if (this.#place !== null) return true;
    return this.#isFull && this.#wire.pendingBytes > Math.min(FULL_BYTES, this.limits.softSendQueueBytes);
  }

  get isBehind(): boolean {
    return this.#place !== null;
  }

  /** Why it was closed or cut off; null while it is open. */
  get closeReason(): string | null {
    return this.#closeReason;
  }

  /** Whether it was cut off because it read too slowly. */
  get isTooSlow(): boolean {
    return this.#has(MARKS.tooSlow);
  }

  send(bytes: Uint8Array, droppable: boolean, room: Room | null): void {
    if (this.#isHeldBack && this.#holdsBack(bytes, droppable, room)) return;
    this.#events.tally.deliveries += 1;
    this.#sent(this.#wire.write(share(bytes)));
  }

  /** Joins those who are sent by one call what many get. @returns false if it has to be sent to by itself */
  enter(audience: Audience): boolean {
    return !this.#isHeldBack && !this.#isFull && audience.add(this.#wire);
  }

  /** Leaves those who are sent by one call, if it is among them. */
  exit(audience: Audience): void {
    audience.remove(this.#wire);
  }

  /** Sends something to all of an audience but this one. @returns how many they are; null if the audience has ended */
  sendToOthers(audience: Audience, content: Uint8Array | string): number | null {
    return audience.send(content, this.#wire);
  }

  /** From now on, not all that is sent goes to the wire. */
  #holdBack(): void {
    endAudienceOf(this.#wire);
    this.#isHeldBack = true;
  }

  /** @returns whether the bytes are left out, or sent later */
  #holdsBack(bytes: Uint8Array, droppable: boolean, room: Room | null): boolean {
    if (this.#has(MARKS.congested) && droppable) {
      this.#droppedMessages += 1;
      return true;
    }
    const place = this.#place;
    if (place === null) return false;
    this.#events.tally.deliveries += 1;
    // On a tape, what is left out for some would cut the ranges of others into pieces.
    if (room === null || droppable) place.addOwn(bytes);
    else place.addShared(bytes, room, this.#encoder);
    this.#missed(place);
    return true;
  }

  #missed(place: Place): void {
    const { sendQueueBytes, softSendQueueBytes } = this.limits;
    if (place.heldBytes > sendQueueBytes + UNOFFERED_BYTES) this.#cutForOverflow();
    else if (
      place.heldBytes > sendQueueBytes ||
      (!this.#has(MARKS.congested) && place.missedBytes > softSendQueueBytes)
    ) {
      this.#askToAssess();
    }
  }

  /**
   * Describes the client, so that another process can go on with it. Afterwards this link takes and sends nothing more;
   * the connection and what it holds are the caller's.
   *
   * @returns null if it cannot be described now: it waits for something, or is further behind than its send queue may
   *   hold; or ever: what carries it (TLS, a WebSocket) is state of this process
   */
  describe(): ClientState | null {
    if (this.transport === 'tls' || this.transport === 'web' || this.#closeReason !== null) return null;
    if (this.#place !== null && this.#place.missedBytes > this.limits.sendQueueBytes) return null;
    const session = this.session?.describe() ?? null;
    if (session === null) return null;
    const unsent = this.#takeMissed().toString('base64');
    this.#retire();
    return { host: this.remoteHost, port: this.remotePort, unsent, session };
  }

  /** Whether it can be given away, now or as soon as what it waits for is there. */
  get canMove(): boolean {
    const isPlain = this.transport !== 'tls' && this.transport !== 'web' && this.#wire.release !== undefined;
    return isPlain && this.#at !== null && this.#closeReason === null && !this.#wire.isDestroyed;
  }

  /** Reads nothing more from the peer: it goes on elsewhere. */
  hold(): void {
    this.#wire.pause();
  }

  /** Whether it can move, but waits for something. */
  get isWaiting(): boolean {
    return this.canMove && this.session?.settle() === false;
  }

  /** Gives the client away with its connection. @returns null if it cannot move, or the connection has just broken */
  giveAway(): GivenClient | null {
    const at = this.#at;
    if (!this.canMove || at === null) return null;
    const state = this.describe();
    if (state === null) return null;
    try {
      const released = this.#wire.release?.();
      return released === undefined ? null : { state, released, at };
    } catch {
      // Its peer has reset it.
      return null;
    }
  }

  /** The session goes on elsewhere. */
  #retire(): void {
    this.closed();
    this.session = null;
    this.encoder = DEAF;
    this.#mark(MARKS.congested, false);
    this.#isHeldBack = false;
  }

  /** Takes all that a peer which is behind has missed. */
  #takeMissed(): Buffer {
    const bytes: Uint8Array[] = [];
    for (;;) {
      const piece = this.#place?.take(FEED_BYTES) ?? null;
      if (piece === null) return Buffer.concat(bytes);
      bytes.push(this.#bytesOf(piece));
    }
  }

  /** Goes on as a client of another process. @param restore - makes the session */
  takeOver({ unsent }: ClientState, restore: () => void): void {
    const bytes = Buffer.from(unsent, 'base64');
    if (bytes.length > 0) this.answer(bytes);
    restore();
  }

  expel(reason: string, ban?: string): void {
    this.session?.expel(reason, ban);
  }

  answer(bytes: Uint8Array): void {
    if (this.#place === null) {
      this.#sent(this.#wire.write(bytes));
      return;
    }
    this.#place.addOwn(bytes);
    this.#missed(this.#place);
  }

  #sent(hasRoom: boolean): void {
    if (hasRoom && !this.#isFull) return;
    this.#isFull = true;
    const { pendingBytes } = this.#wire;
    const { sendQueueBytes, softSendQueueBytes } = this.limits;
    // One turn may bring more than the limit. Cutting it off here only marks it: it is swept at the end of the turn.
    if (pendingBytes > softSendQueueBytes + UNOFFERED_BYTES && this.#events.shelf.isKeeping) this.#takePlace();
    else if (pendingBytes > sendQueueBytes + UNOFFERED_BYTES) this.#cutForOverflow();
    this.#askToAssess();
  }

  /** The wire gets new bytes only when it has room for them. */
  #takePlace(): Place {
    this.#holdBack();
    this.#place ??= new Place(this.#events.shelf);
    return this.#place;
  }

  #askToAssess(): void {
    if (this.#has(MARKS.toBeAssessed)) return;
    this.#mark(MARKS.toBeAssessed, true);
    this.#events.overflowed(this);
  }

  assess(): void {
    this.#mark(MARKS.toBeAssessed, false);
    if (this.#wire.isDestroyed) return;
    const { pendingBytes } = this.#wire;
    const isOpen = this.#closeReason === null;
    if (isOpen && pendingBytes > PLACE_FROM_BYTES && this.#events.shelf.isKeeping) this.#takePlace();
    // With a place nothing more is written to the wire, so what is there was brought by one turn.
    if ((this.#place?.heldBytes ?? pendingBytes) > this.limits.sendQueueBytes) this.#cutForOverflow();
    else if (isOpen) this.#checkDistance(pendingBytes + (this.#place?.missedBytes ?? 0));
  }

  #checkDistance(missedBytes: number): void {
    if (missedBytes <= this.limits.softSendQueueBytes || this.#has(MARKS.congested)) return;
    this.#mark(MARKS.congested, true);
    this.#holdBack();
    this.#updateReading();
    this.#events.log('slow reader', { ...this.#address(), pendingBytes: missedBytes });
  }

  #cutForOverflow(): void {
    const pendingBytes = this.#place?.heldBytes ?? this.#wire.pendingBytes;
    this.cutAsSlow(sendQueueExceeded(`${pendingBytes} bytes wait, the limit is ${this.limits.sendQueueBytes}`));
  }

  /** @param bytes - valid until this returns */
  receive(bytes: Uint8Array): void {
    this.session?.receive(bytes);
  }

  /** The peer will send no more. */
  endOfInput(): void {
    if (this.session === null) this.#wire.end();
    else this.session.endOfInput();
  }

  /** The kernel has not taken all. `drained` follows when it has. */
  behind(): void {
    this.#isFull = true;
    this.#isBehind = true;
    if (this.#place === null) this.#askToAssess();
  }

  /** The peer has taken what waited for it. */
  drained(): void {
    this.#isBehind = false;
    if (this.#place === null) this.#hasRoom();
    else this.#feedSoon();
  }

  /** Sends a peer that has fallen behind the next of what it has missed. */
  #feed(place: Place): void {
    // More would be a copy of its own for each reader, while the tape has it once. It goes on when it is drained.
    if (this.#isBehind) return;
    let restBytes = FEED_BYTES;
    while (restBytes > 0) {
      if (this.#wire.isDestroyed) return;
      const piece = place.take(restBytes);
      if (piece === null) {
        this.#caughtUp(place);
        return;
      }
      const bytes = this.#bytesOf(piece);
      restBytes -= bytes.length;
      // When there is room again, it goes on.
      if (!this.#wire.write(bytes)) return;
    }
    this.#feedSoon();
  }

  #feedSoon(): void {
    this.#mark(MARKS.fedSoon, true);
    this.#lineUp();
  }

  #bytesOf(piece: Piece): Uint8Array {
    return piece.kind === 'bytes' ? piece.bytes : this.#lossNotice(piece.roomName, piece.count);
  }

  #lossNotice(roomName: string, count: number): Uint8Array {
    this.#events.log('messages lost', { ...this.#address(), room: roomName, count });
    return this.session?.lossNotice(roomName, count) ?? NOTHING;
  }

  #caughtUp(place: Place): void {
    place.release();
    this.#place = null;
    this.#isHeldBack = this.#has(MARKS.congested);
    if (this.#closeReason !== null) {
      this.#wire.end();
      return;
    }
    this.#hasRoom();
    this.session?.caughtUp();
  }

  #hasRoom(): void {
    this.#isFull = false;
    if (this.#has(MARKS.congested)) {
      this.#mark(MARKS.congested, false);
      this.#isHeldBack = false;
      if (this.#droppedMessages > 0) {
        this.#events.log('slow reader caught up', { ...this.#address(), droppedMessages: this.#droppedMessages });
        this.#droppedMessages = 0;
      }
      this.#updateReading();
    }
    this.session?.drained();
  }

  #address(): { connection: number; host: string; port: number } {
    return { connection: this.id, host: this.remoteHost, port: this.remotePort };
  }

  pause(): void {
    this.#mark(MARKS.paused, true);
    this.#updateReading();
  }

  resume(): void {
    this.#mark(MARKS.paused, false);
    this.#updateReading();
  }

  #updateReading(): void {
    if (this.#has(MARKS.paused) || this.#has(MARKS.congested)) this.#wire.pause();
    else this.#wire.resume();
  }

  wakeIn(delayMs: number): void {
    this.#clearTimers();
    if (this.#closeReason !== null) return;
    if (delayMs === 0) {
      this.#mark(MARKS.wokenSoon, true);
      this.#lineUp();
      return;
    }
    if (delayMs > TICK_MS) {
      this.#wakeAtMs = Math.ceil(this.#clock.monotonicMs() + delayMs);
      return;
    }
    this.#alarm = this.#clock.after(delayMs, () => {
      // A busy loop runs its timers late, and before it reads: bytes that have arrived in the meantime go first.
      this.#alarm = this.#clock.soon(() => {
        this.#alarm = null;
        this.session?.wake();
      });
    });
  }

  #lineUp(): void {
    if (!this.#has(MARKS.linedUp)) this.#events.soon(this);
    this.#mark(MARKS.linedUp, true);
  }

  /** Wakes the session if it is time, and cuts off a peer that takes nothing. @param nowMs - by the monotonic clock */
  tick(nowMs: number): void {
    if (this.#place !== null) this.#checkProgress(this.#place, nowMs);
    if (this.#wakeAtMs === 0 || nowMs < this.#wakeAtMs) return;
    this.#wakeAtMs = 0;
    this.session?.wake();
  }

  #checkProgress(place: Place, nowMs: number): void {
    const { stallTimeoutMs } = this.limits;
    const idleMs = place.idleMs(this.#wire.pendingBytes, nowMs);
    if (stallTimeoutMs > 0 && idleMs >= stallTimeoutMs) this.cutAsSlow(tookNothing(stallTimeoutMs));
  }

  runPiece(): void {
    this.#mark(MARKS.linedUp, false);
    if (this.#has(MARKS.fedSoon) && this.#place !== null) {
      this.#mark(MARKS.fedSoon, false);
      this.#feed(this.#place);
    }
    if (!this.#has(MARKS.wokenSoon)) return;
    this.#mark(MARKS.wokenSoon, false);
    this.session?.wake();
  }

  close(reason: string): void {
    if (this.#closeReason !== null) return;
    this.#closeReason = reason;
    // A paused connection would not notice the peer's end of file.
    this.#mark(MARKS.paused, false);
    this.#mark(MARKS.congested, false);
    this.#isHeldBack = this.#place !== null;
    this.#wire.resume();
    if (this.#place === null) this.#wire.end();
    this.#clearTimers();
    this.#alarm = this.#clock.after(LINGER_MS, () => {
      this.#wire.destroy();
    });
  }

  /** Ends the connection and drops what is pending. */
  cut(reason: string): void {
    this.#closeReason ??= reason;
    this.#wire.destroy();
  }

  /** Cuts off a peer that reads too slowly. */
  cutAsSlow(reason: string): void {
    this.#mark(MARKS.tooSlow, true);
    this.cut(reason);
  }

  /** The connection is gone. */
  closed(): void {
    this.#clearTimers();
    this.#place?.release();
    this.#place = null;
  }

  #clearTimers(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    this.#wakeAtMs = 0;
    this.#mark(MARKS.wokenSoon, false);
  }
}
