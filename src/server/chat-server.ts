/** The chat server: wires listeners, links and protocols together. */
import { isDeepStrictEqual } from 'node:util';
import type { AdminListener } from '../admin/admin-listener.js';
import type { Phase, Readings } from '../admin/readings.js';
import { canonicalAddress } from '../chat/address.js';
import { Chat, type ChatOptions } from '../chat/chat.js';
import { identityOfPeer } from '../chat/user-mask.js';
import { hasCode } from '../errors.js';
import { ProxyGate } from '../front/proxy-gate.js';
import type { ProxiedPeer } from '../front/proxy-line.js';
import type { Connection, SocketHandlers } from '../net/connection.js';
import { listen, type Listener } from '../net/listener.js';
import type { TlsListenOptions } from '../net/tls-options.js';
import { AddressList, UNIX_PEER_HOST } from '../protocol/address-list.js';
import type { ClassSettings } from '../protocol/limits.js';
import { PARTINGS, sendQueueExceeded } from '../protocol/parting.js';
import type { Reload, ServerControl } from '../protocol/server-control.js';
import type { RelayedPeer, RelocationRefused } from '../protocol/session.js';
import type { Address } from '../socket/address.js';
import { Admission } from './admission.js';
import type { Arrival, PeerConnection } from './arrival.js';
import { Backlog, cutFurthestBehind } from './backlog.js';
import { warnOfExpiry } from './certificate-watch.js';
import { ClassFinder } from './classes.js';
import type { Alarm } from './clock.js';
import { changedFixedKeys, type ListenerConfig, type ServerConfig } from './config/server-config.js';
import { ConnectionLink, type LinkEvents, TICK_MS } from './link.js';
import { ListenError } from './listen-error.js';
import type { Log } from './log.js';
import { type ProtocolName, Protocols, type ProtocolSettings, WEB } from './protocols.js';
import { readingsOf } from './readings.js';
import { Refusals } from './refusals.js';
import { RunQueue } from './run-queue.js';
import { Tally } from './tally.js';
import { fingerprintOf, toTlsListenOptions } from './tls-listening.js';
import { WebEntrance, type WebHost } from './web-entrance.js';
import { REAL_WORLD, type World } from './world.js';

/** How long a stopping server waits for peers to read what is pending. */
const DRAIN_MS = 1000;
/** How long it waits for peers that have been sent everything to close. */
const GRACE_MS = 200;
const BACKLOG = 4096;
/** More than one turn brings to a member of a busy room, so that only slow readers are assessed. */
const HIGH_WATER_MARK_BYTES = 131_072;
/** Links enforce the limit of their class, which a reload may change; the socket layer's own must not interfere. */
const NO_LIMIT_BYTES = 0x7fff_ffff;
/** A plain peer may be silent for ever, so only the kernel can notice that its machine is gone. */
const KEEP_ALIVE = { idleMs: 120_000, intervalMs: 30_000, probes: 4 };
/** A proxy on a unix socket, which is no peer itself. */
const UNNUMBERED_PEER = { host: UNIX_PEER_HOST, port: 0 };
/** Nobody reads along between these proxies and the server. */
const LOCAL_PROXIES = new AddressList(['127.0.0.0/8', '::1', 'unix']);

/** The server's options, and what it needs from the process around it. */
export interface ServerOptions {
  readonly config: ServerConfig;
  readonly log: Log;
  readonly version: string;
  /** Where the server stores its bans, and how many; by default in memory. */
  readonly bans?: ChatOptions['bans'];
  /** The configuration's file; `-` without one. */
  readonly configurationName: string;
  /** Reads the configuration again. If it rejects, the old one stays. */
  readonly readConfig: () => Promise<ServerConfig>;
  /** Sockets that listen already, such as those of a service manager. @defaultValue none */
  readonly inherited?: ReadonlyMap<ListenerConfig, number>;
  /** @defaultValue the world as it is */
  readonly world?: World;
  /** An operator has ended the server. */
  readonly onStop: (reason: string) => void;
}

/** A listener of a running server. */
export interface OpenListener {
  readonly protocol: ProtocolName;
  /** Whether it speaks TLS. */
  readonly isSecure: boolean;
  readonly address: Address;
}

/** What stands on an accepted connection: its link, or before that the gate that waits for a proxy's header. */
type Occupant = ConnectionLink | ProxyGate;

