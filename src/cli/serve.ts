/** `fdmux serve`: runs the chat server until a signal or an operator ends it. */
import { basename, relative } from 'node:path';
import { hasCode } from '../errors.js';
import { formatHostPort } from '../protocol/host-port.js';
import type { Reload } from '../protocol/server-control.js';
import { ChatServer } from '../server/chat-server.js';
import { ConfigError } from '../server/config/config-error.js';
import { loadConfig } from '../server/config/load.js';
import type { ServeFlags } from '../server/config/merge.js';
import type { ListenerConfig, ServerConfig } from '../server/config/server-config.js';
import { storePlace } from '../server/config/store-place.js';
import { formatAddress } from '../server/format-address.js';
import { assignListeners, type Estate } from '../server/hand-over/estate.js';
import { storeVersionOf } from '../server/hand-over/store-version.js';
import { assignFds } from '../server/inherited-fds.js';
import { ListenError, whereTo } from '../server/listen-error.js';
import type { InheritedSocket, OpenListener } from '../server/listeners.js';
import { configureLog, type Log, type LogSettings, openLog } from '../server/log.js';
import { openLogOutput } from '../server/log-output.js';
import { LogSink } from '../server/log-sink.js';
import { Recording } from '../server/record/recording.js';
import type { Address } from '../socket/address.js';
import { Descriptor } from '../socket/descriptor.js';
import { listenFds } from '../socket/service-manager.js';
import { openDesk } from './open-desk.js';
import { Predecessor } from './predecessor.js';
import { ServiceReports } from './service-reports.js';
import { Successor } from './successor.js';
import { UpgradeRequest } from './upgrade-request.js';

/** A stopping server ends whatever still waits after this time: it promises to stop within two seconds. */
const STOP_DEADLINE_MS = 1800;

