/** The names of logs. */
import type { LogName } from './entry.js';

/** The log of what people say to each other in private, if several nodes share the logs. */
export const SHARED_PRIVATE_LOG: LogName = 'n:domain';

/** Whether a text is the name of a log. */
export function isLogName(text: string): text is LogName {
  return text === 'd' || /^[ran]:/.test(text);
}
