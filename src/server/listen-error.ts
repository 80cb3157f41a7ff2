/** The error of a listener that cannot be opened. */
import { isSystemError, toError } from '../errors.js';
import type { Place } from '../net/place.js';
import { formatHostPort } from '../protocol/host-port.js';
import type { ListenerConfig } from './config/server-config.js';

/** Returns the place of a listener in one word. */
export function whereTo(at: Place): string {
  return 'path' in at ? at.path : formatHostPort(at.host, at.port);
}

/** A listener could not be opened. The message is one line for the user who started the server. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly at: Place;
  /** The listener of the chat; null for the one of `admin`. */
  readonly listener: ListenerConfig | null;

  constructor(at: Place, cause: unknown, listener: ListenerConfig | null = null) {
    const reason = 'path' in at ? explainPath(cause) : explainPort(cause);
    super(`cannot listen on ${whereTo(at)}: ${reason ?? describe(cause)}`, { cause });
    this.at = at;
    this.listener = listener;
  }
}

function explainPort(cause: unknown): string | null {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return 'the port is in use';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address';
    case 'EACCES':
      return 'not permitted (ports below 1024 need a privilege)';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no host of that name';
    default:
      return null;
  }
}

function explainPath(cause: unknown): string | null {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return 'another server listens there, or the file is no socket';
    case 'EACCES':
      return 'not permitted to make a file there';
    case 'EPERM':
      return 'not permitted to give the file that mode or group';
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such folder';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ERR_OUT_OF_RANGE':
      return 'the path is too long for a socket (107 bytes)';
    default:
      return null;
  }
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}

function describe(cause: unknown): string {
  if (isSystemError(cause)) return `${cause.syscall} failed with ${cause.code}`;
  return toError(cause).message;
}
