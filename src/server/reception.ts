/** The way of a connection from its listener to the clients of the server. */
import type { Connection } from '../net/connection.js';
import type { PeerConnection } from './arrival.js';
import type { ClientState } from './client-state.js';
import type { Clients } from './clients.js';
import type { ListenerConfig } from './config/server-config.js';
import type { Gatekeeper } from './gatekeeper.js';
import type { ConnectionLink } from './link.js';
import { ListenerHandlers, type Occupant } from './listener-handlers.js';
import type { PeerAddresses } from './peer-addresses.js';
import { WEB } from './protocol-names.js';
import type { Protocols } from './protocols.js';
import type { Proxies } from './proxies.js';
import { fingerprintOf } from './tls-listening.js';
import { WebEntrance, type WebHost } from './web-entrance.js';

/** The parts of a server that a connection passes. */
export interface ReceptionParts {
  readonly addresses: PeerAddresses;
  readonly clients: Clients;
  readonly gatekeeper: Gatekeeper;
  readonly protocols: Protocols;
  readonly proxies: Proxies;
  readonly version: string;
}

/** Receives the connections of all listeners. */
export class Reception {
  readonly #parts: ReceptionParts;
  readonly #entrances: WebEntrance[] = [];
  /** The client that is being taken over from another process. */
  #resuming: ClientState | null = null;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  /** Makes the handlers of a listener. @throws if it needs the page and that cannot be read */
  async handlersOf(config: ListenerConfig): Promise<ListenerHandlers> {
    if (config.protocol !== WEB.name) return this.#handlers(config, null);
    const entrance = await WebEntrance.open(config, this.#webHost());
    this.#entrances.push(entrance);
    return this.#handlers(config, entrance);
  }

  /**
   * Makes the handlers of connections of another process that have no listener here.
   *
   * @param config - the settings that their sessions get
   * @param closed - is told of each that is closed
   */
  handlersOfStrays(config: ListenerConfig, closed: (connection: Connection<Occupant>) => void): ListenerHandlers {
    return this.#handlers(config, null, closed);
  }

  #handlers(
    config: ListenerConfig,
    entrance: WebEntrance | null,
    closed?: (connection: Connection<Occupant>) => void,
  ): ListenerHandlers {
    const { clients, proxies } = this.#parts;
    const arrived = (peer: PeerConnection<Occupant>): void => {
      if (entrance === null) this.#arrived(peer, config);
      else entrance.take(peer);
    };
    const opened = (connection: Connection<Occupant>): void => {
      const { remoteAddress: address, isSecure } = connection;
      if (this.#resuming !== null) {
        this.#admit({ connection, address, isSecure }, config, this.#resuming);
        return;
      }
      if (config.tls !== null) clients.tally.handshake('ok');
      if (config.isProxied) proxies.awaitHeader(connection, arrived);
      else arrived({ connection, address, isSecure });
    };
    return new ListenerHandlers(clients, opened, closed);
  }

  /** Has the next connection that is adopted go on as a client of another process. @param adopt - adopts one */
  resume(state: ClientState, adopt: () => void): void {
    this.#resuming = state;
    try {
      adopt();
    } finally {
      this.#resuming = null;
    }
  }

  #arrived(peer: PeerConnection<Occupant>, config: ListenerConfig): void {
    const link = this.#admit(peer, config);
    const { firstBytes } = peer;
    if (firstBytes !== undefined && firstBytes.length > 0) link.receive(firstBytes);
  }

  #admit(
    { connection, address, isSecure }: PeerConnection<Occupant>,
    config: ListenerConfig,
    state: ClientState | null = null,
  ): ConnectionLink {
    // Each look at the address of a connection decodes it.
    const { family } = config.isProxied ? connection.remoteAddress : address;
    const carrier = family === 'unix' ? 'unix' : 'tcp';
    const transport = connection.isSecure ? 'tls' : carrier;
    const certificate = fingerprintOf(connection);
    const resumed = state === null ? {} : { resumed: state };
    const peer = { wire: connection, address, transport, isSecure, certificate, config, ...resumed } as const;
    const link = this.#parts.clients.admit(peer);
    connection.data = link;
    return link;
  }

  #webHost(): WebHost {
    const { addresses, clients, gatekeeper, protocols, proxies, version } = this.#parts;
    return {
      admit: (arrival) => clients.admit(arrival),
      departed: (link, error) => {
        clients.departed(link, error);
      },
      hostOf: (address) => addresses.of(address).host,
      isProxy: (host) => proxies.isListed(host),
      isLocal: (host) => proxies.isLocal(host),
      limitsOf: (host) => gatekeeper.limitsOf(host),
      settings: () => protocols.settings,
      version,
    };
  }

  /** The server is about to end. */
  retire(): void {
    for (const entrance of this.#entrances) entrance.retire();
  }
}
