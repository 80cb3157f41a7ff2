/** The link between a session and its wire: how far the peer may fall behind, and when the session wakes. */
import type { Encoder } from '../chat/member.js';
import type { Wire } from '../front/wire.js';
import type { ClassSettings } from '../protocol/limits.js';
import { sendQueueExceeded } from '../protocol/parting.js';
import {
  DEAF,
  type EntryRefused,
  type Link,
  type RelayedPeer,
  type Session,
  type Transport,
} from '../protocol/session.js';
import type { SlowReader } from './backlog.js';
import { type Alarm, type Clock, SYSTEM_CLOCK } from './clock.js';
import type { Worker } from './run-queue.js';
import { share } from './share.js';
import type { Tally } from './tally.js';

/** The most pending bytes that may not have been offered to the kernel yet: the turn's arena, and one write. */
const UNOFFERED_BYTES = 1_048_576;
/** The interval of `tick`. A link that is to wake later than this has no timer of its own. */
export const TICK_MS = 1000;
/** A peer that does not close its side is cut off after this time. */
const LINGER_MS = 2000;

/** Takes up what many links have to do, so that it is done once, after the turn. */
export interface LinkEvents {
  readonly tally: Tally;
  /** The link's output has passed its high-water mark. Called within a fan-out, so it must not close anything. */
  overflowed(link: ConnectionLink): void;
  /** The link's session has more to do once the others have had their turn. */
  soon(link: ConnectionLink): void;
  /** Lets the link's peer in under another address. @returns the limits of that address, or why it is refused */
  relocate(link: ConnectionLink, peer: RelayedPeer): ClassSettings | EntryRefused;
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}

/** The facts about a connection; those of its peer change if that turns out to be a gateway. */
export interface LinkFacts {
  readonly id: number;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly transport: Transport;
  readonly isSecure: boolean;
  readonly certificate: string | null;
}

/** The link of one connection. */
export class ConnectionLink implements Link, Worker, SlowReader {
  readonly id: number;
  readonly protocol: string;
  readonly transport: Transport;
  readonly certificate: string | null;
  session: Session | null = null;
  encoder: Encoder = DEAF;
  readonly #wire: Wire;
  readonly #events: LinkEvents;
  readonly #clock: Clock;
  #remoteHost: string;
  #remotePort: number;
  #isSecure: boolean;
  #limits: ClassSettings;
  #timer: Alarm | null = null;
  #wakeUp: Alarm | null = null;
  /** When `tick` must wake the session, in whole milliseconds of the monotonic clock; 0 for never. */
  #wakeAtMs = 0;
  /** Whether it is in line to wake the session after the others. */
  #isLinedUp = false;
  /** Whether that is still wanted. */
  #isWokenSoon = false;
  #isPausedBySession = false;
  #isFull = false;
  /** Whether it is behind: nothing is read from it, and droppable messages are skipped. */
  #isCongested = false;
  #droppedMessages = 0;
  #isTooSlow = false;
  #closeReason: string | null = null;

