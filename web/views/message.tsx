/** One message of the log. */
import { Component, type JSX } from 'preact';
import type { MessageLine } from '../state/items.js';
import type { MessageBody } from '../state/model.js';
import { errorText } from '../text/errors.js';
import type { Page } from './context.js';
import { Nick } from './nick.js';
import { MessageText } from './text.js';
import { Time } from './time.js';

interface Props {
  readonly page: Page;
  readonly conversation: string;
  readonly line: MessageLine;
  readonly follows: boolean;
  /** Whether the user has been brought to it, by a search. */
  readonly isFound: boolean;
  /** Whether a message that is not sent could be sent now. */
  readonly isOnline: boolean;
}

/** A line that has not changed is not looked at again: the log has hundreds. */
export class Message extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const { line, follows, page, isOnline, isFound } = this.props;
    if (next.line !== line || next.follows !== follows || next.page !== page || next.isFound !== isFound) return true;
    return next.isOnline !== isOnline && line.body.delivery !== 'sent';
  }

  override render(): JSX.Element {
    const { page, line, follows, isFound } = this.props;
    const { body } = line;
    const classes = ['line', 'message', body.style, body.delivery];
    if (follows) classes.push('follows');
    if (body.isMention) classes.push('mention');
    if (body.isOwn) classes.push('own');
    if (isFound) classes.push('found');
    return (
      <li class={classes.join(' ')} id={`m${line.id}`} tabIndex={isFound ? -1 : undefined}>
        <Time atMs={line.atMs} formats={page.formats} />
        <div class="body">
          <span class="from">
            {body.style === 'action' && <span aria-hidden="true">* </span>}
            <Nick nick={body.from} />
            {body.style === 'notice' && <span class="tag">{page.texts.notice}</span>}
            {body.audience !== '' && (
              <span class="tag" title={page.texts.toRank(body.audience)}>
                {body.audience}
              </span>
            )}
            <span class="visually-hidden">: </span>
          </span>{' '}
          <Content page={page} line={line} />
          <DeliveryNote {...this.props} body={body} />
        </div>
      </li>
    );
  }
}

/** The text of a message. A message that was taken back is shown on request. */
function Content({ page, line }: { readonly page: Page; readonly line: MessageLine }): JSX.Element {
  const { client, texts } = page;
  const { messageId, body } = line;
  const { redaction } = body;
  const text = <MessageText text={body.text} />;
  if (redaction !== null) {
    return (
      <details class="redacted">
        <summary>
          <bdi>{texts.redacted(redaction.by)}</bdi> {redaction.reason !== '' && <MessageText text={redaction.reason} />}
        </summary>
        <del>{text}</del>
      </details>
    );
  }
  if (!body.isOwn || messageId === '' || !client.state.capabilities.has('draft/message-redaction')) return text;
  return (
    <>
      {text}
      <button
        type="button"
        class="link redact"
        aria-label={texts.redact}
        title={texts.redact}
        onClick={() => client.redact(client.state.current, messageId)}
      >
        ×
      </button>
    </>
  );
}

/** How far an own message is, and what the user can do about it. */
function DeliveryNote({
  page,
  conversation,
  line,
  body,
  isOnline,
}: Props & { readonly body: MessageBody }): JSX.Element | null {
  const { client, texts } = page;
  const { delivery, problem } = body;
  if (delivery === 'sent') return null;
  if (delivery === 'waiting') return <span class="visually-hidden">{texts.waiting}</span>;
  const reason =
    problem === null
      ? texts[delivery]
      : `${texts.refused} ${errorText(texts, problem.code, [conversation, problem.text])}`;
  return (
    <span class="delivery">
      {reason}
      {isOnline && (
        <button type="button" class="link" onClick={() => client.sayAgain(client.state.current, line.id)}>
          {texts.sendAgain}
        </button>
      )}
      <button
        type="button"
        class="link"
        onClick={() => client.dispatch({ kind: 'discarded', key: client.state.current, id: line.id })}
      >
        {texts.discard}
      </button>
    </span>
  );
}
