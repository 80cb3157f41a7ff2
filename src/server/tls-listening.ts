/** TLS of the server's listeners: from the configuration to the options of `listen()`, and the facts about a client. */
import type { ConnectionSecurity } from '../net/connection.js';
import type { TlsListenOptions } from '../net/tls-options.js';
import type { ListenerTls } from './config/tls-files.js';
import type { ProtocolName } from './protocol-names.js';
import { APPLICATION_PROTOCOLS } from './protocols.js';

/** Returns the options of `listen()`. */
export function toTlsListenOptions(
  protocol: ProtocolName,
  { context, clientCertificates, handshakeTimeoutMs, maxHandshakes, handshakeCpuPercent }: ListenerTls,
  onHandshakeError: NonNullable<TlsListenOptions['onHandshakeError']>,
): TlsListenOptions {
  return {
    ...context,
    ALPNProtocols: APPLICATION_PROTOCOLS[protocol],
    requestCert: clientCertificates !== 'none',
    rejectUnauthorized: clientCertificates === 'require',
    handshakeTimeoutMs,
    maxHandshakes,
    handshakeCpuPercent,
    onHandshakeError,
  };
}

/** The SHA-256 fingerprint of the client's certificate, as lower-case hexadecimal digits; null without one. */
export function fingerprintOf({ peerCertificate }: ConnectionSecurity): string | null {
  return peerCertificate === null ? null : peerCertificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
