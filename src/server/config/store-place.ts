/** Where a store is, as people write it and are shown it. */
import { parseRedisUrl } from '../../store/redis/redis-url.js';
import type { StoreConfig } from './server-config.js';

/** The port of PostgreSQL. */
const DEFAULT_PORT = '5432';
/** The user of Redis whom one is without a name. */
const DEFAULT_USER = 'default';

/** Whether a text is the URL of a database of PostgreSQL. */
export function isPostgresUrl(text: string): boolean {
  return URL.canParse(text) && ['postgres:', 'postgresql:'].includes(new URL(text).protocol);
}

/** Whether a text is the URL of a database of Redis. */
export function isRedisUrl(text: string): boolean {
  return parseRedisUrl(text) !== null;
}

/** Returns the folder or the URL of a store, and that of its logs. Parts of a URL that may be secret are left out. */
export function storePlace(store: StoreConfig): string {
  if (store.kind !== 'postgres') return store.path;
  const place = withoutSecrets(store.url);
  return store.logs === null ? place : `${place}, logs in ${withoutSecrets(store.logs.url)}`;
}

/**
 * Returns a text that two configurations share if they mean the same data: the folder, or the servers, their databases
 * and users. Passwords and certificates change from time to time, and the data is the same.
 */
export function dataPlace(store: StoreConfig): string {
  if (store.kind !== 'postgres') return store.path;
  return JSON.stringify([databaseIn(store.url), store.logs && redisIn(store.logs.url)]);
}

/** Its options, such as a role, decide what its user finds there. */
function databaseIn(url: string): readonly string[] {
  const { hostname, port, username, pathname, searchParams } = new URL(url);
  const written = (name: string, otherwise: string): string => {
    const found = searchParams.get(name) ?? '';
    return found === '' ? otherwise : found;
  };
  const user = written('user', decodeURIComponent(username));
  const host = hostIn(written('host', decodeURIComponent(hostname)));
  const database = decodeURIComponent(pathname.slice(1)) || user;
  return [host, written('port', port) || DEFAULT_PORT, database, user, written('options', '')];
}

function redisIn(url: string): readonly (string | number)[] {
  const { host, path, port, db, username } = parseRedisUrl(url) ?? { db: 0 };
  return [path ?? hostIn(host ?? ''), port ?? 0, db, username ?? DEFAULT_USER];
}

/** Names of hosts are the same in all letters; paths of sockets are not. */
function hostIn(host: string): string {
  return host.startsWith('/') ? host : host.toLowerCase();
}

function withoutSecrets(url: string): string {
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
}