/** What `serve` needs to know besides its flags. */
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
  if (config.store !== null && context.record !== undefined) {
    // What a replay does follows from what it is given, and it is not given what a store holds.
    throw new ConfigError('a server that keeps data cannot be recorded: leave out --data and "store"');
  }
  // At a moment when they cannot be heeded, they must not end the process.
  for (const signal of ['SIGUSR2', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const sink = new LogSink({ output: openLogOutput(process.stderr.fd) });
  configureLog(config.log, sink);
  const log = openLog();
  const storeVersion = await storeVersionOf(config.store);
  const predecessor = Predecessor.find(context.version, storeVersion);
  const estate = predecessor?.receive() ?? null;
  const stopping = new StopRequest();
  const recording = openRecording(flags, config, context, log);
  const run: Run = { flags, config, context, log, sink, stopping, recording, storeVersion };
  // A server whose successor fails goes on with what it has left.
  for (let left: Left = { estate, config }; ;) {
    const rest = await runServer(
      { ...run, config: left.config },
      left.estate,
      left.estate === estate ? predecessor : null,
    );
    if (rest === null) break;
    left = rest;
  }
  recording?.finish();
  sink.end();
  stopping.dispose();
  return 0;
}

/** What one server of a process has left to the next one. */
interface Left {
  readonly estate: Estate | null;
  readonly config: ServerConfig;
}

/** What all servers of one process have in common. */
interface Run {
  readonly flags: ServeFlags;
  readonly config: ServerConfig;
  readonly context: ServeContext;
  readonly log: Log;
  readonly sink: LogSink;
  readonly stopping: StopRequest;
  readonly recording: Recording | null;
  /** The form in which data is kept; null if none is. */
  readonly storeVersion: string | null;
}

/**
 * Runs one server.
 *
 * @param estate - what it goes on for; null for one that begins
 * @param predecessor - the process that has left it
 * @returns null when it has ended, or another process goes on; what it has left if that process has failed
 */
async function runServer(run: Run, estate: Estate | null, predecessor: Predecessor | null): Promise<Left | null> {
  const { flags, config, context, log, sink, stopping, recording, storeVersion } = run;
  const inherited = inheritedBy(config, estate);
  let logSettings: LogSettings = config.log;
  const onLogSettings = (settings: LogSettings): void => {
    logSettings = settings;
    configureLog(settings, sink);
  };
  const server = await startServer(flags, {
    config,
    context,
    log,
    onLogSettings,
    stopping,
    recording,
    inherited,
    estate,
  });
  const service = new ServiceReports(log, () => server.status);
  const reload = (): Promise<Reload> => service.reloading(() => server.requestReload());
  const onHangUp = (): void => void reload();
  process.on('SIGHUP', onHangUp);
  const obstacle = recording === null ? null : 'it is recorded';
  const upgrade = new UpgradeRequest(log, obstacle, storeVersion);
  const desk = await openDesk(
    config.store?.kind === 'sqlite' ? config.store.path : null,
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
  );
  if (estate === null) report(server, config, context);
  else log.warn('goes on for another process', { clients: estate.clients.length });
  service.ready();
  // Now that a signal asks for the next upgrade.
  predecessor?.taken();
  const end = await Promise.race([stopping.requested, upgrade.successor]);
  upgrade.dispose();
  process.off('SIGHUP', onHangUp);
  if (end instanceof Successor) {
    desk?.retire();
    const rest = await handOver(server, end, { log, stopping, service, upgrade });
    await desk?.close();
    service.dispose();
    return rest === null ? null : { estate: rest, config: server.config };
  }
  upgrade.stopped();
  service.stopping();
  if (end.mayDrain) await server.drain(stopping.hurried);
  // A peer that reads nothing must not keep the process alive, nor must this timer.
  setTimeout(() => process.exit(0), STOP_DEADLINE_MS).unref();
  await desk?.close();
  await server.close(end.reason);
  service.dispose();
  return null;
}

/** The sockets that listen already: a service manager's, or those of the process before this one. */
function inheritedBy(config: ServerConfig, estate: Estate | null): ReadonlyMap<ListenerConfig, InheritedSocket> {
  const { inherited, unused } = assignListeners(estate?.listeners ?? [], config.listeners);
  for (const { fd } of unused) Descriptor.fromFd(fd).close();
  if (estate !== null) return inherited;
  const given = assignFds(listenFds({ unsetEnvironment: true }), config.listeners);
  return new Map([...given].map(([listener, fd]) => [listener, { fd, isOwned: false }]));
}

/** @returns what the server has left if the successor does not take it; null if that goes on */
async function handOver(
  server: ChatServer,
  successor: Successor,
  {
    log,
    stopping,
    service,
    upgrade,
  }: Pick<Run, 'log' | 'stopping'> & { readonly service: ServiceReports; readonly upgrade: UpgradeRequest },
): Promise<Estate | null> {
  const startMs = performance.now();
  const estate = await server.leave('the server is being upgraded: please connect again');
  const rest = server.finish();
  try {
    await successor.takeOver(estate);
  } catch (error) {
    log.error('not upgraded: this process goes on', { error: error instanceof Error ? error.message : String(error) });
    upgrade.failed(error, 'this process goes on');
    await successor.end();
    await rest;
    return estate;
  }
  service.replacedBy(successor.pid);
  // Asked of this process, whether before or from now on.
  void stopping.requested.then(({ mayDrain }) => {
    successor.stop(mayDrain ? 'SIGTERM' : 'SIGINT');
  });
  const ms = Math.round(performance.now() - startMs);
  log.warn('upgraded', { pid: successor.pid, clients: estate.clients.length, ms });
  upgrade.done({ pid: successor.pid, clients: estate.clients.length });
  for (const { fd } of [...estate.listeners, ...estate.clients]) Descriptor.fromFd(fd).close();
  setTimeout(() => process.exit(0), STOP_DEADLINE_MS).unref();
  await rest;
  return null;
}

function report(server: ChatServer, config: ServerConfig, { version }: ServeContext): void {
  process.stdout.write(describe(server, config, version));
  for (const { protocol, at } of server.skippedListeners) {
    const lost = LISTENER_NAMES[protocol];
    process.stderr.write(
      `fdmux: ${whereTo(at)} is in use, so there is no ${lost}; --${protocol}-port names another port\n`,
    );
  }
}

/** Who ends the server. */
interface Stop {
  readonly reason: string;
  /** Whether clients get the time of `drainMs` to leave. */
  readonly mayDrain: boolean;
}

/** Waits for whatever ends the server first: a signal or an operator. */
class StopRequest {
  readonly requested: Promise<Stop>;
  /** Somebody has asked again, so it shall end at once. */
  readonly hurried: Promise<void>;
  #resolve: (stop: Stop) => void = () => undefined;
  #hurry: () => void = () => undefined;
  #isRequested = false;

  constructor() {
    this.requested = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.hurried = new Promise((resolve) => {
      this.#hurry = resolve;
    });
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  request(reason: string, mayDrain = false): void {
    if (this.#isRequested) this.#hurry();
    this.#isRequested = true;
    this.#resolve({ reason, mayDrain });
  }

  dispose(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.request('the server is shutting down', signal === 'SIGTERM');
  };
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
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${path} cannot be made: ${message}`, { cause: error });
  }
}

async function startServer(
  flags: ServeFlags,
  parts: {
    readonly config: ServerConfig;
    readonly context: ServeContext;
    readonly log: Log;
    readonly onLogSettings: (settings: LogSettings) => void;
    readonly stopping: StopRequest;
    readonly recording: Recording | null;
    readonly inherited: ReadonlyMap<ListenerConfig, InheritedSocket>;
    readonly estate: Estate | null;
  },
): Promise<ChatServer> {
  const { config, context, log, onLogSettings, stopping, recording, inherited, estate } = parts;
  const readConfig = (): Promise<ServerConfig> => loadConfig(flags);
  try {
    return await ChatServer.start({
      config,
      log,
      onLogSettings,
      inherited,
      version: context.version,
      configurationName: flags.config ?? '-',
      readConfig: recording?.world.reading(readConfig) ?? readConfig,
      ...(recording === null ? {} : { world: recording.world }),
      ...(estate === null ? {} : { estate }),
      onStop: (reason) => {
        stopping.request(reason);
      },
    });
  } catch (error) {
    stopping.dispose();
    recording?.discard();
    throw withAdvice(error);
  }
}

/** Adds to the error of a port in use how to choose another one. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof ListenError) || !hasCode(error.cause, 'EADDRINUSE') || 'path' in error.at) return error;
  const { listener } = error;
  const isSecure = (listener?.tls ?? null) !== null;
  const flag = isSecure ? '--tls-port' : `--${listener?.protocol ?? 'admin'}-port`;
  return new Error(`${error.message}; ${flag} names another, ${flag} 0 takes any free one`, { cause: error });
}

function formatAdmin(address: Address): string {
  const place = formatAddress(address);
  return address.family === 'unix' ? `${place} (/metrics)` : `http://${place}/metrics`;
}

const WIDE_HOSTS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
const LISTENER_NAMES = { plain: 'plain lines', irc: 'IRC', web: 'web page' } as const;

/** Returns what to type into a browser on this machine. */
function formatUrl(address: Address, isSecure: boolean): string {
  if (address.family !== 'inet' && address.family !== 'inet6') return formatAddress(address);
  return `${isSecure ? 'https' : 'http'}://${formatHostPort(WIDE_HOSTS[address.host] ?? address.host, address.port)}/`;
}

const NOTHING_KEPT = 'none: rooms and bans end with the server, --data <folder> keeps them';

function describe(server: ChatServer, config: ServerConfig, version: string): string {
  const lines = [`fdmux ${version}: chat server on ${config.backend}, ${config.trigger}-triggered`];
  for (const { protocol, isSecure, address } of server.listeners) {
    const name = `${LISTENER_NAMES[protocol]}${isSecure && protocol !== 'web' ? ' over TLS' : ''}`;
    const where = protocol === 'web' ? formatUrl(address, isSecure) : formatAddress(address);
    lines.push(`  ${name.padEnd(12)} ${where}`);
  }
  if (server.adminAddress !== null) lines.push(`  admin        ${formatAdmin(server.adminAddress)}`);
  lines.push(`  kept data    ${config.store === null ? NOTHING_KEPT : storePlace(config.store)}`);
  const plain = server.listeners.find(({ protocol, isSecure }) => protocol === 'plain' && !isSecure);
  lines.push(...(plain === undefined ? [] : howToTalk(plain)));
  lines.push('Ctrl-C ends the server.');
  return `${lines.join('\n')}\n`;
}

function howToTalk({ address }: OpenListener): string[] {
  if (address.family !== 'inet' && address.family !== 'inet6') {
    return 'path' in address ? ['To talk, in another terminal:', `  nc -U ${String(address.path)}`] : [];
  }
  const host = WIDE_HOSTS[address.host] ?? address.host;
  return [
    'To talk, type one of these in another terminal:',
    `  nc ${host} ${address.port}`,
    `  ${ownCommand()} connect ${formatHostPort(host, address.port)}`,
  ];
}

/** Returns the command that runs this program: its name if it is installed, its file in a clone. */
function ownCommand(): string {
  const script = process.argv[1] ?? 'fdmux';
  if (basename(script) === 'fdmux') return script.includes('/node_modules/') ? 'npx fdmux' : 'fdmux';
  const path = relative(process.cwd(), script);
  return `node ${path.startsWith('..') ? script : path}`;
}
