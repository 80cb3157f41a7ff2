/** The reasons why the store cannot serve a request. */
import { toError } from '../errors.js';

/**
 * - `ERR_STORE_ENGINE`: there is no SQLite with everything that the store needs; the message says what to install.
 * - `ERR_STORE_FOLDER`: the folder cannot be made, read or written.
 * - `ERR_STORE_IN_USE`: another process has the store.
 * - `ERR_NODE_IN_USE`: another process that lives is the node of this name.
 * - `ERR_NODE_SETTINGS`: the nodes that live have other settings than this one.
 * - `ERR_STORE_CORRUPT`: the file is damaged, or is no store. It is left as it is.
 * - `ERR_STORE_VERSION`: a later version of fdmux has written the file.
 * - `ERR_STORE_NOT_EMPTY`: an import would overwrite a store.
 * - `ERR_STORE_IMPORT`: the input is no export, or is incomplete.
 * - `ERR_STORE_FULL`: the disk is full, or the file has the size that it may have.
 * - `ERR_STORE_REFUSED`: the database does not take this write, while it takes others; it never will.
 * - `ERR_STORE_CONNECTION`: the database server cannot be reached, or refuses every connection.
 * - `ERR_STORE_DURABILITY`: the database server would lose what it acknowledges, and that was not allowed.
 * - `ERR_STORE_FAILED`: the database reports another error, which is the `cause`.
 */
export const STORE_ERROR_CODES = [
  'ERR_STORE_ENGINE',
  'ERR_STORE_FOLDER',
  'ERR_STORE_IN_USE',
  'ERR_NODE_IN_USE',
  'ERR_NODE_SETTINGS',
  'ERR_STORE_CORRUPT',
  'ERR_STORE_VERSION',
  'ERR_STORE_NOT_EMPTY',
  'ERR_STORE_IMPORT',
  'ERR_STORE_FULL',
  'ERR_STORE_REFUSED',
  'ERR_STORE_CONNECTION',
  'ERR_STORE_DURABILITY',
  'ERR_STORE_FAILED',
] as const;

export type StoreErrorCode = (typeof STORE_ERROR_CODES)[number];

/** An error of the store; `code` says which. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The form in which a {@link StoreError} passes between threads: an error loses its fields on the way. */
export interface Failure {
  readonly code: StoreErrorCode;
  readonly message: string;
}

// The result codes that call for different action by an operator: https://www.sqlite.org/rescode.html
const CORRUPT = /malformed|not a database|database corruption|SQLITE_CORRUPT|SQLITE_NOTADB/i;
const FULL = /database or disk is full|SQLITE_FULL/i;

/** Returns the failure of the store that an error of SQLite means. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StoreError) return { code: error.code, message: error.message };
  const message = toError(error).message;
  const words = `${codeOf(error)} ${message}`;
  if (CORRUPT.test(words)) return { code: 'ERR_STORE_CORRUPT', message };
  if (FULL.test(words)) return { code: 'ERR_STORE_FULL', message };
  return { code: 'ERR_STORE_FAILED', message };
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
