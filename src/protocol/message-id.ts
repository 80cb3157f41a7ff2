/** Ids of messages, by which an echo, a reply and a log refer to the same one. */
import { randomBytes } from 'node:crypto';

// A prefix per process and a count. The ids are unique without a random number for every message, and differ from those
// of the process before, since a restart draws another prefix.
const PREFIX_BYTES = 6;

/** Draws a prefix for the ids of one server. */
export function newIdPrefix(): string {
  return randomBytes(PREFIX_BYTES).toString('hex');
}

/** Makes a source of ids; each has letters, digits and `-` only, and no other one with the same prefix is equal. */
export function messageIds(prefix: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}

/** Returns an id that no other message of this process has. */
export const newMessageId = messageIds(newIdPrefix());
