/** The lines of a conversation together with those of the server's history: none twice, none at the wrong place. */
import { type Conversation, type HistoryRequest, type Line, MAX_LINES } from './model.js';

/** The parts of a conversation that an answer changes. */
export type Merged = Pick<Conversation, 'lines' | 'isWhole'>;

/** The latest lines that stay when the user has read so far back that others have to go. */
const TAIL_LINES = 300;

/**
 * Puts the lines of an answer where they belong.
 *
 * @param answer - oldest first
 * @param isShort - whether the server had fewer lines than it was asked for, so that there are no more on that side
 */
export function merged(was: Merged, request: HistoryRequest, answer: readonly Line[], isShort: boolean): Merged {
  const known = new Map(was.lines.map((line) => [identityOf(line), line]));
  const fresh = answer.filter((line) => !known.has(identityOf(line)));
  const seam: Seam = {
    lines: withoutArrived(was.lines, fresh),
    isWhole: was.isWhole,
    isShort,
    isNew: (line) => line !== undefined && !known.has(identityOf(line)),
    weave: (lines, at, isJoined) => woven({ lines, end: at }, answer, known, isJoined),
  };
  return MERGERS[request.verb](seam, request, answer);
}

/** The place where an answer meets the lines that are here. */
interface Seam extends Merged {
  readonly isShort: boolean;
  readonly isNew: (line: Line | undefined) => boolean;
  /**
   * Puts the answer into lines, of which `at` is the first that follows it.
   *
   * @param isJoined - whether nothing is missing between the line before and the answer
   */
  readonly weave: (lines: readonly Line[], at: number, isJoined: boolean) => Woven;
}

interface Woven {
  readonly lines: readonly Line[];
  /** The place behind the last line of the answer. */
  readonly end: number;
}

const MERGERS: Readonly<
  Record<HistoryRequest['verb'], (seam: Seam, request: HistoryRequest, answer: readonly Line[]) => Merged>
> = {
  LATEST({ lines, isWhole, isShort, isNew, weave }, { atId, reference }, answer) {
    const at = lines.findIndex(({ id }) => id === atId);
    const before = lines.slice(0, at + 1).filter(({ id, body }) => id !== atId || body.kind !== 'gap');
    if (!isShort && isNew(answer[0]) && before.length > 0) before.push(holeAfter(before.at(-1)));
    const next = weave([...before, ...lines.slice(at + 1)], before.length, isShort);
    return withoutOldest({ lines: next.lines, isWhole: isWhole || (isShort && reference === '*') });
  },
  BEFORE({ lines, isWhole, isShort, weave }, { atId }) {
    const at = lines.findIndex(({ id }) => id === atId);
    return withoutMiddle({ lines: weave(lines, Math.max(0, at), false).lines, isWhole: isWhole || isShort });
  },
  AFTER({ lines, isWhole, isShort, weave }, { atId }) {
    const at = lines.findIndex(({ id }) => id === atId);
    if (at < 0) return { lines, isWhole };
    const next = weave(lines, at, true);
    const rest = next.lines.slice(next.end);
    if (isShort && rest[0]?.body.kind === 'hole') rest.shift();
    return withoutOldest({ lines: [...next.lines.slice(0, next.end), ...rest], isWhole });
  },
  AROUND({ lines, isWhole, isNew, weave }, _request, answer) {
    const startMs = answer[0]?.atMs ?? 0;
    const later = lines.findIndex(({ atMs, body }) => atMs > startMs && body.kind !== 'hole');
    const next = weave(lines, later < 0 ? lines.length : later, false);
    const rest = next.lines.slice(next.end);
    const last = answer.at(-1);
    if (isNew(last) && rest[0] !== undefined && rest[0].body.kind !== 'hole') rest.unshift(holeAfter(last));
    return withoutMiddle({ lines: [...next.lines.slice(0, next.end), ...rest], isWhole });
  },
};

/** Goes through an answer: what is here already stays where it is, and nothing is missing between two lines of it. */
function woven(
  { lines, end: start }: Woven,
  answer: readonly Line[],
  known: ReadonlyMap<string, Line>,
  isJoined: boolean,
): Woven {
  let result = [...lines];
  let end = start;
  for (const [index, line] of answer.entries()) {
    const twin = known.get(identityOf(line));
    if (twin === undefined) {
      result.splice(end, 0, line);
      end += 1;
      continue;
    }
    if (index > 0 || isJoined) {
      const from = end;
      const to = result.indexOf(twin);
      result = result.filter(({ body }, at) => at < from || at > to || body.kind !== 'hole');
    }
    end = result.indexOf(twin) + 1;
  }
  return { lines: result, end };
}

/** A line that is not a message has an id only in the history: it is the same if it says the same at the same time. */
function identityOf({ messageId, atMs, body }: Line): string {
  return body.kind === 'message' && messageId !== '' ? messageId : `${atMs} ${JSON.stringify(body)}`;
}

/** Own messages of which nobody knew whether they had arrived: those that the server has are shown in its place. */
function withoutArrived(lines: readonly Line[], fresh: readonly Line[]): readonly Line[] {
  const arrived = fresh.flatMap(({ body }) => (body.kind === 'message' && body.isOwn ? [body.text] : []));
  if (arrived.length === 0) return lines;
  return lines.filter(({ body }) => {
    if (body.kind !== 'message' || (body.delivery !== 'unsure' && body.delivery !== 'waiting')) return true;
    const at = arrived.indexOf(body.text);
    if (at >= 0) arrived.splice(at, 1);
    return at < 0;
  });
}

/** A hole has the time of the line before it, and an id that no line has: half a step from a line's. */
function holeAfter(line: Line | undefined): Line {
  const { id = 0, atMs = 0 } = line ?? {};
  return { id: id + 0.5, atMs, messageId: '', body: { kind: 'hole' } };
}

function withoutOldest(all: Merged): Merged {
  return all.lines.length <= MAX_LINES ? all : { lines: all.lines.slice(-MAX_LINES), isWhole: false };
}

/** The latest lines stay, and so do those that the user reads: what is between them can be asked for again. */
function withoutMiddle({ lines, isWhole }: Merged): Merged {
  if (lines.length <= MAX_LINES) return { lines, isWhole };
  const head = lines.slice(0, MAX_LINES - TAIL_LINES - 1);
  const hole = head.at(-1)?.body.kind === 'hole' ? [] : [holeAfter(head.at(-1))];
  return { lines: [...head, ...hole, ...lines.slice(-TAIL_LINES)], isWhole };
}
