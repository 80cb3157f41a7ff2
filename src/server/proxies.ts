/** The proxies of a server, which connect on behalf of its peers. */
import { ProxyGate } from '../front/proxy-gate.js';
import type { ProxiedPeer } from '../front/proxy-line.js';
import type { Connection } from '../net/connection.js';
import { AddressList, UNIX_PEER_HOST } from '../protocol/address-list.js';
import type { Address } from '../socket/address.js';
import type { PeerConnection } from './arrival.js';
import type { ServerConfig } from './config/server-config.js';
import type { PeerAddresses } from './peer-addresses.js';
import type { Refusals } from './refusals.js';

/** A proxy on a unix socket, which is not a peer itself. */
const UNNUMBERED_PEER = { host: UNIX_PEER_HOST, port: 0 };
/** Nobody reads along between these proxies and the server. */
const LOCAL_PROXIES = new AddressList(['127.0.0.0/8', '::1', 'unix']);

/** The part of the configuration that is about proxies. */
export type ProxySettings = Pick<ServerConfig, 'proxies' | 'proxyTimeoutMs'>;

/** The list of proxies that are believed. */
export class Proxies {
  readonly #addresses: PeerAddresses;
  readonly #refusals: Refusals;
  #listed: AddressList;
  #timeoutMs: number;

  constructor(settings: ProxySettings, addresses: PeerAddresses, refusals: Refusals) {
    this.#addresses = addresses;
    this.#refusals = refusals;
    this.#listed = new AddressList(settings.proxies);
    this.#timeoutMs = settings.proxyTimeoutMs;
  }

  /** Applies changed settings to the connections that arrive from now on. */
  configure({ proxies, proxyTimeoutMs }: ProxySettings): void {
    this.#listed = new AddressList(proxies);
    this.#timeoutMs = proxyTimeoutMs;
  }

  /** Whether a proxy's word about its peers is believed. */
  isListed(host: string): boolean {
    return this.#listed.has(host);
  }

  /** Whether nobody can read along between a proxy and the server. */
  isLocal(host: string): boolean {
    return LOCAL_PROXIES.has(host);
  }

  /** Waits until the header of a connection has named its peer. Only listed proxies are believed. */
  awaitHeader<T>(connection: Connection<T | ProxyGate>, arrived: (peer: PeerConnection<T | ProxyGate>) => void): void {
    const { remoteAddress } = connection;
    const proxy = remoteAddress.family === 'unix' ? UNNUMBERED_PEER : this.#addresses.of(remoteAddress);
    const refused = (why: string): void => {
      this.#refusals.record('proxy', why, { ...proxy });
    };
    connection.data = new ProxyGate(connection, this.#timeoutMs, {
      passed: (peer, isSecure, firstBytes) => {
        const address = peer === null ? remoteAddress : addressOf(peer);
        arrived({ connection, address, isSecure: isSecure && this.isLocal(proxy.host), firstBytes });
      },
      refused,
    });
    if (this.isListed(proxy.host)) return;
    connection.destroy();
    refused('it is not listed as a proxy');
  }
}

function addressOf({ host, port }: ProxiedPeer): Address {
  return host.includes(':') ? { family: 'inet6', host, port, flowInfo: 0, scopeId: 0 } : { family: 'inet', host, port };
}
