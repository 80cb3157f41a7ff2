/** Whether a text speaks of somebody. */
import { plainText } from '../irc/spans.js';

/** Whether `nick` stands in `text` as a word of its own. Only characters of nicks continue a word: 你好ann is one. */
export function mentions(text: string, nick: string): boolean {
  if (nick === '') return false;
  const plain = plainText(text).toLowerCase();
  const wanted = nick.toLowerCase();
  for (let at = plain.indexOf(wanted); at >= 0; at = plain.indexOf(wanted, at + 1)) {
    if (!isNickCharacter(plain.charAt(at - 1)) && !isNickCharacter(plain.charAt(at + wanted.length))) return true;
  }
  return false;
}

function isNickCharacter(character: string): boolean {
  return /[a-z0-9_[\]\\`^{|}-]/.test(character);
}
