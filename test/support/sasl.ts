/** Logging in by SASL PLAIN, as clients do. */
import type { Peer } from './peers.js';

/** The response of PLAIN (RFC 4616), in base64. */
export function plainResponse(account: string, password: string): string {
  return Buffer.from(`\0${account}\0${password}`).toString('base64');
}

/** The lines by which a client logs in that has the capability `sasl`. */
export function plainLines(account: string, password: string): [string, string] {
  return ['AUTHENTICATE PLAIN', `AUTHENTICATE ${plainResponse(account, password)}`];
}

/** Logs a connected client in, whether it has registered or not. */
export async function logInByPlain(peer: Peer, account: string, password: string): Promise<void> {
  await peer.write(`${['CAP REQ sasl', ...plainLines(account, password)].join('\r\n')}\r\n`);
  await peer.lineLike(/ 903 /);
}
