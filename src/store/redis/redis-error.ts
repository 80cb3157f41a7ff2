/** The meaning of errors of Redis, and of the connection to it, for the store. */
import { toError } from '../../errors.js';
import { StoreError } from '../store-error.js';

/** The server does not carry out a command. Its message begins with a word for the reason. */
export class RedisRefusal extends Error {
  override readonly name = 'RedisRefusal';
}

/**
 * The server refuses every connection, is not ready, has no room for a connection, or is not the one that takes writes.
 */
const CONNECTION =
  /^(?:NOAUTH|WRONGPASS|NOPERM|NOPROTO|LOADING|MASTERDOWN|READONLY|CLUSTERDOWN|MOVED|ERR (?:AUTH|max|DB index|invalid DB))/;
/** No memory or no disk is left. */
const FULL = /^(?:OOM|MISCONF|NOREPLICAS)/;

/** Returns an error of Redis as one of the store. */
export function redisError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const words = toError(error).message;
  const message = `Redis: ${words}`;
  if (!(error instanceof RedisRefusal) || CONNECTION.test(words)) {
    return new StoreError('ERR_STORE_CONNECTION', message, { cause: error });
  }
  return new StoreError(FULL.test(words) ? 'ERR_STORE_FULL' : 'ERR_STORE_FAILED', message, { cause: error });
}

/** Whether a server knows a command but not this user, or not the command at all. */
export function isForbidden(error: unknown): boolean {
  return error instanceof RedisRefusal && /^(?:NOPERM|ERR unknown (?:command|subcommand))/i.test(error.message);
}

/** Whether a server no longer has a script. */
export function hasForgotten(error: unknown): boolean {
  return error instanceof RedisRefusal && error.message.startsWith('NOSCRIPT');
}
