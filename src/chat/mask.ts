/** Wildcard masks: `*` stands for any run of characters, `?` for exactly one. */

/**
 * Says whether a text fits a wildcard mask. The time it takes is bounded by the product of both lengths, whatever the
 * mask, since a mask is written by strangers.
 *
 * @param mask - the mask, already case-folded like the text
 * @param text - what is compared
 */
export function matchesMask(mask: string, text: string): boolean {
  let maskAt = 0;
  let textAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (textAt < text.length) {
    const wanted = mask[maskAt];
    if (wanted === '*') {
      starAt = maskAt;
      resumeAt = textAt;
      maskAt += 1;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[textAt])) {
      maskAt += 1;
      textAt += 1;
    } else if (starAt >= 0) {
      // Only the last star needs to be tried again: an earlier one can gain nothing that this one cannot.
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
