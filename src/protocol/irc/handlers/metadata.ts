/** METADATA: what people and channels say about themselves (IRCv3 metadata). */
import type { EventOf } from '../../../chat/event.js';
import type { NotTaken, Refused } from '../../../chat/refusal.js';
import type { Room } from '../../../chat/room.js';
import type { Client } from '../client.js';
import type { Message } from '../message.js';
import {
  knowsMetadata,
  mayRead,
  replyChange,
  replyValue,
  sendAllOf,
  sendWanted,
  type Subject,
  subjectOf,
  subjectOfRoom,
  subjectsInSight,
  subjectsOf,
} from '../metadata.js';
import { isMetadataKey, MAX_METADATA_KEYS, MAX_SUBSCRIPTIONS, METADATA_VALUE_BYTES } from '../metadata-limits.js';
import { isChannelLike } from '../names.js';
import type { Numeric } from '../numerics.js';
import { type Outcome, outcomeOf, type Paged, type Wait } from '../outcome.js';
import { replyNotTaken } from '../refusals.js';
import { packWords } from '../text-length.js';

/** The target of a command. */
type Target =
  | { readonly kind: 'self' | 'member'; readonly subject: Subject }
  | { readonly kind: 'room'; readonly subject: Subject; readonly room: Room };

/** One subcommand: the fewest and the most parameters after it, and what it does. */
interface Subcommand {
  readonly min: number;
  readonly max: number;
  readonly run: (client: Client, target: string, params: readonly string[]) => Outcome;
}

/** METADATA. */
export function metadata(client: Client, message: Message): Outcome {
  if (!knowsMetadata(client)) {
    client.reply('ERR_UNKNOWNCOMMAND', 'METADATA');
    return undefined;
  }
  const [target = '', verb = '', ...params] = message.params;
  const subcommand = SUBCOMMANDS.get(verb.toUpperCase());
  if (subcommand === undefined || params.length < subcommand.min || params.length > subcommand.max) {
    client.fail('METADATA', 'INVALID_PARAMS', [verb === '' ? '*' : verb], 'Invalid parameters');
    return undefined;
  }
  return subcommand.run(client, target, params);
}

function refuseTarget(client: Client, target: string): void {
  client.fail('METADATA', 'INVALID_TARGET', [target], 'Invalid metadata target');
}

/** Answers that one of several keys is none. */
function warnOfKey(client: Client, key: string): void {
  client.warn('METADATA', 'INVALID_KEY', [key], 'Invalid key');
}

/** Finds what a command is about. Replies and returns null if there is no such thing that the client may read. */
function find(client: Client, name: string): Target | null {
  const { directory } = client.server;
  const { registration, member } = client;
  if (registration !== null) {
    if (name === '*') return { kind: 'self', subject: { name: client.nickOrStar, values: registration.metadata } };
  } else if (isChannelLike(name)) {
    const room = directory.room(name);
    if (room !== undefined && mayRead(client, room)) return { kind: 'room', subject: subjectOfRoom(room), room };
  } else {
    const found = name === '*' ? member : directory.member(name);
    if (found !== undefined) return { kind: found === member ? 'self' : 'member', subject: subjectOf(found) };
  }
  refuseTarget(client, name);
  return null;
}

function get(client: Client, target: string, keys: readonly string[]): void {
  const found = find(client, target);
  if (found === null) return;
  const { subject } = found;
  client.inBatch('metadata', [subject.name], () => {
    for (const key of keys) {
      if (isMetadataKey(key)) replyValue(client, subject, key);
      else warnOfKey(client, key);
    }
  });
}

function list(client: Client, target: string): void {
  const found = find(client, target);
  if (found !== null) sendAllOf(client, found.subject);
}

function* set(client: Client, target: string, [key = '', value = '']: readonly string[]): Paged {
  const found = find(client, target);
  if (found === null) return;
  if (!isMetadataKey(key)) {
    client.fail('METADATA', 'INVALID_KEY', [key], 'Invalid key');
    return;
  }
  if (Buffer.byteLength(value, 'utf8') > METADATA_VALUE_BYTES || value.includes('\ufffd')) {
    client.fail('METADATA', 'INVALID_VALUE', [key], 'Invalid value');
    return;
  }
  const { registration } = client;
  if (registration !== null) {
    setEarly(client, registration.metadata, key, value);
    return;
  }
  const changed = yield* change(client, found, key, value === '' ? null : value);
  if (changed === null) return;
  const { name } = found.subject;
  if (value === '') client.reply('RPL_KEYNOTSET', name, key);
  else client.reply('RPL_KEYVALUE', name, key, '*', value);
}

/** Keeps a value until the client has registered. */
function setEarly(client: Client, values: Map<string, string>, key: string, value: string): void {
  if (value === '') values.delete(key);
  else if (values.has(key) || values.size < MAX_METADATA_KEYS) values.set(key, value);
  else {
    refuseLimit(client, '*');
    return;
  }
  replyValue(client, { name: client.nickOrStar, values }, key);
}

function refuseLimit(client: Client, target: string): void {
  client.fail('METADATA', 'LIMIT_REACHED', [target, String(MAX_METADATA_KEYS)], 'Metadata limit reached');
}

