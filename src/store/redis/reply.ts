/** Replies of Redis, as the types that they promise. */

/** An answer of a server: bytes, whole numbers, nothing, or lists of those. */
export type Reply = Uint8Array | number | null | readonly Reply[];

const decoder = new TextDecoder();

export function isReply(value: unknown): value is Reply {
  const isSingle = value === null || typeof value === 'number' || value instanceof Uint8Array;
  return isSingle || (Array.isArray(value) && value.every(isReply));
}

/** @throws TypeError if it is anything else */
export function bytesIn(reply: Reply | undefined): Uint8Array {
  if (reply instanceof Uint8Array) return reply;
  throw new TypeError('a reply holds no bytes');
}

/** @throws TypeError if it is anything else */
export function textIn(reply: Reply | undefined): string {
  return decoder.decode(bytesIn(reply));
}

/** @throws TypeError if it is neither a number nor the text of one */
export function integerIn(reply: Reply | undefined): number {
  const value = typeof reply === 'number' ? reply : Number(textIn(reply));
  if (Number.isSafeInteger(value)) return value;
  throw new TypeError('a reply holds no whole number');
}

/** @throws TypeError if it is anything else */
export function listIn(reply: Reply | undefined): readonly Reply[] {
  if (typeof reply === 'object' && reply !== null && !(reply instanceof Uint8Array)) return reply;
  throw new TypeError('a reply holds no list');
}
