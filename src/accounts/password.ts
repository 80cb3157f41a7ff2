/** Passwords and their hashes: those of accounts, and those in a configuration file. */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Turnstile } from './turnstile.js';

const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** The cost of new hashes: 32 MiB and about a tenth of a second (RFC 7914). */
const COST = { ln: 15, r: 8, p: 1 } as const;
/** The cost of hashes in the old form, which does not name it. */
const OLD_COST = { ln: 14, r: 8, p: 1 } as const;
/** A hash that would take more memory than this is never computed. */
const MAX_MEMORY_BYTES = 268_435_456;
const MAX_PARALLEL = 16;
/** Known to this process alone, so nobody can prepare texts for it. */
const DIGEST_KEY = randomBytes(32);
const OLD_FORM = /^scrypt:([0-9a-f]{32}):([0-9a-f]{64})$/;
// https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
const PHC_FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,86})$/;

/** The cost of a hash, in the names of the PHC string: 2^ln blocks of r times 128 bytes, p times. */
interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

interface Hashed extends Cost {
  readonly salt: Buffer;
  readonly key: Buffer;
}

/**
 * The threads of libuv also read files and look up names for the whole process, so hashes never take more than two of
 * them. The callers limit how many hashes wait.
 */
const hashing = new Turnstile({ maxRunning: 2, maxWaiting: Infinity });

function derive(password: string, salt: Buffer, keyBytes: number, { ln, r, p }: Cost): Promise<Buffer> {
  // OpenSSL counts a little more memory than the blocks themselves.
  const options = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r + 1_048_576 };
  const work = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      scrypt(password, salt, keyBytes, options, (error, key) => {
        // Bun has undefined instead of null.
        if (error instanceof Error) reject(error);
        else resolve(key);
      });
    });
  return hashing.pass('', work).then((key) => key ?? Promise.reject(new Error('no hash was made')));
}

/**
 * Hashes a password with scrypt and a salt of its own.
 *
 * @returns a PHC string: `$scrypt$ln=15,r=8,p=1$<salt>$<key>`
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, KEY_BYTES, COST);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${toBase64(salt)}$${toBase64(key)}`;
}

/** Base64 without padding, as in PHC strings. */
function toBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function parseHash(text: string): Hashed | null {
  const [, oldSalt, oldKey] = OLD_FORM.exec(text) ?? [];
  if (oldSalt !== undefined && oldKey !== undefined) {
    return { ...OLD_COST, salt: Buffer.from(oldSalt, 'hex'), key: Buffer.from(oldKey, 'hex') };
  }
  const [, ln, r, p, salt, key] = PHC_FORM.exec(text) ?? [];
  if (salt === undefined || key === undefined) return null;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const isBearable = 128 * 2 ** cost.ln * cost.r <= MAX_MEMORY_BYTES && cost.p <= MAX_PARALLEL;
  if (!isBearable || cost.ln < 1 || cost.r < 1 || cost.p < 1) return null;
  return { ...cost, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') };
}

/** Whether a hash should be made again when its password is known: it costs less than a new one. */
export function isOutdated(hash: string): boolean {
  const parsed = parseHash(hash);
  return parsed === null || parsed.ln < COST.ln || parsed.r < COST.r;
}

/** Whether a text is a hash that can be computed. */
export function isHash(text: string): boolean {
  return parseHash(text) !== null;
}

/** Makes the lengths equal: a comparison of clear texts would stop at the first difference, and so reveal its place. */
function digest(text: string): Buffer {
  return createHmac('sha256', DIGEST_KEY).update(text).digest();
}

/**
 * Compares a peer's password with the stored one, which is hashed or in clear, in a time that reveals nothing about it.
 *
 * @param expected - a PHC string of scrypt, `scrypt:<salt>:<key>` in hex as earlier versions made it, or clear text
 */
export async function verifyPassword(offered: string, expected: string): Promise<boolean> {
  const hashed = parseHash(expected);
  if (hashed === null) return timingSafeEqual(digest(offered), digest(expected));
  const { salt, key } = hashed;
  return timingSafeEqual(await derive(offered, salt, key.length, hashed), key);
}

/** Compares a password with a hash that nobody has, so that an unknown account takes as long as a known one. */
export async function verifyInVain(offered: string): Promise<false> {
  await derive(offered, DIGEST_KEY.subarray(0, SALT_BYTES), KEY_BYTES, COST);
  return false;
}
