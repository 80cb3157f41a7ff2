/** Lines about who is where, and what a room is like. */
import { splitSigns } from '../irc/features.js';
import { changed, keyOf, opened, roomsOf, shown, withLine, withMember } from './conversations.js';
import { type Conversation, isSame, type LineBody, type Member, type State } from './model.js';
import { modeChanges } from './modes.js';
import { withQueuedSent } from './received-session.js';
import type { Handler, Reception } from './reception.js';
import { latestWanted } from './scrollback.js';

const joined: Handler = (state, reception) => {
  const { message, param, stamp, isOwn } = reception;
  const key = keyOf(state, param(0));
  if (isOwn) return joinedSelf(state, reception);
  const member: Member = { nick: message.nick, signs: '', isAway: false };
  const next = changed(state, key, ({ members }) => ({
    members: new Map(members).set(keyOf(state, member.nick), member),
  }));
  return withLine(next, key, stamp, { kind: 'moved', how: 'joined', nick: message.nick, detail: '' });
};

function joinedSelf(state: State, { message, param, label }: Reception): State {
  const key = keyOf(state, param(0));
  const next = changed(opened({ ...state, mask: message.source }, param(0)), key, () => ({
    name: param(0),
    isJoined: true,
    isWanted: true,
    topic: '',
    members: new Map(),
    arriving: [],
  }));
  // A room that the user has asked for is shown; one that the page joins again is not.
  return withQueuedSent(latestWanted(state.origins.has(label) ? shown(next, key) : next, key), key);
}

const left: Handler = (state, { message, param, stamp, isOwn }) => {
  const key = keyOf(state, param(0));
  const next = isOwn ? withoutSelf(state, key) : withMember(state, key, message.nick, () => null);
  return withLine(next, key, stamp, { kind: 'moved', how: 'left', nick: message.nick, detail: param(1) });
};

const withoutSelf = (state: State, key: string): State =>
  changed(state, key, () => ({ isJoined: false, isWanted: false, members: new Map(), arriving: [] }));

const kicked: Handler = (state, { message, param, stamp }) => {
  const key = keyOf(state, param(0));
  const isSelf = isSame(state, param(1), state.nick);
  const next = isSelf ? withoutSelf(state, key) : withMember(state, key, param(1), () => null);
  const body: LineBody = { kind: 'kicked', nick: param(1), by: message.nick, reason: param(2) };
  return withLine(next, key, stamp, body, isSelf ? 'mention' : 'none');
};

/** The places that show what somebody does: the rooms it is in, and a conversation with it. */
function placesOf(state: State, nick: string): string[] {
  const key = keyOf(state, nick);
  const rooms = roomsOf(state, nick);
  return state.conversations.get(key)?.kind === 'private' ? [...rooms, key] : rooms;
}

const quit: Handler = (state, { message, param, stamp, isOwn }) => {
  if (isOwn) return state;
  let next = state;
  for (const key of placesOf(state, message.nick)) {
    next = withMember(next, key, message.nick, () => null);
    next = withLine(next, key, stamp, { kind: 'moved', how: 'quit', nick: message.nick, detail: param(0) });
  }
  return next;
};

const renamed: Handler = (state, { message, param, stamp, isOwn }) => {
  const nick = param(0);
  let next = isOwn ? renamedSelf(state, nick) : state;
  for (const key of placesOf(state, message.nick)) {
    next = withMember(next, key, message.nick, (member) => ({ ...member, nick }));
    next = withLine(next, key, stamp, { kind: 'moved', how: 'renamed', nick: message.nick, detail: nick });
  }
  return renamedConversation(next, message.nick, nick);
};

function renamedSelf(state: State, nick: string): State {
  const mask = state.mask === '' ? '' : nick + state.mask.slice(state.mask.indexOf('!'));
  return { ...state, nick, mask, wantedNick: nick };
}

/** A conversation with somebody goes on under the new nick, unless there is one with that nick. */
function renamedConversation(state: State, before: string, nick: string): State {
  const key = keyOf(state, before);
  const conversation = state.conversations.get(key);
  const newKey = keyOf(state, nick);
  if (conversation?.kind !== 'private') return state;
  if (newKey !== key && state.conversations.has(newKey)) return state;
  return underName(state, conversation, nick);
}

/** The same conversation under another name. */
function underName(state: State, conversation: Conversation, name: string): State {
  const { key } = conversation;
  const newKey = keyOf(state, name);
  const conversations = new Map(state.conversations);
  conversations.delete(key);
  conversations.set(newKey, { ...conversation, key: newKey, name });
  return { ...state, conversations, current: state.current === key ? newKey : state.current };
}

