/** `fdmux serve`: runs the chat server until a signal or an operator ends it. */
import { performance } from 'node:perf_hooks';
import { WORKER_FDS_VARIABLE } from '../control/worker-process.js';
import { hasCode, toError } from '../errors.js';
import type { Reload } from '../protocol/server-control.js';
import { probeAdmin } from '../server/admin.js';
import { ChatServer } from '../server/chat-server.js';
import { ConfigError } from '../server/config/config-error.js';
import { loadConfig } from '../server/config/load.js';
import type { ServeFlags } from '../server/config/serve-flags.js';
import type { ListenerConfig, ServerConfig } from '../server/config/server-config.js';
import { assignListeners, type Estate } from '../server/hand-over/estate.js';
import { type KeptData, keptDataOf } from '../server/hand-over/store-version.js';
import { assignFds, closeInherited } from '../server/inherited-fds.js';
import type { InheritedSocket } from '../server/listeners.js';
import { configureLog, type Log, type LogSettings, openLog } from '../server/log.js';
import { openLogOutput } from '../server/log-output.js';
import { LogSink } from '../server/log-sink.js';
import { Recording } from '../server/record/recording.js';
import { listenFds } from '../socket/service-manager.js';
import { refuseBesideWorkers } from './beside-workers.js';
import { handOver, leaveForNext, type Serving, stop } from './endings.js';
import { greet } from './greeting.js';
import { HangUp } from './hang-up.js';
import type { PlacedSockets } from './lent-listeners.js';
import { withAdvice } from './listen-advice.js';
import { openDesk } from './open-desk.js';
import { Predecessor } from './predecessor.js';
import { prepare } from './prepare.js';
import { readableConfig } from './readable-config.js';
import { Renewals } from './renewals.js';
import { ServiceReports } from './service-reports.js';
import { Standstill } from './standstill.js';
import { StopRequest } from './stop-request.js';
import { Successor } from './successor.js';
import { UpgradeRequest } from './upgrade-request.js';
import { UsageError } from './usage-error.js';
import { WaitingDesk } from './waiting-desk.js';
import { WORKER_WORLD, WorkerRole } from './worker-role.js';

/**
 * How long a server that goes on by itself, since its successor has failed, tries to open its store. Its clients have
 * nobody else, and what was in the way, such as a full disk, may pass.
 */
const STORE_PATIENCE_MS = 30_000;

/** The facts that `serve` needs to know besides its flags. */
export interface ServeContext {
  readonly version: string;
  /** Check the configuration, and start nothing. */
  readonly checkOnly: boolean;
  /** The file that the server is recorded into. */
  readonly record: string | undefined;
}

/**
 * Runs the server until a signal or an operator ends it.
 *
 * @returns the exit code
 * @throws ConfigError if the configuration is invalid; Error with a message of one line if something cannot be opened
 */
export async function serveCommand(flags: ServeFlags, context: ServeContext): Promise<number> {
  const config = await loadConfig(flags);
  if (context.checkOnly) {
    process.stdout.write(`${flags.config ?? 'the configuration'}: ok\n`);
    return 0;
  }
  if (flags.worker !== undefined && !Predecessor.isThere && process.env[WORKER_FDS_VARIABLE] === undefined) {
    throw new UsageError('--worker is for the processes that fdmux control starts');
  }
  if (config.store?.kind === 'sqlite' && !Predecessor.isThere) refuseBesideWorkers(config.store.path);
  if (config.node !== null && context.record !== undefined) {
    // The decisions of other nodes, and their times, are not among the inputs that are recorded.
    throw new ConfigError('a server that shares its store with others cannot be recorded: leave out --node and "node"');
  }
  // At a moment when they cannot be heeded, they must not end the process.
  process.on('SIGUSR2', () => undefined);
  const hangUp = new HangUp();
  const sink = new LogSink({ output: openLogOutput(process.stderr.fd) });
  configureLog(config.log, sink);
  const log = openLog(flags.worker);
  const kept = await keptDataOf(config.store);
  // While the other process still serves.
  if (Predecessor.isThere) await prepare(config, context.version, log, true);
  const predecessor = Predecessor.find(context.version, kept);
  const estate = predecessor?.receive() ?? null;
  const standstill = new Standstill();
  const stopping = new StopRequest();
  const recording = openRecording(flags, config, context, log);
  const role = WorkerRole.of(flags.worker, config, log);
  const renewals = new Renewals();
  const run: Run = { flags, config, context, log, sink, stopping, recording, kept, role, standstill, renewals, hangUp };
  // A server whose successor fails goes on with what it has left, and so does a node that begins anew.
  for (let left: Left = { estate, config, service: null }; ;) {
    const rest = await runServer({ ...run, config: left.config }, left, left.estate === estate ? predecessor : null);
    if (rest === null) break;
    left = rest;
  }
  recording?.finish();
  sink.end();
  stopping.dispose();
  hangUp.dispose();
  return stopping.exitCode;
}

