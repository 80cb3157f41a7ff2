/** Turns away peers that are not let in: most of them with a word, all of them cheaply. */
import { Throttle } from '../protocol/throttle.js';
import type { ConnectionLink } from './link.js';
import type { Log } from './log.js';

/** Refused peers that are told why at the same time, until they close; beyond that they are cut off. */
const MAX_TOLD = 64;
/** Refusals are many when somebody attacks: the log counts those that it leaves out. */
const LOGGED_PER_SECOND = 1;
const LOGGED_AT_ONCE = 20;

/** The refused connections of one server. They are in no other list, so that they take nobody's place. */
export class Refusals {
  readonly #log: Log;
  readonly #throttle = new Throttle(LOGGED_PER_SECOND, LOGGED_AT_ONCE, performance.now());
  /** Connections that are still to take their notice. */
  #openCount = 0;
  #unloggedCount = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Sends the notice and closes. {@link closed} must follow. */
  refuse(link: ConnectionLink, reason: string, notice: Uint8Array): void {
    this.#openCount += 1;
    // A peer that connects again and again must not keep all fds busy with what it is sent.
    if (this.#openCount > MAX_TOLD) {
      link.cut(reason);
    } else {
      link.answer(notice);
      link.close(reason);
    }
    this.#record(link, reason);
  }

  #record({ id: connection, remoteHost: host, remotePort: port }: ConnectionLink, reason: string): void {
    if (!this.#throttle.take(performance.now())) {
      this.#unloggedCount += 1;
      return;
    }
    const unlogged = this.#unloggedCount === 0 ? {} : { unlogged: this.#unloggedCount };
    this.#log.warn('connection refused', { connection, host, port, reason, ...unlogged });
    this.#unloggedCount = 0;
  }

  /** A refused connection is gone. */
  closed({ id: connection, remoteHost: host, remotePort: port, closeReason: reason }: ConnectionLink): void {
    this.#openCount -= 1;
    this.#log.debug('closed', { connection, host, port, reason });
  }
}
