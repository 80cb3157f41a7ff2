/** The handlers of one listener's connections. */
import type { ProxyGate } from '../front/proxy-gate.js';
import type { Connection, ConnectionEvents } from '../net/connection.js';
import type { Clients } from './clients.js';
import { ConnectionLink } from './link.js';

/** The occupant of an accepted connection: its link, or before that the gate that waits for a proxy's header. */
export type Occupant = ConnectionLink | ProxyGate;

/** Hands what a connection receives to its occupant. A class, since objects may only have the public handlers. */
export class ListenerHandlers implements ConnectionEvents<Occupant> {
  readonly #clients: Clients;
  readonly #opened: (connection: Connection<Occupant>) => void;
  readonly #closed: (connection: Connection<Occupant>) => void;

  /**
   * @param opened - gives each connection its occupant
   * @param closed - is told of each connection after its occupant
   */
  constructor(
    clients: Clients,
    opened: (connection: Connection<Occupant>) => void,
    closed: (connection: Connection<Occupant>) => void = () => undefined,
  ) {
    this.#clients = clients;
    this.#opened = opened;
    this.#closed = closed;
  }

  open(connection: Connection<Occupant>): void {
    this.#opened(connection);
  }

  data({ data: occupant }: Connection<Occupant>, bytes: Buffer): void {
    occupant.receive(bytes);
  }

  end({ data: occupant }: Connection<Occupant>): void {
    occupant.endOfInput();
  }

  behind({ data: occupant }: Connection<Occupant>): void {
    if (occupant instanceof ConnectionLink) occupant.behind();
  }

  drain({ data: occupant }: Connection<Occupant>): void {
    occupant.drained();
  }

  close(connection: Connection<Occupant>, error?: Error): void {
    const { data: occupant } = connection;
    if (occupant instanceof ConnectionLink) this.#clients.departed(occupant, error);
    else occupant.closed();
    this.#closed(connection);
  }
}
