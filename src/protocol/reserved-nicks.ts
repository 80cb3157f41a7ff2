/** Nicks that nobody may use, since others would mistake their owner for the server or for somebody else. */
import type { Directory } from '../chat/directory.js';
import { matchesMask } from '../chat/mask.js';

/** The name of the server in plain lines. */
export const PLAIN_SERVER_NAME = 'server';
/** The beginning of plain peers' nicks; the peer's port follows. */
export const PLAIN_NICK_PREFIX = 'plain-';

/** Reserved by the protocols themselves, whatever the settings say. */
const PROTOCOL_NICKS = [PLAIN_SERVER_NAME, `${PLAIN_NICK_PREFIX}*`];

/** Names of services and of administrators; a setting replaces them. */
export const DEFAULT_RESERVED_NICKS: readonly string[] = [
  'root',
  'admin',
  'administrator',
  'system',
  'services',
  'global',
  '*Serv',
];

/**
 * Whether a nick is reserved, or looks like one that is.
 *
 * @param masks - wildcard masks of reserved nicks, beside those of the protocols
 */
export function isReservedNick(nick: string, masks: readonly string[], directory: Directory): boolean {
  const { fold, likenessOf } = directory;
  const names = new Set([fold(nick), likenessOf(nick)]);
  const patterns = [...PROTOCOL_NICKS, ...masks].flatMap((mask) => [fold(mask), likenessOf(mask)]);
  return patterns.some((mask) => [...names].some((name) => matchesMask(mask, name)));
}