function* clear(client: Client, target: string): Paged {
  const found = find(client, target);
  if (found === null) return;
  const { name, values } = found.subject;
  const keys = [...values.keys()];
  if (client.registration !== null) client.registration.metadata.clear();
  else if ((yield* change(client, found, null, null)) === null) return;
  client.inBatch('metadata', [name], () => {
    for (const key of keys) client.reply('RPL_KEYNOTSET', name, key);
  });
}

/** Proposes a change. Replies and returns null if it is refused. @param key - null for all keys */
function* change(
  client: Client,
  { kind, subject }: Target,
  key: string | null,
  value: string | null,
): Generator<Wait, true | null> {
  const { chat } = client.server;
  const { name } = subject;
  const refuseAll = (): void => {
    client.fail('METADATA', 'KEY_NO_PERMISSION', [name, key ?? '*'], 'Permission denied');
  };
  if (kind === 'member') {
    refuseAll();
    return null;
  }
  const note = { key, value, maxKeys: MAX_METADATA_KEYS };
  const changed: EventOf<'annotated'> | Refused<string> | NotTaken | null = yield* outcomeOf(
    kind === 'self' ? chat.annotateSelf(client.member, note) : chat.annotateRoom(client.member, name, note),
    client.afterAll((late) => {
      if (late?.kind !== 'annotated') return;
      for (const [changed] of late.changes) replyChange(client, late, changed);
    }),
  );
  if (changed?.kind !== 'refused') return true;
  if (changed.why === 'not-taken') replyNotTaken(client, 'METADATA', name);
  else if (changed.why === 'too-many-keys') refuseLimit(client, name);
  else refuseAll();
  return null;
}

/** Bytes and number of the keys in one reply, whatever the server's name and the nick. */
const REPLY_KEY_BYTES = 350;
const REPLY_KEYS = 12;

/** Answers with keys, a parameter each. */
function replyKeys(client: Client, name: Numeric, keys: readonly string[]): void {
  for (let at = 0; at < keys.length; at += REPLY_KEYS) {
    for (const packed of packWords(keys.slice(at, at + REPLY_KEYS), REPLY_KEY_BYTES)) {
      client.reply(name, ...packed.split(' '));
    }
  }
}

/** Whether a command is about the client itself. Replies if it is not. */
function isSelf(client: Client, target: string): boolean {
  const { fold } = client.server.directory;
  if (target === '*' || (client.registration === null && fold(target) === fold(client.member.nick))) return true;
  refuseTarget(client, target);
  return false;
}

function sub(client: Client, target: string, keys: readonly string[]): void {
  if (!isSelf(client, target)) return;
  const accepted: string[] = [];
  let hasNew = false;
  const refusals: (() => void)[] = [];
  for (const key of keys) {
    if (!isMetadataKey(key)) {
      refusals.push(() => warnOfKey(client, key));
      continue;
    }
    const added = client.server.metadata.add(client, key);
    if (added === 'full') {
      const limit = String(MAX_SUBSCRIPTIONS);
      refusals.push(() => client.fail('METADATA', 'LIMIT_REACHED', [key, limit], 'Too many subscriptions'));
      break;
    }
    hasNew ||= added === 'added';
    accepted.push(key);
  }
  replyKeys(client, 'RPL_METADATASUBOK', accepted);
  for (const refusal of refusals) refusal();
  if (hasNew && client.registration === null) client.reply('RPL_METADATASYNCLATER', '*ALL', '0');
}

function unsub(client: Client, target: string, keys: readonly string[]): void {
  if (!isSelf(client, target)) return;
  const valid = keys.filter((key) => isMetadataKey(key));
  for (const key of valid) client.server.metadata.remove(client, key);
  replyKeys(client, 'RPL_METADATAUNSUBOK', valid);
  for (const key of keys) if (!isMetadataKey(key)) warnOfKey(client, key);
}

function subs(client: Client, target: string): void {
  if (!isSelf(client, target)) return;
  client.inBatch('metadata-subs', [], () => {
    replyKeys(client, 'RPL_METADATASUBS', client.server.metadata.keysOf(client));
  });
}

function* sync(client: Client, target: string): Paged {
  if (target === '*ALL' && client.registration === null) {
    yield* sendWanted(client, target, subjectsInSight(client));
    return;
  }
  const found = find(client, target);
  if (found === null) return;
  const subjects = found.kind === 'room' ? subjectsOf(client, found.room) : [found.subject];
  yield* sendWanted(client, found.subject.name, subjects);
}

const MANY = 15;
const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map<string, Subcommand>([
  ['GET', { min: 1, max: MANY, run: get }],
  ['LIST', { min: 0, max: 0, run: list }],
  ['SET', { min: 1, max: 2, run: set }],
  ['CLEAR', { min: 0, max: 0, run: clear }],
  ['SUB', { min: 1, max: MANY, run: sub }],
  ['UNSUB', { min: 1, max: MANY, run: unsub }],
  ['SUBS', { min: 0, max: 0, run: subs }],
  ['SYNC', { min: 0, max: 0, run: sync }],
]);
