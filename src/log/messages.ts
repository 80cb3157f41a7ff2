/** The messages between the two ends of a log that is elsewhere. The packs are in the bodies of the frames. */
import type { LogName } from './entry.js';
import { isLogName } from './log-name.js';
import { type Mark, MAX_MARKS } from './marks.js';
import { choice, flag, list, nullable, oneOf, pair, record, type Shape, text, whole } from './shape.js';
import type { AppendFailure } from './shared-log.js';

/** The version of the protocol. Both ends send theirs first, and a channel between different versions is closed. */
export const PROTOCOL_VERSION = 1;

/** The most packs of one answer to `read`. */
export const MAX_READ_PACKS = 100;

/** The messages of a user of the logs. An `id` names a question, or a following, until it has ended. */
export type Ask =
  | { readonly kind: 'hello'; readonly version: number }
  | { readonly kind: 'append'; readonly id: number; readonly log: LogName }
  | {
      readonly kind: 'follow';
      readonly id: number;
      readonly log: LogName;
      readonly after: number;
      /** The last packs that have been applied. */
      readonly marks: readonly Mark[];
    }
  | { readonly kind: 'stop'; readonly id: number }
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly log: LogName;
      readonly after: number;
      readonly maxPacks: number;
    }
  | { readonly kind: 'lease'; readonly id: number; readonly node: string; readonly ms: number }
  | { readonly kind: 'expired'; readonly id: number }
  | { readonly kind: 'living'; readonly id: number }
  | { readonly kind: 'forget'; readonly id: number; readonly node: string };

/** A pack that cannot be read has a reason instead of a body. */
export interface Unread {
  readonly kind: 'unreadable';
  readonly id: number;
  readonly seq: number;
  readonly why: 'malformed' | 'too-large' | 'unknown-version';
  /** The version of the pack, if that is the reason. */
  readonly version: number;
}

/** The messages of the owner of the logs. */
export type Tell =
  | { readonly kind: 'hello'; readonly version: number }
  | { readonly kind: 'appended'; readonly id: number; readonly seq: number }
  | { readonly kind: 'failed'; readonly id: number; readonly why: AppendFailure }
  /** A pack of a following, or of an answer to `read`. */
  | { readonly kind: 'pack'; readonly id: number; readonly seq: number }
  | Unread
  | { readonly kind: 'missing'; readonly id: number; readonly from: number; readonly to: number }
  | { readonly kind: 'regressed'; readonly id: number; readonly applied: number; readonly top: number }
  | { readonly kind: 'caught-up'; readonly id: number }
  /** The owner of the logs cannot reach them itself, or can again. */
  | { readonly kind: 'away'; readonly id: number }
  | { readonly kind: 'back'; readonly id: number }
  /** The end of an answer to `read`; null for both if the log cannot be read. */
  | { readonly kind: 'excerpt'; readonly id: number; readonly first: number | null; readonly top: number | null }
  | { readonly kind: 'done'; readonly id: number; readonly ok: boolean }
  /** The names are in the body, as a JSON list; null if they cannot be read. */
  | { readonly kind: 'nodes'; readonly id: number }
  /** Another process has the logs next: the channel is closed after this. */
  | { readonly kind: 'replaced' };

const id = whole(0);
const number = whole(0);
const node = text(512);
const name = text(1_024);
const logName: Shape<LogName> = (value): value is LogName => name(value) && isLogName(value);

const hello = record({ kind: oneOf('hello'), version: whole(1) });
const end = nullable(number);
const marks = list(pair(number, text(32)), MAX_MARKS);

/** Whether a value is a message of a user of the logs. */
export const isAsk = choice<Ask>({
  hello,
  append: record({ kind: oneOf('append'), id, log: logName }),
  follow: record({ kind: oneOf('follow'), id, log: logName, after: number, marks }),
  stop: record({ kind: oneOf('stop'), id }),
  read: record({ kind: oneOf('read'), id, log: logName, after: number, maxPacks: whole(1) }),
  lease: record({ kind: oneOf('lease'), id, node, ms: whole(1) }),
  expired: record({ kind: oneOf('expired'), id }),
  living: record({ kind: oneOf('living'), id }),
  forget: record({ kind: oneOf('forget'), id, node }),
});

/** Whether a value is a message of the owner of the logs. */
export const isTell = choice<Tell>({
  hello,
  appended: record({ kind: oneOf('appended'), id, seq: number }),
  failed: record({ kind: oneOf('failed'), id, why: oneOf('unknown', 'invalid', 'closed') }),
  pack: record({ kind: oneOf('pack'), id, seq: number }),
  unreadable: record({
    kind: oneOf('unreadable'),
    id,
    seq: number,
    why: oneOf('malformed', 'too-large', 'unknown-version'),
    version: number,
  }),
  missing: record({ kind: oneOf('missing'), id, from: number, to: number }),
  regressed: record({ kind: oneOf('regressed'), id, applied: number, top: number }),
  'caught-up': record({ kind: oneOf('caught-up'), id }),
  away: record({ kind: oneOf('away'), id }),
  back: record({ kind: oneOf('back'), id }),
  excerpt: record({ kind: oneOf('excerpt'), id, first: end, top: end }),
  done: record({ kind: oneOf('done'), id, ok: flag }),
  nodes: record({ kind: oneOf('nodes'), id }),
  replaced: record({ kind: oneOf('replaced') }),
});
