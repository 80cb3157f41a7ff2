/** Where a store is, as people write it and are shown it. */
import type { StoreConfig } from './server-config.js';

/** Whether a text is the URL of a database of PostgreSQL. */
export function isPostgresUrl(text: string): boolean {
  return URL.canParse(text) && ['postgres:', 'postgresql:'].includes(new URL(text).protocol);
}

/** Returns the folder or the URL of a store. What may be secret in a URL is left out. */
export function storePlace(store: StoreConfig): string {
  if (store.kind === 'sqlite') return store.path;
  const { protocol, username, host, pathname } = new URL(store.url);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
}
