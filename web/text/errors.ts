/** Errors of the server in the user's language. */
import type { Texts } from './en.js';

/**
 * Returns what an error says. The server's own words stand for one that the page has none for.
 *
 * @param params - of the reply, without the own nick: what it is about, then the server's words
 */
export function errorText({ errors }: Texts, code: string, params: readonly string[]): string {
  const words = params.at(-1) ?? '';
  const subject = params.length > 1 ? (params[0] ?? '') : '';
  const translated = Object.entries(errors).find(([known]) => known === code)?.[1];
  if (translated !== undefined && (subject !== '' || translated.length === 0)) return translated(subject);
  return params.length > 1 ? `${params.slice(0, -1).join(' ')}: ${words}` : words;
}
