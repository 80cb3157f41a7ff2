/** Times as IRC writes them. */

export const MS_PER_MINUTE = 60_000;

/** Returns whole seconds. */
export function seconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}

let formattedMs = NaN;
let formatted = '';

/** Returns `YYYY-MM-DDThh:mm:ss.sssZ` (IRCv3 server-time). */
export function formatIsoTime(ms: number): string {
  // Each class of readers asks for the time of a message, and many messages of a busy room share it.
  if (ms !== formattedMs) {
    formatted = new Date(ms).toISOString();
    formattedMs = ms;
  }
  return formatted;
}

/**
 * Parses what {@link formatIsoTime} returns; fractions may be left out, and it may be a leap second.
 *
 * @returns null if it is not such a time
 */
export function parseIsoTime(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text)) return null;
  // POSIX counts a leap second as the one after it; Date knows none.
  const isLeap = text.startsWith('T23:59:60', 10);
  const ms = Date.parse(isLeap ? text.replace(':60', ':59') : text);
  // Date takes the 31st of a shorter month for a day of the next one.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text.slice(0, 10))) return null;
  return isLeap ? ms + 1000 : ms;
}

/** Returns `<days> days <hours>:<minutes>:<seconds>`, as RPL_STATSUPTIME has it. */
export function formatDuration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const days = Math.floor(total / 86_400);
  return `${days} days ${Math.floor(total / 3600) % 24}:${pad(Math.floor(total / 60) % 60)}:${pad(total % 60)}`;
}
