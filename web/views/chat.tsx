/** The screen of somebody who is signed in: conversations, the log with its field, members. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { orderedKeys } from '../state/conversations.js';
import { type Conversation, currentConversation, type State } from '../state/model.js';
import { hasHistory } from '../state/scrollback.js';
import { hasSearch } from '../state/search.js';
import { Composer } from './composer.js';
import { usePage } from './context.js';
import { Icon } from './icons.js';
import { Log } from './log.js';
import { Members } from './members.js';
import { Nick } from './nick.js';
import { Rooms } from './rooms.js';
import { Status } from './status.js';
import { MessageText } from './text.js';

export type DialogName = 'help' | 'settings' | 'join' | 'search';
type Drawer = 'conversations' | 'members' | null;

interface Props {
  readonly state: State;
  readonly onDialog: (name: DialogName) => void;
}

export function Chat({ state, onDialog }: Props): JSX.Element {
  const { client, texts, config } = usePage();
  const [drawer, setDrawer] = useState<Drawer>(null);
  const [drafts, setDrafts] = useState<ReadonlyMap<string, string>>(new Map());
  const field = useRef<HTMLTextAreaElement>(null);
  const log = useRef<Log>(null);
  const page = usePage();
  const conversation = currentConversation(state);
  const { key } = conversation;
  const name = conversation.kind === 'server' ? state.features.network || config.networkName : conversation.name;
  const close = (): void => setDrawer(null);
  const chosen = (): void => {
    close();
    field.current?.focus();
  };
  useEffect(() => field.current?.focus(), [key]);
  useKeys(close, field);
  const side = useDrawerFocus(drawer, field);
  const hasMembers = conversation.kind === 'room' && conversation.isJoined;

  return (
    <div ref={side} class={drawer === null ? 'chat' : `chat ${drawer}-open`}>
      <nav class="side conversations" aria-label={texts.conversations}>
        <Rooms
          state={state}
          onChoose={chosen}
          onJoin={() => {
            close();
            onDialog('join');
          }}
        />
        <footer>
          <Nick nick={state.nick} />
          {state.away !== null && <span class="note">{texts.away}</span>}
          <button
            type="button"
            class="tool"
            aria-label={texts.help}
            title={texts.help}
            onClick={() => onDialog('help')}
          >
            <Icon name="help" />
          </button>
          <button
            type="button"
            class="tool"
            aria-label={texts.settings}
            title={texts.settings}
            onClick={() => onDialog('settings')}
          >
            <Icon name="settings" />
          </button>
        </footer>
      </nav>
      <main inert={drawer !== null}>
        <Header
          conversation={conversation}
          name={name}
          unread={unreadElsewhere(state)}
          onDrawer={setDrawer}
          hasMembers={hasMembers}
          onSearch={hasSearch(state) ? () => onDialog('search') : null}
        />
        <Status link={state.link} />
        <Log
          key={key}
          holder={log}
          page={page}
          conversation={conversation}
          name={name}
          hasHistory={hasHistory(state) && conversation.kind !== 'server'}
        />
        {conversation.kind === 'room' && !conversation.isJoined && state.link.kind === 'online' && (
          <div class="absent-note">
            {texts.notJoined}{' '}
            <button
              type="button"
              class="primary"
              onClick={() => client.act({ kind: 'join', rooms: [name], password: '' })}
            >
              {texts.joinAgain}
            </button>
          </div>
        )}
        {state.login.unverified !== '' && (
          <div class="absent-note">
            {texts.codeHelp(state.login.unverified)}{' '}
            <button type="button" class="quiet" onClick={() => onDialog('settings')}>
              {texts.enterCode}
            </button>
          </div>
        )}
        <Composer
          key={`composer ${key}`}
          state={state}
          conversation={conversation}
          draft={drafts.get(key) ?? ''}
          onDraft={(draft) => setDrafts((before) => new Map(before).set(key, draft))}
          onScroll={(pages) => log.current?.scrollBy(pages)}
          onSent={() => log.current?.scrollToEnd()}
          field={field}
        />
      </main>
      {hasMembers && (
        <aside class="side members-side" aria-label={texts.membersOf(conversation.members.size)}>
          <Members key={key} conversation={conversation} onChoose={chosen} />
        </aside>
      )}
      {drawer !== null && (
        <button type="button" class="backdrop" aria-label={texts.close} onClick={close}>
          {' '}
        </button>
      )}
    </div>
  );
}

interface HeaderProps {
  readonly conversation: Conversation;
  readonly name: string;
  readonly unread: number;
  readonly hasMembers: boolean;
  readonly onDrawer: (drawer: Drawer) => void;
  /** Null if the server cannot search. */
  readonly onSearch: (() => void) | null;
}

