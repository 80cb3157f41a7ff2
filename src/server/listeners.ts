/** The listeners of a server. */
import { isDeepStrictEqual } from 'node:util';
import { checkOneOf } from '../arguments.js';
import { closedError, hasCode, toError } from '../errors.js';
import { BACKEND_NAMES, type BackendName } from '../multiplexer/backend.js';
import { SteadyMultiplexer } from '../multiplexer/steady-multiplexer.js';
import type { AdoptedState } from '../net/adopt.js';
import { type ConnectionTrigger, hasTrigger } from '../net/connection-trigger.js';
import { listen, type Listener } from '../net/listener.js';
import type { ConnectionOptions } from '../net/options.js';
import type { TlsListenOptions } from '../net/tls-options.js';
import type { Address } from '../socket/address.js';
import { CertificateWatch } from './certificate-watch.js';
import type { Clock } from './clock.js';
import { listenerAt } from './config/merge.js';
import type { ListenerConfig, ServerConfig } from './config/server-config.js';
import type { CertificateFacts, ListenerTls } from './config/tls-files.js';
import {
  heldOf,
  isSamePlace,
  type LeftClient,
  type LeftListener,
  type ListenerPlace,
  unsentOf,
} from './hand-over/estate.js';
import { FULL_BYTES, PLACE_FROM_BYTES } from './link.js';
import { ListenError } from './listen-error.js';
import type { Occupant } from './listener-handlers.js';
import type { Log } from './log.js';
import { isSameListener, matchListeners } from './matching-listeners.js';
import type { PeerAddresses } from './peer-addresses.js';
import { type ProtocolName, WEB } from './protocol-names.js';
import type { Reception } from './reception.js';
import type { Refusals } from './refusals.js';
import { StrayConnections } from './stray-connections.js';
import { toTlsListenOptions } from './tls-listening.js';

/** How long a stopping server waits for peers to read what is pending. */
const CLOSE_MS = 1000;
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
  readonly inherited: ReadonlyMap<ListenerConfig, InheritedSocket>;
  readonly log: Log;
  readonly reception: Reception;
  readonly refusals: Refusals;
}

/** A socket that listens already. */
export interface InheritedSocket {
  readonly fd: number;
  /** Whether the server closes it in the end, and removes its file. */
  readonly isOwned: boolean;
  /** The options that another server has set on its connections; not given if that is unknown. */
  readonly keepAlive?: unknown;
}

/** A listener that is open. */
interface Opened {
  readonly config: ListenerConfig;
  readonly listener: Listener<Occupant>;
  /** The socket that it was given and does not own; undefined if it has one of its own. */
  readonly fd: number | undefined;
}

/** The listeners of one server. */
export class Listeners {
  readonly #parts: ListenersParts;
  #open: Opened[] = [];
  /** All that accept peers or have connections: also those that a change has just opened, or closed. */
  #listeners: readonly Listener<Occupant>[] = [];
  readonly #strays = new StrayConnections();
  readonly #skipped: ListenerConfig[] = [];
  readonly #certificateWatch: CertificateWatch;
  /** The last change. Two at once would open the same listener twice. */
  #changing: Promise<void> = Promise.resolve();
  #isAccepting = true;
  /** Whether the connections of another process have the options that this one sets. It sets the same on all. */
  readonly #areConfigured: boolean;
  /** Has the fds of all of them; null before the first one. */
  #multiplexer: SteadyMultiplexer | null = null;

  constructor(parts: ListenersParts) {
    this.#parts = parts;
    this.#certificateWatch = new CertificateWatch(parts.log);
    const inherited = [...parts.inherited.values()];
    this.#areConfigured = inherited.some(({ keepAlive }) => isDeepStrictEqual(keepAlive, KEEP_ALIVE));
  }

  /** The kernel interface that they wait with. */
  get backend(): BackendName {
    return this.#multiplexer?.backend ?? this.#parts.config.backend;
  }

