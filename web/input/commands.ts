/** The user's input, as something to do: text to say, or a command that begins with a slash. */
import { type Features, isRoomName } from '../irc/features.js';
import { formatLine } from '../irc/outgoing.js';
import type { Hint, MessageStyle } from '../state/model.js';

export type Act =
  | { readonly kind: 'say'; readonly target: string; readonly style: MessageStyle; readonly text: string }
  /** A line for the server, whose answer is shown where it was typed. */
  | { readonly kind: 'send'; readonly line: string }
  | { readonly kind: 'join'; readonly rooms: readonly string[]; readonly password: string }
  | { readonly kind: 'part'; readonly room: string; readonly reason: string }
  | { readonly kind: 'nick'; readonly nick: string }
  | { readonly kind: 'away'; readonly reason: string | null }
  | { readonly kind: 'talk'; readonly nick: string }
  | { readonly kind: 'list' }
  | { readonly kind: 'clear' }
  /** `place` is the conversation to search in; empty for all. */
  | { readonly kind: 'search'; readonly words: string; readonly place: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'quit'; readonly reason: string }
  | { readonly kind: 'wrong'; readonly hint: Hint; readonly detail: string };

/** Where a command is typed. */
export interface Place {
  readonly kind: 'room' | 'private' | 'server';
  readonly name: string;
  readonly features: Features;
}

interface Command {
  /** The parameters, as the help shows them: `<needed>`, `[optional]`. */
  readonly usage: string;
  /** Returns nothing if the parameters do not fit. */
  act(rest: string, place: Place): readonly Act[] | undefined;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  me: {
    usage: '<text>',
    act: (rest, { name }) => (rest === '' || name === '' ? undefined : [say(name, 'action', rest)]),
  },
  join: {
    usage: '<#room>[,#room] [key]',
    act(rest) {
      const [names = '', password = ''] = words(rest);
      const rooms = names.split(',').filter((name) => name !== '');
      return rooms.length === 0 ? undefined : [{ kind: 'join', rooms: rooms.map(roomName), password }];
    },
  },
  part: {
    usage: '[#room] [reason]',
    act(rest, place) {
      const [room, reason] = roomAndRest(rest, place);
      return room === '' ? undefined : [{ kind: 'part', room, reason }];
    },
  },
  msg: {
    usage: '<nick or #room> <text>',
    act(rest, { features }) {
      const [target = '', text] = cut(rest);
      if (target === '' || text === '') return undefined;
      const message = say(target, 'text', text);
      return isRoomName(features, target) ? [message] : [{ kind: 'talk', nick: target }, message];
    },
  },
  query: { usage: '<nick>', act: (rest) => (isWord(rest) ? [{ kind: 'talk', nick: rest }] : undefined) },
  notice: {
    usage: '<nick or #room> <text>',
    act(rest) {
      const [target = '', text] = cut(rest);
      return target === '' || text === '' ? undefined : [say(target, 'notice', text)];
    },
  },
  nick: { usage: '<nick>', act: (rest) => (isWord(rest) ? [{ kind: 'nick', nick: rest }] : undefined) },
  topic: {
    usage: '[#room] [text]',
    act(rest, place) {
      const [room, text] = roomAndRest(rest, place);
      if (room === '') return undefined;
      return [send('TOPIC', text === '' ? [room] : [room, text])];
    },
  },
  away: { usage: '[reason]', act: (rest) => [{ kind: 'away', reason: rest === '' ? null : rest }] },
  back: { usage: '', act: () => [{ kind: 'away', reason: null }] },
  kick: {
    usage: '[#room] <nick> [reason]',
    act(rest, place) {
      const [room, more] = roomAndRest(rest, place);
      const [nick = '', reason] = cut(more);
      if (room === '' || nick === '') return undefined;
      return [send('KICK', reason === '' ? [room, nick] : [room, nick, reason])];
    },
  },
  invite: {
    usage: '<nick> [#room]',
    act(rest, place) {
      const [nick = '', room = place.kind === 'room' ? place.name : ''] = words(rest);
      return nick === '' || room === '' ? undefined : [send('INVITE', [nick, room])];
    },
  },
  mode: {
    usage: '[#room or nick] [+-modes] [parameters]',
    act(rest, place) {
      const params = words(rest);
      const [first = ''] = params;
      const isBare = first === '' || first.startsWith('+') || first.startsWith('-');
      if (isBare && place.kind !== 'room') return undefined;
      return [send('MODE', isBare ? [place.name, ...params] : params)];
    },
  },
  whois: {
    usage: '<nick>',
    act(rest, place) {
      const nick = rest === '' && place.kind === 'private' ? place.name : rest;
      return isWord(nick) ? [send('WHOIS', [nick])] : undefined;
    },
  },
  list: { usage: '', act: () => [{ kind: 'list' }] },
  search: { usage: '[words]', act: (rest, { name }) => [{ kind: 'search', words: rest.trim(), place: name }] },
  clear: { usage: '', act: () => [{ kind: 'clear' }] },
  raw: { usage: '<line>', act: (rest) => (rest === '' ? undefined : [{ kind: 'send', line: rest }]) },
  quit: { usage: '[reason]', act: (rest) => [{ kind: 'quit', reason: rest }] },
  help: { usage: '', act: () => [{ kind: 'help' }] },
};

const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['j', 'join'],
  ['leave', 'part'],
  ['m', 'msg'],
  ['q', 'query'],
  ['w', 'whois'],
  ['quote', 'raw'],
  ['disconnect', 'quit'],
]);

/** The names of all commands with their parameters, in the order of the help. */
export const COMMAND_USAGES: readonly (readonly [name: string, usage: string])[] = Object.entries(COMMANDS).map(
  ([name, { usage }]) => [name, usage],
);

/** Returns what a text asks for. A line that begins with two slashes is said with one. */
export function actsFor(text: string, place: Place): readonly Act[] {
  const isCommand = /^\/(?!\/)/.test(text);
  if (!isCommand) {
    if (place.kind === 'server') return [{ kind: 'wrong', hint: 'not-here', detail: '' }];
    return [say(place.name, 'text', text.replace(/^\/\//, '/'))];
  }
  const [word = '', rest] = cut(text.slice(1));
  const typed = word.toLowerCase();
  const name = OTHER_NAMES.get(typed) ?? typed;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return [{ kind: 'wrong', hint: 'unknown-command', detail: `/${word}` }];
  const acts = command.act(rest, place);
  return acts ?? [{ kind: 'wrong', hint: 'usage', detail: `/${name} ${command.usage}` }];
}

/** Returns a room's name with its `#`, which people leave out. */
export function roomName(name: string): string {
  return name.startsWith('#') ? name : `#${name}`;
}

const say = (target: string, style: MessageStyle, text: string): Act => ({ kind: 'say', target, style, text });
const send = (command: string, params: readonly string[]): Act => ({ kind: 'send', line: formatLine(command, params) });
const isWord = (text: string): boolean => /^\S+$/.test(text);
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** The first word, and the rest. */
function cut(text: string): [word: string | undefined, rest: string] {
  const [, word, rest = ''] = /^\s*(\S+)(?:\s+([^]*))?$/.exec(text) ?? [];
  return [word, rest.trimEnd()];
}

/** The room that a command names, or the one that it is typed in. */
function roomAndRest(text: string, { kind, name, features }: Place): [room: string, rest: string] {
  const [word = '', rest] = cut(text);
  if (isRoomName(features, word)) return [word, rest];
  return [kind === 'room' ? name : '', text.trim()];
}