function Header({ conversation, name, unread, hasMembers, onDrawer, onSearch }: HeaderProps): JSX.Element {
  const { client, texts } = usePage();
  const { kind, topic, members } = conversation;
  return (
    <header class="head">
      <button
        type="button"
        class="tool narrow"
        aria-label={texts.openConversations}
        title={texts.openConversations}
        onClick={() => onDrawer('conversations')}
      >
        <Icon name="menu" />
        {unread > 0 && <span class="dot" />}
      </button>
      <h1>
        <bdi>{name}</bdi>
      </h1>
      {topic !== '' && (
        <p class="topic" title={topic} aria-label={texts.topicOf(name)}>
          <MessageText text={topic} />
        </p>
      )}
      {kind === 'private' && (
        <button type="button" class="quiet" onClick={() => client.submit(`/whois ${name}`)}>
          {texts.whoIs}
        </button>
      )}
      {onSearch !== null && (
        <button type="button" class="tool search" aria-label={texts.search} title={texts.search} onClick={onSearch}>
          <Icon name="search" />
        </button>
      )}
      {hasMembers && (
        <button
          type="button"
          class="tool narrow"
          aria-label={texts.openMembers(members.size)}
          title={texts.openMembers(members.size)}
          onClick={() => onDrawer('members')}
        >
          <Icon name="people" /> <span aria-hidden="true">{members.size}</span>
        </button>
      )}
    </header>
  );
}

function unreadElsewhere(state: State): number {
  return [...state.conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
}

/** A drawer that opens gets the focus, and the field has it again when the drawer is closed. */
function useDrawerFocus(
  drawer: Drawer,
  field: { readonly current: HTMLTextAreaElement | null },
): RefObject<HTMLDivElement | null> {
  const root = useRef<HTMLDivElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (drawer !== null) {
      const name = drawer === 'members' ? '.members-side' : '.conversations';
      const find = (selector: string): HTMLElement | null => root.current?.querySelector(`${name} ${selector}`) ?? null;
      (find('[aria-current]') ?? find('button:enabled'))?.focus();
    } else if (wasOpen.current) {
      field.current?.focus();
    }
    wasOpen.current = drawer !== null;
  }, [drawer]);
  return root;
}

/** The keys that work wherever the focus is. They act on the client's state: the one that was drawn may be older. */
function useKeys(close: () => void, field: { readonly current: HTMLTextAreaElement | null }): void {
  const { client } = usePage();
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') close();
      if (document.querySelector('dialog[open]') !== null || event.isComposing) return;
      const key = keyToShow(client.state, event);
      if (key !== null) {
        event.preventDefault();
        client.show(key);
      } else if (isTyping(event)) {
        field.current?.focus();
      }
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [client]);
}

/** The conversation that a key asks for; null for any other key. */
function keyToShow(state: State, { altKey, ctrlKey, metaKey, shiftKey, key, code }: KeyboardEvent): string | null {
  if (!altKey || ctrlKey || metaKey) return null;
  const keys = orderedKeys(state);
  const [, digit] = /^Digit([1-9])$/.exec(code) ?? [];
  if (digit !== undefined) return keys[Number(digit) - 1] ?? null;
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return null;
  const step = key === 'ArrowUp' ? -1 : 1;
  const at = keys.indexOf(state.current);
  for (let distance = 1; distance <= keys.length; distance += 1) {
    const next = keys[(at + step * distance + keys.length * distance) % keys.length] ?? '';
    if (!shiftKey || (state.conversations.get(next)?.unread ?? 0) > 0) return next;
  }
  return null;
}

/** Typing goes to the field while nothing else that takes text has the focus. */
function isTyping({ key, altKey, ctrlKey, metaKey, target }: KeyboardEvent): boolean {
  if (altKey || ctrlKey || metaKey || key.length !== 1 || key === ' ') return false;
  return target instanceof Element && target.closest('input, textarea, button, a, summary') === null;
}