  constructor(wire: Wire, facts: LinkFacts, limits: ClassSettings, events: LinkEvents, clock: Clock = SYSTEM_CLOCK) {
    this.#wire = wire;
    this.id = facts.id;
    this.protocol = facts.protocol;
    this.#remoteHost = facts.host;
    this.#remotePort = facts.port;
    this.transport = facts.transport;
    this.#isSecure = facts.isSecure;
    this.certificate = facts.certificate;
    this.#limits = limits;
    this.#events = events;
    this.#clock = clock;
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

  get limits(): ClassSettings {
    return this.#limits;
  }

  relocate(peer: RelayedPeer): EntryRefused | null {
    const moved = this.#events.relocate(this, peer);
    if ('reason' in moved) return moved;
    this.#remoteHost = peer.host;
    this.#remotePort = peer.port;
    this.#isSecure &&= peer.isSecure;
    this.#limits = moved;
    return null;
  }

  get pendingBytes(): number {
    return this.#wire.isDestroyed ? 0 : this.#wire.pendingBytes;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Why it was closed or cut off; null while it is open. */
  get closeReason(): string | null {
    return this.#closeReason;
  }

  /** Whether it was cut off because it read too slowly. */
  get isTooSlow(): boolean {
    return this.#isTooSlow;
  }

  send(bytes: Uint8Array, droppable: boolean): void {
    if (this.#isCongested && droppable) {
      this.#droppedMessages += 1;
      return;
    }
    this.#events.tally.deliveries += 1;
    this.#sent(this.#wire.write(share(bytes)));
  }

  expel(reason: string, ban?: string): void {
    this.session?.expel(reason, ban);
  }

  answer(bytes: Uint8Array): void {
    this.#sent(this.#wire.write(bytes));
  }

  #sent(hasRoom: boolean): void {
    if (hasRoom) return;
    this.#isFull = true;
    // One turn may bring more than the limit. Cutting it off here only marks it: it is swept at the end of the turn.
    const { sendQueueBytes } = this.limits;
    if (this.#wire.pendingBytes > sendQueueBytes + UNOFFERED_BYTES) this.#cutForOverflow();
    else this.#events.overflowed(this);
  }

  assess(): void {
    if (this.#wire.isDestroyed) return;
    const { pendingBytes } = this.#wire;
    if (pendingBytes > this.limits.sendQueueBytes) {
      this.#cutForOverflow();
    } else if (pendingBytes > this.limits.softSendQueueBytes && !this.#isCongested) {
      this.#isCongested = true;
      this.#updateReading();
      this.#events.log('slow reader', { ...this.#address(), pendingBytes });
    }
  }

  #cutForOverflow(): void {
    const { pendingBytes } = this.#wire;
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

  /** The peer has caught up. */
  drained(): void {
    this.#isFull = false;
    if (this.#isCongested) {
      this.#isCongested = false;
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
    this.#isPausedBySession = true;
    this.#updateReading();
  }

  resume(): void {
    this.#isPausedBySession = false;
    this.#updateReading();
  }

  #updateReading(): void {
    if (this.#isPausedBySession || this.#isCongested) this.#wire.pause();
    else this.#wire.resume();
  }

  wakeIn(delayMs: number): void {
    this.#clearTimers();
    if (this.#closeReason !== null) return;
    if (delayMs === 0) {
      this.#isWokenSoon = true;
      if (!this.#isLinedUp) this.#events.soon(this);
      this.#isLinedUp = true;
      return;
    }
    if (delayMs > TICK_MS) {
      this.#wakeAtMs = Math.ceil(this.#clock.monotonicMs() + delayMs);
      return;
    }
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = null;
      // A busy loop runs its timers late, and before it reads: bytes that have arrived in the meantime go first.
      this.#wakeUp = this.#clock.soon(() => {
        this.#wakeUp = null;
        this.session?.wake();
      });
    });
  }

  /** Wakes the session if it is time. @param nowMs - by the monotonic clock */
  tick(nowMs: number): void {
    if (this.#wakeAtMs === 0 || nowMs < this.#wakeAtMs) return;
    this.#wakeAtMs = 0;
    this.session?.wake();
  }

  runPiece(): void {
    this.#isLinedUp = false;
    if (!this.#isWokenSoon) return;
    this.#isWokenSoon = false;
    this.session?.wake();
  }

  close(reason: string): void {
    if (this.#closeReason !== null) return;
    this.#closeReason = reason;
    // A paused connection would not notice the peer's end of file.
    this.#isPausedBySession = false;
    this.#isCongested = false;
    this.#wire.resume();
    this.#wire.end();
    this.#clearTimers();
    this.#timer = this.#clock.after(LINGER_MS, () => {
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
    this.#isTooSlow = true;
    this.cut(reason);
  }

  /** The connection is gone. */
  closed(): void {
    this.#clearTimers();
  }

  #clearTimers(): void {
    this.#timer?.cancel();
    this.#wakeUp?.cancel();
    this.#timer = null;
    this.#wakeUp = null;
    this.#wakeAtMs = 0;
    this.#isWokenSoon = false;
  }
}
