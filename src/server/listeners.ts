/** The listeners of a server. */
import { isDeepStrictEqual } from 'node:util';
import { hasCode } from '../errors.js';
import { listen, type Listener } from '../net/listener.js';
import type { TlsListenOptions } from '../net/tls-options.js';
import type { Address } from '../socket/address.js';
import { warnOfExpiry } from './certificate-watch.js';
import type { Clock } from './clock.js';
import type { ListenerConfig, ServerConfig } from './config/server-config.js';
import { ListenError } from './listen-error.js';
import type { Log } from './log.js';
import type { PeerAddresses } from './peer-addresses.js';
import type { ProtocolName } from './protocols.js';
import type { Occupant, Reception } from './reception.js';
import type { Refusals } from './refusals.js';
import { toTlsListenOptions } from './tls-listening.js';

/** How long a stopping server waits for peers to read what is pending. */
const CLOSE_MS = 1000;
const BACKLOG = 4096;
/** More than one turn brings to a member of a busy room, so that only slow readers are assessed. */
const HIGH_WATER_MARK_BYTES = 131_072;
/** Links enforce the limit of their class, which a reload may change; the socket layer's own must not interfere. */
const NO_LIMIT_BYTES = 0x7fff_ffff;
/** A plain peer may be silent for ever, so only the kernel can notice that its machine is gone. */
const KEEP_ALIVE = { idleMs: 120_000, intervalMs: 30_000, probes: 4 };

/** A listener of a running server. */
export interface OpenListener {
  readonly protocol: ProtocolName;
  /** Whether it speaks TLS. */
  readonly isSecure: boolean;
  readonly address: Address;
}

/** The parts of a server that its listeners deal with. */
export interface ListenersParts {
  readonly addresses: PeerAddresses;
  readonly clock: Clock;
  readonly config: ServerConfig;
  /** Sockets that listen already. */
  readonly inherited: ReadonlyMap<ListenerConfig, number>;
  readonly log: Log;
  readonly reception: Reception;
  readonly refusals: Refusals;
}

/** The listeners of one server. */
export class Listeners {
  readonly #parts: ListenersParts;
  readonly #open: { readonly config: ListenerConfig; readonly listener: Listener<Occupant> }[] = [];
  readonly #skipped: ListenerConfig[] = [];

  constructor(parts: ListenersParts) {
    this.#parts = parts;
  }

  /** Those that are open, in the order of the configuration. */
  get open(): readonly OpenListener[] {
    return this.#open.map(({ config, listener }) => ({
      protocol: config.protocol,
      isSecure: config.tls !== null,
      address: listener.address,
    }));
  }

  /** Optional ones whose port was taken. */
  get skipped(): readonly ListenerConfig[] {
    return this.#skipped;
  }

  /** Opens all of the configuration. @throws ListenError; those that are open stay so until {@link close} */
  async openAll(): Promise<void> {
    for (const config of this.#parts.config.listeners) await this.#listen(config);
  }

  async #listen(config: ListenerConfig): Promise<void> {
    const { inherited, log, reception } = this.#parts;
    const { backend, trigger } = this.#parts.config;
    const fd = inherited.get(config);
    const socket = await reception.handlersOf(config);
    try {
      const listener = await listen<Occupant>({
        ...(fd === undefined ? config.at : { fd }),
        backlog: BACKLOG,
        backend,
        trigger,
        keepAlive: KEEP_ALIVE,
        highWaterMarkBytes: this.#highWaterMark(),
        maxPendingBytes: NO_LIMIT_BYTES,
        tls: this.#tlsOptions(config),
        socket,
        onError: (error) => {
          log.error('accepting failed', { error: error.message });
        },
      });
      this.#open.push({ config, listener });
      log.info('listening', { protocol: config.protocol, tls: config.tls !== null, ...config.at });
      this.#warnOfExpiry(config);
    } catch (error) {
      if (!config.isOptional || !hasCode(error, 'EADDRINUSE')) throw new ListenError(config.at, error, config);
      this.#skipped.push(config);
    }
  }

  /** The pending bytes at which a link checks the limits of its class; at most the smallest limit. */
  #highWaterMark(): number {
    const limits = this.#parts.config.classes.map(({ settings }) => settings.softSendQueueBytes);
    return Math.min(HIGH_WATER_MARK_BYTES, ...limits);
  }

  #tlsOptions({ protocol, tls }: ListenerConfig): TlsListenOptions | undefined {
    if (tls === null) return undefined;
    return toTlsListenOptions(protocol, tls, (error, address) => {
      this.#parts.refusals.record('handshake', error.message, { ...this.#parts.addresses.of(address) });
    });
  }

  #warnOfExpiry({ tls }: ListenerConfig): void {
    if (tls !== null) warnOfExpiry(tls.certificates, this.#parts.clock.now(), this.#parts.log);
  }

  /** Exchanges the certificates of those that the new configuration has as well. */
  exchangeCertificates(read: ServerConfig): void {
    for (const { config, listener } of this.#open) {
      const same = read.listeners.find((other) => isSamePlace(other, config) && other.tls !== null);
      if (config.tls === null || same === undefined || same.tls === null) continue;
      listener.setSecureContext(same.tls.context);
      this.#warnOfExpiry(same);
    }
  }

  /** Accepts no new connections any more; those that are open stay. */
  stopAccepting(): void {
    for (const { listener } of this.#open) listener.stopAccepting();
  }

  /** @returns when the last connection is closed */
  async close(): Promise<void> {
    await Promise.all(this.#open.map(({ listener }) => listener.close({ drainMs: CLOSE_MS })));
  }
}

function isSamePlace(one: ListenerConfig, other: ListenerConfig): boolean {
  return one.protocol === other.protocol && isDeepStrictEqual(one.at, other.at);
}
