/** Turns away peers that are not let in, cheaply: an attacker may bring many. */
import { hasCode } from '../errors.js';
import { NOT_TLS } from '../net/tls-facts.js';
import type { EntryRefused } from '../protocol/session.js';
import { Sparing } from '../sparing.js';
import type { Clock } from './clock.js';
import type { ConnectionLink } from './link.js';
import type { Log } from './log.js';
import type { HandshakeResult, RefusalCause, Tally } from './tally.js';

/** Refused peers that may be reading their notice at the same time; beyond that they are cut off. */
const MAX_NOTIFIED = 64;

/** The refused connections of one server. They are in no other list, so that they take nobody's place. */
export class Refusals {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #tally: Tally;
  /** An attack brings many refusals: the log counts those that it leaves out. */
  readonly #sparing: Sparing;
  /** Refused connections that are still open. */
  #openCount = 0;

  constructor(log: Log, clock: Clock, tally: Tally) {
    this.#log = log;
    this.#tally = tally;
    this.#clock = clock;
    this.#sparing = new Sparing(clock.monotonicMs());
  }

  /** Sends the notice and closes. {@link closed} must follow. */
  refuse(link: ConnectionLink, { reason, isBan }: EntryRefused, notice: Uint8Array): void {
    this.#openCount += 1;
    // A peer that connects again and again must not keep all fds busy with what it is sent.
    if (this.#openCount > MAX_NOTIFIED) {
      link.cut(reason);
    } else {
      link.answer(notice);
      link.close(reason);
    }
    const { id: connection, remoteHost: host, remotePort: port } = link;
    this.record(isBan ? 'ban' : 'limit', reason, { connection, host, port });
  }

  /** Counts a TLS handshake that has failed, and logs it unless there are too many. */
  recordHandshake(error: Error, peer: Readonly<Record<string, unknown>>): void {
    this.#tally.handshake(resultOf(error));
    this.record('handshake', error.message, peer);
  }

  /** Counts a refusal, and logs it unless there are too many. */
  record(cause: RefusalCause, reason: string, peer: Readonly<Record<string, unknown>>): void {
    this.#tally.refused(cause);
    const unlogged = this.#sparing.take(this.#clock.monotonicMs());
    if (unlogged !== null) this.#log.warn('connection refused', { ...peer, reason, ...unlogged });
  }

  /** Forgets a refused connection that is gone. */
  closed({ id: connection, remoteHost: host, remotePort: port, closeReason: reason }: ConnectionLink): void {
    this.#openCount -= 1;
    this.#log.debug('closed', { connection, host, port, reason });
  }
}

function resultOf(error: Error): HandshakeResult {
  if (hasCode(error, 'ERR_TLS_HANDSHAKE_TIMEOUT')) return 'timeout';
  if (hasCode(error, 'ERR_TLS_UNAUTHORIZED')) return 'unauthorized';
  return error.message.startsWith(NOT_TLS) ? 'not-tls' : 'failed';
}