/** A running chat server. */
export class ChatServer implements LinkEvents, ServerControl {
  readonly configurationName: string;
  readonly tally = new Tally();
  readonly #options: ServerOptions;
  readonly #world: World;
  readonly #chat: Chat;
  readonly #protocols: Protocols;
  readonly #links = new Set<ConnectionLink>();
  readonly #admission = new Admission();
  readonly #refusals: Refusals;
  readonly #listeners: { readonly config: ListenerConfig; readonly listener: Listener<Occupant> }[] = [];
  readonly #entrances: WebEntrance[] = [];
  readonly #skipped: ListenerConfig[] = [];
  #settings: ProtocolSettings;
  #classes: ClassFinder;
  #proxies: AddressList;
  #proxyTimeoutMs: number;
  #maxClients: number;
  readonly #backlog: Backlog<ConnectionLink>;
  readonly #runQueue: RunQueue;
  /** One timer for everything that is seconds away: most links wait only for the next ping. */
  #nextTick: Alarm | null = null;
  #unixPeers = 0;
  #connectionCount = 0;
  #phase: Phase = 'starting';
  #isEnding = false;
  #drainMs: number;
  /** The last client of a server that drains has left. */
  #onEmpty: () => void = () => undefined;
  #admin: AdminListener | null = null;

