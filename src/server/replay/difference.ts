/** The first difference between a recording and its replay, in words. */
import type { Line } from '../record/format.js';

/** Where a replay has left its recording, and how. */
export interface Difference {
  readonly turn: number;
  /** Null if it belongs to no connection. */
  readonly connection: number | null;
  /** The line of the file. */
  readonly line: number;
  /** Bytes that the connection had been sent before the first one that differs; null if no bytes differ. */
  readonly position: number | null;
  readonly expected: string;
  readonly actual: string;
}

/** Characters before and after the first one that differs. */
const CONTEXT = 40;

/** Returns the index of the first byte that differs. */
export function firstDifference(one: Uint8Array, other: Uint8Array): number {
  const shorter = Math.min(one.length, other.length);
  for (let index = 0; index < shorter; index += 1) if (one[index] !== other[index]) return index;
  return shorter;
}

/** Shows the bytes around a place, as JSON. */
export function showBytes(bytes: Uint8Array, at: number): string {
  const start = Math.max(0, at - CONTEXT);
  const end = Math.min(bytes.length, at + CONTEXT);
  const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
  return `${start > 0 ? '...' : ''}${JSON.stringify(text)}${end < bytes.length ? '...' : ''}`;
}

const ACTIONS = { fin: 'the end', destroy: 'the destruction', pause: 'a pause', resume: 'a resumption' } as const;

/** Says what a line of the recording stands for. */
export function describeLine(line: Line | null): string {
  if (line === null) return 'the end of the recording';
  if (line[0] === 'turn' || line[0] === 'finished') return 'nothing more in this turn';
  if (line[0] === 'out' || line[0] === 'again') return `a write to connection ${line[1].join(', ')}`;
  if (line[0] === 'fin' || line[0] === 'destroy' || line[0] === 'pause' || line[0] === 'resume') {
    return `${ACTIONS[line[0]]} of connection ${line[1]}`;
  }
  return `what the server is given next: ${JSON.stringify(line).slice(0, 2 * CONTEXT)}`;
}

/** Words a difference for a person. */
export function formatDifference({ turn, connection, line, position, expected, actual }: Difference): string {
  const who = connection === null ? '' : `, connection ${connection}`;
  const where = position === null ? '' : `, at byte ${position} of what it was sent`;
  return `turn ${turn}${who}${where} (line ${line})\n  recorded: ${expected}\n  replayed: ${actual}`;
}
