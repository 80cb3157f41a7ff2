/** The nick that stands in while the wanted one is taken. */

/**
 * Returns another nick: `ann_`, then `ann_1`, `ann_2` and so on.
 *
 * @param maxLength - the longest nick that the server allows
 */
export function alternativeNick(nick: string, maxLength: number): string {
  const [, stem = '', number = ''] = /^(.*?)(\d*)$/.exec(nick) ?? [];
  const ending = number === '' && !nick.endsWith('_') ? '_' : String(Number(number) + 1);
  return stem.slice(0, maxLength - ending.length) + ending;
}
