/** The names of logs. */
import type { LogName, RoomLog } from './entry.js';

/** The log of what people say to each other in private, if several nodes share the logs. */
export const SHARED_PRIVATE_LOG: LogName = 'n:domain';

/** Whether a text is the name of a log. */
export function isLogName(text: string): text is LogName {
  return text === 'd' || /^[ran]:/.test(text);
}

/** Whether a text is the name of a room's log. */
export function isRoomLog(text: string): text is RoomLog {
  return text.startsWith('r:');
}
