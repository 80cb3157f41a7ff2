/** TLS of a listener: begins a handshake on each connection, and holds the current certificates. */
import type { SecureContext, TLSSocket, TLSSocketOptions } from 'node:tls';
import { FdmuxError } from '../errors.js';
import type { ConnectionGroup } from './connection-group.js';
import { callInContext } from './handler-calls.js';
import type { ServedConnection } from './served-connection.js';
import { TlsConnection } from './tls-connection.js';
import { TlsContexts, type TlsModule } from './tls-contexts.js';
import { certificateOf, type Verdict } from './tls-facts.js';
import { Handshakes } from './tls-handshakes.js';
import {
  checkTlsServerContext,
  DEFAULT_HANDSHAKE_CPU_PERCENT,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  DEFAULT_MAX_HANDSHAKES,
  type TlsListenOptions,
  type TlsServerContext,
} from './tls-options.js';
import { TlsOutput } from './tls-output.js';

/** The options of `listen({ tls })` with the module that they need, and the contexts made of them. */
export interface TlsListenSettings {
  readonly tls: TlsModule;
  readonly contexts: TlsContexts;
  readonly options: TlsListenOptions;
}

/** @throws ERR_TLS_CONTEXT */
export function toTlsListenSettings(tls: TlsModule, options: TlsListenOptions): TlsListenSettings {
  return { tls, contexts: new TlsContexts(tls, options), options };
}

/** Secures the connections of one listener. */
export class TlsServer<T> {
  readonly #settings: TlsListenSettings;
  readonly #group: ConnectionGroup<T>;
  readonly #handshakes: Handshakes;
  readonly #output: TlsOutput;
  readonly #socketOptions: Omit<TLSSocketOptions, 'secureContext'>;
  readonly #onHandshakeOver: () => void;

  /** @param onHandshakeOver called after each handshake, whether it was successful or not */
  constructor(settings: TlsListenSettings, group: ConnectionGroup<T>, onHandshakeOver: () => void) {
    const {
      ALPNProtocols,
      requestCert = false,
      handshakeTimeoutMs,
      maxHandshakes,
      handshakeCpuPercent,
    } = settings.options;
    this.#settings = settings;
    this.#group = group;
    this.#onHandshakeOver = onHandshakeOver;
    this.#output = new TlsOutput(group.turn);
    this.#handshakes = new Handshakes(group.turn, {
      timeoutMs: handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
      max: maxHandshakes ?? DEFAULT_MAX_HANDSHAKES,
      cpuPercent: handshakeCpuPercent ?? DEFAULT_HANDSHAKE_CPU_PERCENT,
    });
    this.#socketOptions = {
      isServer: true,
      requestCert,
      rejectUnauthorized: requestCert && (settings.options.rejectUnauthorized ?? true),
      ...(ALPNProtocols === undefined ? {} : { ALPNProtocols: [...ALPNProtocols] }),
    };
  }

  /** Returns how many handshakes may begin; at 0, {@link restMs} says when to ask again. */
  makeRoom(): number {
    return this.#handshakes.makeRoom();
  }

  get restMs(): number {
    return this.#handshakes.restMs;
  }

  setSecureContext(context: TlsServerContext): void {
    checkTlsServerContext(context);
    this.#settings.contexts.set(context);
  }

  /** Begins the handshake. @throws EMFILE, ENFILE, ENOMEM */
  secure(below: ServedConnection<T>): void {
    const { tls, contexts, options } = this.#settings;
    new TlsConnection(below, this.#group, this.#output, {
      makeSocket: (duplex) =>
        new tls.TLSSocket(duplex, {
          ...this.#socketOptions,
          secureContext: contexts.default,
          ...(contexts.hasNames ? { SNICallback: this.#findContext } : {}),
        }),
      event: 'secure',
      judge: this.#judge,
      handshakes: this.#handshakes,
      opened: this.#onHandshakeOver,
      failed: (error, remoteAddress) => {
        this.#onHandshakeOver();
        const { onHandshakeError } = options;
        if (onHandshakeError !== undefined) callInContext(this.#group, onHandshakeError, error, remoteAddress);
      },
    });
  }

  readonly #findContext = (
    servername: string,
    answer: (error: Error | null, context?: SecureContext) => void,
  ): void => {
    answer(null, this.#settings.contexts.of(servername));
  };

  readonly #judge = (socket: TLSSocket): Verdict => {
    const { requestCert, rejectUnauthorized } = this.#socketOptions;
    if (requestCert !== true) return { authorized: false, authorizationError: null, refusal: null };
    const problem = verificationProblem(socket);
    const refusal =
      problem === null || rejectUnauthorized !== true
        ? null
        : new FdmuxError('ERR_TLS_UNAUTHORIZED', `the client's certificate is refused: ${problem}`);
    return { authorized: problem === null, authorizationError: problem, refusal };
  };
}

/**
 * Returns why OpenSSL does not trust the client's certificate; null if it does. Node.js publishes that only for the
 * sockets of a tls.Server, which reads it in the same way; Bun has another name for it, and Deno a code instead of an
 * error. If there is no answer, the client is not trusted.
 */
function verificationProblem(socket: TLSSocket): string | null {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return 'UNKNOWN';
  const verifyError: unknown = Reflect.get(handle, 'verifyError') ?? Reflect.get(handle, 'getAuthorizationError');
  if (typeof verifyError !== 'function') return 'UNKNOWN';
  const problem: unknown = Reflect.apply(verifyError, handle, []);
  if (problem === null || problem === undefined || problem === '') {
    return certificateOf(socket) === null ? 'UNABLE_TO_GET_ISSUER_CERT' : null;
  }
  if (typeof problem === 'string') return problem;
  return problem instanceof Error && 'code' in problem ? String(problem.code) : 'UNKNOWN';
}
