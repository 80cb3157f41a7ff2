/** Masks `nick!user@host` and `~a:account` that people write: completed, and compared with members. */
import {
  type AddressBytes,
  canonicalAddress,
  contains,
  formatNetwork,
  type Network,
  parseAddress,
  parseNetwork,
  withoutLeadingColon,
} from './address.js';
import type { Fold } from './case-mapping.js';
import { matchesMask } from './mask.js';

/** The texts of one member that masks are compared with, folded once for all masks. */
export interface Identity {
  /** `nick!user`, folded. */
  readonly name: string;
  /** Its hosts, folded: the one that others see, and its address. */
  readonly hosts: readonly string[];
  /** The address as a number; null for a peer without one. */
  readonly address: AddressBytes | null;
  /** The account, folded; null for somebody who has not logged in. */
  readonly account: string | null;
}

/** Precedes the name of an account, which may be a pattern. No nick begins with this sign. */
const ACCOUNT_PREFIX = '~a:';

/** Returns the identity of a peer that has sent nothing yet. @param user - its user name; empty while it is unknown */
export function identityOfPeer(host: string, user: string, fold: Fold): Identity {
  const hosts = [withoutLeadingColon(fold(host))];
  return { name: `!${fold(user)}`, hosts, address: parseAddress(host), account: null };
}

/**
 * Completes a mask as people type them: `nick`, `nick!user`, `user@host`, an address, a network, or a host name.
 *
 * @returns `nick!user@host` with the host in its canonical form; the same mask for all spellings of an address
 */
export function completeMask(text: string): string {
  const bang = text.indexOf('!');
  const at = text.indexOf('@', bang + 1);
  if (bang < 0 && at < 0) return isHostLike(text) ? `*!*@${completeHost(text)}` : `${text}!*@*`;
  const nick = bang < 0 ? '*' : text.slice(0, bang);
  const user = text.slice(bang + 1, at < 0 ? text.length : at);
  const host = at < 0 ? '*' : completeHost(text.slice(at + 1));
  return `${nick === '' ? '*' : nick}!${user === '' ? '*' : user}@${host}`;
}

/**
 * Returns the mask of users who have logged in to an account, in its canonical form; null for any other text. People
 * write `~a:ann`, `~account:ann`, and without the sign.
 */
export function accountMask(text: string): string | null {
  const name = /^~?a(?:ccount)?:([^\s!@]+)$/i.exec(text)?.[1];
  return name === undefined || (!text.startsWith('~') && !isExtendedBan(text)) ? null : ACCOUNT_PREFIX + name;
}

/** Returns the mask of users who have logged in to an account. */
export function accountMaskOf(account: string): string {
  return ACCOUNT_PREFIX + account;
}

/** Completes a mask of users on hosts, with any nicks: `user@host`, or a host alone. */
export function completeUserHost(text: string): string {
  return completeMask(text.includes('@') ? text : `*@${text}`);
}

/** Puts the host of a mask into the form of members' hosts; a name or a pattern stays as it is. */
export function completeHost(text: string): string {
  const host = /^\[([\da-f:.]+)\](\/\d+)?$/i.exec(text)?.slice(1).join('') ?? text;
  if (host === '') return '*';
  const network = parseNetwork(host);
  return withoutLeadingColon(network === null ? canonicalAddress(host) : formatNetwork(network));
}

/** Whether a word can only be a host: a nick contains no dots, colons or slashes. */
export function isHostLike(text: string): boolean {
  return /[.:/]/.test(text);
}

/**
 * Whether a text is a mask after a letter and a colon, with which some servers ban accounts or real names (`r:spam`,
 * `~q:nick!*@*`). No nick and no host looks like this: as a mask it would match nobody.
 */
export function isExtendedBan(text: string): boolean {
  if (!/^~?[a-z]+:/i.test(text)) return false;
  const isAddressPattern = /^[\da-f:.]*[*?][\da-f:.*?]*$/i.test(text);
  return !isAddressPattern && parseAddress(text) === null && parseNetwork(text) === null;
}

/** A completed mask, split once so that it can be compared with many members. */
export class UserMask {
  readonly #name: string;
  readonly #host: string;
  /** The network that the host stands for; null if the host is a pattern. */
  readonly #network: Network | null;
  /** The pattern of the account; null for a mask that is not about accounts. */
  readonly #account: string | null;

  /** @param mask - as {@link completeMask} or {@link accountMask} returns it */
  constructor(mask: string, fold: Fold) {
    this.#account = mask.startsWith(ACCOUNT_PREFIX) ? fold(mask.slice(ACCOUNT_PREFIX.length)) : null;
    const at = mask.indexOf('@', mask.indexOf('!') + 1);
    this.#name = fold(mask.slice(0, at));
    this.#host = fold(mask.slice(at + 1));
    this.#network = parseNetwork(this.#host);
  }

  matches({ name, hosts, address, account }: Identity): boolean {
    if (this.#account !== null) return account !== null && matchesMask(this.#account, account);
    if (!this.#matchesHost(hosts, address)) return false;
    return matchesMask(this.#name, name);
  }

  #matchesHost(hosts: readonly string[], address: AddressBytes | null): boolean {
    if (this.#network !== null && address !== null && contains(this.#network, address)) return true;
    return hosts.some((host) => matchesMask(this.#host, host));
  }
}
