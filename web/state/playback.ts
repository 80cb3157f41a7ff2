/** The lines of the log that the server's history is made of. */
import { type Incoming, nickOf, timeOf } from '../irc/incoming.js';
import { messageBodyOf } from './message-body.js';
import { isSame, type Line, type LineBody, type MovementBody, type State } from './model.js';

type Maker = (message: Incoming, state: State) => LineBody | null;

/** The account and the name that follow the room of a JOIN (extended-join) are nothing to the log: `detailAt` is -1. */
const moved =
  (how: MovementBody['how'], detailAt: number): Maker =>
  ({ nick, params }, state) => {
    const isShown = how === 'renamed' || !isSame(state, nick, state.nick);
    return isShown ? { kind: 'moved', how, nick, detail: params[detailAt] ?? '' } : null;
  };

const message: Maker = (said, state) => messageBodyOf(state, said);

/** Nobody comes or goes by these: they say what has been. The user's own coming and going is nothing new to it. */
const MAKERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['PRIVMSG', message],
  ['NOTICE', message],
  ['JOIN', moved('joined', -1)],
  ['PART', moved('left', 1)],
  ['QUIT', moved('quit', 0)],
  ['NICK', moved('renamed', 0)],
  ['KICK', ({ nick: by, params: [, nick = '', reason = ''] }) => ({ kind: 'kicked', nick: nickOf(nick), by, reason })],
  ['TOPIC', ({ nick: by, params: [, text = ''] }) => ({ kind: 'topic', by, text })],
  ['MODE', ({ nick: by, params }) => ({ kind: 'modes', by, text: params.slice(1).join(' ') })],
  [
    'RENAME',
    ({ nick: by, params: [before = '', name = '', reason = ''] }) => ({ kind: 'retitled', by, before, name, reason }),
  ],
]);

/** Returns the lines of an answer, without those that only change others (see {@link withRedactions}). */
export function linesOf(state: State, messages: readonly Incoming[]): Line[] {
  return messages.flatMap((each, index) => {
    const body = MAKERS.get(each.command)?.(each, state) ?? null;
    if (body === null) return [];
    return [{ id: state.nextId + index, atMs: timeOf(each, 0), messageId: each.tags.get('msgid') ?? '', body }];
  });
}

/** Returns lines in which the messages that an answer takes back are taken back. */
export function withRedactions(lines: readonly Line[], messages: readonly Incoming[]): readonly Line[] {
  const redactions = new Map(messages.flatMap((each) => (each.command === 'REDACT' ? [[each.params[1], each]] : [])));
  if (redactions.size === 0) return lines;
  return lines.map((line) => {
    const redaction = line.messageId === '' ? undefined : redactions.get(line.messageId);
    return redaction === undefined ? line : takenBack(line, redaction);
  });
}

/** Returns a line that a REDACT has taken back. */
export function takenBack(line: Line, { nick, params }: Incoming): Line {
  if (line.body.kind !== 'message') return line;
  return { ...line, body: { ...line.body, redaction: { by: nick, reason: params[2] ?? '' } } };
}
