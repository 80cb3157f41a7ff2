/** `fdmux control`, `fdmux serve --workers`: has several processes of this machine serve one chat. */
import { ControlSocket } from '../control/control-socket.js';
import { gatheringDesk } from '../control/gathering-desk.js';
import { ControlError } from '../control/request.js';
import { Supervisor, type WorkerReply } from '../control/supervisor.js';
import { Wishes } from '../control/wishes.js';
import { workerName } from '../control/worker-files.js';
import { toError } from '../errors.js';
import { ConfigError } from '../server/config/config-error.js';
import { loadConfig } from '../server/config/load.js';
import type { ServeFlags } from '../server/config/serve-flags.js';
import type { ServerConfig, SqliteStoreConfig } from '../server/config/server-config.js';
import { openControlAdmin } from '../server/control-admin.js';
import { ControlStore } from '../server/control-store.js';
import { formatAddress } from '../server/format-address.js';
import { type Estate, LeftClients, type LeftListener } from '../server/hand-over/estate.js';
import { keptDataOf } from '../server/hand-over/store-version.js';
import { configureLog, type Log, type LogSettings, openLog } from '../server/log.js';
import { LOG_LEVELS } from '../server/log-levels.js';
import { openLogOutput } from '../server/log-output.js';
import { LogSink } from '../server/log-sink.js';
import { greet, type Listening } from './greeting.js';
import { HangUp } from './hang-up.js';
import type { ListenerChange } from './listener-change.js';
import { observerOf } from './open-desk.js';
import { Predecessor } from './predecessor.js';
import { readableConfig } from './readable-config.js';
import { ServiceReports } from './service-reports.js';
import { Standstill } from './standstill.js';
import { StopRequest } from './stop-request.js';
import { Successor } from './successor.js';
import { UpgradeRequest } from './upgrade-request.js';
import { WorkerListeners } from './worker-listeners.js';
import { adoptable, commandOf } from './workers.js';

/** The facts that it needs to know besides its flags. */
export interface ControlContext {
  readonly version: string;
  /** How many processes serve, at least 1. */
  readonly workers: number;
  /** Check the configuration, and start nothing. */
  readonly checkOnly: boolean;
}

/** How long a worker that has been told to end may take beyond `drainMs`, in milliseconds. */
const END_MS = 10_000;

/**
 * Runs the workers until a signal ends them.
 *
 * @returns the exit code
 * @throws ConfigError if the configuration is invalid; Error with a message of one line if something cannot be opened,
 *   or a worker does not start
 */
export async function controlCommand(flags: ServeFlags, context: ControlContext): Promise<number> {
  const config = await loadConfig(flags);
  const store = storeOf(config);
  if (context.checkOnly) {
    process.stdout.write(`${flags.config ?? 'the configuration'}: ok\n`);
    return 0;
  }
  // At a moment when they cannot be heeded, they must not end the process.
  process.on('SIGUSR2', () => undefined);
  const hangUp = new HangUp();
  const sink = new LogSink({ output: openLogOutput(process.stderr.fd) });
  configureLog(config.log, sink);
  const predecessor = Predecessor.find(context.version, await keptDataOf(store));
  const estate = predecessor?.receive() ?? null;
  const stopping = new StopRequest();
  const parts = { flags, context, config, store, sink, stopping, hangUp, log: openLog() };
  try {
    const control = new Control(parts);
    let left = await control.run(estate?.listeners ?? null, predecessor);
    // One whose successor fails goes on with the same workers.
    while (left !== null) left = await control.run(left, null);
  } finally {
    stopping.dispose();
    hangUp.dispose();
    sink.end();
  }
  return 0;
}

function storeOf({ store, node }: ServerConfig): SqliteStoreConfig {
  if (store === null) throw new ConfigError('workers need a folder that they share: --data <folder>');
  if (store.kind !== 'sqlite') {
    throw new ConfigError('workers share data in a folder; servers that share PostgreSQL are started one by one');
  }
  if (node !== null) throw new ConfigError('workers are the nodes of this machine: leave out "node"');
  return store;
}

