/** The connections over TLS that a turn has written to: its end encrypts, so that many writes become one record. */
import type { Turn } from './turn.js';

/** A connection that has something to encrypt. */
export interface Encrypting {
  flush(): void;
}

/** The connections that were written to in this turn. */
export class TlsOutput {
  readonly #turn: Turn;
  #due = new Set<Encrypting>();

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Has the connection flushed at the end of the turn. Adding it again changes nothing. */
  add(connection: Encrypting): void {
    if (this.#due.size === 0) this.#turn.defer(this.#flush);
    this.#due.add(connection);
  }

  readonly #flush = (): void => {
    const due = this.#due;
    this.#due = new Set();
    for (const connection of due) connection.flush();
  };
}
