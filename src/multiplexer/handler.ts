/** Handlers that are called later: only synchronous ones, in the async context in which they were passed. */
import { AsyncResource } from 'node:async_hooks';
import { types } from 'node:util';
import { checkFunction } from '../arguments.js';
import { invalidArgType } from '../errors.js';

/**
 * `unknown` for a handler that returns `Result`. If that may be a promise, no handler matches: the promise would not be
 * awaited, and the next wait would begin while the handler is still at work.
 */
export type Synchronous<Result> = 0 extends 1 & Result
  ? unknown
  : [Extract<Result, PromiseLike<unknown>>] extends [never]
    ? unknown
    : { readonly 'this handler must not return a promise: iterate with for await instead': never };

const EXPECTED = 'a function that is not async: nobody awaits it, and it would be called again before it is through';

/** Handlers that restore async contexts themselves, those of the objects that they call. */
const contextKeepers = new WeakSet<object>();

/** Lets a handler that calls many objects be called without a context of its own. */
export function keepsContexts<Handler extends object>(handler: Handler): Handler {
  contextKeepers.add(handler);
  return handler;
}

/** @throws ERR_INVALID_ARG_TYPE if it is not a function, or is an async one */
export function checkSynchronous(handler: unknown, name: string): asserts handler is (...args: never) => unknown {
  checkFunction(handler, name);
  if (types.isAsyncFunction(handler)) throw invalidArgType(name, EXPECTED, handler);
}

/** Refuses a promise that a handler has returned. @throws ERR_INVALID_ARG_TYPE */
export function checkNoPromise(result: unknown, name: string): void {
  if (typeof result === 'object' && result !== null && 'then' in result && typeof result.then === 'function') {
    throw invalidArgType(name, EXPECTED, result);
  }
}

/**
 * Wraps a handler so that it is called in the current async context (`AsyncLocalStorage`), and refused if it returns a
 * promise.
 *
 * @param name how an error names it: 'options.onReady'
 * @throws ERR_INVALID_ARG_TYPE if it is not a function, or is an async one; the wrapper throws it for a promise
 */
export function bindHandler<Argument = void>(
  handler: (argument: Argument) => unknown,
  name: string,
): (argument: Argument) => void {
  checkSynchronous(handler, name);
  if (contextKeepers.has(handler)) return handler;
  const context = new AsyncResource('FDMUX');
  // One argument instead of rest parameters: this is called for each event, and an array for each would double the
  // cost.
  return (argument) => {
    const result: unknown = context.runInAsyncScope(handler, undefined, argument);
    if (result !== undefined) checkNoPromise(result, name);
  };
}
