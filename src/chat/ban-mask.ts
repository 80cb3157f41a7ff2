/** Builds the masks of server bans from the input of people. */
import { parseAddresses } from './address.js';
import { completeHost, completeUserHost, isHostLike } from './user-mask.js';

/** Returns `user@host` with both parts complete; null for a nick, and for a mask with one. */
export function usersMask(target: string): string | null {
  const text = target.replace(/^\*!/, '');
  if (text.includes('!') || !(isHostLike(text) || /[@*?]/.test(text))) return null;
  return completeUserHost(text).slice('*!'.length);
}

/** Returns an address or a network in its canonical form; null for anything else. */
export function addressesMask(target: string): string | null {
  const host = completeHost(target);
  return parseAddresses(host) === null ? null : host;
}
