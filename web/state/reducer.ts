/** The state after something has happened. Pure: it neither sends nor shows anything. */
import { changed, closed, keyOf, opened, read, shown, withLine } from './conversations.js';
import type { PageEvent } from './events.js';
import { changedLogin } from './login.js';
import { withMarks } from './marks.js';
import { EMPTY_BODY } from './message-body.js';
import {
  type Conversation,
  currentConversation,
  INITIAL_STATE,
  type LineBody,
  MAX_ORIGINS,
  SERVER_KEY,
  type Stamp,
  type State,
} from './model.js';
import { received } from './received.js';
import { earlierWanted, latestWanted, missingWanted, placeWanted } from './scrollback.js';
import { moreSearched, searched } from './search.js';

/** Returns the state after an event. */
export function reduce(state: State, event: PageEvent): State {
  switch (event.kind) {
    case 'signed-in':
      return signedIn(state, event);
    case 'signed-out':
      return { ...INITIAL_STATE, wantedNick: state.wantedNick, isAttended: state.isAttended };
    case 'connecting':
      return { ...state, link: { kind: 'connecting' } };
    case 'opened':
      return {
        ...state,
        link: { kind: 'registering' },
        nick: state.wantedNick,
        mask: '',
        offered: new Map(),
        capabilities: new Set(),
        account: '',
        login: { ...state.login, step: state.login.step === 'code' ? 'code' : 'idle', asked: '', failure: null },
        devices: INITIAL_STATE.devices,
      };
    case 'lost':
      return lost(state, event.retryAtMs, event.atMs);
    case 'received':
      return received(state, event.message, event.atMs);
    case 'said':
    case 'said-again':
    case 'discarded':
      return spoken(state, event);
    case 'asked':
      return { ...state, origins: remembered(state.origins, event.label, event.key) };
    case 'wanted':
      return wanted(state, event.room, event.password);
    case 'away':
      return { ...state, away: event.reason };
    case 'listing':
      return { ...state, listing: { isComplete: false, rooms: [] } };
    case 'hinted':
      return withLine(state, event.key, local(event.atMs), { kind: 'hint', hint: event.hint, detail: event.detail });
    case 'shown':
      return withPast(shown(state, event.key));
    case 'talked-to':
      return withPast(shown(opened(state, event.nick), keyOf(state, event.nick)));
    case 'closed':
      return closed(state, event.key);
    case 'cleared':
      return changed(state, event.key, () => ({ lines: [], earliest: '', unread: 0, mentions: 0, firstNewId: -1 }));
    case 'earlier-wanted':
      return earlierWanted(state, event.key);
    case 'missing-wanted':
      return missingWanted(state, event.key, event.id);
    case 'place-wanted':
      return placeWanted(
        shown(opened(state, event.name), keyOf(state, event.name)),
        keyOf(state, event.name),
        event.messageId,
      );
    case 'place-shown':
      return changed(state, event.key, () => ({ sought: '' }));
    case 'marked':
      return withMarks(state);
    case 'searched':
      return searched(state, event.words, event.place);
    case 'more-searched':
      return moreSearched(state);
    case 'login-wanted':
      return changedLogin(state, { wish: event.wish, account: event.account, step: 'running', failure: null });
    case 'service-asked':
      return changedLogin(state, { asked: event.label, answer: '', failure: null });
    case 'devices-asked':
      return { ...state, devices: { asked: event.label, list: [] } };
    case 'code-sent':
      return changedLogin(state, { step: 'running', failure: null });
    case 'code-dropped':
      return changedLogin(state, { step: 'idle', unverified: '', failure: null });
    case 'attention': {
      // A user who goes away takes the mark along, so that the next one shows where the unread part begins.
      const { isAttended } = event;
      if (isAttended === state.isAttended) return state;
      const next = isAttended ? state : changed(state, state.current, () => ({ firstNewId: -1 }));
      return read({ ...next, isAttended });
    }
  }
}

/** A line that the page itself notes has no id of the server. */
const local = (atMs: number): Stamp => ({ atMs, messageId: '' });

/** Past messages with a person are asked for when the conversation is opened; those of rooms, when they are joined. */
function withPast(state: State): State {
  const { kind, isLoaded } = currentConversation(state);
  return kind === 'private' && !isLoaded ? latestWanted(state, state.current) : state;
}

function signedIn(state: State, event: Extract<PageEvent, { kind: 'signed-in' }>): State {
  const { nick, rooms, isResumed, login } = event;
  let next: State = { ...state, nick, wantedNick: nick, failure: null, wasOnline: isResumed };
  next = changedLogin(next, { ...INITIAL_STATE.login, wish: login, account: nick });
  for (const room of rooms) next = wanted(next, room, '');
  const [first] = rooms;
  return first !== undefined && next.current === SERVER_KEY ? shown(next, keyOf(next, first)) : next;
}

function wanted(state: State, room: string, password: string): State {
  return changed(opened(state, room), keyOf(state, room), (was) => ({
    isWanted: true,
    password: password === '' ? was.password : password,
  }));
}

type SpokenEvent = Extract<PageEvent, { kind: 'said' | 'said-again' | 'discarded' }>;

function spoken(state: State, event: SpokenEvent): State {
  const delivery = state.capabilities.has('echo-message') ? 'waiting' : 'sent';
  switch (event.kind) {
    case 'said': {
      const { key, style, text, label, isSent, atMs } = event;
      const own = { ...EMPTY_BODY, from: state.nick, isOwn: true };
      const body: LineBody = { ...own, style, text, label, delivery: isSent ? delivery : 'queued' };
      return changed(withLine(state, key, local(atMs), body), key, () => ({ firstNewId: -1 }));
    }
    case 'said-again':
      return changed(state, event.key, ({ lines }) => ({
        lines: lines.map((line) =>
          line.id === event.id && line.body.kind === 'message'
            ? { ...line, body: { ...line.body, delivery, label: event.label, problem: null } }
            : line,
        ),
      }));
    case 'discarded':
      return changed(state, event.key, ({ lines }) => ({ lines: lines.filter(({ id }) => id !== event.id) }));
  }
}

/** Everybody else is gone with the connection, and what has no echo may have arrived or not. */
function lost(state: State, retryAtMs: number, atMs: number): State {
  let next: State = {
    ...state,
    link: { kind: 'waiting', retryAtMs },
    origins: new Map(),
    batches: new Map(),
    multilines: new Map(),
    answers: new Map(),
    hasAskedPeople: false,
    search: { ...state.search, isRunning: false },
  };
  if (state.link.kind !== 'online') return next;
  for (const key of state.conversations.keys()) {
    next = changed(next, key, (was) => ({
      isJoined: false,
      members: new Map(),
      arriving: [],
      lines: unsure(was),
      request: null,
    }));
    next = withLine(next, key, local(atMs), { kind: 'gap', backAtMs: null });
  }
  return next;
}

function unsure({ lines }: Conversation): Conversation['lines'] {
  return lines.map((line) =>
    line.body.kind === 'message' && line.body.delivery === 'waiting'
      ? { ...line, body: { ...line.body, delivery: 'unsure' } }
      : line,
  );
}

/** Adds a label; the oldest is forgotten if there are too many. */
function remembered(origins: State['origins'], label: string, key: string): State['origins'] {
  const next = new Map(origins);
  next.set(label, key);
  const [oldest] = next.keys();
  if (next.size > MAX_ORIGINS && oldest !== undefined) next.delete(oldest);
  return next;
}
