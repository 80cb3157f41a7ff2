/** The rules for new accounts, and for changes of accounts. */
import type { AccountSettings } from './account-service.js';
import { prepareText } from './prepared-text.js';

/** A command with a password must fit into one line (account-registration, "Server considerations"). */
const MAX_PASSWORD_BYTES = 300;
/** From RFC 5321 section 4.5.3.1.3, without the brackets. */
const MAX_EMAIL_BYTES = 254;
// Only addresses that every mailer accepts; above all, nothing that a program could take for an option, or for two
// addresses.
const EMAIL = /^[A-Za-z0-9_](?:[\w.+'-]*[\w+'-])?@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** Judges a password. @returns null if it is acceptable */
export function passwordFault(
  password: string,
  name: string,
  { minPasswordLength }: AccountSettings,
): 'WEAK_PASSWORD' | 'UNACCEPTABLE_PASSWORD' | null {
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES || /[\0\r\n]/.test(password)) return 'UNACCEPTABLE_PASSWORD';
  // In the form that is hashed, characters that stand for nothing are gone, and one may have become several.
  const hashed = prepareText(password);
  const length = Math.min(Array.from(password).length, Array.from(hashed).length);
  const isWeak = length < Math.max(1, minPasswordLength) || hashed.toLowerCase() === prepareText(name).toLowerCase();
  return isWeak ? 'WEAK_PASSWORD' : null;
}

/** Whether mail could be sent to an address. */
export function isEmail(address: string): boolean {
  return address.length <= MAX_EMAIL_BYTES && EMAIL.test(address) && !address.includes('..');
}

/** Whether a text is the SHA-256 fingerprint of a certificate. */
export function isFingerprint(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
