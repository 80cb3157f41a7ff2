/** The time of day as ctime(3) writes it: Sun Nov  1 09:00:00 2026. */
export function ctime(date = new Date()): string {
  const [weekday, month, day, year, time] = date.toString().split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}
