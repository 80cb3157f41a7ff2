/** The choices of the user, kept in the browser if it allows that. */
import type { LanguageChoice } from './text/choose.js';

export type Theme = 'auto' | 'light' | 'dark';

export interface Settings {
  readonly language: LanguageChoice;
  readonly theme: Theme;
  readonly hasNotifications: boolean;
  /** Whether the log shows who joins and leaves. */
  readonly hasMovements: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  language: 'auto',
  theme: 'auto',
  hasNotifications: false,
  hasMovements: true,
};

/** The session of the user who was signed in: filled into the form again, and taken up by itself after a reload. */
export interface Session {
  readonly nick: string;
  readonly rooms: readonly string[];
  /** Whether the nick is an account's, so that the user proves itself again after a reload. */
  readonly hasAccount: boolean;
}

const LANGUAGES = ['auto', 'en', 'zh'] as const;
const THEMES = ['auto', 'light', 'dark'] as const;

/** Reads settings that were written by any version of the page, or by somebody else. */
export function settingsFrom(text: string | null): Settings {
  const stored = objectFrom(text);
  return {
    language: LANGUAGES.find((each) => each === stored['language']) ?? DEFAULT_SETTINGS.language,
    theme: THEMES.find((each) => each === stored['theme']) ?? DEFAULT_SETTINGS.theme,
    hasNotifications: stored['hasNotifications'] === true,
    hasMovements: stored['hasMovements'] !== false,
  };
}

/** Reads a session; null if there is none. */
export function sessionFrom(text: string | null): Session | null {
  const { nick, rooms, hasAccount } = objectFrom(text);
  if (typeof nick !== 'string' || nick === '' || !Array.isArray(rooms)) return null;
  return { nick, rooms: rooms.filter((room) => typeof room === 'string'), hasAccount: hasAccount === true };
}

function objectFrom(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** The part of the browser's Storage that is used. */
interface Shelf {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** A store of the browser. It may be forbidden, or full: then nothing is kept, and nothing fails. */
export class Store {
  readonly #open: () => Shelf;

  constructor(open: () => Shelf) {
    this.#open = open;
  }

  read(name: string): string | null {
    try {
      return this.#open().getItem(`fdmux.${name}`);
    } catch {
      return null;
    }
  }

  write(name: string, value: unknown): void {
    try {
      if (value === null) this.#open().removeItem(`fdmux.${name}`);
      else this.#open().setItem(`fdmux.${name}`, JSON.stringify(value));
    } catch {
      // The page works without.
    }
  }
}
