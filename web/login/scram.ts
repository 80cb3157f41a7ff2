/** SCRAM-SHA-256 (RFC 5802, RFC 7677): both sides prove that they know the password, and neither sends it. */
import { prepareText } from '../../src/accounts/prepared-text.js';
import type { Exchange } from './sasl.js';

/** Fewer rounds than the least of RFC 7677 give the password away; with more than this, a page would stand still. */
const MIN_ROUNDS = 4096;
const MAX_ROUNDS = 1_000_000;

const utf8 = new TextEncoder();

/** Whether this browser can: it has the means only on pages that arrived over HTTPS, or from this machine. */
export const hasScram = (): boolean => 'subtle' in globalThis.crypto;

/** @param nonce - what makes this exchange unlike any other: printable characters without a comma */
export function scram(account: string, password: string, nonce: string): Exchange {
  const first = `n=${account.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  let expected = '';
  const steps: ((challenge: string) => Promise<string | null> | string | null)[] = [
    () => `n,,${first}`,
    async (challenge) => {
      const { r = '', s = '', i = '' } = attributesOf(challenge);
      const rounds = Number(i);
      if (!r.startsWith(nonce) || r === nonce || !(rounds >= MIN_ROUNDS && rounds <= MAX_ROUNDS)) return null;
      const bare = `c=biws,r=${r}`;
      const proofs = await proofsOf(password, bytesOf(s), rounds, `${first},${challenge},${bare}`);
      expected = proofs.server;
      return `${bare},p=${proofs.client}`;
    },
    // A server that does not know the password is not the one that the user means.
    (challenge) => (expected !== '' && attributesOf(challenge)['v'] === expected ? '' : null),
  ];
  return { mechanism: 'SCRAM-SHA-256', answer: async (challenge) => (await steps.shift()?.(challenge)) ?? null };
}

async function proofsOf(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  rounds: number,
  message: string,
): Promise<{ readonly client: string; readonly server: string }> {
  const { subtle } = globalThis.crypto;
  const secret = await subtle.importKey('raw', utf8.encode(prepareText(password)), 'PBKDF2', false, ['deriveBits']);
  const salted = await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds }, secret, 256);
  const clientKey = await hmac(salted, 'Client Key');
  const signature = await hmac(await subtle.digest('SHA-256', clientKey), message);
  const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
  return { client: base64Of(proof), server: base64Of(await hmac(await hmac(salted, 'Server Key'), message)) };
}

async function hmac(key: ArrayBuffer | Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const { subtle } = globalThis.crypto;
  const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', imported, utf8.encode(text)));
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(',').map((each) => [each.slice(0, 1), each.slice(2)]));
}

export const base64Of = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
