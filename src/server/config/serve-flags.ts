/** The options of the command line. */
import type { BackendName } from '../../multiplexer/backend.js';
import type { ConnectionTrigger } from '../../net/connection-trigger.js';
import type { CharsetChoice } from '../../protocol/charset.js';
import type { LogFormat, LogLevel } from '../log-levels.js';
import type { ProtocolName } from '../protocol-names.js';

/** The options of the command line, which override the file. */
export interface ServeFlags {
  readonly config?: string | undefined;
  readonly host?: string | undefined;
  readonly plainPort?: number | undefined;
  readonly ircPort?: number | undefined;
  /** Files of a certificate and its key: with both, there is IRC over TLS as well. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** The port of IRC over TLS; 0 for any free one. */
  readonly tlsPort?: number | undefined;
  /** The port of `admin`, on 127.0.0.1; 0 for any free one. */
  readonly adminPort?: number | undefined;
  /** Listens for browsers on the default port. */
  readonly web?: boolean | undefined;
  readonly webPort?: number | undefined;
  /** @defaultValue that of the other listeners */
  readonly webHost?: string | undefined;
  /** Protocols that are switched off. */
  readonly without?: readonly ProtocolName[] | undefined;
  /** The folder in which what outlives the server is kept. */
  readonly data?: string | undefined;
  /** The name among the servers that share one store. */
  readonly node?: string | undefined;
  /** The name of this process among the workers of a control process, which has the store. */
  readonly worker?: string | undefined;
  readonly backend?: BackendName | undefined;
  readonly trigger?: ConnectionTrigger | undefined;
  readonly maxClients?: number | undefined;
  /** Connections that may wait to be accepted, at least 1. */
  readonly backlog?: number | undefined;
  /** Milliseconds. */
  readonly drainMs?: number | undefined;
  readonly charset?: CharsetChoice | undefined;
  readonly serverName?: string | undefined;
  readonly network?: string | undefined;
  readonly password?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
  readonly logFormat?: LogFormat | undefined;
}
