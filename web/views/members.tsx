/** The members of a room, by rank and then by name. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Conversation, Member } from '../state/model.js';
import type { Texts } from '../text/en.js';
import { usePage } from './context.js';
import { Nick } from './nick.js';

/** A list of thousands is slow to make, and nobody reads it. */
const FIRST_SHOWN = 200;

export function Members({
  conversation,
  onChoose,
}: {
  readonly conversation: Conversation;
  readonly onChoose: () => void;
}): JSX.Element {
  const { client, texts } = usePage();
  const [isWhole, setWhole] = useState(false);
  const members = sorted(conversation, client.state.features.ranks.map(({ sign }) => sign).join(''));
  const shown = isWhole ? members : members.slice(0, FIRST_SHOWN);
  return (
    <>
      <h2>{texts.membersOf(members.length)}</h2>
      <ul class="entries members">
        {shown.map((member) => (
          <Entry key={member.nick} member={member} onChoose={onChoose} />
        ))}
      </ul>
      {shown.length < members.length && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          {texts.showAll(members.length)}
        </button>
      )}
    </>
  );
}

function Entry({ member, onChoose }: { readonly member: Member; readonly onChoose: () => void }): JSX.Element {
  const { client, texts } = usePage();
  const { nick, signs, isAway } = member;
  const sign = signs.charAt(0);
  const isSelf = nick === client.state.nick;
  return (
    <li class={isAway ? 'entry away' : 'entry'}>
      <button
        type="button"
        class="choose"
        title={isSelf ? undefined : texts.talkTo(nick)}
        disabled={isSelf}
        onClick={() => {
          client.act({ kind: 'talk', nick });
          onChoose();
        }}
      >
        <span class="sign" aria-hidden="true">
          {sign}
        </span>
        <Nick nick={nick} />
        {rankName(texts, sign) !== '' && <span class="visually-hidden">, {rankName(texts, sign)}</span>}
        {isAway && <span class="note">{texts.away}</span>}
        {isSelf && <span class="note">{texts.you}</span>}
      </button>
    </li>
  );
}

function rankName({ ranks }: Texts, sign: string): string {
  return Object.entries(ranks).find(([known]) => known === sign)?.[1] ?? '';
}

function sorted({ members }: Conversation, signs: string): Member[] {
  const place = ({ signs: own }: Member): number => (own === '' ? signs.length : signs.indexOf(own.charAt(0)));
  return [...members.values()].sort((a, b) => place(a) - place(b) || a.nick.localeCompare(b.nick));
}