  private constructor(options: ServerOptions) {
    const { config, world = REAL_WORLD } = options;
    this.#options = options;
    this.#world = world;
    this.configurationName = options.configurationName;
    this.#chat = new Chat({
      bans: options.bans,
      now: world.now,
      newLogId: world.newLogId,
      onTrouble: (log, trouble) => options.log.warn('trouble with a log of the chat', { log, ...trouble }),
    });
    this.#protocols = new Protocols(this.#chat, config, {
      version: options.version,
      control: this,
      passwords: {
        now: world.monotonicMs,
        sleep: (delayMs) => new Promise((resolve) => void world.after(delayMs, resolve)),
        verify: world.verifyPassword,
      },
    });
    this.#refusals = new Refusals(options.log, world);
    this.#classes = new ClassFinder(config.classes);
    this.#settings = config;
    this.#proxies = new AddressList(config.proxies);
    this.#proxyTimeoutMs = config.proxyTimeoutMs;
    this.#maxClients = config.maxClients;
    this.#drainMs = config.drainMs;
    this.#backlog = new Backlog(config.totalSendQueueBytes, world);
    this.#runQueue = new RunQueue(world);
    this.#tickLater();
  }

  #tickLater(): void {
    // As with a link's own timer, bytes that have arrived in the meantime go first.
    this.#nextTick = this.#world.after(TICK_MS, () => {
      this.#nextTick = this.#world.soon(this.#tick);
    });
  }

  readonly #tick = (): void => {
    this.#tickLater();
    const nowMs = this.#world.monotonicMs();
    for (const link of this.#links) link.tick(nowMs);
    this.#chat.tick();
    // Readers that are not far behind count as well, but need checking less often.
    cutFurthestBehind(this.#links, this.#backlog.limitBytes);
  };

  /** Returns a server that listens nowhere: its peers arrive by {@link admit} alone. */
  static withoutListeners(options: ServerOptions): ChatServer {
    return new ChatServer(options);
  }

  /**
   * Starts a server.
   *
   * @throws ListenError; then nothing is left open
   */
  static async start(options: ServerOptions): Promise<ChatServer> {
    const server = new ChatServer(options);
    try {
      await server.#openAdmin();
      for (const listener of options.config.listeners) await server.#listen(listener);
    } catch (error) {
      await server.close('the server could not start');
      throw error;
    }
    if (server.#phase === 'starting') server.#phase = 'ready';
    return server;
  }

  /** Opens the listener for whoever runs the server. What it needs is loaded only then. */
  async #openAdmin(): Promise<void> {
    const at = this.#options.config.admin;
    if (at === null) return;
    const { AdminListener } = await import('../admin/admin-listener.js');
    try {
      this.#admin = await AdminListener.open({
        at,
        readings: () => this.#readings(),
        phase: () => this.#phase,
        onError: (error) => this.#options.log.error('accepting failed', { error: error.message }),
      });
    } catch (error) {
      throw new ListenError(at, error);
    }
  }

  #readings(): Readings {
    const { version, config } = this.#options;
    return readingsOf({
      version,
      backend: config.backend,
      chat: this.#chat,
      protocols: this.#protocols,
      links: this.#links,
      tally: this.tally,
      acceptedTotal: this.#connectionCount,
    });
  }

  /** Describes how much there is to do, in a few words. */
  get status(): string {
    return `${this.#links.size} clients in ${this.#chat.directory.occupiedRoomCount} rooms`;
  }

  /** Where whoever runs the server may ask; null if it does not listen for that. */
  get adminAddress(): Address | null {
    return this.#admin?.address ?? null;
  }

  /** The listeners, in the order of the configuration. */
  get listeners(): readonly OpenListener[] {
    return this.#listeners.map(({ config, listener }) => ({
      protocol: config.protocol,
      isSecure: config.tls !== null,
      address: listener.address,
    }));
  }

  /** Optional listeners whose port was taken. */
  get skippedListeners(): readonly ListenerConfig[] {
    return this.#skipped;
  }

  /** The pending bytes at which a link checks the limits of its class; at most the smallest limit. */
  #highWaterMark(): number {
    const limits = this.#options.config.classes.map(({ settings }) => settings.softSendQueueBytes);
    return Math.min(HIGH_WATER_MARK_BYTES, ...limits);
  }

  async #listen(config: ListenerConfig): Promise<void> {
    const { backend, trigger } = this.#options.config;
    const entrance = config.protocol === WEB.name ? await WebEntrance.open(config, this.#webHost()) : null;
    const fd = this.#options.inherited?.get(config);
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
        socket: this.#handlers(config, entrance),
        onError: (error) => this.#options.log.error('accepting failed', { error: error.message }),
      });
      this.#listeners.push({ config, listener });
      if (entrance !== null) this.#entrances.push(entrance);
      const isSecure = config.tls !== null;
      this.#options.log.info('listening', { protocol: config.protocol, tls: isSecure, ...config.at });
      if (config.tls !== null) warnOfExpiry(config.tls.certificates, this.#world.now(), this.#options.log);
    } catch (error) {
      if (!config.isOptional || !hasCode(error, 'EADDRINUSE')) throw new ListenError(config.at, error, config);
      this.#skipped.push(config);
    }
  }

  #tlsOptions({ protocol, tls }: ListenerConfig): TlsListenOptions | undefined {
    if (tls === null) return undefined;
    return toTlsListenOptions(protocol, tls, (error, address) => {
      this.tally.refused('handshake');
      this.#refusals.record(error.message, this.#remoteOf(address));
    });
  }

  /** Exchanges the certificates of the listeners that the new configuration has as well. */
  #exchangeCertificates({ listeners }: ServerConfig): void {
    for (const { config, listener } of this.#listeners) {
      if (config.tls === null) continue;
      const isSame = (read: ListenerConfig): boolean =>
        read.protocol === config.protocol && isDeepStrictEqual(read.at, config.at);
      const tls = listeners.find((read) => read.tls !== null && isSame(read))?.tls ?? null;
      if (tls === null) continue;
      listener.setSecureContext(tls.context);
      warnOfExpiry(tls.certificates, this.#world.now(), this.#options.log);
    }
  }

  #handlers(config: ListenerConfig, entrance: WebEntrance | null): SocketHandlers<Occupant> {
    const arrived = (peer: PeerConnection<Occupant>): void => {
      if (entrance === null) this.#arrived(peer, config);
      else entrance.take(peer);
    };
    return {
      open: (connection) => {
        const { remoteAddress: address, isSecure } = connection;
        if (config.isProxied) this.#awaitHeader(connection, arrived);
        else arrived({ connection, address, isSecure });
      },
      data: (connection, bytes) => {
        connection.data.receive(bytes);
      },
      end: (connection) => {
        connection.data.endOfInput();
      },
      drain: (connection) => {
        connection.data.drained();
      },
      close: ({ data }, error) => {
        if (data instanceof ConnectionLink) this.departed(data, error);
        else data.closed();
      },
    };
  }

  /** Waits for the proxy to say whose connection this is. Only listed proxies are believed. */
  #awaitHeader(connection: Connection<Occupant>, arrived: (peer: PeerConnection<Occupant>) => void): void {
    const { remoteAddress } = connection;
    const proxy = remoteAddress.family === 'unix' ? UNNUMBERED_PEER : this.#remoteOf(remoteAddress);
    const refused = (why: string): void => {
      this.tally.refused('proxy');
      this.#refusals.record(why, proxy);
    };
    connection.data = new ProxyGate(connection, this.#proxyTimeoutMs, {
      passed: (peer, isSecure, firstBytes) => {
        const address = peer === null ? remoteAddress : addressOf(peer);
        arrived({ connection, address, isSecure: isSecure && LOCAL_PROXIES.has(proxy.host), firstBytes });
      },
      refused,
    });
    if (this.#proxies.has(proxy.host)) return;
    connection.destroy();
    refused('it is not listed as a proxy');
  }

  #arrived({ connection, address, isSecure, firstBytes }: PeerConnection<Occupant>, config: ListenerConfig): void {
    const carrier = connection.remoteAddress.family === 'unix' ? 'unix' : 'tcp';
    const transport = connection.isSecure ? 'tls' : carrier;
    const certificate = fingerprintOf(connection);
    const link = this.admit({ wire: connection, address, transport, isSecure, certificate, config });
    connection.data = link;
    if (firstBytes !== undefined && firstBytes.length > 0) link.receive(firstBytes);
  }

  /** What a web listener needs of the server. */
  #webHost(): WebHost {
    return {
      admit: (arrival) => this.admit(arrival),
      departed: (link, error) => {
        this.departed(link, error);
      },
      hostOf: (address) => this.#remoteOf(address).host,
      isProxy: (host) => this.#proxies.has(host),
      isLocal: (host) => LOCAL_PROXIES.has(host),
      classes: () => this.#classes,
      settings: () => this.#settings,
      version: this.#options.version,
    };
  }

  /**
   * Lets a peer in, or refuses it. Either way its link takes what the wire receives, by `receive`, `endOfInput` and
   * `drained`, until {@link departed}.
   */
  admit(arrival: Arrival): ConnectionLink {
    const { address, config, transport, isSecure, certificate } = arrival;
    this.#connectionCount += 1;
    const id = this.#connectionCount;
    const remote = this.#remoteOf(address);
    const limits = this.#classes.find(remote.host);
    const protocol = this.#protocols.of(config.protocol);
    const facts = { id, protocol: config.protocol, ...remote, transport, isSecure, certificate };
    const link = this.#world.createLink({ arrival, facts, limits, events: this, protocol });
    const ban = this.#banOf(remote.host, protocol.userName, limits);
    const reason = ban ?? this.#refusal(remote.host, limits);
    if (reason !== null) {
      const notice = protocol.refuse({ host: remote.host, reason, isBan: ban !== null, atMs: this.#world.now() });
      this.tally.refused(ban === null ? 'limit' : 'ban');
      this.#refusals.refuse(link, reason, notice);
      return link;
    }
    this.#links.add(link);
    this.note('connected', { connection: id, ...remote, protocol: config.protocol, transport, class: limits.name });
    const { charset, maxLineBytes, quietMs } = config;
    protocol.createSession(link, { charset, maxLineBytes, quietMs });
    return link;
  }

  /**
   * Returns why the address is banned; null if it is not. If each peer of the protocol brings its own user name, that
   * is not known yet, so the protocol checks again later.
   */
  #banOf(host: string, userName: string, limits: ClassSettings): string | null {
    if (limits.refusal !== null) return limits.refusal;
    const identity = identityOfPeer(host, userName, this.#chat.directory.fold);
    return this.#chat.bans.find(identity)?.reason ?? null;
  }

  relocate(link: ConnectionLink, { host, port, gateway }: RelayedPeer): ClassSettings | RelocationRefused {
    const limits = this.#classes.find(host);
    // Only a protocol whose peers bring their own user names has gateways.
    const ban = this.#banOf(host, '', limits);
    if (ban !== null) return { reason: ban, isBan: true };
    const from = { host: link.remoteHost, limits: link.limits };
    const reason = this.#admission.move(from, { host, limits }, this.#maxClients, this.#world.monotonicMs());
    if (reason !== null) return { reason, isBan: false };
    this.note('relayed', { connection: link.id, gateway, host, port, class: limits.name });
    return limits;
  }

  #refusal(host: string, limits: ClassSettings): string | null {
    if (this.#isEnding) return 'the server is shutting down';
    return this.#admission.enter(host, limits, this.#maxClients, this.#world.monotonicMs());
  }

  #remoteOf(address: Address): { host: string; port: number } {
    if (address.family === 'inet') return { host: address.host, port: address.port };
    if (address.family === 'inet6') {
      // A dual-stack listener reports IPv4 peers in a mapped form. They are the same people as on an IPv4 listener.
      return { host: canonicalAddress(address.host), port: address.port };
    }
    // A unix peer has no address; a number distinguishes it from the others.
    this.#unixPeers += 1;
    return { host: UNIX_PEER_HOST, port: this.#unixPeers };
  }

  /** A link's wire is closed. @param error - why, if that is no orderly end */
  departed(link: ConnectionLink, error: Error | undefined): void {
    this.#world.departed(link, error);
    link.closed();
    if (!this.#links.delete(link)) {
      this.#refusals.closed(link);
      return;
    }
    const { id: connection, remoteHost: host, remotePort: port } = link;
    this.#admission.leave(host, link.limits);
    if (this.#links.size === 0) this.#onEmpty();
    const reason = link.closeReason ?? (error === undefined ? PARTINGS.closed : describeLoss(error));
    link.session?.disconnected(reason);
    if (link.isTooSlow || hasCode(error, 'ERR_WRITE_QUEUE_FULL')) {
      this.tally.slowReadersClosed += 1;
      this.#options.log.warn('slow reader closed', { connection, host, port, reason });
    } else {
      this.note('closed', { connection, host, port, reason });
    }
  }

  soon(link: ConnectionLink): void {
    this.#runQueue.add(link);
  }

  overflowed(link: ConnectionLink): void {
    this.#backlog.overflowed(link);
  }

  log(event: string, details: Readonly<Record<string, unknown>>): void {
    this.#options.log.warn(event, details);
  }

  note(event: string, details: Readonly<Record<string, unknown>>): void {
    this.#options.log.info(event, details);
  }

  /** Reads the configuration again and applies what can change at run time; nobody is dropped. */
  async reload(): Promise<Reload> {
    try {
      const config = await this.#options.readConfig();
      // First, because it may fail.
      this.#exchangeCertificates(config);
      this.#protocols.configure(config);
      this.#settings = config;
      this.#classes = new ClassFinder(config.classes);
      this.#proxies = new AddressList(config.proxies);
      this.#proxyTimeoutMs = config.proxyTimeoutMs;
      this.#maxClients = config.maxClients;
      this.#drainMs = config.drainMs;
      this.#backlog.limitBytes = config.totalSendQueueBytes;
      const waitingKeys = changedFixedKeys(this.#options.config, config);
      this.#options.log.warn('configuration reloaded', { file: this.configurationName, waitingKeys });
      return { problem: null, waitingKeys };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.log.error('configuration not reloaded', { file: this.configurationName, error: message });
      return { problem: message, waitingKeys: [] };
    }
  }

  /** Does what {@link reload} does, for the one who runs the server. */
  async requestReload(): Promise<Reload> {
    return this.#world.fromOutside(['reload'], () => this.reload());
  }

  stop(reason: string): void {
    this.#options.onStop(reason);
  }

  /**
   * Takes no new clients any more, and waits for those that are here to leave by themselves.
   *
   * @param hurry - ends the waiting when it resolves
   * @returns when all have left, or the configuration's `drainMs` have passed
   */
  async drain(hurry: Promise<unknown>): Promise<void> {
    this.#phase = 'draining';
    for (const { listener } of this.#listeners) listener.stopAccepting();
    if (this.#drainMs === 0 || this.#links.size === 0) return;
    this.#options.log.warn('draining', { clients: this.#links.size, drainMs: this.#drainMs });
    const over = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    const alarm = this.#world.after(this.#drainMs, this.#onEmpty);
    await Promise.race([over, hurry]);
    alarm.cancel();
  }

  /**
   * Ends the server: refuses new peers, notifies everybody, and cuts off those who do not read that in time.
   *
   * @returns when the last socket is closed
   */
  async close(reason: string): Promise<void> {
    const grace = await this.#world.fromOutside(['stop', reason], () => this.beginToEnd(reason));
    await Promise.all(this.#listeners.map(({ listener }) => listener.close({ drainMs: DRAIN_MS })));
    await this.#admin?.close();
    grace.cancel();
    this.#nextTick?.cancel();
  }

  /** Refuses new peers from now on, and ends the sessions. @returns when those that are still there are cut off */
  beginToEnd(reason: string): Alarm {
    this.#phase = 'draining';
    for (const entrance of this.#entrances) entrance.retire();
    this.#isEnding = true;
    for (const link of this.#links) link.session?.shutDown(reason);
    return this.#world.after(GRACE_MS, () => {
      for (const link of this.#links) if (link.pendingBytes === 0) link.cut(reason);
    });
  }
}

function addressOf({ host, port }: ProxiedPeer): Address {
  return host.includes(':') ? { family: 'inet6', host, port, flowInfo: 0, scopeId: 0 } : { family: 'inet', host, port };
}

/** Words a lost connection for the other members. */
function describeLoss(error: Error): string {
  if (hasCode(error, 'ECONNRESET') || hasCode(error, 'EPIPE')) return PARTINGS.reset;
  if (hasCode(error, 'ETIMEDOUT')) return PARTINGS.timedOut;
  if (hasCode(error, 'ERR_WRITE_QUEUE_FULL')) return sendQueueExceeded(error.message);
  return error.message;
}
