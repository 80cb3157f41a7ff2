/** The lines that the user has sent, for the arrow keys. */

export interface History {
  /** Oldest first. */
  readonly entries: readonly string[];
  /** The entry that is shown; `entries.length` for the draft. */
  readonly at: number;
  /** The text that the user was writing before looking back. */
  readonly draft: string;
}

/** The most lines that are kept. */
const MAX_ENTRIES = 100;

export const EMPTY_HISTORY: History = { entries: [], at: 0, draft: '' };

/** Adds a line that was sent. */
export function remembered(history: History, text: string): History {
  const entries = history.entries.at(-1) === text ? history.entries : [...history.entries, text].slice(-MAX_ENTRIES);
  return { entries, at: entries.length, draft: '' };
}

/**
 * Goes back (-1) or forth (1).
 *
 * @param text - what the field has now
 * @returns the history and what the field should have; null at either end
 */
export function moved(
  history: History,
  step: -1 | 1,
  text: string,
): { readonly history: History; readonly text: string } | null {
  const at = history.at + step;
  if (at < 0 || at > history.entries.length) return null;
  const draft = history.at === history.entries.length ? text : history.draft;
  return { history: { ...history, at, draft }, text: history.entries[at] ?? draft };
}
