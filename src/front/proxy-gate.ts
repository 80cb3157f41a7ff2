/** A connection from a proxy, until its header has said whose it is. */
import type { Connection } from '../net/connection.js';
import { type ProxiedPeer, ProxyLine } from './proxy-line.js';

/** The outcomes of a connection. One of the two is called, at most once, and never after the connection has closed. */
export interface ProxyGateEvents {
  /**
   * The header is complete.
   *
   * @param peer - null if the proxy speaks for itself
   * @param rest - the first bytes of the peer; valid until this returns
   */
  passed(peer: ProxiedPeer | null, isSecure: boolean, rest: Uint8Array): void;
  /** The header is invalid, or has not arrived in time. The connection is destroyed. */
  refused(why: string): void;
}

/** Takes what a connection receives until the header ends. */
export class ProxyGate {
  readonly #connection: Pick<Connection, 'destroy'>;
  readonly #events: ProxyGateEvents;
  readonly #line = new ProxyLine();
  readonly #timer: NodeJS.Timeout;

  /** @param timeoutMs - milliseconds until the whole header must have arrived, at least 1 */
  constructor(connection: Pick<Connection, 'destroy'>, timeoutMs: number, events: ProxyGateEvents) {
    this.#connection = connection;
    this.#events = events;
    this.#timer = setTimeout(() => {
      this.#refuse('the PROXY header did not arrive in time');
    }, timeoutMs).unref();
  }

  /** @param bytes - valid until this returns */
  receive(bytes: Uint8Array): void {
    const verdict = this.#line.receive(bytes);
    if (verdict === null) return;
    clearTimeout(this.#timer);
    if (verdict.kind === 'invalid') this.#refuse(verdict.why);
    else this.#events.passed(verdict.peer, verdict.isSecure, bytes.subarray(verdict.takenBytes));
  }

  #refuse(why: string): void {
    this.#connection.destroy();
    this.#events.refused(why);
  }

  /** The proxy has closed before its header: a check of whether the port is open does so. */
  endOfInput(): void {
    this.#connection.destroy();
  }

  drained(): void {
    // Nothing is sent before the header has ended.
  }

  /** The connection is gone. */
  closed(): void {
    clearTimeout(this.#timer);
  }
}
