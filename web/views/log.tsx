/** The log of one conversation. It stays at its end while the user is there, and where the user is otherwise. */
import { Component, createRef, type JSX } from 'preact';
import { type Item, itemsOf } from '../state/items.js';
import type { Conversation } from '../state/model.js';
import type { Page } from './context.js';
import { Event, Movements } from './event.js';
import { Icon } from './icons.js';
import { Message } from './message.js';

interface Props {
  readonly page: Page;
  readonly conversation: Conversation;
  readonly name: string;
  /** Gets this log, for the keys that scroll it. */
  readonly holder: { current: Log | null };
}

interface LogState {
  /** The line from which on the log is shown; null for the last {@link PAGE_LINES}. */
  readonly firstId: number | null;
  readonly isAtEnd: boolean;
  /** The newest line that the user has seen. */
  readonly seenId: number;
}

/** The lines that are shown at first, and that "show earlier" adds. */
const PAGE_LINES = 300;
/** So near to the end counts as being there: fractions of a pixel, and a line that is still being read. */
const END_PIXELS = 40;

export class Log extends Component<Props, LogState> {
  readonly #element = createRef<HTMLDivElement>();
  readonly #resizing = new ResizeObserver(() => this.#stay());
  override state: LogState = { firstId: null, isAtEnd: true, seenId: this.#newestId() };
  /** The distance to the end before earlier lines were added; null if none were. */
  #distanceToEnd: number | null = null;

  override componentDidMount(): void {
    this.props.holder.current = this;
    const element = this.#element.current;
    if (element === null) return;
    this.#resizing.observe(element);
    element.scrollTop = element.scrollHeight;
    // Much that is unread is read from its beginning.
    const mark = element.querySelector('.new');
    if (mark !== null && mark.getBoundingClientRect().top < element.getBoundingClientRect().top) {
      mark.scrollIntoView({ block: 'start' });
    }
  }

  override componentWillUnmount(): void {
    this.#resizing.disconnect();
    if (this.props.holder.current === this) this.props.holder.current = null;
  }

  override componentDidUpdate(): void {
    const element = this.#element.current;
    if (element !== null && this.#distanceToEnd !== null) {
      element.scrollTop = element.scrollHeight - this.#distanceToEnd;
      this.#distanceToEnd = null;
      return;
    }
    this.#stay();
  }

  override render(): JSX.Element {
    const { page, conversation, name } = this.props;
    const { texts, settings } = page;
    const { lines, firstNewId } = conversation;
    const { isAtEnd, seenId } = this.state;
    const visible = lines.slice(this.#start());
    const items = itemsOf(visible, firstNewId, settings.hasMovements);
    const unseen = lines.filter(({ id, body }) => id > seenId && body.kind === 'message').length;
    return (
      <div class="log-frame">
        <div
          ref={this.#element}
          class="log"
          role="log"
          aria-live="polite"
          aria-label={texts.messages(name)}
          tabIndex={0}
          onScroll={() => this.#scrolled()}
        >
          {visible.length < lines.length && (
            <button type="button" class="quiet earlier" onClick={() => this.#showEarlier()}>
              {texts.showEarlier}
            </button>
          )}
          {lines.length === 0 && <p class="empty">{texts.empty}</p>}
          <ol>{items.map((item) => this.#view(item))}</ol>
        </div>
        {!isAtEnd && (
          <button type="button" class="to-end" onClick={() => this.scrollToEnd()}>
            <Icon name="down" /> {texts.toNewest(unseen)}
          </button>
        )}
      </div>
    );
  }

  /** Scrolls by a part of the visible height; 1 is a whole page down. */
  scrollBy(pages: number): void {
    const element = this.#element.current;
    element?.scrollBy({ top: pages * element.clientHeight * 0.9 });
  }

  scrollToEnd(): void {
    this.setState({ firstId: null, isAtEnd: true, seenId: this.#newestId() });
  }

  #view(item: Item): JSX.Element {
    const { page, name } = this.props;
    const isOnline = page.client.state.link.kind === 'online';
    switch (item.kind) {
      case 'day':
        return (
          <li key={item.key} class="day">
            <span>{page.formats.day(item.atMs)}</span>
          </li>
        );
      case 'new':
        return (
          <li key={item.key} class="new">
            <span>{page.texts.newMessages}</span>
          </li>
        );
      case 'message':
        return (
          <Message
            key={item.key}
            page={page}
            conversation={name}
            line={item.line}
            follows={item.follows}
            isOnline={isOnline}
          />
        );
      case 'movements':
        return <Movements key={item.key} lines={item.lines} />;
      case 'event':
        return <Event key={item.key} line={item.line} />;
    }
  }

  #stay(): void {
    const element = this.#element.current;
    if (element !== null && this.state.isAtEnd) element.scrollTop = element.scrollHeight;
  }

  #scrolled(): void {
    const element = this.#element.current;
    if (element === null) return;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < END_PIXELS;
    if (isAtEnd === this.state.isAtEnd) return;
    // While the user reads, no line goes away at the other end.
    const firstId = isAtEnd ? null : (this.props.conversation.lines[this.#start()]?.id ?? null);
    this.setState({ firstId, isAtEnd, seenId: this.#newestId() });
  }

  #showEarlier(): void {
    const element = this.#element.current;
    if (element !== null) this.#distanceToEnd = element.scrollHeight - element.scrollTop;
    const line = this.props.conversation.lines[Math.max(0, this.#start() - PAGE_LINES)];
    this.setState({ firstId: line?.id ?? null, isAtEnd: false });
  }

  /** The index of the first line that is shown. */
  #start(): number {
    const { lines } = this.props.conversation;
    const { firstId } = this.state;
    if (firstId === null) return Math.max(0, lines.length - PAGE_LINES);
    return Math.max(
      0,
      lines.findIndex(({ id }) => id >= firstId),
    );
  }

  #newestId(): number {
    return this.props.conversation.lines.at(-1)?.id ?? 0;
  }
}
