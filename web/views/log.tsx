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
  /** Whether the server has lines that the page has not. */
  readonly hasHistory: boolean;
  /** Gets this log, for the keys that scroll it. */
  readonly holder: { current: Log | null };
}

interface LogState {
  /**
   * The line from which on the log is shown: a line's id, the first that there is, or null for the last {@link
   * PAGE_LINES}.
   */
  readonly firstId: number | 'first' | null;
  readonly isAtEnd: boolean;
  /** The newest line that the user has seen. */
  readonly seenId: number;
  /** The line that the user was brought to; 0 for none. */
  readonly foundId: number;
}

/** The line that the user reads, and its place: it shall stand there after lines above it have appeared or gone. */
interface Anchor {
  readonly element: Element;
  readonly top: number;
}

/** The lines that are shown at first, and that "show earlier" adds. */
const PAGE_LINES = 300;
/** So near to the end counts as being there: fractions of a pixel, and a line that is still being read. */
const END_PIXELS = 40;
/** So near to the beginning the page loads what is before it. */
const START_PIXELS = 300;

export class Log extends Component<Props, LogState> {
  readonly #element = createRef<HTMLDivElement>();
  readonly #resizing = new ResizeObserver(() => this.#stay());
  override state: LogState = { firstId: null, isAtEnd: true, seenId: this.#newestId(), foundId: 0 };
  /** Whether the lines of the next drawing may be ones that were asked for, which are not read aloud. */
  #hasAsked = false;

  override componentDidMount(): void {
    this.props.holder.current = this;
    const element = this.#element.current;
    if (element === null) return;
    this.#resizing.observe(element);
    this.#open(element);
    this.#seek();
  }

  override componentWillUnmount(): void {
    this.#resizing.disconnect();
    if (this.props.holder.current === this) this.props.holder.current = null;
  }

  override getSnapshotBeforeUpdate(): Anchor | null {
    const element = this.#element.current;
    return element === null || this.state.isAtEnd ? null : anchorOf(element);
  }

  override componentDidUpdate(before: Props, _state: LogState, anchor: Anchor | null): void {
    const element = this.#element.current;
    if (element === null) return;
    const { conversation } = this.props;
    if (anchor?.element.isConnected === true) {
      element.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top;
    }
    this.#stay();
    if (conversation.isLoaded && !before.conversation.isLoaded) this.#open(element);
    this.#seek();
    // Lines that are not shown, such as who came and went, fill no screen.
    if (conversation.request === null && before.conversation.request !== null) this.#scrolled();
  }

  override render(): JSX.Element {
    const { page, conversation, hasHistory, name } = this.props;
    const { texts, settings } = page;
    const { lines, firstNewId, isLoaded, request } = conversation;
    const { isAtEnd } = this.state;
    const start = this.#start();
    const items = itemsOf(lines.slice(start), firstNewId, settings.hasMovements);
    const isQuiet = !isAtEnd || request !== null || this.#hasAsked;
    this.#hasAsked = request !== null;
    return (
      <div class="log-frame">
        <div
          ref={this.#element}
          class="log"
          role="log"
          aria-busy={hasHistory && !isLoaded}
          aria-live={isQuiet ? 'off' : 'polite'}
          aria-label={texts.messages(name)}
          tabIndex={0}
          onScroll={() => this.#scrolled()}
        >
          {this.#beginning(start)}
          <ol>{items.map((item) => this.#view(item))}</ol>
        </div>
        {!isAtEnd && (
          <button type="button" class="to-end" onClick={() => this.scrollToEnd()}>
            <Icon name="down" /> {texts.toNewest(this.#unseen())}
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
    this.setState({ firstId: null, isAtEnd: true, seenId: this.#newestId(), foundId: 0 });
  }

  /** Returns the elements above the first line: more lines, the wait for them, or that there are none. */
  #beginning(start: number): JSX.Element | null {
    const { page, conversation, hasHistory } = this.props;
    const { lines, request, isWhole } = conversation;
    const { texts } = page;
    if (request !== null && request.verb !== 'AFTER') {
      return (
        <p class="note loading" role="status">
          {texts.loading}
        </p>
      );
    }
    if (start > 0 || (hasHistory && !isWhole)) {
      return (
        <button type="button" class="quiet earlier" onClick={() => this.#showEarlier()}>
          {texts.showEarlier}
        </button>
      );
    }
    if (lines.length === 0) return <p class="empty">{texts.empty}</p>;
    return hasHistory ? <p class="note beginning">{texts.beginning}</p> : null;
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
            isFound={item.line.id === this.state.foundId}
            isOnline={isOnline}
          />
        );
      case 'movements':
        return <Movements key={item.key} lines={item.lines} />;
      case 'event':
        return <Event key={item.key} line={item.line} />;
    }
  }

  /** Shows the newest lines; much that is unread is read from its beginning. */
  #open(element: Element): void {
    element.scrollTop = element.scrollHeight;
    const mark = element.querySelector('.new');
    const above = mark === null ? 0 : mark.getBoundingClientRect().top - element.getBoundingClientRect().top;
    if (above < 0) {
      element.scrollTop += above;
      this.#scrolled();
    }
  }

  #stay(): void {
    const element = this.#element.current;
    if (element !== null && this.state.isAtEnd) element.scrollTop = element.scrollHeight;
  }

  /** Brings the user to the message that is looked for, once it is there. */
  #seek(): void {
    const { conversation, page } = this.props;
    const { sought, lines, key } = conversation;
    if (sought === '') return;
    const line = lines.find(({ messageId }) => messageId === sought);
    if (line === undefined) return;
    if (this.state.foundId !== line.id || this.state.isAtEnd) {
      this.setState({ firstId: 'first', isAtEnd: false, seenId: this.#newestId(), foundId: line.id });
      return;
    }
    const log = this.#element.current;
    const element = log?.querySelector<HTMLElement>(`#m${line.id}`) ?? null;
    if (log === null || element === null) return;
    const [{ top, height }, frame] = [element.getBoundingClientRect(), log.getBoundingClientRect()];
    log.scrollTop += top + height / 2 - (frame.top + frame.height / 2);
    element.focus({ preventScroll: true });
    page.client.dispatch({ kind: 'place-shown', key });
  }

  #scrolled(): void {
    const element = this.#element.current;
    if (element === null) return;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < END_PIXELS;
    if (isAtEnd !== this.state.isAtEnd) {
      // While the user reads, no line goes away at the other end.
      const firstId = isAtEnd ? null : (this.props.conversation.lines[this.#start()]?.id ?? null);
      this.setState({ firstId, isAtEnd, seenId: this.#newestId() });
    }
    const { hasHistory, conversation } = this.props;
    const isWanted = hasHistory && conversation.request === null && !(conversation.isWhole && this.#start() === 0);
    if (!isAtEnd && isWanted && element.scrollTop < START_PIXELS) this.#showEarlier();
  }

  #showEarlier(): void {
    const start = this.#start();
    const line = start > PAGE_LINES ? this.props.conversation.lines[start - PAGE_LINES] : undefined;
    this.setState({ firstId: line?.id ?? 'first', isAtEnd: false });
    if (start === 0) this.props.page.client.loadEarlier();
  }

  /** The index of the first line that is shown. */
  #start(): number {
    const { lines } = this.props.conversation;
    const { firstId } = this.state;
    if (firstId === null) return Math.max(0, lines.length - PAGE_LINES);
    return Math.max(
      0,
      lines.findIndex(({ id }) => id === firstId),
    );
  }

  /** How many messages have arrived at the end since the user was there. */
  #unseen(): number {
    const { lines } = this.props.conversation;
    const seenAt = lines.findLastIndex(({ id }) => id === this.state.seenId);
    return lines.slice(seenAt + 1).filter(({ body }) => body.kind === 'message').length;
  }

  #newestId(): number {
    return this.props.conversation.lines.at(-1)?.id ?? 0;
  }
}

/**
 * The first message that can be seen; null if there is none. Lines stand below one another, so it is found by halves.
 */
function anchorOf(log: Element): Anchor | null {
  const { top } = log.getBoundingClientRect();
  const messages = log.querySelectorAll('.message');
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((messages[middle]?.getBoundingClientRect().bottom ?? top) <= top) low = middle + 1;
    else high = middle;
  }
  const element = messages[low];
  return element === undefined ? null : { element, top: element.getBoundingClientRect().top };
}
