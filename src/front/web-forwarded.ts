/** The peer for whom a proxy speaks: the headers X-Forwarded-For and X-Forwarded-Proto. */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4 } from 'node:net';

/** The peer, as the proxies on the way describe it. */
export interface Forwarded {
  /** The peer's address; null if no proxy names one. */
  readonly host: string | null;
  /** Whether the peer reached the first proxy by https or wss. */
  readonly isSecure: boolean;
}

/**
 * Reads the headers of a request that a listed proxy has sent. Each proxy appends the address of its own peer, so the
 * list is read from its end, and addresses before the first one that is not a listed proxy are only claimed.
 */
export function readForwarded(headers: IncomingHttpHeaders, isProxy: (host: string) => boolean): Forwarded {
  const isSecure = /^\s*(?:https|wss)\s*$/i.test(lastOf(headers['x-forwarded-proto']));
  const hops = textOf(headers['x-forwarded-for']).split(',');
  let host: string | null = null;
  for (const hop of hops.reverse()) {
    const address = addressIn(hop.trim());
    if (address === null) break;
    host = address;
    if (!isProxy(address)) break;
  }
  return { host, isSecure };
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : (header ?? []).join(',');
}

function lastOf(header: string | string[] | undefined): string {
  return textOf(header).split(',').at(-1) ?? '';
}

/** Some proxies add the port, and then brackets around an IPv6 address. */
function addressIn(hop: string): string | null {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? (isIPv4(hop.split(':')[0] ?? '') ? hop.split(':')[0] : hop);
  return bare !== undefined && isIP(bare) !== 0 && !bare.includes('%') ? bare : null;
}
