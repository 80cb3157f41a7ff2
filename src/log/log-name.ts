/** Tells the names of logs from other texts. */
import type { LogName } from './entry.js';

/** Whether a text is the name of a log. */
export function isLogName(text: string): text is LogName {
  return text === 'd' || /^[ran]:/.test(text);
}
