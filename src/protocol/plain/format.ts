/** Events of the chat as plain lines. */
import type { Actor, ChatEvent, Said } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import type { Line } from '../../history/line.js';
import { PLAIN_SERVER_NAME } from '../reserved-nicks.js';
import { isPlainAscii, sanitize } from '../sanitize.js';

const pad = (value: number): string => String(value).padStart(2, '0');

let stampedSecond = -1;
let stamp = '';

/** Returns `YYYY-MM-DD HH:MM:SS`, local time. */
function formatTime(atMs: number): string {
  const second = Math.floor(atMs / 1000);
  // Taking a Date apart costs more than the rest of a line, and most lines of a busy second share it.
  if (second !== stampedSecond) {
    const date = new Date(atMs);
    const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    stamp = `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
    stampedSecond = second;
  }
  return stamp;
}

// Bold, colour (with its numbers), reset, monospace, reverse, italic, strikethrough, underline, as IRC clients send
// them.
const IRC_FORMATTING =
  /\u0003(?:\d{1,2}(?:,\d{1,2})?)?|\u0004(?:[0-9a-f]{6}(?:,[0-9a-f]{6})?)?|[\u0002\u000f\u0011\u0016\u001d-\u001f]/gi;

// Nearly no text has any of them, and this finds that out faster.
const FORMATTED = /[\u0002-\u0004\u000f\u0011\u0016\u001d-\u001f]/;

const ACTION = /^\u0001ACTION ([^\u0001]*)\u0001?$/;

function nameOf(actor: Actor): string {
  return actor === null ? PLAIN_SERVER_NAME : actor.label;
}

/** Says a text of several lines in as many; a line that was cut is whole again. */
function linesOf(text: string): string[] {
  return text
    .replaceAll('\r', '')
    .split('\n')
    .filter((line) => line !== '');
}

function because(reason: string): string {
  return reason === '' ? '' : ` (${reason})`;
}

/** Introduces a member of another protocol with its address. */
function introduce(member: Member): string {
  return member.label === member.nick ? `${member.label} (${member.host})` : member.label;
}

function describeWords(name: string, words: string, verb: string): string | null {
  const text = FORMATTED.test(words) ? words.replace(IRC_FORMATTING, '') : words;
  if (!text.startsWith('\u0001')) return `${name} ${verb}: ${text}`;
  // Any other query from one program to another (CTCP) is of no use to a person.
  const action = ACTION.exec(text)?.[1];
  return action === undefined ? null : `* ${name} ${action}`;
}

function verbOf({ room }: Said): string {
  return room === null ? 'say to you' : 'say';
}

function describe(event: ChatEvent): string | null {
  switch (event.kind) {
    case 'said': {
      if (event.type === 'signal') return null;
      return describeWords(nameOf(event.by), event.text, verbOf(event));
    }
    case 'redacted':
      return `${nameOf(event.by)} took back a message${because(event.reason)}`;
    case 'joined':
      return `${introduce(event.member)} joined`;
    case 'left':
    case 'quit':
      return `${event.member.label} left${because(event.reason)}`;
    case 'kicked':
      return `${event.member.label} was kicked by ${nameOf(event.by)}${because(event.reason)}`;
    case 'renamed':
      return event.member.label === event.member.nick ? `${event.before} is now ${event.member.nick}` : null;
    case 'topic':
      return event.text === ''
        ? `${nameOf(event.by)} cleared the topic`
        : `${nameOf(event.by)} set the topic: ${event.text}`;
    case 'knocked':
      return `${introduce(event.by)} asks to be let in`;
    case 'retitled':
      return `${nameOf(event.by)} renamed the room to ${event.room.name}${because(event.reason)}`;
    case 'announced':
    case 'broadcast':
      return `${nameOf(event.by)} announces: ${event.text}`;
    case 'annotated':
    case 'expelled':
    case 'settings':
    case 'invited':
    case 'away':
    case 'host':
    case 'account':
    case 'realname':
      return null;
  }
}

/**
 * Formats an event as a line, or several, safe to show on a terminal.
 *
 * @returns each line with its LF; null if plain members do not see the event
 */
export function formatEvent(event: ChatEvent): string | null {
  if (event.kind === 'said' && event.type !== 'signal' && isPlainAscii(event.text)) {
    // Nearly everything is this: nothing in it has to be taken out or replaced.
    return `${formatTime(event.atMs)} ${sanitize(nameOf(event.by))} ${verbOf(event)}: ${event.text}\n`;
  }
  if (event.kind === 'said' && (event.text.includes('\n') || event.text.includes('\r'))) {
    return linesOf(event.text)
      .map((text) => formatEvent({ ...event, text }) ?? '')
      .join('');
  }
  const description = describe(event);
  return description === null ? null : `${formatTime(event.atMs)} ${sanitize(description)}\n`;
}

/** Formats a message of the past as the lines that those got who were there. @returns each line with its LF */
export function formatPast({ source, text, atMs }: Line): string {
  const name = source === '' ? PLAIN_SERVER_NAME : (source.split('!', 1)[0] ?? source);
  return linesOf(text)
    .map((words) => describeWords(name, words, 'say'))
    .filter((description) => description !== null)
    .map((description) => `${formatTime(atMs)} ${sanitize(description)}\n`)
    .join('');
}

/** Formats a line from the server to one peer. */
export function formatNotice(text: string, atMs: number): string {
  return `${formatTime(atMs)} ${PLAIN_SERVER_NAME}: ${sanitize(text)}\n`;
}
