/** Packs from which the text of an entry is removed. */
import { decodePack, encodePack } from '../log/codec.js';
import type { Entry } from '../log/entry.js';

/**
 * Returns the bytes of a pack without the text of one of its entries; null if they are none of a pack. The entry still
 * counts when it is applied again: no rule refuses an empty text.
 */
export function blankedPack(bytes: Uint8Array, part: number): Uint8Array | null {
  const decoded = decodePack(bytes);
  if (decoded.kind !== 'pack') return null;
  const encoded = encodePack(decoded.entries.map((entry, index) => (index === part ? blanked(entry) : entry)));
  return encoded.kind === 'bytes' ? encoded.bytes : null;
}

function blanked(entry: Entry): Entry {
  switch (entry.kind) {
    case 'say':
    case 'tell':
      return { ...entry, text: '', tags: [] };
    case 'part':
    case 'kick':
    case 'retitle':
      return { ...entry, reason: '' };
    default:
      return entry;
  }
}
