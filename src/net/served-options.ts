/** The options that all served objects share: handlers, limits of the queue, a multiplexer. */
import { checkFunction, checkInteger, checkObject, checkOneOf, checkOptions, MAX_INT32 } from '../arguments.js';
import { BACKEND_NAMES, type BackendName, defaultBackend } from '../multiplexer/backend.js';
import type { TurnDriver } from './turn-driver.js';

const DEFAULT_HIGH_WATER_MARK_BYTES = 65_536;
const DEFAULT_MAX_PENDING_BYTES = 16_777_216;

/** The options as they are given. */
interface ServedOptions {
  readonly backend?: BackendName | undefined;
  readonly multiplexer?: TurnDriver | undefined;
  readonly highWaterMarkBytes?: number | undefined;
  readonly maxPendingBytes?: number | undefined;
}

/** The options that say when a queue is full. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function toQueueLimits(options: ServedOptions): {
  readonly highWaterMarkBytes: number;
  readonly maxPendingBytes: number;
} {
  const { highWaterMarkBytes = DEFAULT_HIGH_WATER_MARK_BYTES, maxPendingBytes = DEFAULT_MAX_PENDING_BYTES } = options;
  checkInteger(highWaterMarkBytes, 'options.highWaterMarkBytes', 0, MAX_INT32);
  checkInteger(maxPendingBytes, 'options.maxPendingBytes', 0, MAX_INT32);
  return { highWaterMarkBytes, maxPendingBytes };
}

/**
 * The options that choose the multiplexer and its backend. The backend of a multiplexer counts before `backend`.
 *
 * @throws ERR_INVALID_ARG_TYPE
 */
export function toDriver({ multiplexer, backend: wanted }: ServedOptions): {
  readonly multiplexer: TurnDriver | undefined;
  readonly backend: BackendName;
} {
  const backend = multiplexer?.backend ?? wanted ?? defaultBackend();
  if (multiplexer !== undefined) {
    checkObject(multiplexer, 'options.multiplexer');
    checkFunction(Reflect.get(multiplexer, 'onTurnEnd'), 'options.multiplexer.onTurnEnd');
  }
  checkOneOf(backend, 'options.backend', BACKEND_NAMES);
  return { multiplexer, backend };
}

/**
 * @param argument the name of the argument, for errors
 * @param known the handlers that exist
 * @param required the one that may not be left out
 * @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION
 */
export function checkHandlers(
  handlers: unknown,
  argument: string,
  known: Readonly<Record<string, true>>,
  required?: string,
): void {
  checkObject(handlers, argument);
  // An object of a user's class may have other fields.
  const prototype: unknown = Object.getPrototypeOf(handlers);
  if (prototype === Object.prototype || prototype === null) checkOptions(handlers, argument, known);
  for (const name of Object.keys(known)) {
    const handler: unknown = Reflect.get(handlers, name);
    if (handler !== undefined || name === required) checkFunction(handler, `${argument}.${name}`);
  }
}
