/** The messages between the two ends of a store that is elsewhere. Questions and answers are in the bodies. */
import { choice, oneOf, record, type Shape, text, whole } from '../../log/shape.js';
import { READERS } from '../reader.js';
import type { StoreErrorCode } from '../store-error.js';
import { STORE_ERROR_CODES } from '../store-error.js';
import type { Reads } from '../tasks.js';

/** The version of the protocol: both ends say theirs first, and a channel between different ones is closed. */
export const STORE_PROTOCOL_VERSION = 1;

/** The first word of both ends. */
export interface Hello {
  readonly kind: 'hello';
  readonly version: number;
  /** The form of the data, such as `sqlite 5`: the questions and answers depend on it. */
  readonly form: string;
}

/** A message of a user of the store. An `id` names a question until it is answered. */
export type StoreAsk =
  | Hello
  /** Counts another opening. */
  | { readonly kind: 'begin'; readonly id: number }
  | { readonly kind: 'write'; readonly id: number }
  | { readonly kind: 'read'; readonly id: number; readonly job: keyof Reads }
  | { readonly kind: 'search'; readonly id: number }
  | { readonly kind: 'readings'; readonly id: number };

/** A message of the owner of the store. */
export type StoreTell =
  | Hello
  | { readonly kind: 'answer'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly code: StoreErrorCode; readonly message: string };

/** The most UTF-16 code units of the reason of a failure. */
export const MAX_REASON = 1_024;

const id = whole(0);
const hello = record<Hello>({ kind: oneOf('hello'), version: whole(1), form: text(64) });
const isJob: Shape<keyof Reads> = (value): value is keyof Reads =>
  typeof value === 'string' && Object.hasOwn(READERS, value);

/** Whether a value is a message of a user of the store. */
export const isStoreAsk = choice<StoreAsk>({
  hello,
  begin: record({ kind: oneOf('begin'), id }),
  write: record({ kind: oneOf('write'), id }),
  read: record({ kind: oneOf('read'), id, job: isJob }),
  search: record({ kind: oneOf('search'), id }),
  readings: record({ kind: oneOf('readings'), id }),
});

/** Whether a value is a message of the owner of the store. */
export const isStoreTell = choice<StoreTell>({
  hello,
  answer: record({ kind: oneOf('answer'), id }),
  failed: record({ kind: oneOf('failed'), id, code: oneOf(...STORE_ERROR_CODES), message: text(MAX_REASON) }),
});
