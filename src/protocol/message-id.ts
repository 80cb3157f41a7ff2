/** Ids of messages, by which an echo, a reply and a log refer to the same one. */
import { randomBytes } from 'node:crypto';

// A prefix per process and a count. The ids are unique without a random number for every message, and differ from those
// of the process before, since a restart draws another prefix.
const prefix = randomBytes(6).toString('hex');
let count = 0;

/** Returns an id that no other message of this server has; letters, digits and `-` only. */
export function newMessageId(): string {
  count += 1;
  return `${prefix}-${count.toString(36)}`;
}
