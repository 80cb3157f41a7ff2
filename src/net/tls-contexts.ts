/** The certificates of a server: which one a client gets, and their exchange while connections are open. */
import { constants } from 'node:crypto';
import type tls from 'node:tls';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { FdmuxError, toError } from '../errors.js';
import { namesOf, pemsOf, type TlsConnectOptions, type TlsIdentity, type TlsServerContext } from './tls-options.js';

/** `node:tls`, which is loaded only if TLS is used: it would slow down the start of all other programs. */
export type TlsModule = Pick<typeof tls, 'TLSSocket' | 'connect' | 'createSecureContext'>;

/** Loads `node:tls`. */
export function loadTls(): Promise<TlsModule> {
  return import('node:tls');
}

/** Sessions are resumed only within this context; with client certificates, OpenSSL insists on one. */
const SESSION_ID_CONTEXT = 'fdmux';

/** The contexts of a server. */
export class TlsContexts {
  readonly #tls: TlsModule;
  #default: SecureContext;
  #named: ReadonlyMap<string, SecureContext>;

  /** @throws ERR_TLS_CONTEXT */
  constructor(tls: TlsModule, options: TlsServerContext) {
    this.#tls = tls;
    this.#default = makeContext(tls, options, options);
    this.#named = this.#namedOf(options);
  }

  /** The context of a client that asks for no name, or for an unknown one. */
  get default(): SecureContext {
    return this.#default;
  }

  get hasNames(): boolean {
    return this.#named.size > 0;
  }

  /** Returns the context for a name; undefined if the default one is meant. */
  of(servername: string): SecureContext | undefined {
    const name = servername.toLowerCase();
    return this.#named.get(name) ?? this.#named.get(`*${name.slice(name.indexOf('.'))}`);
  }

  /**
   * Exchanges the certificates for handshakes that begin from now on.
   *
   * @throws ERR_TLS_CONTEXT; then the old ones stay
   */
  set(options: TlsServerContext): void {
    const context = makeContext(this.#tls, options, options);
    this.#named = this.#namedOf(options);
    this.#default = context;
  }

  #namedOf(options: TlsServerContext): ReadonlyMap<string, SecureContext> {
    const named = new Map<string, SecureContext>();
    for (const identity of options.sni ?? []) {
      const context = makeContext(this.#tls, identity, options);
      for (const name of namesOf(identity)) named.set(name.toLowerCase(), context);
    }
    return named;
  }
}

type SharedOptions = Pick<TlsServerContext, 'ca' | 'ciphers' | 'minVersion' | 'maxVersion'>;

/** @throws ERR_TLS_CONTEXT if the certificate, the key or the authorities are invalid, or do not belong together */
function makeContext(tls: TlsModule, identity: TlsIdentity, shared: SharedOptions): SecureContext {
  return createContext(tls, {
    ...contextOptions(shared),
    ...identityOptions(identity),
    sessionIdContext: SESSION_ID_CONTEXT,
  });
}

/** The context of a client. @throws ERR_TLS_CONTEXT */
export function makeClientContext(tls: TlsModule, options: TlsConnectOptions): SecureContext {
  return createContext(tls, { ...contextOptions(options), ...identityOptions(options) });
}

function createContext(tls: TlsModule, options: SecureContextOptions): SecureContext {
  try {
    return tls.createSecureContext(options);
  } catch (error) {
    throw new FdmuxError('ERR_TLS_CONTEXT', explain(toError(error), options), { cause: error });
  }
}

const WRONG_PASSPHRASE = 'the key is encrypted, and the passphrase is missing or wrong';
/** OpenSSL's `reason`, in words for the person who has to fix it. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  'key values mismatch': 'the certificate and the key do not belong together',
  'bad decrypt': WRONG_PASSPHRASE,
  'interrupted or cancelled': WRONG_PASSPHRASE,
  'no start line': 'the certificate or the key is no PEM text',
};

/** OpenSSL's `reason`. BoringSSL, which Bun has, writes KEY_VALUES_MISMATCH. */
function reasonOf(error: Error): string {
  return 'reason' in error ? String(error.reason).toLowerCase().replaceAll('_', ' ') : '';
}

function explain(error: Error, { key }: SecureContextOptions): string {
  const reason = reasonOf(error);
  // One wrong passphrase in 256 leaves a padding that looks right, in front of bytes that are no key.
  const isEncrypted = (typeof key === 'string' || Buffer.isBuffer(key)) && key.includes('ENCRYPTED');
  if (reason === 'unsupported' && isEncrypted) return WRONG_PASSPHRASE;
  return EXPLANATIONS[reason] ?? `the certificate, the key or another setting is of no use: ${error.message}`;
}

function contextOptions({ ca, ciphers, minVersion, maxVersion }: SharedOptions): SecureContextOptions {
  return {
    ...(ca === undefined ? {} : { ca: pemsOf(ca).map(toNode) }),
    ...(ciphers === undefined ? {} : { ciphers }),
    minVersion: minVersion ?? 'TLSv1.2',
    maxVersion: maxVersion ?? 'TLSv1.3',
    // A renegotiation costs the server much and the peer little.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    honorCipherOrder: true,
  };
}

function identityOptions({
  cert,
  key,
  passphrase,
}: Pick<TlsConnectOptions, 'cert' | 'key' | 'passphrase'>): SecureContextOptions {
  return {
    ...(cert === undefined ? {} : { cert: toNode(cert) }),
    ...(key === undefined ? {} : { key: toNode(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

function toNode(pem: string | Uint8Array): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem);
}
