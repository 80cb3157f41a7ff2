/** Starts a chat server for a program that brings its own command line. */
import { checkOptions, type OptionNames } from '../arguments.js';
import { ChatServer, type OpenListener } from './chat-server.js';
import { loadConfig } from './config/load.js';
import type { ServeFlags } from './config/merge.js';
import type { Log } from './log.js';
import { packageVersion } from './version.js';

/** What {@link startChatServer} takes: what `fdmux serve` takes, as properties. */
export interface ChatServerOptions extends Omit<ServeFlags, 'logLevel' | 'logFormat'> {
  /** Takes the records of the server's log; by default nothing does. */
  readonly log?: Log | undefined;
}

const OPTIONS: OptionNames<ChatServerOptions> = {
  config: true,
  host: true,
  plainPort: true,
  ircPort: true,
  without: true,
  backend: true,
  trigger: true,
  maxClients: true,
  charset: true,
  serverName: true,
  network: true,
  password: true,
  log: true,
};

/** A chat server that runs. */
export interface RunningChatServer {
  /** Where it listens, with the ports that were free. */
  readonly listeners: readonly OpenListener[];
  /** Settles when it has ended, by {@link close} or by an operator's word. */
  readonly ended: Promise<void>;
  /** Reads the configuration file again; nobody is dropped. @returns what is wrong with it, or `null` */
  reload(): Promise<string | null>;
  /**
   * Ends it: members are told, and whoever does not take that in time is cut off. Idempotent.
   *
   * @param reason what members are told
   */
  close(reason?: string): Promise<void>;
}

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Starts a chat server in this thread's event loop. It installs no signal handler and writes to no stream.
 *
 * @returns once it listens on everything that it was asked for
 * @throws {@link ConfigError} (`ERR_CONFIG`) when the options or the file cannot be used; {@link ListenError} when an
 * address cannot be listened on; ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION
 */
export async function startChatServer(options: ChatServerOptions = {}): Promise<RunningChatServer> {
  checkOptions(options, 'options', OPTIONS);
  const { log = silent, ...flags } = options;
  let closing: Promise<void> | undefined;
  let markEnded: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    markEnded = resolve;
  });
  const server = await ChatServer.start({
    config: await loadConfig(flags),
    log,
    version: packageVersion(),
    configurationName: flags.config ?? '-',
    readConfig: () => loadConfig(flags),
    onStop: (reason) => void close(reason),
  });
  const close = (reason = 'the server is shutting down'): Promise<void> => {
    closing ??= server.close(reason).then(markEnded);
    return closing;
  };
  return { listeners: server.listeners, ended, reload: async () => (await server.reload()).problem, close };
}
