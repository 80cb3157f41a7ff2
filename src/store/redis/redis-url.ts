/** The address of a Redis server, as people write it. */

/** The parts of a URL, by the names of ioredis. */
export interface RedisPlace {
  readonly host?: string;
  readonly port?: number;
  /** The path of a Unix socket. */
  readonly path?: string;
  readonly username?: string;
  readonly password?: string;
  /** The number of the database. */
  readonly db: number;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
}

const DEFAULT_PORT = 6_379;

/**
 * Returns the parts of a URL: `redis://USER:PASSWORD@HOST:PORT/NUMBER`, or `rediss://` over TLS. A host that begins with
 * `%2F` is the path of a Unix socket. The default port is 6379, the default database 0.
 *
 * @returns null if it is no such URL
 */
export function parseRedisUrl(text: string): RedisPlace | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, pathname, username, password } = new URL(text);
  const [host, user, word] = [hostname, username, password].map(decoded);
  const db = pathname.slice(1) || '0';
  if (!/^rediss?:$/.test(protocol) || !host || user === undefined || word === undefined || !/^\d{1,5}$/.test(db)) {
    return null;
  }
  return {
    ...(host.startsWith('/')
      ? { path: host }
      : { host: host.replace(/^\[|\]$/g, ''), port: port === '' ? DEFAULT_PORT : Number(port) }),
    ...(user !== '' && { username: user }),
    ...(word !== '' && { password: word }),
    db: Number(db),
    isSecure: protocol === 'rediss:',
  };
}

/** Returns the decoded form of a part of a URL; undefined if there is none. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
