/** What a chat server is given by those who start it. */
import type { AccountBook } from '../accounts/account-book.js';
import type { ChatOptions } from '../chat/chat.js';
import type { ListenerConfig, ServerConfig } from './config/server-config.js';
import type { Estate } from './hand-over/estate.js';
import type { InheritedSocket } from './listeners.js';
import type { Log } from './log.js';
import type { World } from './world.js';

/** The server's options, and what it needs from the process around it. */
export interface ServerOptions {
  readonly config: ServerConfig;
  readonly log: Log;
  readonly version: string;
  /** Where the server stores its bans, and how many; by default in memory. */
  readonly bans?: ChatOptions['bans'];
  /** Where the accounts are kept. @defaultValue in the store, or in memory without one */
  readonly accounts?: AccountBook;
  /** The configuration's file; `-` without one. */
  readonly configurationName: string;
  /** Reads the configuration again. If it rejects, the old one stays. */
  readonly readConfig: () => Promise<ServerConfig>;
  /** Sockets that listen already, such as those of a service manager. @defaultValue none */
  readonly inherited?: ReadonlyMap<ListenerConfig, InheritedSocket>;
  /**
   * Returns the sockets that somebody else has opened for the configuration that was read last; null if there are none.
   *
   * @defaultValue the server opens its sockets itself, as far as its world lets it
   */
  readonly loan?: () => Loan | null;
  /** The estate of a server that this one goes on for. @defaultValue nothing */
  readonly estate?: Estate;
  /** Called when this server goes on with all clients of that one, before anything is sent to or read from them. */
  readonly onTakenOver?: () => void;
  /** Called when a step of going on for that one is done: one of them may take long. */
  readonly onStep?: () => void;
  /** Whether it tries again to open its store, after that has failed. @defaultValue never */
  readonly isPatient?: () => boolean;
  /** @defaultValue the world as it is */
  readonly world?: World;
  /** How long a node that shows nothing of itself is taken to live, in milliseconds. @defaultValue 5000 */
  readonly leaseMs?: number;
  /** How long people of a domain keep their places whose link is lost, in milliseconds. @defaultValue 120,000 */
  readonly domainGraceMs?: number;
  /** Takes the settings of the log when the configuration has been read again. */
  readonly onLogSettings?: (settings: ServerConfig['log']) => void;
  /**
   * An operator has ended the server, or it cannot go on.
   *
   * @param isFailure - whether it cannot go on, so that another process has to
   */
  readonly onStop: (reason: string, isFailure?: boolean) => void;
  /**
   * The rooms of this node are not those of the others any more: a server that goes on with what
   * `ChatServer.leave()` returns has theirs.
   *
   * @defaultValue it ends, as one that cannot go on
   */
  readonly onStrayed?: () => void;
}

/** Sockets that somebody else has opened, for listeners of a configuration that was read again. */
export interface Loan {
  readonly sockets: ReadonlyMap<ListenerConfig, InheritedSocket>;
  /** Ends the reload. @param isTaken - whether the server listens as that configuration says */
  settle(isTaken: boolean): void;
}
