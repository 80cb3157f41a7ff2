/** The options of TLS for `listen()` and `connect()`: their meaning, their defaults, and their check. */
import type { PeerCertificate, SecureVersion } from 'node:tls';
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkOneOf,
  checkOptions,
  checkString,
  MAX_INT32,
  type OptionNames,
} from '../arguments.js';
import { invalidArgType } from '../errors.js';
import type { Address } from '../socket/address.js';

/** PEM text: a certificate with the chain that leads to it, or a key. */
export type Pem = string | Uint8Array;

/** The versions that fdmux speaks; the older ones are broken (RFC 8996). */
export type TlsVersion = Extract<SecureVersion, 'TLSv1.2' | 'TLSv1.3'>;

const TLS_VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3'];

/** A certificate and its key. */
export interface TlsIdentity {
  /** The certificate, followed by the intermediate ones, as PEM. */
  readonly cert: Pem;
  /** Its private key, as PEM. */
  readonly key: Pem;
  /** Decrypts the key. */
  readonly passphrase?: string | undefined;
}

/** An identity for clients that ask for one of certain names (SNI, RFC 6066 section 3). */
export interface TlsNamedIdentity extends TlsIdentity {
  /** One or more names; `*.example.org` stands for all names with one label more than `example.org`. */
  readonly servername: string | readonly string[];
}

/** The part of {@link TlsListenOptions} that {@link Listener.setSecureContext} exchanges. */
export interface TlsServerContext extends TlsIdentity {
  /** Identities for other names. @defaultValue `[]` */
  readonly sni?: readonly TlsNamedIdentity[] | undefined;
  /** The authorities that client certificates are checked against, as PEM. @defaultValue those of Node.js */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The cipher suites of TLS 1.2 and 1.3, as OpenSSL writes them. @defaultValue those of Node.js */
  readonly ciphers?: string | undefined;
  /** @defaultValue `'TLSv1.2'` */
  readonly minVersion?: TlsVersion | undefined;
  /** @defaultValue `'TLSv1.3'` */
  readonly maxVersion?: TlsVersion | undefined;
}

/** TLS for `listen()`. */
export interface TlsListenOptions extends TlsServerContext {
  /** Protocols that the server speaks, the best first (ALPN, RFC 7301). A client that offers only others is refused. */
  readonly ALPNProtocols?: readonly string[] | undefined;
  /** Asks clients for a certificate. @defaultValue `false` */
  readonly requestCert?: boolean | undefined;
  /**
   * With `requestCert`, refuses clients without a certificate that `ca` vouches for. If false, `authorized` reports
   * it. @defaultValue `true`
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /** A connection whose handshake takes longer is closed: 1 to 2^31-1 ms. @defaultValue 10,000 */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * Handshakes under way at the same time: 1 to 2^31-1. Beyond that, the oldest gives way once it has taken a tenth of
   * `handshakeTimeoutMs`; until then, new connections wait in the kernel's backlog. @defaultValue 512
   */
  readonly maxHandshakes?: number | undefined;
  /**
   * How much of the thread's time handshakes may take, with the `open` handlers behind them: 1 to 100 percent. If they
   * have taken more, new connections wait in the kernel's backlog, so that strangers do not slow down connected
   * clients. @defaultValue 50
   */
  readonly handshakeCpuPercent?: number | undefined;
  /**
   * A handshake has failed; no handler of the connection is called.
   *
   * @param error ERR_TLS_HANDSHAKE, ERR_TLS_HANDSHAKE_TIMEOUT or ERR_TLS_UNAUTHORIZED
   */
  readonly onHandshakeError?: ((error: Error, remoteAddress: Address) => void) | undefined;
}

