/** The facts that a socket of `node:tls` has about its peer. Its types leave out that it may have none. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { ConnectionSecurity } from './connection.js';

/** The beginning of the error about a peer that does not speak TLS. */
export const NOT_TLS = 'the peer does not speak TLS';

/** The judgement of the peer's certificate. */
export interface Verdict {
  readonly authorized: boolean;
  readonly authorizationError: string | null;
  readonly refusal: Error | null;
}

/** The answers of a connection over TLS. */
export class TlsFacts implements ConnectionSecurity {
  readonly isSecure = true;
  readonly #socket: TLSSocket;
  /** Null until the handshake is done. */
  verdict: Verdict | null = null;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  get authorized(): boolean {
    return this.verdict?.authorized ?? false;
  }

  get authorizationError(): string | null {
    return this.verdict?.authorizationError ?? null;
  }

  get peerCertificate(): PeerCertificate | null {
    return certificateOf(this.#socket);
  }

  get alpnProtocol(): string | null {
    const { alpnProtocol } = this.#socket;
    return typeof alpnProtocol === 'string' ? alpnProtocol : null;
  }

  get servername(): string | null {
    const servername: unknown = Reflect.get(this.#socket, 'servername');
    return typeof servername === 'string' && servername !== '' ? servername : null;
  }

  get tlsVersion(): string | null {
    return this.#socket.getProtocol();
  }

  get cipher(): string | null {
    const cipher: unknown = this.#socket.getCipher();
    return typeof cipher === 'object' && cipher !== null ? this.#socket.getCipher().standardName : null;
  }
}

/** The peer's certificate; null without one, and once the socket is closed. */
export function certificateOf(socket: TLSSocket): PeerCertificate | null {
  const certificate: unknown = socket.getPeerCertificate();
  const isThere = typeof certificate === 'object' && certificate !== null && 'raw' in certificate;
  return isThere ? socket.getPeerCertificate() : null;
}

/** The codes of `X509_verify_cert_error_string`(3) as `node:tls` names them, and its own of names that do not match. */
const CERTIFICATE_CODES =
  /^(?:UNABLE_TO_|CERT_|CRL_|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(?:CA|PURPOSE)$|PATH_LENGTH_|HOSTNAME_|ERR_TLS_CERT_)/;

/** Whether an error of a handshake says that the peer's certificate is not trusted. Deno says it nowhere else. */
export const isAboutCertificate = (error: Error): boolean =>
  'code' in error && typeof error.code === 'string' && CERTIFICATE_CODES.test(error.code);

/** The code of why the peer's certificate is not trusted, as `node:tls` has decided; null if it is, or is undecided. */
export function authorizationErrorOf(socket: TLSSocket): string | null {
  const problem: unknown = socket.authorizationError;
  return typeof problem === 'string' ? problem : null;
}
