/**
 * Wildcard masks: `*` stands for any run of characters, `?` for exactly one; `\*` and `\?` stand for themselves
 * (RFC 2812 section 2.5).
 */

/** The number of characters of a mask that stand for one of the text: two for an escaped wildcard. */
function widthAt(mask: string, at: number): number {
  return mask[at] === '\\' && (mask[at + 1] === '*' || mask[at + 1] === '?') ? 2 : 1;
}

/** The fewest characters that a matching text has. */
function fewestCharacters(mask: string): number {
  let count = 0;
  for (let at = 0; at < mask.length;) {
    const width = widthAt(mask, at);
    if (width === 2 || mask[at] !== '*') count += 1;
    at += width;
  }
  return count;
}

/**
 * Returns whether a text fits a wildcard mask. The time it takes is bounded by the square of the text's length, and the
 * length of the mask, whatever it contains, since strangers write masks.
 *
 * @param mask - the mask, already case-folded like the text
 * @param text - the text to compare
 */
export function matchesMask(mask: string, text: string): boolean {
  if (fewestCharacters(mask) > text.length) return false;
  let maskAt = 0;
  let textAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (textAt < text.length) {
    const width = widthAt(mask, maskAt);
    const wanted = mask[maskAt + width - 1];
    if (wanted === '*' && width === 1) {
      starAt = maskAt;
      resumeAt = textAt;
      maskAt += 1;
    } else if (wanted !== undefined && (wanted === text[textAt] || (wanted === '?' && width === 1))) {
      maskAt += width;
      textAt += 1;
    } else if (starAt >= 0) {
      // Only the last star needs to be tried again: an earlier one cannot match more than this one.
      resumeAt += 1;
      textAt = resumeAt;
      maskAt = starAt + 1;
    } else {
      return false;
    }
  }
  while (mask[maskAt] === '*') maskAt += 1;
  return maskAt === mask.length;
}
