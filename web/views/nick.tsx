/** A nick in a colour of its own. */
import type { JSX } from 'preact';

const HUES = 10;

export function Nick({ nick }: { readonly nick: string }): JSX.Element {
  return <bdi class={`nick hue-${hueOf(nick)}`}>{nick}</bdi>;
}

/** The same nick always has the same hue. */
function hueOf(nick: string): number {
  let hash = 0;
  for (const character of nick.toLowerCase()) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return hash % HUES;
}
