/** Completion of nicks, rooms and commands by Tab. */

/** A word that is being completed. */
export interface Completion {
  /** The text before the word, and after it. */
  readonly before: string;
  readonly after: string;
  /** The words that it can become, with what follows each. */
  readonly candidates: readonly string[];
  readonly at: number;
}

/** The words to complete from. */
export interface Vocabulary {
  /** The nicks of those who are present, in the order in which they are offered. */
  readonly nicks: readonly string[];
  readonly rooms: readonly string[];
  /** The names of commands without the slash. */
  readonly commands: readonly string[];
}

/** Begins to complete the word before the cursor; null if there is no word or nothing fits. */
export function completed(text: string, cursor: number, vocabulary: Vocabulary): Completion | null {
  const head = text.slice(0, cursor);
  const start = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\n')) + 1;
  const word = head.slice(start);
  if (word === '') return null;
  const candidates = candidatesFor(word, start, vocabulary);
  if (candidates.length === 0) return null;
  return { before: head.slice(0, start), after: text.slice(cursor), candidates, at: 0 };
}

/** Goes on to the next candidate, and from the last to the first. */
export function cycled(completion: Completion): Completion {
  return { ...completion, at: (completion.at + 1) % completion.candidates.length };
}

/** The text of the field with a completion, and the place of its cursor. */
export function applied({ before, after, candidates, at }: Completion): {
  readonly text: string;
  readonly cursor: number;
} {
  const head = before + (candidates[at] ?? '');
  return { text: head + after, cursor: head.length };
}

function candidatesFor(word: string, start: number, { nicks, rooms, commands }: Vocabulary): string[] {
  const begins = (name: string, beginning: string): boolean => name.toLowerCase().startsWith(beginning.toLowerCase());
  if (start === 0 && word.startsWith('/')) {
    return commands.filter((name) => begins(name, word.slice(1))).map((name) => `/${name} `);
  }
  if (word.startsWith('#')) return rooms.filter((name) => begins(name, word)).map((name) => `${name} `);
  const sign = word.startsWith('@') ? '@' : '';
  const ending = start === 0 && sign === '' ? ': ' : ' ';
  return nicks.filter((nick) => begins(nick, word.slice(sign.length))).map((nick) => sign + nick + ending);
}
