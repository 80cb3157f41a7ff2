/** Times and lists of names in the user's language. */
import type { Texts } from '../text/en.js';

export interface Formats {
  readonly time: (atMs: number) => string;
  readonly day: (atMs: number) => string;
  /** The day and the time, in few characters. */
  readonly moment: (atMs: number) => string;
  readonly names: (names: readonly string[]) => string;
}

/** The most names that a summary spells out. */
const MAX_NAMES = 4;
const DAY_MS = 86_400_000;

export function formatsFor(texts: Texts): Formats {
  const time = new Intl.DateTimeFormat(texts.language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = new Intl.DateTimeFormat(texts.language, { dateStyle: 'full' });
  const moment = new Intl.DateTimeFormat(texts.language, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' });
  const list = new Intl.ListFormat(texts.language);
  const isDay = (atMs: number, otherMs: number): boolean =>
    new Date(atMs).toDateString() === new Date(otherMs).toDateString();
  return {
    time: (atMs) => time.format(atMs),
    day(atMs) {
      if (isDay(atMs, Date.now())) return texts.today;
      return isDay(atMs, Date.now() - DAY_MS) ? texts.yesterday : day.format(atMs);
    },
    moment: (atMs) => moment.format(atMs),
    names: (names) =>
      names.length <= MAX_NAMES
        ? list.format(names)
        : texts.andOthers(names.slice(0, MAX_NAMES - 1).join(', '), names.length - MAX_NAMES + 1),
  };
}
