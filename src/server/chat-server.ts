/** A chat server: its parts wired together, from start to end. */
import { DEFAULT_ACCOUNT_SETTINGS } from '../accounts/account-service.js';
import { Accounts } from '../accounts/accounts.js';
import { MemoryAccounts } from '../accounts/memory-accounts.js';
import { ObservedAccounts } from '../accounts/observed-accounts.js';
import type { AdminListener } from '../admin/admin-listener.js';
import type { Phase, Readings } from '../admin/readings.js';
import type { Assembly } from '../chat/assembly.js';
import type { Naming } from '../chat/case-mapping.js';
import { Chat, type ChatOptions } from '../chat/chat.js';
import type { Member } from '../chat/member.js';
import type { Outcome } from '../chat/outcome.js';
import { type BanKind, MemoryBanStore, type ServerBan } from '../chat/server-bans.js';
import { toError } from '../errors.js';
import { personalShelf } from '../history/line.js';
import type { LogName } from '../log/entry.js';
import type { BackendName } from '../multiplexer/backend.js';
import { namingOf } from '../protocol/naming.js';
import type { ClassFigures, ConnectionFigures, Reload, ServerControl } from '../protocol/server-control.js';
import type { Address } from '../socket/address.js';
import { closeFds } from '../socket/close-fds.js';
import { openAdmin } from './admin.js';
import { LinkAssembly } from './assembly.js';
import { Clients } from './clients.js';
import { Cloak } from './cloak.js';
import { type Alarm, SYSTEM_CLOCK } from './clock.js';
import { ConfigError } from './config/config-error.js';
import { changedFixedKeys, type ListenerConfig, type ServerConfig } from './config/server-config.js';
import { Gatekeeper } from './gatekeeper.js';
import { type Estate, type LeftClient, leftClient, LeftClients } from './hand-over/estate.js';
import { MovedRooms } from './hand-over/moved-rooms.js';
import { Heartbeat } from './heartbeat.js';
import { Histories } from './history/histories.js';
import { LineRecorder } from './history/line-recorder.js';
import { Marks } from './history/marks.js';
import type { Keeping } from './keeping.js';
import { TICK_MS } from './link.js';
import { Listeners, type OpenListener } from './listeners.js';
import type { Node } from './nodes/node.js';
import type { OpenDomains } from './open-domains.js';
import { openDomains, type OpenedParts, openKeeping, openPatiently } from './opened-parts.js';
import { PeerAddresses } from './peer-addresses.js';
import { Protocols } from './protocols.js';
import { Proxies } from './proxies.js';
import { readingsOf } from './readings.js';
import { Reception } from './reception.js';
import { Refusals } from './refusals.js';
import type { Loan, ServerOptions } from './server-options.js';
import { Tally } from './tally.js';
import { REAL_WORLD, type World } from './world.js';

/** How long a stopping server waits for peers that have been sent everything to close. */
const GRACE_MS = 200;
/** How long a node that ends in order waits for the logs to say so. */
const STEP_DOWN_MS = 500;
/** The longest time for which a start waits for what is kept to be read. */
const CATCH_UP_MS = 10_000;

