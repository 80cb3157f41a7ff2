/** Names of logs, among the texts that a database has. */
import type { LogName } from '../log/entry.js';

/** Whether a text is the name of a log. */
export function isLogName(name: string): name is LogName {
  return name === 'd' || /^[ran]:/.test(name);
}
