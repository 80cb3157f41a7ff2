/** Names of logs, with which the ids of their messages begin: an echo, a reply and a history refer to the same one. */
import { randomBytes } from 'node:crypto';

/** Returns a prefix that no other process draws. */
export function newIdPrefix(): string {
  return randomBytes(6).toString('hex');
}

/**
 * Returns a source of names of logs, each different; letters and digits only.
 *
 * @param prefix - what all of them begin with: a restart must draw another one, since it counts from 1 again
 */
export function logIds(prefix: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}${count.toString(36)}`;
  };
}

/** Returns a name that no other log of this process has. */
export const newLogId = logIds(newIdPrefix());
