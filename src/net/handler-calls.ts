/** Calls of the user's handlers, in the async context in which they were given. */
import type { AsyncResource } from 'node:async_hooks';
import type { Connection, ConnectionEvents } from './connection.js';

/** The scope in which handlers run. It keeps the errors that they throw until the others have been called. */
export interface HandlerScope {
  readonly context: AsyncResource;
  readonly turn: { fail(error: unknown): void };
}

/** A handler that gets the connection alone. */
type Moment = 'open' | 'behind' | 'drain' | 'end' | 'finish' | 'listenerCloses' | 'listenerCuts';

/** Calls a function of the user's. Its exception is rethrown when all the others have been called. */
export function callInContext<Args extends unknown[]>(
  { context, turn }: HandlerScope,
  call: (...args: Args) => void,
  ...args: Args
): void {
  try {
    context.runInAsyncScope(call, undefined, ...args);
  } catch (error) {
    turn.fail(error);
  }
}

export function callHandler<T>(
  scope: HandlerScope,
  handlers: ConnectionEvents<T>,
  moment: Moment,
  connection: Connection<T>,
): void {
  if (handlers[moment] !== undefined) callInContext(scope, runHandler, handlers, moment, connection);
}

export function callError<T>(
  scope: HandlerScope,
  handlers: ConnectionEvents<T>,
  connection: Connection<T>,
  error: Error,
): void {
  if (handlers.error !== undefined) callInContext(scope, runError, handlers, connection, error);
}

export function callClose<T>(
  scope: HandlerScope,
  handlers: ConnectionEvents<T>,
  connection: Connection<T>,
  error: Error | undefined,
): void {
  if (handlers.close !== undefined) callInContext(scope, runClose, handlers, connection, error);
}

/** The call for each piece that arrives, written out so that it makes no array of its arguments. */
export function callData<T>(
  { context, turn }: HandlerScope,
  handlers: ConnectionEvents<T>,
  connection: Connection<T>,
  bytes: Buffer,
): void {
  try {
    context.runInAsyncScope(runData, undefined, handlers, connection, bytes);
  } catch (error) {
    turn.fail(error);
  }
}

// Plain functions, because an async scope takes those.

function runData<T>(handlers: ConnectionEvents<T>, connection: Connection<T>, bytes: Buffer): void {
  handlers.data?.(connection, bytes);
}

function runHandler<T>(handlers: ConnectionEvents<T>, moment: Moment, connection: Connection<T>): void {
  handlers[moment]?.(connection);
}

function runError<T>(handlers: ConnectionEvents<T>, connection: Connection<T>, error: Error): void {
  handlers.error?.(connection, error);
}

function runClose<T>(handlers: ConnectionEvents<T>, connection: Connection<T>, error: Error | undefined): void {
  handlers.close?.(connection, error);
}
