/** TLS of a connect(): the handshake as the client, and its verdict on the server's certificate. */
import { isIP } from 'node:net';
import type { ConnectionOptions as NodeConnectOptions, SecureContext, TLSSocket } from 'node:tls';
import type { ConnectionGroup } from './connection-group.js';
import type { ServedConnection } from './served-connection.js';
import { TlsConnection } from './tls-connection.js';
import { makeClientContext, type TlsModule } from './tls-contexts.js';
import { authorizationErrorOf, type Verdict } from './tls-facts.js';
import { Handshakes } from './tls-handshakes.js';
import { DEFAULT_HANDSHAKE_TIMEOUT_MS, type TlsConnectOptions } from './tls-options.js';
import { TlsOutput } from './tls-output.js';

/** The options of `connect({ tls })` with the module that they need, and the context made of them. */
export interface TlsConnectSettings {
  readonly tls: TlsModule;
  readonly context: SecureContext;
  readonly options: TlsConnectOptions;
  /** The host that is connected to; empty for a unix socket. */
  readonly host: string;
}

/** @throws ERR_TLS_CONTEXT */
export function toTlsConnectSettings(tls: TlsModule, options: TlsConnectOptions, host: string): TlsConnectSettings {
  return { tls, context: makeClientContext(tls, options), options, host };
}

/** The outcomes of the handshake: one of the two is called, once. */
export interface ClientOutcome<T> {
  /** The open handler has been called. */
  opened(connection: TlsConnection<T>): void;
  failed(error: Error): void;
}

/** Begins the handshake. @throws EMFILE, ENFILE, ENOMEM */
export function secureClient<T>(
  settings: TlsConnectSettings,
  group: ConnectionGroup<T>,
  below: ServedConnection<T>,
  outcome: ClientOutcome<T>,
): TlsConnection<T> {
  const { tls, options } = settings;
  const timeoutMs = options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS;
  return new TlsConnection(below, group, new TlsOutput(group.turn), {
    makeSocket: (duplex) => {
      const socket = tls.connect({ ...nodeOptions(settings), socket: duplex });
      const { onSession } = options;
      if (onSession !== undefined) socket.on('session', onSession);
      return socket;
    },
    event: 'secureConnect',
    // A certificate that must not be accepted has ended the handshake already.
    judge: verdictOf,
    handshakes: new Handshakes(group.turn, { timeoutMs, max: 1, cpuPercent: 100 }),
    opened: (connection) => outcome.opened(connection),
    failed: (error) => outcome.failed(error),
  });
}

function verdictOf(socket: TLSSocket): Verdict {
  // Deno has null in place of false.
  const authorized: unknown = Reflect.get(socket, 'authorized');
  return { authorized: authorized === true, authorizationError: authorizationErrorOf(socket), refusal: null };
}

function nodeOptions({ context, options, host }: TlsConnectSettings): NodeConnectOptions {
  const { servername, ALPNProtocols, rejectUnauthorized = true, checkServerIdentity, session } = options;
  // RFC 6066 section 3: an address is no name.
  const sentName = servername ?? (isIP(host) === 0 ? host : '');
  return {
    secureContext: context,
    host: servername === undefined || servername === '' ? host : servername,
    rejectUnauthorized,
    ...(sentName === '' ? {} : { servername: sentName }),
    ...(ALPNProtocols === undefined ? {} : { ALPNProtocols: [...ALPNProtocols] }),
    ...(checkServerIdentity === undefined ? {} : { checkServerIdentity }),
    ...(session === undefined ? {} : { session: Buffer.from(session) }),
  };
}
