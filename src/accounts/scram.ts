/** SCRAM-SHA-256 for servers (RFC 5802, RFC 7677): its keys, and the exchange as a pure sequence of texts. */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { prepareText } from './prepared-text.js';

/** The rounds of PBKDF2 for new keys. RFC 7677 section 4 asks for at least 4096. */
export const SCRAM_ITERATIONS = 15_000;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const NONCE_BYTES = 18;

/** The part of a password that a server keeps: it can check a proof, but not make one. */
export interface ScramKeys {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));

/** Derives the keys of a password (RFC 5802 section 3). */
export async function deriveScramKeys(
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
  iterations = SCRAM_ITERATIONS,
): Promise<ScramKeys> {
  const salted = await new Promise<Buffer>((resolve, reject) => {
    pbkdf2(prepareText(password), salt, iterations, KEY_BYTES, 'sha256', (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
  return {
    iterations,
    salt,
    storedKey: sha256(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  };
}

/** The form of RFC 5803: `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`. */
const STORED_FORM = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

export function formatScramKeys({ iterations, salt, storedKey, serverKey }: ScramKeys): string {
  const [saltText, storedText, serverText] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'));
  return `SCRAM-SHA-256$${iterations}:${saltText}$${storedText}:${serverText}`;
}

/** @returns null if the text is not keys */
export function parseScramKeys(text: string): ScramKeys | null {
  const [, iterations, ...keys] = STORED_FORM.exec(text) ?? [];
  const [salt, storedKey, serverKey] = keys.map((key) => Buffer.from(key, 'base64'));
  if (salt === undefined || storedKey?.length !== KEY_BYTES || serverKey?.length !== KEY_BYTES) return null;
  return { iterations: Number(iterations), salt, storedKey, serverKey };
}

/** A secret of this process, for {@link keysInVain}. */
const VAIN_KEY = randomBytes(32);

/** Returns keys for an account that does not exist: the same salt each time, and no password belongs to them. */
export function keysInVain(name: string): ScramKeys {
  const salt = hmac(VAIN_KEY, `salt ${name}`).subarray(0, SALT_BYTES);
  const storedKey = hmac(VAIN_KEY, `stored ${name}`);
  return { iterations: SCRAM_ITERATIONS, salt, storedKey, serverKey: hmac(VAIN_KEY, `server ${name}`) };
}

/** The first message of a client. */
export interface ClientFirst {
  readonly authorization: string;
  readonly name: string;
  readonly nonce: string;
  /** Whether it binds to nothing: `n`, or `y` if the client could bind but thinks that the server cannot. */
  readonly header: string;
  /** The message without the header. */
  readonly bare: string;
}

/** Reads the first message of a client. @returns null if it is malformed, or asks for something that is not offered */
export function parseClientFirst(message: string): ClientFirst | null {
  // `m=` would be an extension that a server must know (RFC 5802 section 5.1), `p=` binds to a channel.
  const match = /^((?:n|y),(?:a=([^,]*))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(message);
  const [, header, authorization = '', bare, name, nonce] = match ?? [];
  if (header === undefined || bare === undefined || name === undefined || nonce === undefined) return null;
  const [unescapedName, unescapedAuthorization] = [unescape(name), unescape(authorization)];
  if (unescapedName === null || unescapedAuthorization === null) return null;
  return { authorization: unescapedAuthorization, name: unescapedName, nonce, header, bare };
}

/** Undoes `=2C` and `=3D`. @returns null if it has another `=` (RFC 5802 section 5.1) */
function unescape(name: string): string | null {
  if (/=(?!2C|3D)/.test(name)) return null;
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

/** The rest of an exchange, after the first message of the client. */
export class ScramExchange {
  readonly #first: ClientFirst;
  readonly #keys: ScramKeys;
  readonly #nonce: string;
  /** The first message of the server. */
  readonly serverFirst: string;

  /** @param serverNonce - the server's part of the nonce, which follows the client's; a test may choose it */
  constructor(first: ClientFirst, keys: ScramKeys, serverNonce = randomBytes(NONCE_BYTES).toString('base64')) {
    this.#first = first;
    this.#keys = keys;
    this.#nonce = first.nonce + serverNonce;
    this.serverFirst = `r=${this.#nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}`;
  }

  /** Judges the last message of the client. @returns the last one of the server; null if the proof is wrong */
  finish(clientFinal: string): string | null {
    const match = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,(?!p=)[^,]*)*),p=([A-Za-z0-9+/=]+)$/.exec(clientFinal);
    const [, withoutProof, binding = '', nonce, proofText = ''] = match ?? [];
    if (withoutProof === undefined || nonce !== this.#nonce) return null;
    if (Buffer.from(binding, 'base64').toString() !== this.#first.header) return null;
    const { storedKey, serverKey } = this.#keys;
    const signed = `${this.#first.bare},${this.serverFirst},${withoutProof}`;
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== KEY_BYTES) return null;
    const clientKey = xor(proof, hmac(storedKey, signed));
    if (!timingSafeEqual(sha256(clientKey), storedKey)) return null;
    return `v=${hmac(serverKey, signed).toString('base64')}`;
  }
}
