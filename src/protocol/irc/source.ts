/** The source of a message in IRC (RFC 1459 section 2.3). */
import type { Author } from '../../chat/author.js';

/** Returns `nick!user@host`. */
export function sourceOf({ nick, user, host }: Author): string {
  return `${nick}!${user}@${host}`;
}
