/** `fdmux control`, `fdmux serve --workers`: has several processes of this machine serve one chat. */
import { ControlSocket } from '../control/control-socket.js';
import { gatheringDesk } from '../control/gathering-desk.js';
import { Supervisor } from '../control/supervisor.js';
import { workerName } from '../control/worker-files.js';
import { toError } from '../errors.js';
import { ConfigError } from '../server/config/config-error.js';
import { loadConfig } from '../server/config/load.js';
import type { ServeFlags } from '../server/config/merge.js';
import type { ServerConfig, SqliteStoreConfig } from '../server/config/server-config.js';
import { openControlAdmin } from '../server/control-admin.js';
import { ControlStore } from '../server/control-store.js';
import { formatAddress } from '../server/format-address.js';
import { configureLog, type Log, type LogSettings, openLog } from '../server/log.js';
import { LOG_LEVELS } from '../server/log-levels.js';
import { openLogOutput } from '../server/log-output.js';
import { LogSink } from '../server/log-sink.js';
import { greet, type Listening } from './greeting.js';
import { observerOf } from './open-desk.js';
import { ServiceReports } from './service-reports.js';
import { StopRequest } from './stop-request.js';
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
  for (const signal of ['SIGUSR2', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const sink = new LogSink({ output: openLogOutput(process.stderr.fd) });
  configureLog(config.log, sink);
  const stopping = new StopRequest();
  try {
    await new Control({ flags, context, config, store, sink, stopping, log: openLog() }).run();
  } finally {
    stopping.dispose();
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
  readonly log: Log;
}

/** One control process. */
class Control {
  readonly #parts: ControlParts;
  #logSettings: LogSettings;
  #drainMs: number;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#logSettings = parts.config.log;
    this.#drainMs = parts.config.drainMs;
  }

  async run(): Promise<void> {
    const { store: config, log } = this.#parts;
    const store = await ControlStore.open(config, log);
    try {
      await this.#serve(store);
    } finally {
      await store.close();
    }
  }

  async #serve(store: ControlStore): Promise<void> {
    const { config, context, log, store: place } = this.#parts;
    const names = Array.from({ length: context.workers }, (_, index) => workerName(index + 1));
    const found = adoptable(place.path, names, log);
    const listeners = await WorkerListeners.open(config, found);
    try {
      const supervisor = new Supervisor(names, {
        folder: place.path,
        sockets: listeners.sockets,
        command: commandOf,
        observer: {
          ready: ({ name, pid }) => {
            log.info('worker started', { worker: name, pid });
          },
          found: ({ name, pid }) => {
            log.warn('worker goes on', { worker: name, pid });
          },
          lost: ({ name }, { code, signal }, delayMs) => {
            log.error('worker lost: another one is started', { worker: name, code, signal, delayMs });
            store.giveUp(name);
          },
        },
      });
      await supervisor.start(found);
      try {
        await this.#look(supervisor, listeners);
      } catch (error) {
        await this.#end(supervisor, false);
        throw error;
      }
    } finally {
      await listeners.sockets.close();
    }
  }

  /** Looks after workers that are ready, until they have ended. */
  async #look(supervisor: Supervisor, { open, skipped }: WorkerListeners): Promise<void> {
    const { config, context, log, stopping, store } = this.#parts;
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
    const reload = (): Promise<string | null> => service.reloading(() => this.#reload());
    const verbs = gatheringDesk({
      supervisor,
      version: context.version,
      listeners: open.map(({ address, ...facts }) => ({ ...facts, address: formatAddress(address) })),
      reload,
      setLogLevel: (level) => {
        const known = LOG_LEVELS.find((each) => each === level);
        if (known !== undefined) this.#setLog({ ...this.#logSettings, level: known });
      },
      drain: () => {
        stopping.request('the server is shutting down', true);
      },
    });
    const desk = await ControlSocket.open(store.path, verbs, observerOf(log));
    const asking = (verb: string, failure: string) => (): void => {
      void Promise.resolve(verbs[verb]?.([])).catch((error: unknown) => {
        log.error(failure, { error: toError(error).message });
      });
    };
    const onHangUp = asking('reload', 'configuration not reloaded');
    const onUpgrade = asking('upgrade', 'not upgraded');
    process.on('SIGHUP', onHangUp);
    process.on('SIGUSR2', onUpgrade);
    const listening: Listening = { listeners: open, skippedListeners: skipped, adminAddress: admin?.address ?? null };
    greet(listening, config, context.version);
    service.ready();
    const { mayDrain } = await stopping.requested;
    process.off('SIGHUP', onHangUp);
    process.off('SIGUSR2', onUpgrade);
    service.stopping();
    await this.#end(supervisor, mayDrain);
    await Promise.all([desk.close(), admin?.close()]);
    service.dispose();
  }

  /** Ends all workers, in order if they let it. */
  async #end(supervisor: Supervisor, mayDrain: boolean): Promise<void> {
    const signal = mayDrain ? 'SIGTERM' : 'SIGINT';
    const deadline = setTimeout(
      () => {
        this.#parts.log.error('workers do not end: they are killed');
        supervisor.signal('SIGKILL');
      },
      END_MS + (mayDrain ? this.#drainMs : 0),
    );
    void this.#parts.stopping.hurried.then(() => {
      supervisor.signal('SIGINT');
    });
    supervisor.signal(signal);
    await supervisor.end();
    clearTimeout(deadline);
  }

  /** Reads what this process itself needs of the configuration. @returns what is wrong with it; null for nothing */
  async #reload(): Promise<string | null> {
    try {
      const read = await loadConfig(this.#parts.flags);
      this.#setLog(read.log);
      this.#drainMs = read.drainMs;
      return null;
    } catch (error) {
      return toError(error).message;
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
