/** The changes that a MODE line makes. */
import type { Features } from '../irc/features.js';

export interface ModeChange {
  readonly letter: string;
  readonly isSet: boolean;
  /** Empty for a mode without a parameter. */
  readonly value: string;
}

/**
 * Takes the parameters of MODE apart.
 *
 * @param params - the letters with their signs, then the parameters: `+ov-l`, `ann`, `bob`
 */
export function modeChanges({ ranks, parameterModes }: Features, params: readonly string[]): ModeChange[] {
  const [lists, always, whenSet] = parameterModes;
  const values = params.slice(1);
  const changes: ModeChange[] = [];
  let isSet = true;
  for (const letter of params[0] ?? '') {
    if (letter === '+' || letter === '-') {
      isSet = letter === '+';
      continue;
    }
    const isRank = ranks.some((rank) => rank.letter === letter);
    const takesValue = isRank || (lists + always).includes(letter) || (isSet && whenSet.includes(letter));
    changes.push({ letter, isSet, value: takesValue ? (values.shift() ?? '') : '' });
  }
  return changes;
}
