/** The lines of a conversation as the log shows them: with days between them, and coming and going in groups. */
import type { Line, MessageBody, MovementBody } from './model.js';

export interface MessageLine extends Line {
  readonly body: MessageBody;
}

export interface MovementLine extends Line {
  readonly body: MovementBody;
}

export type Item =
  | { readonly kind: 'day'; readonly key: string; readonly atMs: number }
  | { readonly kind: 'new'; readonly key: string }
  /** `follows`: the message is by the author of the one before, a short time after it. */
  | { readonly kind: 'message'; readonly key: string; readonly line: MessageLine; readonly follows: boolean }
  | { readonly kind: 'movements'; readonly key: string; readonly lines: readonly MovementLine[] }
  | { readonly kind: 'event'; readonly key: string; readonly line: Line };

/** Messages within this time of one author read as one. */
const FOLLOW_MS = 5 * 60_000;

/** Returns what the log shows. */
export function itemsOf(lines: readonly Line[], firstNewId: number, hasMovements: boolean): Item[] {
  const items: Item[] = [];
  let day = '';
  for (const line of lines) {
    const lineDay = new Date(line.atMs).toDateString();
    if (lineDay !== day) items.push({ kind: 'day', key: `day ${lineDay} ${line.id}`, atMs: line.atMs });
    day = lineDay;
    if (line.id === firstNewId) items.push({ kind: 'new', key: 'new' });
    if (isMovement(line)) {
      if (hasMovements) addMovement(items, line);
    } else if (isMessage(line)) {
      items.push({ kind: 'message', key: String(line.id), line, follows: follows(items.at(-1), line) });
    } else {
      items.push({ kind: 'event', key: String(line.id), line });
    }
  }
  return items;
}

function addMovement(items: Item[], line: MovementLine): void {
  const last = items.at(-1);
  if (last?.kind === 'movements') items[items.length - 1] = { ...last, lines: [...last.lines, line] };
  else items.push({ kind: 'movements', key: String(line.id), lines: [line] });
}

function follows(before: Item | undefined, { atMs, body }: MessageLine): boolean {
  if (before?.kind !== 'message') return false;
  const last = before.line;
  const isSameKind = last.body.style === 'text' && body.style === 'text' && last.body.audience === body.audience;
  return isSameKind && last.body.from === body.from && Math.abs(atMs - last.atMs) < FOLLOW_MS;
}

const isMessage = (line: Line): line is MessageLine => line.body.kind === 'message';
const isMovement = (line: Line): line is MovementLine => line.body.kind === 'moved';

/** The sum of a group of movements: who has joined, who has left, and who has another nick. */
export interface Movements {
  readonly joined: readonly string[];
  readonly left: readonly string[];
  readonly renamed: readonly (readonly [before: string, nick: string])[];
}

/** Sums a group up. Somebody who came and went, or went and came back, is in neither list. */
export function summaryOf(lines: readonly MovementLine[]): Movements {
  const joined = new Set<string>();
  const left = new Set<string>();
  const renamed = new Map<string, string>();
  for (const { body } of lines) {
    const { nick } = body;
    switch (body.how) {
      case 'joined':
        if (!left.delete(nick)) joined.add(nick);
        break;
      case 'left':
      case 'quit':
        if (!joined.delete(nick)) left.add(nick);
        break;
      case 'renamed':
        if (joined.delete(nick)) joined.add(body.detail);
        else rename(renamed, nick, body.detail);
        break;
    }
  }
  return { joined: [...joined], left: [...left], renamed: [...renamed] };
}

/** Somebody who changes the nick twice has changed it once, and back again not at all. */
function rename(renamed: Map<string, string>, before: string, nick: string): void {
  const first = [...renamed].find(([, last]) => last === before)?.[0] ?? before;
  if (first === nick) renamed.delete(first);
  else renamed.set(first, nick);
}
