/** Where a store is, as people write it and are shown it. */
import { parseRedisUrl } from '../../store/redis/redis-url.js';
import type { StoreConfig } from './server-config.js';

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

function withoutSecrets(url: string): string {
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
}