/** TLS for `connect()`. */
export interface TlsConnectOptions {
  /** The authorities that the server's certificate is checked against, as PEM. @defaultValue those of Node.js */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The client's own certificate, if the server asks for one; `key` belongs to it. */
  readonly cert?: Pem | undefined;
  readonly key?: Pem | undefined;
  /** Decrypts the key. */
  readonly passphrase?: string | undefined;
  /**
   * The name that the server's certificate must have, which the server is also sent (SNI); an empty string sends none.
   * @defaultValue `host`
   */
  readonly servername?: string | undefined;
  /** Protocols to offer, the best first (ALPN, RFC 7301). */
  readonly ALPNProtocols?: readonly string[] | undefined;
  /**
   * Refuses a server whose certificate `ca` does not vouch for, or that has another name. If false, `authorized`
   * reports it. @defaultValue `true`
   */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Checks the name in the server's certificate instead of `tls.checkServerIdentity`. @returns why it is wrong */
  readonly checkServerIdentity?: ((servername: string, certificate: PeerCertificate) => Error | undefined) | undefined;
  /** A session of an earlier connection, to resume. */
  readonly session?: Uint8Array | undefined;
  /** The server has sent a session that a later connection may resume. */
  readonly onSession?: ((session: Buffer) => void) | undefined;
  /** The cipher suites of TLS 1.2 and 1.3, as OpenSSL writes them. @defaultValue those of Node.js */
  readonly ciphers?: string | undefined;
  /** @defaultValue `'TLSv1.2'` */
  readonly minVersion?: TlsVersion | undefined;
  /** @defaultValue `'TLSv1.3'` */
  readonly maxVersion?: TlsVersion | undefined;
  /** How long the handshake may take: 1 to 2^31-1 ms. @defaultValue 10,000 */
  readonly handshakeTimeoutMs?: number | undefined;
}

export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
export const DEFAULT_MAX_HANDSHAKES = 512;
export const DEFAULT_HANDSHAKE_CPU_PERCENT = 50;

