/** The facts about a connection's security. */
import type { PeerCertificate } from 'node:tls';
import type { ConnectionSecurity } from './connection.js';

/** The facts about all connections without TLS. */
export const UNSECURED: ConnectionSecurity = {
  isSecure: false,
  authorized: false,
  authorizationError: null,
  peerCertificate: null,
  alpnProtocol: null,
  servername: null,
  tlsVersion: null,
  cipher: null,
};

/** A connection whose answers are those of one value, which need not be its own: servers hold many connections. */
export abstract class SecurityFacts implements ConnectionSecurity {
  protected abstract get security(): ConnectionSecurity;

  get isSecure(): boolean {
    return this.security.isSecure;
  }

  get authorized(): boolean {
    return this.security.authorized;
  }

  get authorizationError(): string | null {
    return this.security.authorizationError;
  }

  get peerCertificate(): PeerCertificate | null {
    return this.security.peerCertificate;
  }

  get alpnProtocol(): string | null {
    return this.security.alpnProtocol;
  }

  get servername(): string | null {
    return this.security.servername;
  }

  get tlsVersion(): string | null {
    return this.security.tlsVersion;
  }

  get cipher(): string | null {
    return this.security.cipher;
  }
}
