/** Starts a chat server from a program. */
import { checkOptions, type OptionNames } from '../arguments.js';
import type { BackendName } from '../multiplexer/backend.js';
import type { Address } from '../socket/address.js';
import { ChatServer } from './chat-server.js';
import { loadConfig } from './config/load.js';
import type { ServeFlags } from './config/merge.js';
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

/** A running chat server. */
export interface RunningChatServer {
  /** The listeners with their actual ports; a reload may change them. */
  readonly listeners: readonly OpenListener[];
  /** The address of the listener for metrics; null without one. */
  readonly adminAddress: Address | null;
  /** Resolves when it has ended, by {@link close} or by an operator. */
  readonly ended: Promise<void>;
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
  let stop: (reason: string) => void = () => undefined;
  const stopped = new Promise<string>((resolve) => {
    stop = resolve;
  });
  const server = await ChatServer.start({
    config: await loadConfig(flags),
    log,
    version: packageVersion(),
    configurationName: flags.config ?? '-',
    readConfig: () => loadConfig(flags),
    onStop: stop,
  });
  const ended = stopped.then((reason) => server.close(reason));
  const close = (reason = 'the server is shutting down'): Promise<void> => {
    stop(reason);
    return ended;
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