  /**
   * Moves all listeners and connections to another kernel interface. Those that are edge-triggered are not where there
   * are no edges.
   *
   * @throws ERR_OUT_OF_RANGE; ERR_CLOSED; EMFILE, ENFILE, ENOMEM, ENOSPC. Nothing has moved then
   */
  switchBackend(to: BackendName): void {
    checkOneOf(to, 'backend', BACKEND_NAMES);
    if (this.#multiplexer === null) throw closedError('the server');
    const from = this.backend;
    if (this.#triggerOn(to) === 'level') this.#setTrigger('level');
    try {
      this.#multiplexer.multiplexer.switchBackend(to);
    } finally {
      this.#setTrigger(this.#triggerOn(this.backend));
    }
    if (to === from) return;
    this.#parts.log.warn('switched the backend', { from, to, connections: this.#connectionCount });
  }

  /** The trigger of the configuration, if the backend has it. */
  #triggerOn(backend: BackendName): ConnectionTrigger {
    const { trigger } = this.#parts.config;
    return hasTrigger(backend, trigger) ? trigger : 'level';
  }

  #setTrigger(trigger: ConnectionTrigger): void {
    for (const listener of this.#listeners) listener.setTrigger(trigger);
  }

  get #connectionCount(): number {
    return this.#listeners.reduce((count, { connections }) => count + connections, this.#strays.count);
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
    const { config, inherited } = this.#parts;
    for (const listener of config.listeners) {
      const opened = await this.#listenIfFree(listener, inherited.get(listener));
      if (opened === null) this.#skipped.push(listener);
      else this.#open.push(opened);
    }
    this.tick();
  }