/** A room has another name: the conversation goes on under it. */
const retitled: Handler = (state, { message, param, stamp }) => {
  const conversation = state.conversations.get(keyOf(state, param(0)));
  if (conversation?.kind !== 'room') return state;
  const next = underName(state, conversation, param(1));
  const body: LineBody = { kind: 'retitled', by: message.nick, before: param(0), name: param(1), reason: param(2) };
  return withLine(next, keyOf(state, param(1)), stamp, body);
};

/** The second parameter is the room; servers put its name in the place of the nick, too. */
const knocked: Handler = (state, { param, stamp }) =>
  withLine(state, keyOf(state, param(1)), stamp, { kind: 'knocked', nick: param(2).split('!', 1)[0] ?? '' }, 'unread');

const topic: Handler = (state, { message, param, stamp }) => {
  const key = keyOf(state, param(0));
  const next = changed(state, key, () => ({ topic: param(1) }));
  return withLine(next, key, stamp, { kind: 'topic', by: message.nick, text: param(1) });
};

const topicAtJoin: Handler = (state, { message, param }) =>
  changed(state, keyOf(state, param(1)), () => ({ topic: message.command === '332' ? param(2) : '' }));

const modes: Handler = (state, { message, param, stamp }) => {
  const key = keyOf(state, param(0));
  if (state.conversations.get(key)?.kind !== 'room') return state;
  let next = state;
  for (const { letter, isSet, value } of modeChanges(state.features, message.params.slice(1))) {
    const rank = state.features.ranks.find((candidate) => candidate.letter === letter);
    if (rank === undefined) continue;
    next = withMember(next, key, value, (member) => ({ ...member, signs: signsWith(state, member, rank.sign, isSet) }));
  }
  const text = message.params.slice(1).join(' ');
  return withLine(next, key, stamp, { kind: 'modes', by: message.nick, text });
};

function signsWith({ features }: State, { signs }: Member, sign: string, isSet: boolean): string {
  return features.ranks
    .map((rank) => rank.sign)
    .filter((other) => (other === sign ? isSet : signs.includes(other)))
    .join('');
}

/** `userhost-in-names` is not asked for, but a mask does no harm. */
const names: Handler = (state, { param }) => {
  const key = keyOf(state, param(2));
  const arrived = param(3)
    .split(' ')
    .filter((name) => name !== '')
    .map((name) => splitSigns(state.features, name))
    .map(({ signs, nick }) => ({ nick: nick.split('!', 1)[0] ?? nick, signs, isAway: false }));
  return changed(state, key, ({ arriving }) => ({ arriving: [...arriving, ...arrived] }));
};

const namesEnd: Handler = (state, { param }) =>
  changed(state, keyOf(state, param(1)), ({ arriving, members }) =>
    arriving.length === 0
      ? {}
      : {
          arriving: [],
          members: new Map(
            arriving.map((member) => {
              const memberKey = keyOf(state, member.nick);
              return [memberKey, { ...member, isAway: members.get(memberKey)?.isAway ?? false }];
            }),
          ),
        },
  );

const away: Handler = (state, { message, param }) => {
  let next = state;
  for (const key of roomsOf(state, message.nick)) {
    next = withMember(next, key, message.nick, (member) => ({ ...member, isAway: param(0) !== '' }));
  }
  return next;
};

/** The token of the WHO that the page itself sends. */
export const WHO_TOKEN = '7';

const who: Handler = (state, { param }) =>
  param(1) === WHO_TOKEN
    ? withMember(state, keyOf(state, param(2)), param(3), (member) => ({ ...member, isAway: param(4).startsWith('G') }))
    : state;

const hostChanged: Handler = (state, { message, param, isOwn }) =>
  isOwn ? { ...state, mask: `${message.nick}!${param(0)}@${param(1)}` } : state;

const invited: Handler = (state, { message, param, stamp }) => {
  const [nick, room] = [param(0), param(1)];
  const body: LineBody = { kind: 'invited', by: message.nick, nick, room };
  const isSelf = isSame(state, nick, state.nick);
  return withLine(state, isSelf ? state.current : keyOf(state, room), stamp, body, isSelf ? 'mention' : 'none');
};

export const HANDLERS: Readonly<Record<string, Handler>> = {
  JOIN: joined,
  PART: left,
  KICK: kicked,
  QUIT: quit,
  NICK: renamed,
  TOPIC: topic,
  MODE: modes,
  AWAY: away,
  INVITE: invited,
  RENAME: retitled,
  CHGHOST: hostChanged,
  '331': topicAtJoin,
  '332': topicAtJoin,
  '353': names,
  '354': who,
  '366': namesEnd,
  '710': knocked,
};