/** A running chat server. */
export class ChatServer implements ServerControl {
  readonly configurationName: string;
  readonly clients: Clients;
  readonly #options: ServerOptions;
  readonly #world: World;
  readonly #cloak: Cloak;
  readonly #history: Histories;
  readonly #marks: Marks;
  readonly chat: Chat;
  readonly #accounts: Accounts;
  readonly #observedAccounts: ObservedAccounts;
  /** Empty if they are kept elsewhere. */
  readonly #memoryAccounts: MemoryAccounts;
  readonly #protocols: Protocols;
  readonly #gatekeeper: Gatekeeper;
  readonly #proxies: Proxies;
  readonly #reception: Reception;
  readonly #listeners: Listeners;
  readonly #heartbeat: Heartbeat;
  #admin: AdminListener | null = null;
  readonly #keeping: Keeping | null;
  /** Null for a server that is linked to no other domain. */
  readonly #domains: OpenDomains | null;
  /** Null for a server that has its store for itself. */
  readonly #node: Node | null;
  #phase: Phase = 'starting';
  /** Whether the node ends because its rooms differ from those of the others. */
  #isAstray = false;
  #drainMs: number;
  #applied: ServerConfig;
  /** The last reload. It does not reject. */
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor(options: ServerOptions, naming: Naming, { keeping, makeNode, domains }: OpenedParts) {
    this.#keeping = keeping;
    this.#domains = domains;
    const { config, log, version, inherited = new Map(), world = REAL_WORLD } = options;
    this.#options = options;
    this.#applied = config;
    this.#world = world;
    this.configurationName = options.configurationName;
    this.#drainMs = config.drainMs;
    this.#cloak = new Cloak(config.cloak, world.cloakKey);
    this.#history = new Histories(config.memoryHistory, keeping?.history ?? null);
    this.#marks = new Marks(keeping?.markers ?? null);
    const tally = new Tally();
    this.chat = this.#createChat(naming, new LinkAssembly(tally));
    this.#node = makeNode?.(this.chat) ?? null;
    this.#memoryAccounts = new MemoryAccounts(options.estate?.accounts);
    this.#accounts = this.#createAccounts();
    this.#observedAccounts = this.#observeAccounts();
    this.#protocols = this.#createProtocols();
    const addresses = new PeerAddresses();
    const refusals = new Refusals(log, world, tally);
    const gatekeeper = new Gatekeeper(config, this.chat, world);
    const proxies = new Proxies(config, addresses, refusals);
    const protocols = this.#protocols;
    const { kept, totalSendQueueBytes } = config;
    const limits = { kept, totalSendQueueBytes };
    const clients = new Clients({ addresses, gatekeeper, log, protocols, refusals, tally, ...limits, world });
    const reception = new Reception({ addresses, clients, gatekeeper, protocols, proxies, version });
    this.#gatekeeper = gatekeeper;
    this.#proxies = proxies;
    this.clients = clients;
    this.#reception = reception;
    this.#listeners = new Listeners({ addresses, clock: world, config, inherited, log, reception, refusals });
    this.#heartbeat = new Heartbeat(world, TICK_MS, (nowMs) => {
      clients.tick(nowMs);
      this.chat.tick();
      clients.cutFurthestBehind();
      this.#listeners.tick();
    });
  }

  #createChat(naming: Naming, assembly: Assembly): Chat {
    const { bans, log, estate } = this.#options;
    const recorder = new LineRecorder(this.#history, naming.fold);
    return new Chat({
      assembly,
      bans,
      naming,
      hostOf: this.#cloak.hostOf,
      newLogId: this.#world.newLogId,
      ...this.#keeping?.chat,
      ...this.#domains?.chat,
      ...(estate === undefined ? {} : this.#inMemory(estate)),
      now: this.#world.now,
      record: (id, outcome) => {
        recorder.record(id, outcome);
        for (const session of sessionsOverBy(outcome)) this.#marks.forget(`s:${session}`);
      },
      onTrouble: (id, trouble) => {
        const { kind } = trouble;
        const isLoss = kind === 'lost' || kind === 'regressed';
        // The link says so for all rooms of its domain.
        const isOfLink = (kind === 'away' || kind === 'back') && this.#domains?.domains.isForeign(id) === true;
        if (!isOfLink) log[isLoss ? 'error' : 'warn']('trouble with a log of the chat', { log: id, ...trouble });
        // Its state is not that of the others any more.
        const hasStrayed = kind === 'missing' || kind === 'regressed';
        if (hasStrayed && this.#node !== null) this.#goAstray();
      },
    });
  }

  /** Ends this node: one that starts applies the logs as the others do. */
  #goAstray(): void {
    if (this.#isAstray) return;
    this.#isAstray = true;
    const { log, onStop, onStrayed } = this.#options;
    log.error('the rooms of this node are not those of the others any more: it cannot go on as it is');
    if (onStrayed !== undefined) onStrayed();
    else onStop('this node has other logs than the rest', true);
  }

  /** Returns the state in the memory of another process that a chat goes on from; a store has the rest. */
  #inMemory({ rooms, bans }: Estate): Pick<ChatOptions, 'keeper' | 'bans'> {
    // The node itself is made after its chat.
    if (this.#options.config.node !== null) return {};
    const keeper = new MovedRooms(rooms, this.#keeping?.chat.keeper ?? null, this.#world.newLogId);
    if (this.#keeping !== null) return { keeper };
    const store = new MemoryBanStore();
    for (const ban of bans) store.put(ban);
    return { keeper, bans: { store } };
  }

  #createAccounts(): Accounts {
    const { config, log } = this.#options;
    const book = this.#options.accounts ?? this.#keeping?.accounts ?? this.#memoryAccounts;
    return new Accounts({
      book,
      fold: this.chat.directory.fold,
      settings: config.irc.accounts ?? DEFAULT_ACCOUNT_SETTINGS,
      log: (event, details) => {
        log.warn(event, details);
      },
    });
  }

  #observeAccounts(): ObservedAccounts {
    const accounts = new ObservedAccounts(this.#accounts, this.#world.outside);
    accounts.observe({
      registered: () => undefined,
      erased: (account) => {
        const shelf = personalShelf(this.chat.directory.fold(account), '');
        this.#history.clear(shelf);
        this.#marks.forget(shelf);
      },
    });
    return accounts;
  }

  #createProtocols(): Protocols {
    const { config, version } = this.#options;
    const world = this.#world;
    const protocols = new Protocols(this.chat, config, {
      version,
      control: this,
      accounts: this.#observedAccounts,
      history: this.#history,
      markers: this.#marks,
      passwords: {
        now: world.monotonicMs,
        sleep: (delayMs) => new Promise((resolve) => void world.after(delayMs, resolve)),
        verify: world.verifyPassword,
      },
    });
    // The lobby is open by now.
    this.chat.reviveRooms();
    return protocols;
  }

  /** Returns a server that listens nowhere: its peers arrive by {@link clients} alone, after {@link begin}. */
  static async withoutListeners(options: ServerOptions): Promise<ChatServer> {
    const naming = await namingOf(options.config.irc.nicks);
    const keeping = await openKeeping(options);
    return new ChatServer(options, naming, { keeping, makeNode: null, domains: null });
  }

  /**
   * Starts a server.
   *
   * @throws ListenError, StoreError; then nothing is left open
   */
  static async start(options: ServerOptions): Promise<ChatServer> {
    const naming = await namingOf(options.config.irc.nicks);
    const { keeping, makeNode } = await openPatiently(options);
    options.onStep?.();
    const domains = await openDomains(options, naming, keeping);
    const server = new ChatServer(options, naming, { keeping, makeNode, domains });
    try {
      server.#node?.start();
      await server.#openAdmin();
      server.#step();
      await server.#world.fromOutside(['begin'], () => server.begin());
      server.#step();
      await server.#listeners.openAll();
      await server.#domains?.start(server.chat);
      if (options.estate !== undefined) server.#takeOver(options.estate.clients);
      server.#keeping?.members.forgetLastRun();
    } catch (error) {
      if (options.estate !== undefined) server.#forgo();
      await server.close('the server could not start');
      throw error;
    }
    server.#keeping?.retain(() => server.keepRooms());
    if (server.#phase === 'starting') server.#phase = 'ready';
    return server;
  }

  /** Brings back what is kept, before anybody can take the nick of a member that has stayed. */
  async begin(): Promise<void> {
    await this.#catchUp();
    this.#keeping?.bringBack(this.chat);
    await this.#reserveNicks();
  }

  /** Saves the states of all rooms. */
  async keepRooms(): Promise<void> {
    await this.#world.fromOutside(['keep'], () => {
      this.chat.keepRooms();
    });
  }

  /**
   * Goes on with clients of another process, which can go on itself until this returns: no turn of the loop comes in
   * between.
   */
  #takeOver(clients: LeftClients): void {
    this.chat.holdOpen(() => {
      for (const client of clients) {
        this.#step();
        try {
          this.#listeners.adopt(client);
        } catch (error) {
          this.#options.log.warn('a client is lost', { host: client.state.host, error: toError(error).message });
          closeFds([client]);
        }
      }
    });
    this.#options.onTakenOver?.();
  }

  #step(): void {
    this.#options.onStep?.();
  }

  /** Lets go of all sockets without a word: the process before this one goes on with them, and their files stay. */
  #forgo(): void {
    closeFds(this.#listeners.giveAway());
    closeFds(Array.from(this.clients.giveAway(), ({ released }) => released));
  }

  /**
   * Stops serving, so that another server can go on: without a word to the clients that can move, while the others are
   * told to connect again. {@link finish} has to follow.
   *
   * @param reason - for the others
   * @returns what the other server needs; its fds are the caller's. Without a store, the clients stay here until they
   * are asked for
   */
  async leave(reason: string): Promise<Estate> {
    this.#phase = 'draining';
    // It may be closing a listener, and opening it again.
    await this.#reloading;
    await this.#admin?.close();
    await this.#endLinks();
    await this.clients.settle();
    this.#keeping?.members.freeze();
    await this.#node?.retire(STEP_DOWN_MS);
    this.#reception.retire();
    const listeners = this.#listeners.giveAway();
    // The rooms, with those who are sent away still in them: they are back soon.
    const stored = this.#keeping?.chat.keeper ?? null;
    const isInMemory = ([name]: readonly [LogName, unknown]): boolean => (stored?.beginningOf(name) ?? null) === null;
    const rooms = new Map(this.#node === null ? this.chat.roomSnapshots().filter(isInMemory) : []);
    const bans = this.#keeping === null ? [...this.chat.bans.list('addresses'), ...this.chat.bans.list('users')] : [];
    this.chat.keepRooms();
    this.#keeping?.freeze();
    this.clients.sendAway(reason);
    this.#heartbeat.stop();
    const clients = new LeftClients(this.#giveAway());
    // Lines that wait for their turn would be run while the store closes, and it takes nothing more.
    if (this.#keeping !== null) clients.complete();
    await this.#closeStore();
    return { listeners, clients, rooms, bans, accounts: this.#memoryAccounts.all };
  }

  /** Ends the links to other domains. Clients who wait for an answer over one get it, unless that takes long. */
  async #endLinks(): Promise<void> {
    if (this.#domains === null) return;
    const { domains } = this.#domains;
    // Everybody stands still meanwhile, which would be in vain if no link is up.
    if (domains.readings.some(({ isUp }) => isUp === true)) await this.clients.settle();
    await domains.close();
    // Who goes on waiting cannot move.
    this.chat.giveUpAbroad();
  }

  *#giveAway(): Generator<LeftClient, void> {
    for (const given of this.clients.giveAway()) yield leftClient(given);
  }

  /** Closes the store. One that cannot be closed must not end those who move: the next to open it finds out. */
  async #closeStore(): Promise<void> {
    try {
      await this.#keeping?.close();
    } catch (error) {
      this.#options.log.error('the store was not closed in order', { error: toError(error).message });
    }
  }

  /** Ends what {@link leave} has left. @returns when the last socket is closed */
  async finish(): Promise<void> {
    const grace = this.#world.after(GRACE_MS, () => {
      this.clients.cutIdle('the server has been upgraded');
    });
    await this.#listeners.close();
    grace.cancel();
  }

  /** Keeps the nicks of accounts for them, before anybody can take one. */
  async #reserveNicks(): Promise<void> {
    const found = await this.#observedAccounts.names();
    if (found.kind === 'names') this.chat.reserveNicks(found.names, true);
    else this.#options.log.error('nicks of accounts are not kept for them: accounts cannot be read', {});
  }

  /** Waits until it is known what the logs have that are kept, unless that takes very long. */
  async #catchUp(): Promise<void> {
    if (this.#keeping === null) return;
    const isRead = await new Promise<boolean>((resolve) => {
      const alarm = this.#world.after(CATCH_UP_MS, () => {
        resolve(false);
      });
      this.chat.whenCaughtUp(() => {
        alarm.cancel();
        resolve(true);
      });
    });
    if (isRead) return;
    this.#options.log.warn('the server starts before all that is kept has been read', {});
  }

  async #openAdmin(): Promise<void> {
    const { config, log } = this.#options;
    if (config.admin === null) return;
    const readings = (): Readings => this.readings();
    this.#admin = await openAdmin({ at: config.admin, readings, phase: () => this.#phase }, log);
  }

  /** Reads how the server is: the cost grows with the number of clients. */
  readings(): Readings {
    const { version } = this.#options;
    return this.aside(() =>
      readingsOf({
        version,
        backend: this.backend,
        chat: this.chat,
        protocols: this.#protocols,
        links: this.clients.links,
        tally: this.clients.tally,
        certificates: this.#listeners.certificates,
        keptBytes: this.clients.shelf.bytes,
        store: this.#keeping?.readings() ?? null,
        node: this.#node?.readings ?? null,
        domainLinks: this.#domains?.domains.readings ?? [],
        acceptedTotal: this.clients.arrivedCount,
      }),
    );
  }

  /** Looks at the server on behalf of the one who runs it: nothing depends on what is seen. */
  aside<T>(look: () => T): T {
    return this.#world.aside(look);
  }

  /** The configuration as it was read last, but for what waits for a restart. */
  get config(): ServerConfig {
    const { backend, trigger, backlog, lobby, admin, store, node, domain, irc } = this.#options.config;
    const { nicks, serverName } = irc;
    const read = this.#applied.domain;
    const linked = domain === null || read === null ? domain : { ...domain, links: read.links, tls: read.tls };
    const fixed = { backend, trigger, backlog, lobby, admin, store, node, domain: linked };
    return { ...this.#applied, ...fixed, irc: { ...this.#applied.irc, nicks, serverName } };
  }

  /** The address where other domains connect; null if they cannot. */
  get domainAddress(): Address | null {
    return this.#domains?.domains.address ?? null;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The kernel interface that its clients are waited for with. */
  get backend(): BackendName {
    return this.#listeners.backend;
  }

  /**
   * Moves all listeners and connections to another kernel interface, under load: nobody is closed, and nothing is lost.
   * The configuration stays as it is, so a restart begins with the former one.
   *
   * @throws ERR_OUT_OF_RANGE; ERR_CLOSED; EMFILE, ENFILE, ENOMEM, ENOSPC with epoll. Nothing has moved then
   */
  switchBackend(backend: BackendName): void {
    this.#listeners.switchBackend(backend);
  }

  /** The name of the server, as IRC clients see it. */
  get name(): string {
    return this.#options.config.irc.serverName;
  }

  /** How many clients are in. */
  get clientCount(): number {
    return this.clients.links.size;
  }

  /** How long a server that drains waits for its clients to leave, in milliseconds. */
  get drainMs(): number {
    return this.#drainMs;
  }

  /** Describes how much there is to do, in a few words. */
  get status(): string {
    return `${this.clients.links.size} clients in ${this.chat.directory.occupiedRoomCount} rooms`;
  }

  /** The address of the listener for metrics; null without one. */
  get adminAddress(): Address | null {
    return this.#admin?.address ?? null;
  }

  /** The listeners, in the order of the configuration. */
  get listeners(): readonly OpenListener[] {
    return this.#listeners.open;
  }

  /** Optional listeners whose port was taken. */
  get skippedListeners(): readonly ListenerConfig[] {
    return this.#listeners.skipped;
  }

  log(event: string, details: Readonly<Record<string, unknown>>): void {
    this.#options.log.warn(event, details);
  }

  note(event: string, details: Readonly<Record<string, unknown>>): void {
    this.#options.log.info(event, details);
  }

  /** Reads the configuration again and applies what can change at run time; nobody is dropped. */
  reload(): Promise<Reload> {
    const reloading = this.#readAgain();
    this.#reloading = reloading;
    return reloading;
  }

  async #readAgain(): Promise<Reload> {
    const { config: running, log, readConfig } = this.#options;
    try {
      const config = await readConfig();
      checkDomain(running, config);
      const loan = this.#options.loan?.() ?? null;
      const mayChangeListeners = this.#world.mayChangeListeners || loan !== null;
      // First, because it may fail.
      if (mayChangeListeners) await this.#changeListeners(config, loan);
      this.#apply(config);
      this.#applied = config;
      const waitingKeys = changedFixedKeys(running, config).filter((key) => key !== 'listeners' || !mayChangeListeners);
      if (config.domain !== null && this.#domains?.domains.reload(config.domain) === true) waitingKeys.push('domain');
      log.warn('configuration reloaded', { file: this.configurationName, waitingKeys });
      void this.#node?.reread(this.config);
      return { problem: null, waitingKeys };
    } catch (error) {
      const message = toError(error).message;
      log.error('configuration not reloaded', { file: this.configurationName, error: message });
      return { problem: message, waitingKeys: [] };
    }
  }

  async #changeListeners(config: ServerConfig, loan: Loan | null): Promise<void> {
    try {
      await this.#listeners.change(config, loan?.sockets);
      loan?.settle(true);
    } catch (error) {
      loan?.settle(false);
      throw error;
    }
  }

  #apply(config: ServerConfig): void {
    this.#listeners.exchangeCertificates(config);
    this.#options.onLogSettings?.(config.log);
    this.#cloak.configure(config.cloak);
    this.#accounts.configure(config.irc.accounts ?? DEFAULT_ACCOUNT_SETTINGS);
    this.#protocols.configure(config);
    this.#history.configure(config.memoryHistory);
    this.#gatekeeper.configure(config);
    this.#proxies.configure(config);
    this.clients.totalSendQueueBytes = config.totalSendQueueBytes;
    this.clients.shelf.limits = config.kept;
    this.#drainMs = config.drainMs;
  }

  /** Does what {@link reload} does, for the one who runs the server. */
  async requestReload(): Promise<Reload> {
    return this.#world.fromOutside(['reload'], () => this.reload());
  }

  /** Does what {@link Chat.putOut} does, for the one who runs the server. */
  async putOut(nick: string, parting: string): Promise<Member | null> {
    return this.#world.fromOutside(['put-out', nick, parting], () => this.chat.putOut(nick, parting));
  }

  /** Does what {@link Chat.setBan} does, for the one who runs the server. */
  async setBan(ban: ServerBan, parting: string): Promise<ReturnType<Chat['setBan']>> {
    return this.#world.fromOutside(['ban', ban, parting], () => this.chat.setBan(null, ban, parting));
  }

  /** Does what {@link Chat.liftBan} does, for the one who runs the server. */
  async liftBan(kind: BanKind, mask: string): Promise<ReturnType<Chat['liftBan']>> {
    return this.#world.fromOutside(['unban', kind, mask], () => this.chat.liftBan(null, kind, mask));
  }

  *connections(): Generator<ConnectionFigures> {
    for (const { protocol, remoteHost: host, remotePort: port, pendingBytes } of this.clients.links) {
      yield { protocol, host, port, pendingBytes };
    }
  }

  classes(): ClassFigures[] {
    const names = [...this.clients.links].map(({ limits }) => limits.name);
    return this.#gatekeeper.classes.map((limits) => ({
      limits,
      connectionCount: names.filter((name) => name === limits.name).length,
    }));
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
    this.#listeners.stopAccepting();
    const { size } = this.clients.links;
    if (this.#drainMs === 0 || size === 0) return;
    this.#options.log.warn('draining', { clients: size, drainMs: this.#drainMs });
    let settle: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      settle = resolve;
    });
    this.clients.whenEmpty(settle);
    // The clients notice nothing of it.
    const alarm = SYSTEM_CLOCK.after(this.#drainMs, settle);
    await Promise.race([over, hurry]);
    alarm.cancel();
  }

  /**
   * Ends the server: refuses new peers, notifies everybody, and cuts off those who do not read that in time.
   *
   * @returns when the last socket is closed
   */
  async close(reason: string): Promise<void> {
    this.#keeping?.members.freeze();
    await this.#node?.stop(STEP_DOWN_MS);
    const grace = await this.#world.fromOutside(['stop', reason], () => this.beginToEnd(reason));
    await this.#listeners.close();
    await this.#admin?.close();
    await this.#domains?.domains.close();
    grace.cancel();
    this.#heartbeat.stop();
    await this.#keeping?.close();
  }

  /** Refuses new peers from now on, and ends the sessions. @returns when those that are still there are cut off */
  beginToEnd(reason: string): Alarm {
    this.#phase = 'draining';
    // Nobody leaves a room because the server stops: all are back when it is.
    this.chat.keepRooms();
    this.#keeping?.freeze();
    this.#reception.retire();
    this.#gatekeeper.close('the server is shutting down');
    this.clients.shutDown(reason);
    return this.#world.after(GRACE_MS, () => {
      this.clients.cutIdle(reason);
    });
  }
}

/** @throws ConfigError if a server is to have another domain's name: all who know its people know them by it */
function checkDomain({ domain: running }: ServerConfig, { domain: read }: ServerConfig): void {
  if (running === null || read === null || running.name === read.name) return;
  throw new ConfigError(
    `domain.name: this server is ${running.name}, and cannot become ${read.name} while it runs: restart it`,
  );
}

/** Returns the sessions that are over by an outcome. */
function sessionsOverBy(outcome: Outcome): string[] {
  if (outcome?.kind === 'quit') return [outcome.member.session];
  if (outcome?.kind !== 'lost') return [];
  return [...outcome.quits, ...outcome.partings].map(({ member }) => member.session);
}
