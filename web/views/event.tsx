/** The lines of the log that are not messages. */
import type { ComponentChildren, JSX } from 'preact';
import { keyOf } from '../state/conversations.js';
import { type MovementLine, summaryOf } from '../state/items.js';
import type { Line } from '../state/model.js';
import { errorText } from '../text/errors.js';
import type { Page } from './context.js';
import { usePage } from './context.js';
import { MessageText } from './text.js';
import { Time } from './time.js';

export function Event({ line }: { readonly line: Line }): JSX.Element {
  const page = usePage();
  return (
    <li class={`line event ${line.body.kind}`}>
      {line.body.kind === 'hole' ? <span /> : <Time atMs={line.atMs} formats={page.formats} />}
      <div class="body">{contentOf(page, line)}</div>
    </li>
  );
}

function contentOf(page: Page, { id: lineId, atMs, body }: Line): ComponentChildren {
  const { texts, formats, client } = page;
  switch (body.kind) {
    case 'kicked':
      return withReason(texts.kicked(body.nick, body.by), body.reason);
    case 'topic':
      if (body.text === '') return texts.topicRemoved(body.by);
      return [texts.topicSet(body.by), ' ', <MessageText key="text" text={body.text} />];
    case 'modes':
      return texts.modesSet(body.by, body.text);
    case 'retitled':
      return withReason(texts.retitled(body.by, body.before, body.name), body.reason);
    case 'knocked':
      return texts.knocked(body.nick);
    case 'invited':
      if (keyOf(client.state, body.nick) !== keyOf(client.state, client.state.nick))
        return texts.invited(body.by, body.nick);
      return (
        <>
          {texts.invitedYou(body.by, body.room)}{' '}
          <button
            type="button"
            class="link"
            onClick={() => client.act({ kind: 'join', rooms: [body.room], password: '' })}
          >
            {texts.join}
          </button>
        </>
      );
    case 'reply':
      return <MessageText text={body.params.join(' ')} />;
    case 'error':
      return errorText(texts, body.code, body.params);
    case 'hint':
      return {
        'unknown-command': () => texts.unknownCommand(body.detail),
        usage: () => texts.usage(body.detail),
        'not-here': () => texts.notHere,
        offline: () => texts.offline,
      }[body.hint]();
    case 'gap':
      return body.backAtMs === null ? texts.gapOpen : texts.gap(formats.time(atMs), formats.time(body.backAtMs));
    case 'hole':
      return (
        <>
          {texts.missing}{' '}
          <button type="button" class="link" onClick={() => client.loadMissing(lineId)}>
            {texts.loadMissing}
          </button>
        </>
      );
    case 'moved':
    case 'message':
      return null; // These have views of their own.
  }
}

/** The people who came and went meanwhile, in one line; each movement by itself on request. */
export function Movements({ lines }: { readonly lines: readonly MovementLine[] }): JSX.Element | null {
  const { texts, formats } = usePage();
  const [first] = lines;
  if (first === undefined) return null;
  if (lines.length === 1) return <Movement line={first} />;
  const { joined, left, renamed } = summaryOf(lines);
  const wanderers = [...new Set(lines.flatMap(({ body }) => (body.how === 'renamed' ? [] : [body.nick])))];
  const parts = [
    ...(joined.length > 0 ? [texts.joined(formats.names(joined))] : []),
    ...(left.length > 0 ? [texts.left(formats.names(left))] : []),
    ...renamed.slice(0, 3).map(([before, nick]) => texts.renamed(before, nick)),
  ];
  if (parts.length === 0)
    parts.push(wanderers.length > 0 ? texts.cameAndWent(formats.names(wanderers)) : texts.thereAndBack);
  return (
    <li class="line event moved">
      <Time atMs={first.atMs} formats={formats} />
      <details class="body">
        <summary>{parts.join(' · ')}</summary>
        <ul>
          {lines.map((line) => (
            <li key={line.id}>
              <Time atMs={line.atMs} formats={formats} /> <MovementText line={line} />
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

function Movement({ line }: { readonly line: MovementLine }): JSX.Element {
  const { formats } = usePage();
  return (
    <li class="line event moved">
      <Time atMs={line.atMs} formats={formats} />
      <div class="body">
        <MovementText line={line} />
      </div>
    </li>
  );
}

function MovementText({ line: { body } }: { readonly line: MovementLine }): JSX.Element {
  const { texts } = usePage();
  if (body.how === 'renamed') return <bdi>{texts.renamed(body.nick, body.detail)}</bdi>;
  if (body.how === 'joined') return <bdi>{texts.joined(body.nick)}</bdi>;
  return <>{withReason(texts.left(body.nick), body.detail)}</>;
}

function withReason(text: string, reason: string): ComponentChildren {
  if (reason === '') return <bdi>{text}</bdi>;
  return (
    <>
      <bdi>{text}</bdi>{' '}
      <span class="reason">
        (<MessageText text={reason} />)
      </span>
    </>
  );
}
