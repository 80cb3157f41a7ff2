/** Nicks that nobody may take, since others would take their owner for the server or for somebody else. */
import type { Fold } from '../chat/case-mapping.js';
import { matchesMask } from '../chat/mask.js';

/** What plain lines call the server. */
export const PLAIN_SERVER_NAME = 'server';
/** What the nicks of plain peers begin with; their port follows. */
export const PLAIN_NICK_PREFIX = 'plain-';

/** Reserved by the protocols themselves, whatever the settings say. */
const PROTOCOL_NICKS = [PLAIN_SERVER_NAME, `${PLAIN_NICK_PREFIX}*`];

/** Names of services and of those who run machines; a setting replaces them. */
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
 * Whether a nick is reserved.
 *
 * @param masks - wildcard masks of reserved nicks, beside those of the protocols
 */
export function isReservedNick(nick: string, masks: readonly string[], fold: Fold): boolean {
  const folded = fold(nick);
  return [...PROTOCOL_NICKS, ...masks].some((mask) => matchesMask(fold(mask), folded));
}