  /** @returns null for an optional one whose port is taken */
  async #listenIfFree(config: ListenerConfig, given?: InheritedSocket): Promise<Opened | null> {
    try {
      return await this.#listen(config, given);
    } catch (error) {
      if (config.isOptional && isTaken(error)) return null;
      throw error;
    }
  }

  /** @throws ListenError */
  async #listen(config: ListenerConfig, given: InheritedSocket | undefined): Promise<Opened> {
    const { log, reception } = this.#parts;
    const { backlog } = this.#parts.config;
    const socket = await reception.handlersOf(config);
    try {
      const listener = await listen<Occupant>({
        ...(given === undefined ? config.at : { fd: given.fd, ownsFd: given.isOwned }),
        backlog,
        ...this.#connectionOptions(config),
        tls: this.#tlsOptions(config),
        socket,
        onError: (error) => {
          log.error('accepting failed', { error: error.message });
        },
      });
      // Not before: the backend may have been switched while it was opened.
      listener.setTrigger(this.#triggerOn(this.backend));
      this.#listeners = [...this.#listeners.filter(isInUse), listener];
      log.info('listening', { protocol: config.protocol, tls: config.tls !== null, ...config.at });
      return { config, listener, fd: given?.isOwned === false ? given.fd : undefined };
    } catch (error) {
      throw new ListenError(config.at, error, config);
    }
  }

  /** One that was given up because its waits failed for good is replaced. */
  #openMultiplexer(): SteadyMultiplexer {
    if (this.#multiplexer?.closed !== false) this.#multiplexer = new SteadyMultiplexer(this.backend);
    return this.#multiplexer;
  }

  /**
   * Opens and closes listeners, so that those of another configuration are open. Connections stay.
   *
   * @param given - sockets that listen already, for listeners that are new; null if they are opened here
   * @throws ListenError if one cannot be opened; then those from before are open
   */
  change(read: ServerConfig, given: ReadonlyMap<ListenerConfig, InheritedSocket> | null = null): Promise<void> {
    const changed = this.#changing.then(() => (this.#isAccepting ? this.#change(read, given) : undefined));
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  async #change(
    { listeners }: ServerConfig,
    given: ReadonlyMap<ListenerConfig, InheritedSocket> | null,
  ): Promise<void> {
    const before = this.#open;
    const wanted = new Map<ListenerConfig, Opened | null>(listeners.map((config) => [config, null]));
    const leaving: Opened[] = [];
    for (const opened of before) {
      const same = listeners.find((config) => wanted.get(config) === null && isSameListener(config, opened.config));
      if (same === undefined) leaving.push(opened);
      else wanted.set(same, opened);
    }
    const isMissing = (config: ListenerConfig): boolean => wanted.get(config) === null;
    const added: Opened[] = [];
    const open = async (config: ListenerConfig, fd?: number): Promise<void> => {
      const opened = await this.#listenIfFree(config, given?.get(config) ?? notOwned(fd));
      if (opened === null) return;
      wanted.set(config, opened);
      added.push(opened);
    };
    try {
      // First what can be opened beside the old ones, so that a mistake is noticed before anything is closed.
      const isNew = (config: ListenerConfig): boolean => isMissing(config) && given?.has(config) !== false;
      for (const config of listeners.filter(isNew)) await open(config).catch(unlessTaken);
      this.#retire(leaving);
      const missing = listeners.filter(isMissing);
      const places = matchListeners(
        missing,
        leaving.map(({ config }) => config),
      );
      for (const config of missing) {
        await open(config, leaving.find((opened) => opened.config === places.get(config))?.fd);
      }
    } catch (error) {
      await this.#restore(before, added);
      throw error;
    }
    this.#open = [...wanted].flatMap(([config, opened]) => (opened === null ? [] : [{ ...opened, config }]));
  }

  /** Has listeners accept nobody any more. Their connections stay. */
  #retire(listeners: readonly Opened[]): void {
    for (const { config, listener } of listeners) {
      listener.stopAccepting();
      this.#parts.log.info('listening no more', { protocol: config.protocol, ...config.at });
    }
    this.#listeners = this.#listeners.filter(isInUse);
  }

  /** Takes a change back that has failed. */
  async #restore(before: readonly Opened[], added: readonly Opened[]): Promise<void> {
    this.#retire(added);
    this.#open = [];
    for (const opened of before) {
      try {
        this.#open.push(opened.listener.closed ? await this.#listen(opened.config, notOwned(opened.fd)) : opened);
      } catch (error) {
        const { message } = toError(error);
        this.#parts.log.error('listener lost', { protocol: opened.config.protocol, error: message });
      }
    }
  }

  /** The pending bytes at which a link looks how far its peer is behind; at most the smallest limit. */
  #highWaterMark({ protocol, tls }: ListenerConfig): number {
    const limits = this.#parts.config.classes.map(({ settings }) => settings.softSendQueueBytes);
    // A wire between link and connection does not say when the kernel takes no more.
    const isDirect = tls === null && protocol !== WEB.name;
    return Math.min(isDirect ? FULL_BYTES : PLACE_FROM_BYTES, ...limits);
  }

  #tlsOptions({ protocol, tls }: ListenerConfig): TlsListenOptions | undefined {
    if (tls === null) return undefined;
    return toTlsListenOptions(protocol, tls, (error, address) => {
      this.#parts.refusals.recordHandshake(error, { ...this.#parts.addresses.of(address) });
    });
  }

  /** Does what is due by the second. */
  tick(): void {
    // A replay has no listeners, and must ask for the time as often as its recording.
    this.#certificateWatch.look(this.certificates, this.#parts.clock.now());
  }

  /** The certificates that new connections get: one for each file, however many listeners share it. */
  get certificates(): readonly CertificateFacts[] {
    const all = this.#open.flatMap(({ config }) => config.tls?.certificates ?? []);
    return [...new Map(all.map((certificate) => [certificate.file, certificate])).values()];
  }

  /** Exchanges the certificates of those that the new configuration has as well. */
  exchangeCertificates(read: ServerConfig): void {
    const left = new Set(read.listeners.filter(({ tls }) => tls !== null));
    this.#open = this.#open.map((opened) => {
      const { config, listener } = opened;
      const same = config.tls === null ? undefined : [...left].find((other) => isSamePlace(other, config));
      if (config.tls === null || same === undefined || same.tls === null) return opened;
      left.delete(same);
      listener.setSecureContext(same.tls.context);
      return { ...opened, config: { ...config, tls: { ...config.tls, ...contentsOf(same.tls) } } };
    });
    this.#certificateWatch.lookAgain(this.certificates, this.#parts.clock.now());
  }

  /** Accepts no new connections any more; those that are open stay. */
  stopAccepting(): void {
    this.#isAccepting = false;
    for (const { listener } of this.#open) listener.stopAccepting();
  }

  /** Gives all listening sockets away: nobody is accepted any more, and those who wait stay in the queues. */
  giveAway(): LeftListener[] {
    this.#isAccepting = false;
    // A change of the configuration may have lost one.
    const open = this.#open.filter(({ listener }) => !listener.closed);
    return open.map(({ config: { protocol, at }, listener, fd }) => ({
      fd: listener.release(),
      place: { protocol, at },
      isOwned: fd === undefined,
      keepAlive: KEEP_ALIVE,
    }));
  }

  /**
   * Serves a connection of another process: on the listener of its place, or else on one of its protocol, or else
   * without one.
   */
  adopt(client: LeftClient): void {
    const { fd, place, state } = client;
    const ofProtocol = this.#open.filter(({ config }) => config.protocol === place.protocol && config.tls === null);
    const opened = ofProtocol.find(({ config }) => isSamePlace(config, place)) ?? ofProtocol[0];
    // All of it waits in the connection: a link would write, and the other process might go on after all.
    const bytes = { unsent: unsentOf(client), held: heldOf(client), configured: this.#areConfigured };
    this.#parts.reception.resume({ ...state, unsent: '' }, () => {
      if (opened === undefined) this.#adoptStray(fd, place, bytes);
      else opened.listener.adopt(fd, bytes);
    });
  }

  /** Serves a connection whose protocol nobody can connect with any more, or only with TLS. */
  #adoptStray(fd: number, place: ListenerPlace, state: AdoptedState<Occupant>): void {
    const like = this.#open.find(({ config }) => config.protocol === place.protocol)?.config;
    const config = { ...(like ?? listenerAt(place.protocol, place.at)), at: place.at, tls: null, isProxied: false };
    this.#strays.adopt(fd, {
      ...state,
      ...this.#connectionOptions(config),
      socket: this.#parts.reception.handlersOfStrays(config, (connection) => {
        this.#strays.closed(connection);
      }),
    });
  }

  /** The options of all connections of a listener. Their trigger is the one that every backend has. */
  #connectionOptions(config: ListenerConfig): Omit<ConnectionOptions<Occupant>, 'socket'> {
    return {
      multiplexer: this.#openMultiplexer(),
      keepAlive: KEEP_ALIVE,
      highWaterMarkBytes: this.#highWaterMark(config),
      maxPendingBytes: NO_LIMIT_BYTES,
    };
  }

  /** @returns when the last connection is closed */
  async close(): Promise<void> {
    this.#isAccepting = false;
    await this.#changing;
    await Promise.all([...this.#listeners, this.#strays].map((each) => each.close({ drainMs: CLOSE_MS })));
    this.#multiplexer?.multiplexer.close();
  }
}

function isInUse({ closed, connections }: Listener<Occupant>): boolean {
  return !closed || connections > 0;
}

function notOwned(fd: number | undefined): InheritedSocket | undefined {
  return fd === undefined ? undefined : { fd, isOwned: false };
}

/** Returns the contents that a reload exchanges. */
function contentsOf({ context, certificates }: ListenerTls): Pick<ListenerTls, 'context' | 'certificates'> {
  return { context, certificates };
}

/** @throws any error but that of a place that somebody listens on */
function unlessTaken(error: unknown): void {
  if (!isTaken(error)) throw error;
}

function isTaken(error: unknown): boolean {
  return error instanceof ListenError && hasCode(error.cause, 'EADDRINUSE');
}
