/** What a socket of `node:tls` knows about its peer. Its types leave out that it may know nothing. */
import type { PeerCertificate, TLSSocket } from 'node:tls';

/** The peer's certificate; null without one, and once the socket is closed. */
export function certificateOf(socket: TLSSocket): PeerCertificate | null {
  const certificate: unknown = socket.getPeerCertificate();
  const isThere = typeof certificate === 'object' && certificate !== null && 'raw' in certificate;
  return isThere ? socket.getPeerCertificate() : null;
}

/** The cipher suite; null once the socket is closed. */
export function cipherOf(socket: TLSSocket): string | null {
  const cipher: unknown = socket.getCipher();
  return typeof cipher === 'object' && cipher !== null ? socket.getCipher().standardName : null;
}

/** The name that the client has asked for; null without one. */
export function servernameOf(socket: TLSSocket): string | null {
  const servername: unknown = Reflect.get(socket, 'servername');
  return typeof servername === 'string' && servername !== '' ? servername : null;
}

/** The code of why the peer's certificate is not trusted, as `node:tls` has decided; null if it is, or is undecided. */
export function authorizationErrorOf(socket: TLSSocket): string | null {
  const problem: unknown = socket.authorizationError;
  return typeof problem === 'string' ? problem : null;
}
