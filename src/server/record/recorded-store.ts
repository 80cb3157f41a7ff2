/** The part of a store that a recording has: everything that is read from it when it is opened. */
import { list, nullable, record, type Shape, text, whole } from '../../log/shape.js';
import type { StoredBan } from '../../store/ban-writes.js';
import type { LastLine } from '../../store/line-reads.js';
import type { StoredMember } from '../../store/member-reads.js';
import type { StoreFacts } from '../../store/tasks.js';

/** One store, without the states of its logs. */
export interface RecordedStore {
  readonly facts: StoreFacts;
  readonly bans: readonly StoredBan[];
  readonly members: readonly StoredMember[];
  /** The accounts that have been erased while no server ran. */
  readonly erased: readonly string[];
  readonly lastLines: readonly LastLine[];
  /** How many states of logs follow. */
  readonly states: number;
}

const anyText = text(Infinity);
const anyList = <T>(shape: Shape<T>): Shape<readonly T[]> => list(shape, Infinity);

/** Whether a value is what a recording has of a store. */
export const isRecordedStore = record<RecordedStore>({
  facts: record({ run: whole(0), prefix: anyText }),
  bans: anyList(
    record({
      kind: anyText,
      mask: anyText,
      reason: anyText,
      by: anyText,
      atMs: whole(0),
      untilMs: nullable(whole(0)),
    }),
  ),
  members: anyList(record({ session: anyText, state: anyText })),
  erased: anyList(anyText),
  lastLines: anyList(record({ log: anyText, atMs: whole(0), msgid: anyText })),
  states: whole(0),
});
