/** The options of `listen()`: their meaning, their defaults, and their check. */
import { checkBoolean, checkFunction, checkInteger, MAX_INT32, type OptionNames, toFd } from '../arguments.js';
import { invalidArgType } from '../errors.js';
import { DEFAULT_BACKLOG } from '../socket/backlog.js';
import { toPathBytes } from '../socket/path.js';
import type { ListenOptions } from './listener.js';
import { CONNECTION_OPTIONS, type ConnectionSettings, toConnectionSettings } from './options.js';
import type { SocketFileAccess } from './socket-file.js';
import { loadTls } from './tls-contexts.js';
import { checkTlsListenOptions } from './tls-options.js';
import { type TlsListenSettings, toTlsListenSettings } from './tls-server.js';

const OPTIONS: OptionNames<ListenOptions<unknown>> = {
  ...CONNECTION_OPTIONS,
  host: true,
  port: true,
  path: true,
  mode: true,
  group: true,
  fd: true,
  ownsFd: true,
  backlog: true,
  reusePort: true,
  exclusive: true,
  maxConnections: true,
  onError: true,
  tls: true,
};

/** -1 leaves the group: chown(2). */
const MAX_GROUP = 0xffff_fffe;

/** The options, checked and complete. */
export interface ListenSettings<T> extends ConnectionSettings<T> {
  readonly fd: number | undefined;
  readonly ownsFd: boolean;
  readonly backlog: number;
  readonly reusePort: boolean;
  readonly exclusive: boolean;
  readonly maxConnections: number;
  readonly onError: ((error: Error) => void) | undefined;
  readonly access: SocketFileAccess;
  /** Undefined without TLS. */
  readonly tls: TlsListenSettings | undefined;
}

/**
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION, ERR_UNSUPPORTED_TRIGGER, ERR_TLS_CONTEXT
 */
export async function toListenSettings<T>(options: ListenOptions<T>): Promise<ListenSettings<T>> {
  const settings = toConnectionSettings(options, OPTIONS);
  const { fd, backlog = DEFAULT_BACKLOG, reusePort = false, exclusive = false, onError } = options;
  const { ownsFd = false } = options;
  const { maxConnections = Infinity, tls } = options;
  checkInteger(backlog, 'options.backlog', 1, MAX_INT32);
  checkBoolean(ownsFd, 'options.ownsFd');
  if (ownsFd && fd === undefined) throw invalidArgType('options.ownsFd', 'left out without an fd', ownsFd);
  checkBoolean(reusePort, 'options.reusePort');
  checkBoolean(exclusive, 'options.exclusive');
  if (maxConnections !== Infinity) checkInteger(maxConnections, 'options.maxConnections', 1, MAX_INT32);
  if (onError !== undefined) checkFunction(onError, 'options.onError');
  if (tls !== undefined) checkTlsListenOptions(tls);
  return {
    ...settings,
    fd: fd === undefined ? undefined : toFd(fd, 'options.fd'),
    ownsFd,
    backlog,
    reusePort,
    exclusive,
    maxConnections,
    onError,
    access: toSocketFileAccess(options),
    tls: tls === undefined ? undefined : toTlsListenSettings(await loadTls(), tls),
  };
}

function toSocketFileAccess<T>({ mode, group, path }: ListenOptions<T>): SocketFileAccess {
  if (mode !== undefined) checkInteger(mode, 'options.mode', 0, 0o777);
  if (group !== undefined) checkInteger(group, 'options.group', 0, MAX_GROUP);
  const hasFile = path !== undefined && toPathBytes(path, 'options.path')[0] !== 0;
  if (mode !== undefined && !hasFile) throw invalidArgType('options.mode', 'left out without a path', mode);
  if (group !== undefined && !hasFile) throw invalidArgType('options.group', 'left out without a path', group);
  return { mode, group };
}
