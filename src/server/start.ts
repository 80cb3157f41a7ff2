/** Starts a chat server from a program. */
import { checkOptions, type OptionNames } from '../arguments.js';
import type { BackendName } from '../multiplexer/backend.js';
import type { Address } from '../socket/address.js';
import { ChatServer } from './chat-server.js';
import { loadConfig } from './config/load.js';
import type { ServeFlags } from './config/serve-flags.js';
import type { OpenListener } from './listeners.js';
import { type Log, SILENT } from './log.js';
import { packageVersion } from './version.js';

/** Options of {@link startChatServer}: those of `fdmux serve`, as properties. */
export interface ChatServerOptions extends Omit<ServeFlags, 'logLevel' | 'logFormat' | 'worker'> {
  /** Receives the records of the server's log. @defaultValue none are kept */
  readonly log?: Log | undefined;
}

const OPTIONS: OptionNames<ChatServerOptions> = {
  config: true,
  host: true,
  plainPort: true,
  ircPort: true,
  tlsCert: true,
  tlsKey: true,
  tlsPort: true,
  adminPort: true,
  web: true,
  webPort: true,
  webHost: true,
  without: true,
  data: true,
  node: true,
  backend: true,
  trigger: true,
  maxClients: true,
  backlog: true,
  drainMs: true,
  charset: true,
  serverName: true,
  network: true,
  password: true,
  log: true,
};

/** How a chat server has ended. */
export interface ChatServerEnd {
  /** The reason that members were given. */
  readonly reason: string;
  /**
   * Whether the server could not go on: as a node that shares its store, it has been given up by the others, or its
   * rooms were not theirs any more. Another server with the same options can: call {@link startChatServer} again.
   */
  readonly isFailure: boolean;
}

/** A running chat server. */
export interface RunningChatServer {
  /** The listeners with their actual ports; a reload may change them. */
  readonly listeners: readonly OpenListener[];
  /** The address of the listener for metrics; null without one. */
  readonly adminAddress: Address | null;
  /**
   * Resolves when it has ended: by {@link close}, by an operator, or since it could not go on, which `isFailure` says.
   * `fdmux serve` begins anew in that case, or ends with exit code 75.
   */
  readonly ended: Promise<ChatServerEnd>;
  /** The kernel interface in use: that of the options, until {@link switchBackend}. */
  readonly backend: BackendName;
  /**
   * Moves all listeners and connections to another kernel interface, under load: nobody is closed, and nothing is lost.
   *
   * @throws ERR_OUT_OF_RANGE; ERR_CLOSED; EMFILE, ENFILE, ENOMEM, ENOSPC with epoll. Nothing has moved then
   */
  switchBackend(backend: BackendName): void;
  /** Reads the configuration file again; nobody is dropped. @returns the problem with it, or `null` */
  reload(): Promise<string | null>;
  /**
   * Ends it: notifies the members, and cuts off those who do not read that in time. Idempotent.
   *
   * @param reason the reason that members are given
   */
  close(reason?: string): Promise<void>;
}

/**
 * Starts a chat server in this thread's event loop. It installs no signal handler and writes to no stream.
 *
 * @returns once all listeners are open
 * @throws {@link ConfigError} (`ERR_CONFIG`) if the options or the file are invalid; {@link ListenError} if an address
 * cannot be listened on; ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION
 */
export async function startChatServer(options: ChatServerOptions = {}): Promise<RunningChatServer> {
  checkOptions(options, 'options', OPTIONS);
  const { log = SILENT, ...flags } = options;
  // A promise, because an operator of the first listener can end the server while others are still being opened.
  let stop: (reason: string, isFailure?: boolean) => void = () => undefined;
  const stopped = new Promise<ChatServerEnd>((resolve) => {
    stop = (reason, isFailure = false) => {
      resolve({ reason, isFailure });
    };
  });
  const server = await ChatServer.start({
    config: await loadConfig(flags),
    log,
    version: packageVersion(),
    configurationName: flags.config ?? '-',
    readConfig: () => loadConfig(flags),
    onStop: stop,
  });
  const ended = stopped.then(async (end) => {
    await server.close(end.reason);
    return end;
  });
  const close = async (reason = 'the server is shutting down'): Promise<void> => {
    stop(reason);
    await ended;
  };
  return {
    get listeners() {
      return server.listeners;
    },
    adminAddress: server.adminAddress,
    get backend() {
      return server.backend;
    },
    switchBackend: (backend) => {
      server.switchBackend(backend);
    },
    ended,
    reload: async () => (await server.requestReload()).problem,
    close,
  };
}
