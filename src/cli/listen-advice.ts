/** Advice about a port in use. */
import { hasCode } from '../errors.js';
import { ListenError } from '../server/listen-error.js';

/** Adds to the error of a port in use how to choose another one. */
export function withAdvice(error: unknown): unknown {
  if (!(error instanceof ListenError) || !hasCode(error.cause, 'EADDRINUSE') || 'path' in error.at) return error;
  const { listener } = error;
  const isSecure = (listener?.tls ?? null) !== null;
  const flag = isSecure ? '--tls-port' : `--${listener?.protocol ?? 'admin'}-port`;
  return new Error(`${error.message}; ${flag} names another, ${flag} 0 takes any free one`, { cause: error });
}