/** Everything that a control process is made of before it runs. */
interface ControlParts {
  readonly flags: ServeFlags;
  readonly context: ControlContext;
  readonly config: ServerConfig;
  readonly store: SqliteStoreConfig;
  readonly sink: LogSink;
  readonly stopping: StopRequest;
  readonly hangUp: HangUp;
  readonly log: Log;
}

/** The sockets of a service manager that a control process leaves to the next; workers have the others. */
type Left = readonly LeftListener[];

/** What was there before a control process. */
interface Before {
  /** The sockets of a service manager that another process has left; null if this one begins. */
  readonly left: Left | null;
  /** That process, if it waits for this one. */
  readonly predecessor: Predecessor | null;
}

/** Everything that a running control process looks after. */
interface Tended {
  readonly supervisor: Supervisor;
  readonly listeners: WorkerListeners;
  readonly store: ControlStore;
}

/** A control process has no clients, and its rooms are in the store. */
const NOTHING_LEFT: Omit<Estate, 'clients' | 'listeners'> = { rooms: new Map(), bans: [], accounts: [] };

/** One control process. */
class Control {
  readonly #parts: ControlParts;
  /** The configuration that was read last: workers number their listeners by it. */
  #config: ServerConfig;
  #logSettings: LogSettings;
  readonly #wishes = new Wishes();
  /** The last reload. It does not reject. */
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.#logSettings = parts.config.log;
  }

  /** How long a worker that drains may take, in milliseconds. */
  get #endMs(): number {
    return END_MS + this.#config.drainMs;
  }

  /**
   * Runs it.
   *
   * @param left - the sockets of a service manager that another process has left; null if this one begins
   * @param predecessor - that process, if it waits for this one
   * @returns null when all have ended, or another process goes on; what it has left if that process has failed
   */
  async run(left: Left | null, predecessor: Predecessor | null): Promise<Left | null> {
    const { store: config, log } = this.#parts;
    const store = await ControlStore.open(config, log);
    try {
      return await this.#serve(store, left, predecessor);
    } finally {
      await store.close();
    }
  }

  async #serve(store: ControlStore, left: Left | null, predecessor: Predecessor | null): Promise<Left | null> {
    const { context, log, store: place } = this.#parts;
    const names = Array.from({ length: context.workers }, (_, index) => workerName(index + 1));
    const found = adoptable(place.path, names, log);
    const listeners = await WorkerListeners.open(this.#config, found, left, log);
    try {
      const supervisor = new Supervisor(names, {
        folder: place.path,
        sockets: listeners.sockets,
        command: commandOf,
        observer: {
          ready: (worker) => {
            const { name, pid } = worker;
            log.info('worker started', { worker: name, pid });
            void this.#wishes.tell(supervisor, worker, (verb, error) => {
              log.error('a worker has not done what was asked of all', {
                worker: name,
                verb,
                error: toError(error).message,
              });
            });
          },
          found: ({ name, pid }) => {
            log.warn('worker goes on', { worker: name, pid });
          },
          drained: ({ name }) => {
            log.info('worker has drained: another one is started', { worker: name });
            store.giveUp(name);
          },
          stuck: ({ name, pid }) => {
            log.error('worker does not end: it is killed', { worker: name, pid });
          },
          lost: ({ name }, { code, signal }, delayMs) => {
            log.error('worker lost: another one is started', { worker: name, code, signal, delayMs });
            store.giveUp(name);
          },
        },
      });
      await supervisor.start(found, this.#endMs);
      try {
        return await this.#look({ supervisor, listeners, store }, { found: found.size, left, predecessor });
      } catch (error) {
        if (predecessor === null) await this.#end(supervisor, false);
        // That process goes on with them.
        else {
          supervisor.letGo();
          listeners.sockets.leave();
        }
        throw error;
      }
    } finally {
      await listeners.sockets.close();
    }
  }

  /** Looks after workers that are ready, until they have ended or another process does. @returns as {@link run} */
  async #look(tended: Tended, { found, left, predecessor }: { readonly found: number } & Before): Promise<Left | null> {
    const { supervisor } = tended;
    const { open, skipped } = tended.listeners;
    const { context, log, stopping, hangUp, store } = this.#parts;
    const config = this.#config;
    const admin =
      config.admin === null
        ? null
        : await openControlAdmin(
            {
              at: config.admin,
              phase: () => (supervisor.isReady ? 'ready' : 'starting'),
              workers: () =>
                supervisor.workers.map(({ name, state, restarts }) => ({ name, isReady: state === 'ready', restarts })),
              ask: () => metricsOf(supervisor),
            },
            log,
          );
    const service = new ServiceReports(log, () => `${supervisor.workers.length} workers`);
    // A signal asks for the upgrade of the workers first.
    const upgrade = new UpgradeRequest({ log, obstacle: null, kept: await keptDataOf(store), isSignalled: false });
    const verbs = gatheringDesk({
      supervisor,
      version: context.version,
      data: () => tended.store.readings,
      get listeners() {
        return tended.listeners.open.map(({ address, ...facts }) => ({ ...facts, address: formatAddress(address) }));
      },
      reload: () => service.reloading(() => this.#reload(tended)),
      meet: () => this.#meet(tended),
      setLogLevel: (level) => {
        const known = LOG_LEVELS.find((each) => each === level);
        if (known !== undefined) this.#setLog({ ...this.#logSettings, level: known });
      },
      wishes: this.#wishes,
      upgrade: () => upgrade.ask(),
      endMs: () => this.#endMs,
      drain: () => {
        stopping.request('the server is shutting down', true);
      },
    });
    const desk = await ControlSocket.open(store.path, verbs, observerOf(log)).catch(async (error: unknown) => {
      // What is open keeps the process alive.
      await admin?.close();
      service.dispose();
      throw error;
    });
    const asking = (verb: string, failure: string) => (): void => {
      void Promise.resolve(verbs[verb]?.([])).catch((error: unknown) => {
        log.error(failure, { error: toError(error).message });
      });
    };
    const onUpgrade = asking('upgrade', 'not upgraded');
    hangUp.heed(asking('reload', 'configuration not reloaded'));
    process.on('SIGUSR2', onUpgrade);
    const listening: Listening = { listeners: open, skippedListeners: skipped, adminAddress: admin?.address ?? null };
    if (left === null) greet(listening, config, context.version);
    else log.warn('goes on for another process', { workers: supervisor.workers.length });
    predecessor?.taken();
    // They have read another configuration, or could not open what is in this one.
    if (found > 0) await (this.#reloading = this.#align(tended));
    service.ready();
    predecessor?.ready();
    const end = await Promise.race([stopping.requested, upgrade.successor]);
    upgrade.dispose();
    hangUp.keep();
    process.off('SIGUSR2', onUpgrade);
    if (end instanceof Successor) {
      desk.retire();
      await admin?.close();
      const rest = await this.#handOver(tended, end, { service, upgrade });
      await desk.close();
      service.dispose();
      return rest;
    }
    upgrade.stopped();
    service.stopping();
    await this.#end(supervisor, end.mayDrain);
    await Promise.all([desk.close(), admin?.close()]);
    service.dispose();
    return null;
  }

  /** Leaves everything to another process. @returns as {@link run} */
  async #handOver(
    { supervisor, listeners, store }: Tended,
    successor: Successor,
    { service, upgrade }: { readonly service: ServiceReports; readonly upgrade: UpgradeRequest },
  ): Promise<Left | null> {
    const { log, stopping, hangUp } = this.#parts;
    // A process that is being started would be nobody's.
    await supervisor.started();
    const standstill = new Standstill();
    const left = listeners.given;
    supervisor.letGo();
    await store.close(true);
    listeners.sockets.leave();
    try {
      successor.send({ ...NOTHING_LEFT, clients: new LeftClients([]), listeners: left });
      await successor.takesOver();
      await successor.isReady(false);
    } catch (error) {
      log.error('not upgraded: this process goes on', { error: toError(error).message });
      upgrade.failed(error, 'this process goes on');
      await successor.end();
      return left;
    }
    const { pid } = successor;
    service.replacedBy(pid);
    successor.endsWith(stopping);
    hangUp.heed(() => {
      successor.hangUp();
    });
    log.warn('upgraded', { pid, ...standstill.figures });
    upgrade.done({ pid, clients: 0 });
    return null;
  }

  /** Ends all workers, in order if they let it. */
  async #end(supervisor: Supervisor, mayDrain: boolean): Promise<void> {
    const signal = mayDrain ? 'SIGTERM' : 'SIGINT';
    const deadline = setTimeout(
      () => {
        this.#parts.log.error('workers do not end: they are killed');
        supervisor.signal('SIGKILL');
      },
      mayDrain ? this.#endMs : END_MS,
    );
    void this.#parts.stopping.hurried.then(() => {
      supervisor.signal('SIGINT');
    });
    supervisor.signal(signal);
    await supervisor.end();
    clearTimeout(deadline);
  }

  /** Does what {@link #change} does, when those before have done so. */
  #reload(tended: Tended): Promise<readonly WorkerReply[]> {
    const reloaded = this.#reloading.then(() => this.#change(tended));
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  /**
   * Reads the configuration again, opens what is to be listened on, and then has the workers read it.
   *
   * @throws ControlError: ERR_CONTROL_REFUSED if there is a mistake in it. Nothing has changed then
   */
  async #change(tended: Tended): Promise<readonly WorkerReply[]> {
    const { flags } = this.#parts;
    let change: ListenerChange;
    try {
      const read = await loadConfig(flags);
      change = await tended.listeners.change(read);
      // That waits for a restart: this process may have to go on if an upgrade fails.
      this.#config = { ...read, admin: this.#config.admin };
      this.#setLog(read.log);
      this.#wishes.forget('log-level');
    } catch (error) {
      const { message } = toError(error);
      throw new ControlError('ERR_CONTROL_REFUSED', `the configuration stays as it was: ${message}`, { cause: error });
    }
    return this.#make(change, tended);
  }

  /** Has workers read the configuration, while they can borrow what they lack; those that are being started, too. */
  async #make(change: ListenerChange, { supervisor, listeners }: Tended): Promise<readonly WorkerReply[]> {
    const { store, log } = this.#parts;
    try {
      // One that is being started has the sockets of before.
      await supervisor.started();
      // On a socket of one that drains, new connections would wait for its end.
      const ready = supervisor.workers.filter(({ state }) => state === 'ready').map(({ name }) => name);
      const names = ready.filter((name) => listeners.knows(name, store.path));
      await change.lend(store.path, names, (error) => {
        log.error('a worker gets no sockets', { error: error.message });
      });
      const replies = await supervisor.reload();
      for (const worker of names) {
        for (const address of listeners.withdraw(worker, store.path)) {
          const details = { worker, address: formatAddress(address) };
          log.error('a worker does not listen on a port: fdmux ctl drain has a new one do so', details);
        }
      }
      return replies;
    } finally {
      await change.finish();
    }
  }

  /** Does what {@link #reload} does, if this version can read the configuration. */
  async #meet(tended: Tended): Promise<readonly WorkerReply[]> {
    return (await readableConfig(this.#parts.flags)) === null ? [] : this.#reload(tended);
  }

  /** Has workers that this process has found listen as its configuration says. */
  async #align(tended: Tended): Promise<void> {
    const { log } = this.#parts;
    try {
      const replies = await this.#make(tended.listeners.unchanged, tended);
      for (const { worker, reply } of replies) {
        if (reply instanceof Error) {
          log.error('a worker has not read the configuration', { worker: worker.name, error: reply.message });
        }
      }
    } catch (error) {
      log.error('workers have not read the configuration', { error: toError(error).message });
    }
  }

  #setLog(settings: LogSettings): void {
    this.#logSettings = settings;
    configureLog(settings, this.#parts.sink);
  }
}

async function metricsOf(supervisor: Supervisor): Promise<ReadonlyMap<string, string>> {
  const replies = await supervisor.askAll({ verb: 'metrics', words: [] });
  return new Map(
    replies.flatMap(({ worker, reply }) =>
      reply instanceof Error || typeof reply.result !== 'string' ? [] : [[worker.name, reply.result] as const],
    ),
  );
}
