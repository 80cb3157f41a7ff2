/**
 * The features and limits that the server announces (RPL_ISUPPORT; modern.ircdocs.horse, "RPL_ISUPPORT Parameters").
 */
import { MAX_LINE_BYTES } from './message.js';
import { ACCOUNT_EXTBAN_TOKEN, CHANMODES_TOKEN, EXTBAN_TOKEN, PREFIX_TOKEN, STATUSMSG_SIGNS } from './modes.js';
import type { IrcSettings } from './settings.js';

/** The longest texts of clients, in bytes. */
export const AWAY_BYTES = 200;
export const REAL_NAME_BYTES = 150;
export const REASON_BYTES = 300;
export const USER_LENGTH = 16;
export const HOST_LENGTH = 63;
export const KEY_LENGTH = 32;
/** Mode changes with a parameter in one MODE. */
export const MAX_MODES = 12;
/** Targets of one PRIVMSG, NOTICE or TAGMSG. */
export const MAX_TARGETS = 4;

/** The names of case mappings (modern, "CASEMAPPING parameter"): RFC 7613 is what RFC 8265 was before. */
const CASE_MAPPINGS: Readonly<Record<IrcSettings['nicks'], string>> = { ascii: 'ascii', precis: 'rfc7613' };

/** Tokens in one line, since a message has at most 15 parameters (RFC 1459 section 2.3). */
const MAX_LINE_TOKENS = 13;

/** Returns the bytes that a line leaves for the text of a channel command, if its source has the longest mask. */
function roomForText({ nickLength, channelLength }: IrcSettings, command: string, lastMiddleLength: number): number {
  const mask = nickLength + '!'.length + USER_LENGTH + '@'.length + HOST_LENGTH;
  const head = ':'.length + mask + ` ${command} `.length + channelLength + lastMiddleLength + ' :'.length;
  return MAX_LINE_BYTES - '\r\n'.length - head;
}

/** Returns the longest topic, in bytes: at most what the settings allow and what reaches everybody whole. */
export function topicBytes(settings: IrcSettings): number {
  return Math.min(settings.topicLength, roomForText(settings, 'TOPIC', 0));
}

/** Returns the longest reason of a KICK, in bytes. */
export function kickBytes(settings: IrcSettings): number {
  return Math.min(REASON_BYTES, roomForText(settings, 'KICK', ' '.length + settings.nickLength));
}

/** Returns the longest reason of a RENAME, in bytes. */
export function reasonBytes(settings: IrcSettings): number {
  return Math.min(REASON_BYTES, roomForText(settings, 'RENAME', ' '.length + settings.channelLength));
}

/** Returns the tokens in lines. */
export function isupportLines(tokens: readonly string[]): string[][] {
  const lines: string[][] = [];
  for (let at = 0; at < tokens.length; at += MAX_LINE_TOKENS) lines.push(tokens.slice(at, at + MAX_LINE_TOKENS));
  return lines;
}

/** Returns the difference between two lists: tokens that are new or changed, and `-NAME` for those that are gone. */
export function isupportChanges(before: readonly string[], after: readonly string[]): string[] {
  const nameOf = (token: string): string => token.split('=', 1)[0] ?? token;
  const names = new Set(after.map(nameOf));
  const gone = before.map(nameOf).filter((name) => !names.has(name));
  return [...gone.map((name) => `-${name}`), ...after.filter((token) => !before.includes(token))];
}

/** The facts that the tokens depend on, besides the settings. */
export interface IsupportContext {
  /** Of the client's listener. */
  readonly isUtf8Only: boolean;
  /** Of the client's class. */
  readonly maxRooms: number;
}

/** Returns the tokens, in alphabetical order. */
export function isupportTokens(settings: IrcSettings, context: IsupportContext): string[] {
  const { isUtf8Only, maxRooms } = context;
  const tokens = [
    `ACCOUNTEXTBAN=${ACCOUNT_EXTBAN_TOKEN}`,
    `AWAYLEN=${AWAY_BYTES}`,
    'BOT=B',
    `CASEMAPPING=${CASE_MAPPINGS[settings.nicks]}`,
    `CHANLIMIT=#:${maxRooms}`,
    `CHANMODES=${CHANMODES_TOKEN}`,
    `CHANNELLEN=${settings.channelLength}`,
    'CHANTYPES=#',
    `CHATHISTORY=${settings.history.pageLines}`,
    'ELIST=CMNTU',
    'EXCEPTS=e',
    `EXTBAN=${EXTBAN_TOKEN}`,
    `HOSTLEN=${HOST_LENGTH}`,
    'INVEX=I',
    `KEYLEN=${KEY_LENGTH}`,
    `KICKLEN=${kickBytes(settings)}`,
    'KNOCK',
    `LINELEN=${MAX_LINE_BYTES}`,
    `MAXLIST=beI:${settings.maxMasks}`,
    `MAXTARGETS=${MAX_TARGETS}`,
    `MODES=${MAX_MODES}`,
    `MONITOR=${settings.maxMonitored}`,
    'MSGREFTYPES=msgid,timestamp',
    `NETWORK=${settings.networkName.replace(/[ \\=]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`)}`,
    `NICKLEN=${settings.nickLength}`,
    `PREFIX=${PREFIX_TOKEN}`,
    'SAFELIST',
    `STATUSMSG=${STATUSMSG_SIGNS}`,
    `TARGMAX=JOIN:,KICK:,KILL:1,LIST:,NAMES:1,NOTICE:${MAX_TARGETS},PART:,PRIVMSG:${MAX_TARGETS},TAGMSG:${MAX_TARGETS},WHOIS:1,WHOWAS:1`,
    `TOPICLEN=${topicBytes(settings)}`,
    `USERLEN=${USER_LENGTH}`,
  ];
  if (isUtf8Only) tokens.push('UTF8ONLY');
  tokens.push('WHOX');
  return tokens;
}
