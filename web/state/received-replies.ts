/** Answers and errors, each where it belongs. */
import { changed, keyOf, withChangedLine, withLine } from './conversations.js';
import { isSame, type Line, MAX_LISTED, SERVER_KEY, type State } from './model.js';
import { type Handler, placeOf, type Reception } from './reception.js';

/** Shows what no other handler takes: an answer where it was asked for, an error where it was made. */
export const handleOther: Handler = (state, reception) => {
  const { command } = reception.message;
  if (/^[45]\d\d$/.test(command) || command === 'FAIL' || command === '696' || command === '734') {
    return failed(state, reception);
  }
  return replied(state, reception);
};

function replied(state: State, reception: Reception): State {
  const { message, stamp } = reception;
  const isNumeric = /^\d{3}$/.test(message.command);
  const params = isNumeric ? message.params.slice(1) : message.params;
  const place = isNumeric ? placeOf(state, reception, SERVER_KEY) : SERVER_KEY;
  return withLine(state, place, stamp, { kind: 'reply', code: message.command, params });
}

/** The errors of JOIN: the page does not go on trying. */
const JOIN_ERRORS = new Set(['403', '405', '471', '473', '474', '475', '476', '477', '489']);

function failed(state: State, reception: Reception): State {
  const { message, label, stamp, param } = reception;
  const { command } = message;
  const params = command === 'FAIL' ? message.params : message.params.slice(1);
  const refused = label === '' ? null : refusedMessage(state, reception);
  if (refused !== null) return refused;
  const place = placeOf(state, reception, state.current);
  const next = withLine(state, place, stamp, { kind: 'error', code: command, params });
  const key = keyOf(state, param(1));
  const isUnwanted = JOIN_ERRORS.has(command) && state.conversations.get(key)?.isJoined === false;
  return isUnwanted ? changed(next, key, () => ({ isWanted: false })) : next;
}

/** An error with the label of an own message belongs to that message. */
function refusedMessage(state: State, { label, message }: Reception): State | null {
  const problem = { code: message.command, text: message.params.at(-1) ?? '' };
  const isRefused = ({ body }: Line): boolean =>
    body.kind === 'message' && body.label === label && body.delivery === 'waiting';
  for (const key of state.conversations.keys()) {
    const next = withChangedLine(state, key, isRefused, (line) =>
      line.body.kind === 'message' ? { ...line, body: { ...line.body, delivery: 'refused', problem } } : line,
    );
    if (next !== null) return next;
  }
  return null;
}

/** An answer that the page asks for itself, or shows elsewhere, is not a line unless the user asked for it. */
const whenAsked: Handler = (state, reception) =>
  state.origins.has(reception.label) ? replied(state, reception) : state;

/** A missing message of the day is not an error of the user's. */
const toServer: Handler = (state, { message, stamp }) =>
  withLine(state, SERVER_KEY, stamp, { kind: 'reply', code: message.command, params: message.params.slice(1) });

const nobody: Handler = (state) => state;

const ownAway =
  (isAway: boolean): Handler =>
  (state, reception) =>
    replied({ ...state, away: isAway ? (state.away ?? '') : null }, reception);

/** Somebody one writes to is away: shown once, not under each message. */
const theirAway: Handler = (state, reception) => {
  const { param, message } = reception;
  const key = keyOf(state, param(1));
  const place = state.conversations.get(key);
  if (place === undefined || state.origins.has(reception.label)) return replied(state, reception);
  const last = place.lines.findLast(({ body }) => body.kind === 'reply' && body.code === '301');
  const isKnown = last?.body.kind === 'reply' && last.body.params.at(-1) === message.params.at(-1);
  return isKnown || isSame(state, param(1), state.nick) ? state : replied(state, reception);
};

const listStart: Handler = (state) => ({ ...state, listing: { isComplete: false, rooms: [] } });

const listed: Handler = (state, { param }) => {
  const { rooms } = state.listing;
  if (rooms.length >= MAX_LISTED) return state;
  const room = { name: param(1), members: Number(param(2)) || 0, topic: param(3) };
  return { ...state, listing: { isComplete: false, rooms: [...rooms, room] } };
};

const listEnd: Handler = (state) => ({ ...state, listing: { ...state.listing, isComplete: true } });

export const HANDLERS: Readonly<Record<string, Handler>> = {
  '301': theirAway,
  '305': ownAway(false),
  '306': ownAway(true),
  '315': whenAsked,
  '318': nobody,
  '321': listStart,
  '322': listed,
  '323': listEnd,
  '324': whenAsked,
  '329': whenAsked,
  '333': nobody,
  '352': whenAsked,
  '422': toServer,
};
