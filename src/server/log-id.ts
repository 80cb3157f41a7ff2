/** The name of a log in the ids of messages. */
import { createHash } from 'node:crypto';
import type { LogName } from '../log/entry.js';
import type { StoreFacts } from '../store/tasks.js';

/** Returns the same in every run, and on every node: an id of a message names it for as long as it is kept. */
export function logIdOf({ prefix }: StoreFacts, name: LogName): string {
  return createHash('sha256').update(`${prefix} ${name}`).digest('hex').slice(0, 16);
}
