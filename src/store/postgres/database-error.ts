/** The meaning of errors of PostgreSQL, and of the connection to it, for the store. */
import { toError } from '../../errors.js';
import { type Failure, failureOf, StoreError } from '../store-error.js';

// SQLSTATE: https://www.postgresql.org/docs/15/errcodes-appendix.html
/** The server cannot be reached, does not let the user in, has no such database, has no room or is shutting down. */
const CONNECTION = /^(?:08|28|3D|53300|57P)/;
const FULL = '53100';
const DEADLOCK = '40P01';
/** The statement has a value that no database takes, or breaks a rule of a table. */
const REFUSAL = /^(?:22|23|54)/;

/** Returns an error of the database as one of the store. */
export function databaseError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message } = failureOfDatabase(error);
  return new StoreError(code, message, { cause: error });
}

export function failureOfDatabase(error: unknown): Failure {
  if (error instanceof StoreError) return failureOf(error);
  const message = `PostgreSQL: ${toError(error).message}`;
  const state = stateOf(error);
  if (state === null || CONNECTION.test(state)) return { code: 'ERR_STORE_CONNECTION', message };
  return { code: state === FULL ? 'ERR_STORE_FULL' : 'ERR_STORE_FAILED', message };
}

/** Whether the database takes other writes, but never this one. */
export function isRefusal(error: unknown): boolean {
  return REFUSAL.test(stateOf(error) ?? '');
}

/** Whether the database has undone a statement because it and another one waited for each other. */
export function isDeadlock(error: unknown): boolean {
  return stateOf(error) === DEADLOCK;
}

/** Only errors of the database have an SQLSTATE; those of the network have names such as ECONNREFUSED. */
function stateOf(error: unknown): string | null {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : null;
}
