import { isSystemError } from '../errors.js';
import { formatAddress } from '../protocol/plain/format.js';
import type { ListenerConfig } from './config.js';

/** Where a listener is, in one word. */
export function whereTo(at: ListenerConfig['at']): string {
  return 'path' in at ? at.path : formatAddress(at.host, at.port);
}

/** A listener that could not be opened; the message is one line for whoever started the server. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(at: ListenerConfig['at'], cause: unknown) {
    super(`cannot listen on ${whereTo(at)}: ${explain(cause)}`, { cause });
  }
}

function explain(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause ? cause.code : undefined;
  switch (code) {
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
      return isSystemError(cause) ? `${cause.syscall} failed with ${cause.code}` : cause.message;
  }
}
