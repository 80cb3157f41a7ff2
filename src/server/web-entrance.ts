/** The way in for the peers of a web listener: through the front that speaks HTTP, to the server. */
import { readForwarded } from '../front/web-forwarded.js';
import type { WebFront } from '../front/web-front.js';
import type { ClassSettings } from '../protocol/limits.js';
import { sourceKey } from '../protocol/source-key.js';
import type { Address } from '../socket/address.js';
import type { Arrival, PeerConnection } from './arrival.js';
import type { ListenerConfig } from './config/server-config.js';
import type { ConnectionLink } from './link.js';
import type { ProtocolSettings } from './protocols.js';
import { fingerprintOf } from './tls-listening.js';

/** The server, as its web listeners see it. */
export interface WebHost {
  admit(arrival: Arrival): ConnectionLink;
  departed(link: ConnectionLink, error: Error | undefined): void;
  /** Returns the host of a peer, as classes and lists of proxies know it. */
  hostOf(address: Address): string;
  /** Whether a proxy's word about its peers is believed. */
  isProxy(host: string): boolean;
  /** Whether nobody can read along between a proxy and the server. */
  isLocal(host: string): boolean;
  /** Returns the limits of a host. They change with a reload, as the settings do. */
  limitsOf(host: string): ClassSettings;
  settings(): ProtocolSettings;
  readonly version: string;
}

/** The entrance of one listener. */
export class WebEntrance {
  readonly #host: WebHost;
  readonly #front: WebFront<PeerConnection<unknown>, ConnectionLink>;

  private constructor(host: WebHost, front: WebFront<PeerConnection<unknown>, ConnectionLink>) {
    this.#host = host;
    this.#front = front;
  }

  /** Makes an entrance. A server without one loads nothing of HTTP. @throws if the page is there but cannot be read */
  static async open(config: ListenerConfig, host: WebHost): Promise<WebEntrance> {
    const [{ WebFront }, { loadBuiltSite }] = await Promise.all([
      import('../front/web-front.js'),
      import('../front/web-site.js'),
    ]);
    const site = await loadBuiltSite();
    const front = new WebFront<PeerConnection<unknown>, ConnectionLink>({
      site,
      socketPath: config.webSocketPath,
      facts: () => factsOf(host, config.webSocketPath),
      origins: new Set(config.origins),
      arrived: (wire, accepted, { headers }) => {
        const peer = peerOf(accepted, headers, host);
        return host.admit({ wire, ...peer, transport: 'web', config });
      },
      departed: (link, error) => {
        host.departed(link, error);
      },
    });
    return new WebEntrance(host, front);
  }

  /** Takes a connection over. */
  take(accepted: PeerConnection<unknown>): void {
    this.#front.take(accepted, this.#sourceOf(accepted));
  }

  /** Returns the source by which peers are limited together; null for one that may stand for many. */
  #sourceOf({ address }: PeerConnection<unknown>): string | null {
    const host = this.#host.hostOf(address);
    const { maxPerAddress, ipv6PrefixBits } = this.#host.limitsOf(host);
    return maxPerAddress === 0 || this.#host.isProxy(host) ? null : sourceKey(host, ipv6PrefixBits);
  }

  /** The server is about to end. */
  retire(): void {
    this.#front.retire();
  }
}

/** Returns for whom a connection speaks: for its own peer, or for the one that a listed proxy names. */
function peerOf(
  { connection, address, isSecure }: PeerConnection<unknown>,
  headers: Parameters<typeof readForwarded>[0],
  host: WebHost,
): Pick<Arrival, 'address' | 'isSecure' | 'certificate'> {
  const proxy = host.hostOf(address);
  if (!host.isProxy(proxy)) return { address, isSecure, certificate: fingerprintOf(connection) };
  const forwarded = readForwarded(headers, (hop) => host.isProxy(hop));
  return {
    address: forwarded.host === null ? address : toAddress(forwarded.host),
    isSecure: forwarded.isSecure && (isSecure || host.isLocal(proxy)),
    // The proxy's own certificate says nothing about those for whom it speaks.
    certificate: null,
  };
}

/** The header has no port. */
function toAddress(host: string): Address {
  return host.includes(':')
    ? { family: 'inet6', host, port: 0, flowInfo: 0, scopeId: 0 }
    : { family: 'inet', host, port: 0 };
}

/** Returns the facts that the page must know before it connects. */
function factsOf(host: WebHost, webSocketPath: string): Readonly<Record<string, unknown>> {
  const { lobby, irc } = host.settings();
  const { accounts } = irc;
  return {
    networkName: irc.networkName,
    serverName: irc.serverName,
    version: host.version,
    // Relative, since a proxy may have put the page below a folder.
    webSocketPath: webSocketPath.slice(1),
    lobby,
    isPasswordNeeded: irc.password !== null,
    hasAccounts: accounts !== null && accounts.mechanisms.length > 0,
    hasRegistration: accounts?.registration === true,
    needsMail: accounts?.requireEmail === true,
    nickLength: irc.nickLength,
    channelLength: irc.channelLength,
    topicLength: irc.topicLength,
  };
}
