/** How names are compared, by the characters that nicks may have. */
import { ASCII_NAMING, type Naming } from '../chat/case-mapping.js';
import { foldPrecis } from './precis.js';

/** The characters of nicks: those of RFC 2812, or also letters and digits beyond ASCII (PRECIS, RFC 8265). */
export const NICK_ALPHABETS = ['ascii', 'precis'] as const;
export type NickAlphabet = (typeof NICK_ALPHABETS)[number];

/** Returns how names are compared. The table of characters that look alike is loaded only when it is needed. */
export async function namingOf(nicks: NickAlphabet): Promise<Naming> {
  if (nicks === 'ascii') return ASCII_NAMING;
  const { likenessOf } = await import('./lookalikes.js');
  return { fold: foldPrecis, likenessOf };
}
