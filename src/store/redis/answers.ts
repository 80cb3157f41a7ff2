/** Facts about logs in the answers of scripts, or in messages of the channel. */
import type { BrokerPage, KeptPack, PackPlace } from '../../log/broker.js';
import type { LogName } from '../../log/entry.js';
import { isLogName } from '../../log/log-name.js';
import type { KeptState, LogEnds } from '../log-reads.js';
import { bytesIn, integerIn, listIn, type Reply, textIn } from './reply.js';

/** The beginning and end of a log, and its kept state. */
export interface RedisState extends LogEnds, KeptState {
  readonly log: LogName;
}

/** Ends each line of a message of the channel but the last one, which is a pack. */
export const LINE_END = 0x0a;

const decoder = new TextDecoder();

/** Reads the marks of a pack and the pack itself, which follow the first line of a message. */
export function contentOf(bytes: Uint8Array): Omit<KeptPack, 'seq'> {
  const end = bytes.indexOf(LINE_END);
  const [before = '', mark = ''] = decoder.decode(bytes.subarray(0, end)).split(' ');
  return { before, mark, bytes: bytes.subarray(end + 1) };
}

/** The kept part of a log, with its beginning and its end. */
export function partIn(reply: Reply): Omit<RedisState, 'log'> {
  const [first, top, seq, state] = listIn(reply);
  return {
    first: integerIn(first),
    top: integerIn(top),
    seq: integerIn(seq),
    state: state instanceof Uint8Array ? textIn(state) : null,
  };
}

export function namesIn(reply: Reply): readonly LogName[] {
  return listIn(reply).map(textIn).filter(isLogName);
}

export function placeOf(reply: Reply): PackPlace {
  const [seq, before, mark] = listIn(reply);
  return { seq: integerIn(seq), before: textIn(before), mark: textIn(mark) };
}

export function pageOf(reply: Reply): BrokerPage {
  const [first, top, mark, packs] = listIn(reply);
  return { first: integerIn(first), top: integerIn(top), mark: textIn(mark), packs: listIn(packs).map(packOf) };
}

/** An element of a stream: its id, then names and values. */
function packOf(reply: Reply): KeptPack {
  const [id, fields] = listIn(reply);
  const [, , , before, , mark, , bytes] = listIn(fields);
  return { seq: Number.parseInt(textIn(id), 10), before: textIn(before), mark: textIn(mark), bytes: bytesIn(bytes) };
}
