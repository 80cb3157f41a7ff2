/** Passwords as they stand in a configuration file. */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Known to this process alone, so nobody can prepare texts for it. */
const DIGEST_KEY = randomBytes(32);
const HASHED = /^scrypt:([0-9a-f]{32}):([0-9a-f]{64})$/;

/**
 * Hashes a password with scrypt (RFC 7914; N 16384, r 8, p 1) and a salt of its own.
 *
 * @returns `scrypt:<salt>:<key>`, both in hex
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, KEY_BYTES);
  return `scrypt:${salt.toString('hex')}:${key.toString('hex')}`;
}

/** Makes the lengths equal: comparing clear texts would stop at the first difference, and so reveal where it is. */
function digest(text: string): Buffer {
  return createHmac('sha256', DIGEST_KEY).update(text).digest();
}

/**
 * Compares a peer's password with the one in the configuration, hashed or in clear, in a time that reveals nothing
 * about it.
 */
export async function verifyPassword(offered: string, expected: string): Promise<boolean> {
  const [, salt, key] = HASHED.exec(expected) ?? [];
  if (salt !== undefined && key !== undefined) {
    return timingSafeEqual(await derive(offered, Buffer.from(salt, 'hex'), KEY_BYTES), Buffer.from(key, 'hex'));
  }
  return timingSafeEqual(digest(offered), digest(expected));
}
