/** Names for messages, by which an echo, a reply and a log speak of the same one. */
import { randomBytes } from 'node:crypto';

// A prefix per process and a count: unique without asking the random source for every message, and not to be taken
// for a name of the process before, since a restart draws another prefix.
const prefix = randomBytes(6).toString('hex');
let count = 0;

/** A name that no other message of this server has; letters, digits and `-` only. */
export function newMessageId(): string {
  count += 1;
  return `${prefix}-${count.toString(36)}`;
}
