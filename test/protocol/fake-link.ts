/** A connection without a kernel. It records the bytes that were sent and how it was closed. */
import type { Encoder } from '../../src/chat/member.js';
import { type ClassSettings, LOOPBACK_CLASS } from '../../src/protocol/limits.js';
import { DEAF, type Link, type Session, type Transport } from '../../src/protocol/session.js';

export class FakeLink implements Link {
  readonly id = 1;
  readonly remoteHost: string;
  readonly remotePort: number;
  transport: Transport = 'tcp';
  isSecure = false;
  certificate: string | null = null;
  session: Session | null = null;
  encoder: Encoder = DEAF;
  limits: ClassSettings = LOOPBACK_CLASS;
  closedBecause: string | null = null;
  isPaused = false;
  isFull = false;
  isBehind = false;
  wakeDelayMs: number | null = null;
  readonly #sent: Uint8Array[] = [];

  constructor(remotePort = 40_000, remoteHost = '127.0.0.1') {
    this.remoteHost = remoteHost;
    this.remotePort = remotePort;
  }

  relocate(): null {
    return null;
  }

  send(bytes: Uint8Array): void {
    if (this.closedBecause !== null) throw new Error('sent to a link that is closed');
    this.#sent.push(Uint8Array.from(bytes));
  }

  answer(bytes: Uint8Array): void {
    this.send(bytes);
  }

  expel(reason: string, ban?: string): void {
    this.session?.expel(reason, ban);
  }

  close(reason: string): void {
    this.closedBecause = reason;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  wakeIn(delayMs: number): void {
    this.wakeDelayMs = delayMs;
  }

  /** Returns everything that was sent since the last call. */
  takeBytes(): Buffer {
    return Buffer.concat(this.#sent.splice(0));
  }

  takeText(): string {
    return this.takeBytes().toString('utf8');
  }

  /** Returns the lines that were sent since the last call, without their endings. */
  takeLines(): string[] {
    return this.takeText().split(/\r?\n/).slice(0, -1);
  }
}
