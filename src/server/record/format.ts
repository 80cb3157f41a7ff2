/** The lines of a recording: what each kind contains, and how bytes are written in it. */
import { isUtf8 } from 'node:buffer';
import type { BanKind, ServerBan } from '../../log/entry.js';
import { nullable, oneOf, record, text, whole } from '../../log/shape.js';
import type { Transport } from '../../protocol/session.js';
import type { Address } from '../../socket/address.js';
import { isRecordedStore, type RecordedStore } from './recorded-store.js';

export const RECORDING_VERSION = 2;

/** Bytes as text if they are valid UTF-8, or else one character for each byte. */
export type Text = string | { readonly latin1: string };

/** The facts about a peer that are known when it arrives; `listener` is its place in the configuration. */
export interface OpenFacts {
  readonly listener: number;
  readonly address: Address;
  readonly transport: Transport;
  readonly isSecure: boolean;
  readonly certificate: string | null;
}

/**
 * The inputs of the server. Numbers are those of connections, or those of timers, checks, questions and inlets in their
 * order.
 */
export type Given =
  | readonly ['open', number, OpenFacts]
  | readonly ['in', number, Text]
  | readonly ['eof', number]
  | readonly ['behind', number]
  | readonly ['drain', number]
  | readonly ['close', number, { readonly code: string; readonly message: string } | null]
  | readonly ['timer', number]
  | readonly ['verified', number, boolean]
  | readonly ['verify-error', number, string]
  | readonly ['answered', number, unknown]
  | readonly ['reported', number, unknown]
  | readonly ['config', number, object]
  | readonly ['config-error', number, string]
  | readonly ['begin']
  | readonly ['keep']
  | readonly ['put-out', string, string]
  | readonly ['ban', ServerBan, string]
  | readonly ['unban', BanKind, string]
  | readonly ['reload']
  | readonly ['stop', string];

/** The acts of the server. `again` repeats the bytes of the turn's out line with this index. */
export type Done =
  | readonly ['out', readonly number[], Text]
  | readonly ['again', readonly number[], number]
  | readonly ['fin' | 'destroy' | 'pause' | 'resume', number];

/**
 * The observations in between, if they differ from the last ones: the times, or the state of a wire. The last number of
 * a clock line says how often the server had asked for a time since the line before.
 */
export type Seen =
  | readonly ['clock', number, number, number]
  | readonly ['full' | 'dead', number]
  | readonly ['pending', number, number]
  | readonly ['top', string, number];

/**
 * The content of a store when it was opened. Each state that is kept of a room has a line of its own: the name of the
 * log, the number of the last pack that is in the state, and the state.
 */
export type Kept = readonly ['store', RecordedStore] | readonly ['state', string, number, string | null];

/** A turn has its number and its times: milliseconds since the epoch, and of the clock that never jumps. */
export type Turn = readonly ['turn', number, number, number];

export type Line = Kept | Turn | Given | Done | Seen | readonly ['finished'];

type Check = (value: unknown) => boolean;

const isNumber: Check = (value) => typeof value === 'number';
const isString: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isAny: Check = () => true;
const isTextOrNull: Check = (value) => value === null || isString(value);
const isBanKind = oneOf<BanKind>('users', 'addresses');
const anyText = text(Infinity);
const isBan = record<ServerBan>({
  kind: isBanKind,
  mask: anyText,
  reason: anyText,
  by: anyText,
  atMs: whole(0),
  untilMs: nullable(whole(0)),
});
const isObject: Check = (value) => typeof value === 'object' && value !== null;
const isNumbers: Check = (value) => Array.isArray(value) && value.every(isNumber);
const isText: Check = (value) => {
  return (
    isString(value) || (typeof value === 'object' && value !== null && 'latin1' in value && isString(value.latin1))
  );
};
const isLoss: Check = (value) => {
  if (typeof value !== 'object') return false;
  return value === null || ('code' in value && isString(value.code) && 'message' in value && isString(value.message));
};
const isOpenFacts: Check = (value) => {
  if (typeof value !== 'object' || value === null) return false;
  return 'listener' in value && isNumber(value.listener) && 'address' in value && isObject(value.address);
};

/** The fields after the kind. */
const FIELDS: Readonly<Record<Line[0], readonly Check[]>> = {
  store: [isRecordedStore],
  state: [isString, isNumber, isTextOrNull],
  turn: [isNumber, isNumber, isNumber],
  open: [isNumber, isOpenFacts],
  in: [isNumber, isText],
  eof: [isNumber],
  behind: [isNumber],
  drain: [isNumber],
  close: [isNumber, isLoss],
  timer: [isNumber],
  verified: [isNumber, isBoolean],
  'verify-error': [isNumber, isString],
  answered: [isNumber, isAny],
  reported: [isNumber, isAny],
  config: [isNumber, isObject],
  'config-error': [isNumber, isString],
  begin: [],
  keep: [],
  'put-out': [isString, isString],
  ban: [isBan, isString],
  unban: [isBanKind, isString],
  reload: [],
  stop: [isString],
  out: [isNumbers, isText],
  again: [isNumbers, isNumber],
  fin: [isNumber],
  destroy: [isNumber],
  pause: [isNumber],
  resume: [isNumber],
  clock: [isNumber, isNumber, isNumber],
  full: [isNumber],
  dead: [isNumber],
  pending: [isNumber, isNumber],
  top: [isString, isNumber],
  finished: [],
};

const isArray = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isKind = (value: unknown): value is Line[0] => typeof value === 'string' && Object.hasOwn(FIELDS, value);

/** Whether a value is one of the lines. */
export function isLine(value: unknown): value is Line {
  if (!isArray(value)) return false;
  const [kind, ...fields] = value;
  if (!isKind(kind)) return false;
  const checks = FIELDS[kind];
  return fields.length === checks.length && checks.every((check, index) => check(fields[index]));
}

const GIVEN = new Set<string>([
  ...['open', 'in', 'eof', 'behind', 'drain', 'close', 'timer'],
  ...['verified', 'verify-error', 'answered', 'reported', 'config', 'config-error'],
  ...['begin', 'keep', 'put-out', 'ban', 'unban', 'reload', 'stop'],
]);

/** Whether a line is something that the server was given. */
export function isGiven(line: Line): line is Given {
  return GIVEN.has(line[0]);
}

export function toText(bytes: Uint8Array): Text {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString('utf8') : { latin1: buffer.toString('latin1') };
}

export function toBytes(text: Text): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(text.latin1, 'latin1');
}

/** Whether a value has what a sample has: the same types under the same keys. Null stands for anything. */
export function isLike<T>(sample: T, value: unknown): value is T {
  if (sample === null) return true;
  if (typeof sample !== typeof value) return false;
  if (typeof sample !== 'object') return true;
  if (typeof value !== 'object' || value === null || Array.isArray(sample) !== Array.isArray(value)) return false;
  if (Array.isArray(sample)) return true;
  const fields = new Map<string, unknown>(Object.entries(value));
  return Object.entries(sample).every(([key, field]) => field === undefined || isLike(field, fields.get(key)));
}
