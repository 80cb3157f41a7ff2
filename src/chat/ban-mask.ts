/** The masks of bans of the server, out of what people type. */
import { parseAddresses } from './address.js';
import { completeHost, completeUserHost, isHostLike } from './user-mask.js';

/** Returns `user@host` with both parts complete; null for a nick, and for a mask with one. */
export function usersMask(target: string): string | null {
  const text = target.replace(/^\*!/, '');
  if (text.includes('!') || !(isHostLike(text) || /[@*?]/.test(text))) return null;
  return completeUserHost(text).slice('*!'.length);
}

/** Returns an address or a network in its one form; null for anything else. */
export function addressesMask(target: string): string | null {
  const host = completeHost(target);
  return parseAddresses(host) === null ? null : host;
}
