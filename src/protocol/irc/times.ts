/** Times as IRC writes them. */

export const MS_PER_MINUTE = 60_000;

/** Returns whole seconds. */
export function seconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}

/** Returns `<days> days <hours>:<minutes>:<seconds>`, as RPL_STATSUPTIME has it. */
export function formatDuration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const days = Math.floor(total / 86_400);
  return `${days} days ${Math.floor(total / 3600) % 24}:${pad(Math.floor(total / 60) % 60)}:${pad(total % 60)}`;
}