const CONTEXT_OPTIONS: OptionNames<TlsServerContext> = {
  cert: true,
  key: true,
  passphrase: true,
  sni: true,
  ca: true,
  ciphers: true,
  minVersion: true,
  maxVersion: true,
};
const NAMED_OPTIONS: OptionNames<TlsNamedIdentity> = { servername: true, cert: true, key: true, passphrase: true };
const LISTEN_OPTIONS: OptionNames<TlsListenOptions> = {
  ...CONTEXT_OPTIONS,
  ALPNProtocols: true,
  requestCert: true,
  rejectUnauthorized: true,
  handshakeTimeoutMs: true,
  maxHandshakes: true,
  handshakeCpuPercent: true,
  onHandshakeError: true,
};
const CONNECT_OPTIONS: OptionNames<TlsConnectOptions> = {
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  servername: true,
  ALPNProtocols: true,
  rejectUnauthorized: true,
  checkServerIdentity: true,
  session: true,
  onSession: true,
  ciphers: true,
  minVersion: true,
  maxVersion: true,
  handshakeTimeoutMs: true,
};

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION */
export function checkTlsListenOptions(tls: TlsListenOptions): void {
  checkOptions(tls, 'options.tls', LISTEN_OPTIONS);
  checkContextValues(tls, 'options.tls');
  const { requestCert, rejectUnauthorized, maxHandshakes, handshakeCpuPercent, onHandshakeError } = tls;
  checkHandshakeValues(tls);
  if (requestCert !== undefined) checkBoolean(requestCert, 'options.tls.requestCert');
  if (rejectUnauthorized !== undefined) checkBoolean(rejectUnauthorized, 'options.tls.rejectUnauthorized');
  if (maxHandshakes !== undefined) checkInteger(maxHandshakes, 'options.tls.maxHandshakes', 1, MAX_INT32);
  if (handshakeCpuPercent !== undefined) checkInteger(handshakeCpuPercent, 'options.tls.handshakeCpuPercent', 1, 100);
  if (onHandshakeError !== undefined) checkFunction(onHandshakeError, 'options.tls.onHandshakeError');
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION */
export function checkTlsServerContext(context: TlsServerContext): void {
  checkOptions(context, 'context', CONTEXT_OPTIONS);
  checkContextValues(context, 'context');
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION */
export function checkTlsConnectOptions(tls: TlsConnectOptions): void {
  checkOptions(tls, 'options.tls', CONNECT_OPTIONS);
  const { cert, key, servername, rejectUnauthorized, checkServerIdentity, session, onSession } = tls;
  if (cert !== undefined) checkPem(cert, 'options.tls.cert');
  if (key !== undefined) checkPem(key, 'options.tls.key');
  checkShared(tls, 'options.tls');
  checkHandshakeValues(tls);
  if (servername !== undefined) checkString(servername, 'options.tls.servername');
  if (rejectUnauthorized !== undefined) checkBoolean(rejectUnauthorized, 'options.tls.rejectUnauthorized');
  if (checkServerIdentity !== undefined) checkFunction(checkServerIdentity, 'options.tls.checkServerIdentity');
  if (session !== undefined && !(session instanceof Uint8Array))
    throw invalidArgType('options.tls.session', 'a Uint8Array', session);
  if (onSession !== undefined) checkFunction(onSession, 'options.tls.onSession');
}

function checkContextValues(context: TlsServerContext, name: string): void {
  checkPem(context.cert, `${name}.cert`);
  checkPem(context.key, `${name}.key`);
  checkShared(context, name);
  const sni: unknown = context.sni ?? [];
  if (!Array.isArray(sni)) throw invalidArgType(`${name}.sni`, 'an array', sni);
  for (const [index, identity] of (context.sni ?? []).entries()) {
    const path = `${name}.sni[${index}]`;
    checkOptions(identity, path, NAMED_OPTIONS);
    checkPem(identity.cert, `${path}.cert`);
    checkPem(identity.key, `${path}.key`);
    if (identity.passphrase !== undefined) checkString(identity.passphrase, `${path}.passphrase`);
    for (const servername of namesOf(identity)) checkString(servername, `${path}.servername`);
  }
}

/** The names of an identity. */
export function namesOf({ servername }: TlsNamedIdentity): readonly string[] {
  return typeof servername === 'object' ? servername : [servername];
}

/** The options of both sides. */
function checkShared(
  options: Pick<TlsServerContext, 'passphrase' | 'ca' | 'ciphers' | 'minVersion' | 'maxVersion'>,
  name: string,
): void {
  const { passphrase, ca, ciphers, minVersion, maxVersion } = options;
  if (passphrase !== undefined) checkString(passphrase, `${name}.passphrase`);
  if (Array.isArray(ca)) for (const one of pemsOf(ca)) checkPem(one, `${name}.ca`);
  else if (ca !== undefined) checkPem(ca, `${name}.ca`);
  if (ciphers !== undefined) checkString(ciphers, `${name}.ciphers`);
  if (minVersion !== undefined) checkOneOf(minVersion, `${name}.minVersion`, TLS_VERSIONS);
  if (maxVersion !== undefined) checkOneOf(maxVersion, `${name}.maxVersion`, TLS_VERSIONS);
}

/** The authorities as a list. */
export function pemsOf(ca: Pem | readonly Pem[] | undefined): readonly Pem[] {
  if (ca === undefined) return [];
  return typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca;
}

function checkHandshakeValues(options: Pick<TlsListenOptions, 'ALPNProtocols' | 'handshakeTimeoutMs'>): void {
  const { ALPNProtocols: protocols, handshakeTimeoutMs } = options;
  if (handshakeTimeoutMs !== undefined)
    checkInteger(handshakeTimeoutMs, 'options.tls.handshakeTimeoutMs', 1, MAX_INT32);
  if (protocols === undefined) return;
  if (!Array.isArray(protocols)) throw invalidArgType('options.tls.ALPNProtocols', 'an array of names', protocols);
  for (const protocol of protocols) {
    checkString(protocol, 'options.tls.ALPNProtocols');
    // Its length is one byte on the wire (RFC 7301 section 3.1).
    checkInteger(Buffer.byteLength(protocol), 'options.tls.ALPNProtocols, the length of a name', 1, 255);
  }
}

function checkPem(value: unknown, name: string): void {
  if (typeof value !== 'string' && !(value instanceof Uint8Array))
    throw invalidArgType(name, 'PEM text as a string or a Uint8Array', value);
}
