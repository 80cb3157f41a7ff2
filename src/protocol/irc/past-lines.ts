/** Lines of a history, as they were sent to those who were there. */
import { changesOf, type Line, LINE_BITS } from '../../history/line.js';
import { type IrcEncoder, MODE_STRING_BYTES, type OutgoingLine } from './encoder.js';
import { formatChanges, rankSigns, type WrittenChange } from './modes.js';
import { formatIsoTime } from './times.js';

/** Returns a line for clients that read as an encoder writes. */
export function formatPast(line: Line, encoder: IrcEncoder): OutgoingLine[] {
  const { atMs, msgid: id, account, bits } = line;
  if (line.kind === 'message' || line.kind === 'notice' || line.kind === 'signal') {
    return encoder.formatUtterance({
      atMs,
      id,
      account,
      isBot: (bits & LINE_BITS.bot) > 0,
      tags: line.tags,
      source: line.source === '' ? encoder.serverName : line.source,
      target: line.ranks === 0 ? line.target : rankSigns(line.ranks, true) + line.target,
      type: line.kind,
      text: encoder.has('server-time') ? line.text : dated(line),
      isDivisible: (bits & LINE_BITS.divisible) > 0,
    });
  }
  const facts = { atMs, id, account, isBot: false, tags: [] };
  // A change of modes may take several lines: the id names the first.
  return bodiesOf(line, encoder).map((body, index) => ({
    tags: encoder.tagsOf(index === 0 ? facts : { ...facts, id: '' }),
    body,
  }));
}

/** Says when a message was sent, to those whose program cannot show it. Requests of programs stay as they are. */
function dated({ atMs, text, kind }: Line): string {
  const time = `[${formatIsoTime(atMs).slice(11, 19)}]`;
  if (kind === 'signal') return text;
  const action = /^\u0001ACTION /.exec(text)?.[0];
  if (action !== undefined) return `${action}${time} ${text.slice(action.length)}`;
  return text.startsWith('\u0001') ? text : `${time} ${text}`;
}

function bodiesOf(line: Line, encoder: IrcEncoder): string[] {
  const { kind, account, target, text } = line;
  const source = `:${line.source === '' ? encoder.serverName : line.source}`;
  const reason = text === '' ? '' : ` :${text}`;
  const object = line.object ?? '*';
  switch (kind) {
    case 'join':
      return [`${source} JOIN ${target}${encoder.has('extended-join') ? ` ${account ?? '*'} :${text}` : ''}`];
    case 'part':
      return [`${source} PART ${target}${reason}`];
    case 'quit':
      return [`${source} QUIT :${text}`];
    case 'kick':
      return [`${source} KICK ${target} ${object} :${text}`];
    case 'nick':
      return [`${source} NICK ${object}`];
    case 'topic':
      return [`${source} TOPIC ${target} :${text}`];
    case 'mode':
      return formatChanges(changesOf(line).map(asWritten), MODE_STRING_BYTES).map(
        (modes) => `${source} MODE ${target} ${modes}`,
      );
    case 'rename':
      return [
        encoder.has('draft/channel-rename')
          ? `${source} RENAME ${object} ${target} :${text}`
          : `:${encoder.serverName} NOTICE ${target} :The channel was called ${object} before`,
      ];
    case 'message':
    case 'notice':
    case 'signal':
      return [];
  }
}

function asWritten(change: ReturnType<typeof changesOf>[number]): WrittenChange {
  if (change.kind !== 'rank') return change;
  const { kind, on, rank, target } = change;
  return { kind, on, rank, member: { nick: target ?? '*' } };
}
