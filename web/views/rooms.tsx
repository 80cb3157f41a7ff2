/** The list of conversations, with what is unread in each. */
import type { JSX } from 'preact';
import { orderedKeys } from '../state/conversations.js';
import type { Conversation, State } from '../state/model.js';
import { usePage } from './context.js';
import { Icon } from './icons.js';

interface Props {
  readonly state: State;
  readonly onChoose: () => void;
  readonly onJoin: () => void;
}

export function Rooms({ state, onChoose, onJoin }: Props): JSX.Element {
  const { texts } = usePage();
  const conversations = orderedKeys(state).flatMap((key) => state.conversations.get(key) ?? []);
  const part = (kind: Conversation['kind']): JSX.Element[] =>
    conversations
      .filter((conversation) => conversation.kind === kind)
      .map((conversation) => (
        <Entry
          key={conversation.key}
          conversation={conversation}
          isCurrent={conversation.key === state.current}
          onChoose={onChoose}
        />
      ));
  const people = part('private');
  return (
    <>
      <ul class="entries">{part('server')}</ul>
      <div class="part">
        <h2>{texts.rooms}</h2>
        <button type="button" class="tool" aria-label={texts.joinRoom} title={texts.joinRoom} onClick={onJoin}>
          <Icon name="plus" />
        </button>
      </div>
      <ul class="entries">{part('room')}</ul>
      {people.length > 0 && (
        <>
          <div class="part">
            <h2>{texts.people}</h2>
          </div>
          <ul class="entries">{people}</ul>
        </>
      )}
    </>
  );
}

interface EntryProps {
  readonly conversation: Conversation;
  readonly isCurrent: boolean;
  readonly onChoose: () => void;
}

function Entry({ conversation, isCurrent, onChoose }: EntryProps): JSX.Element {
  const { client, texts, config } = usePage();
  const { key, kind, unread, mentions, isJoined } = conversation;
  const name = kind === 'server' ? client.state.features.network || config.networkName : conversation.name;
  const classes = ['entry'];
  if (unread > 0) classes.push('unread');
  if (kind === 'room' && !isJoined) classes.push('absent');
  const leave = kind === 'room' ? texts.leave(name) : texts.closeConversation(name);
  return (
    <li class={classes.join(' ')}>
      <button
        type="button"
        class="choose"
        aria-current={isCurrent ? 'true' : undefined}
        onClick={() => {
          client.show(key);
          onChoose();
        }}
      >
        <bdi>{name}</bdi>
        {unread > 0 && (
          <span class={mentions > 0 ? 'badge mention' : 'badge'}>
            <span aria-hidden="true">{mentions > 0 ? mentions : capped(unread)}</span>
            <span class="visually-hidden">{mentions > 0 ? texts.unreadMentions(mentions) : texts.unread(unread)}</span>
          </span>
        )}
      </button>
      {kind !== 'server' && (
        <button type="button" class="tool leave" aria-label={leave} title={leave} onClick={() => client.close(key)}>
          <Icon name="close" />
        </button>
      )}
    </li>
  );
}

const capped = (count: number): string => (count > 99 ? '99+' : String(count));
