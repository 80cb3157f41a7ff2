/** Lines to the server. */
import { escapeTagValue } from '../../src/protocol/irc/line.js';

/** Returns a line; the last parameter may contain spaces. A character that would end the line early becomes a space. */
export function formatLine(command: string, params: readonly string[] = [], label: string | null = null): string {
  const words = [command, ...params].map((word) => word.replace(/[\r\n\0]/g, ' '));
  const last = words.at(-1) ?? '';
  if (params.length > 0 && needsColon(last)) words[words.length - 1] = `:${last}`;
  const line = words.join(' ');
  return label === null ? line : `@label=${escapeTagValue(label)} ${line}`;
}

function needsColon(param: string): boolean {
  return param === '' || param.startsWith(':') || param.includes(' ');
}

/** Returns attributes as tags are written; those without a value are left out. */
export function formatAttributes(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${escapeTagValue(value)}`)
    .join(';');
}

/** Wraps the text of `/me` (CTCP ACTION). */
export function actionText(text: string): string {
  return `\x01ACTION ${text}\x01`;
}

/** Takes the text out of a CTCP ACTION; null for any other text. */
export function actionOf(text: string): string | null {
  const match = /^\x01ACTION(?: ([^\x01]*))?\x01?$/.exec(text);
  return match === null ? null : (match[1] ?? '');
}