/** Everything that one server of a process has left to the next one. */
interface Left {
  readonly estate: Estate | null;
  readonly config: ServerConfig;
  /** Its reports: they go on until the next one is ready, since the watchdog would bite. Null if there was none. */
  readonly service: ServiceReports | null;
}

/** Everything that all servers of one process have in common. */
interface Run {
  readonly flags: ServeFlags;
  readonly config: ServerConfig;
  readonly context: ServeContext;
  readonly log: Log;
  readonly sink: LogSink;
  readonly stopping: StopRequest;
  readonly recording: Recording | null;
  /** Null if it keeps no data. */
  readonly kept: KeptData | null;
  /** Null for a server by itself. */
  readonly role: WorkerRole | null;
  /** Since it has what another process has left; without one, since it has started. */
  readonly standstill: Standstill;
  readonly renewals: Renewals;
  readonly hangUp: HangUp;
}

/**
 * Runs one server.
 *
 * @param left - what it goes on with
 * @param predecessor - the process that has left it
 * @returns null when it has ended, or another process goes on; what it has left if that process has failed, or if the
 *   next server of this process is to go on
 */
async function runServer(run: Run, left: Left, predecessor: Predecessor | null): Promise<Left | null> {
  const { estate } = left;
  const { flags, context, log, sink, stopping, recording, kept, role, hangUp } = run;
  const placed = inheritedBy(run.config, estate, role);
  const { sockets: inherited } = placed;
  const config = role === null ? run.config : role.withoutPlaces(run.config, inherited);
  let logSettings: LogSettings = config.log;
  const onLogSettings = (settings: LogSettings): void => {
    logSettings = settings;
    configureLog(settings, sink);
  };
  let hasStrayed: () => void = () => undefined;
  const strayed = new Promise<null>((resolve) => {
    hasStrayed = () => {
      const reason = 'this node has other logs than the rest';
      // One that drains is not worth the wait any more.
      if (stopping.isRequested) stopping.request(reason);
      else if (run.renewals.begin()) resolve(null);
      else stopping.fail(reason);
    };
  });
  // Nobody else has its clients.
  const isNeeded = estate !== null && predecessor === null;
  const waiting = isNeeded ? await openWaitingDesk(run, estate.clients.count) : null;
  const server = await startServer(run, {
    config,
    onLogSettings,
    inherited,
    estate,
    onStep: () => predecessor?.step(),
    onTakenOver: () => predecessor?.taken(),
    onStrayed: hasStrayed,
    isPatient: patienceFor(isNeeded, stopping),
  }).catch(async (error: unknown) => {
    await waiting?.close();
    if (!isNeeded || !stopping.isRequested) throw error;
    log.warn('stopped while everybody waited', { error: toError(error).message });
    return null;
  });
  if (server === null) {
    left.service?.stopping();
    left.service?.dispose();
    return null;
  }
  if (role === null) await closeInherited(placed.unused);
  const service = new ServiceReports(log, () => server.status);
  const reload = (): Promise<Reload> => service.reloading(() => server.requestReload());
  hangUp.heed(() => void reload());
  const obstacle = recording === null ? null : 'it is recorded';
  const upgrade = new UpgradeRequest({
    log,
    obstacle,
    kept,
    // The control process has done so for its workers.
    ...(role === null ? { prepare: () => meetConfiguration(flags, server) } : {}),
  });
  const desk = await openDesk(
    deskFolderOf(config),
    {
      server,
      reload,
      drain: () => {
        stopping.request('the server is shutting down', true);
      },
      upgrade: () => upgrade.ask(),
      logLevel: {
        get level() {
          return logSettings.level;
        },
        set: (level) => {
          onLogSettings({ ...logSettings, level });
        },
      },
    },
    log,
    { waiting, ...(role !== null && { file: role.controlFile, verbs: role.verbs(server) }) },
  );
  await role?.serve(run.config, placed);
  if (estate === null && role === null) greet(server, config, context.version);
  if (estate !== null && predecessor !== null) {
    log.warn('goes on for another process', { clients: estate.clients.count, ...run.standstill.figures });
  }
  service.ready();
  left.service?.dispose();
  role?.ready();
  // Now that a signal asks for the next upgrade.
  predecessor?.ready();
  let end = await Promise.race([stopping.requested, upgrade.successor, strayed]);
  // A new process that is being started reads the logs as this one would that begins anew.
  end ??= await Promise.race([stopping.requested, upgrade.underWay]);
  if (end instanceof Successor) await prepare(server.config, context.version, log, false);
  upgrade.dispose();
  hangUp.keep();
  const serving: Serving = { server, desk, service, upgrade, role, stopping, hangUp, log };
  if (end === null || end instanceof Successor) {
    const rest = end === null ? await leaveForNext(serving) : await handOver(serving, end);
    return rest === null ? null : { estate: rest, config: server.config, service };
  }
  await stop(serving, end);
  return null;
}

/** Returns the folder of the control socket; null if there is none. */
function deskFolderOf({ store }: ServerConfig): string | null {
  return store === null || store.kind === 'postgres' ? null : store.path;
}

/** @param clients - how many wait @returns null if it takes no `fdmux ctl` */
async function openWaitingDesk(
  { config, context, role, stopping, log }: Run,
  clients: number,
): Promise<WaitingDesk | null> {
  const folder = deskFolderOf(config);
  if (folder === null) return null;
  const drain = (): void => {
    stopping.request('the server is shutting down', true);
  };
  return WaitingDesk.open({ folder, file: role?.controlFile, version: context.version, clients, drain, log });
}

/** Returns whether a server tries again to open its store. @param isNeeded - whether nobody else has its clients */
function patienceFor(isNeeded: boolean, stopping: StopRequest): () => boolean {
  const endMs = performance.now() + STORE_PATIENCE_MS;
  return () => isNeeded && !stopping.isRequested && performance.now() < endMs;
}

/** The sockets that listen already: a service manager's, or those of the process before this one. */
function inheritedBy(config: ServerConfig, estate: Estate | null, role: WorkerRole | null): PlacedSockets {
  if (estate !== null) {
    const { inherited: sockets, unused } = assignListeners(estate.listeners, config.listeners);
    return { sockets, unused };
  }
  if (role !== null) return role.inherited(config);
  const given = assignFds(listenFds({ unsetEnvironment: true }), config.listeners);
  return { sockets: new Map([...given].map(([listener, fd]) => [listener, { fd, isOwned: false }])), unused: [] };
}

/**
 * Has a server listen as the configuration says now. A new process could not open a place that overlaps one which this
 * process has open.
 *
 * @throws Error if it cannot
 */
async function meetConfiguration(flags: ServeFlags, server: ChatServer): Promise<void> {
  const read = await readableConfig(flags);
  if (read === null) return;
  const { problem } = await server.requestReload();
  if (problem !== null) throw new Error(problem);
  // A reload does not open it.
  await probeAdmin(read, server.config);
}

/** @throws Error with a message of one line if the file cannot be made */
function openRecording(
  flags: ServeFlags,
  config: ServerConfig,
  { record: path, version }: ServeContext,
  log: Log,
): Recording | null {
  if (path === undefined) return null;
  try {
    return new Recording(path, { version, configurationName: flags.config ?? '-', config }, log);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw new Error(`${path} exists; a recording needs a new file`, { cause: error });
    const message = toError(error).message;
    throw new Error(`${path} cannot be made: ${message}`, { cause: error });
  }
}

async function startServer(
  { flags, context, log, stopping, recording, role }: Omit<Run, 'config'>,
  parts: {
    readonly config: ServerConfig;
    readonly onLogSettings: (settings: LogSettings) => void;
    readonly inherited: ReadonlyMap<ListenerConfig, InheritedSocket>;
    readonly estate: Estate | null;
    readonly onStep: () => void;
    readonly onTakenOver: () => void;
    readonly onStrayed: () => void;
    readonly isPatient: () => boolean;
  },
): Promise<ChatServer> {
  const { config, onLogSettings, inherited, estate, onStep, onTakenOver, onStrayed, isPatient } = parts;
  const readConfig = async (): Promise<ServerConfig> => {
    const read = await loadConfig(flags);
    return role === null ? read : role.reread(read);
  };
  try {
    return await ChatServer.start({
      config,
      log,
      onLogSettings,
      inherited,
      isPatient,
      version: context.version,
      configurationName: flags.config ?? '-',
      readConfig: recording?.world.reading(readConfig) ?? readConfig,
      ...(recording === null ? {} : { world: recording.world }),
      ...(role === null ? {} : { world: WORKER_WORLD, loan: () => role.loan }),
      ...(estate === null ? {} : { estate, onStep, onTakenOver }),
      onStrayed,
      onStop: (reason, isFailure = false) => {
        if (isFailure) stopping.fail(reason);
        else stopping.request(reason);
      },
    });
  } catch (error) {
    stopping.dispose();
    recording?.discard();
    // What is open keeps the process alive.
    await role?.retire();
    throw withAdvice(error);
  }
}
