/** What the server tells clients about itself (RPL_ISUPPORT; modern.ircdocs.horse, "RPL_ISUPPORT Parameters"). */
import { MAX_LINE_BYTES } from './message.js';
import { CHANMODES_TOKEN, PREFIX_TOKEN, STATUSMSG_SIGNS } from './modes.js';
import type { IrcSettings } from './settings.js';

/** The longest reasons and the like, in bytes; all leave room for a source and a channel in one line. */
export const AWAY_BYTES = 200;
export const KICK_BYTES = 300;
export const USER_LENGTH = 16;
export const HOST_LENGTH = 63;
export const KEY_LENGTH = 32;
/** Mode changes with a parameter that one MODE may make. */
export const MAX_MODES = 12;
/** Targets that one PRIVMSG, NOTICE or TAGMSG may have. */
export const MAX_TARGETS = 4;

/** What the tokens depend on beside the settings. */
export interface IsupportContext {
  /** Of the client's listener. */
  readonly isUtf8Only: boolean;
  /** Of the client's class. */
  readonly maxRooms: number;
}

/** The tokens, in alphabetical order. */
export function isupportTokens(settings: IrcSettings, context: IsupportContext): string[] {
  const { isUtf8Only, maxRooms } = context;
  const tokens = [
    `AWAYLEN=${AWAY_BYTES}`,
    'BOT=B',
    'CASEMAPPING=ascii',
    `CHANLIMIT=#:${maxRooms}`,
    `CHANMODES=${CHANMODES_TOKEN}`,
    `CHANNELLEN=${settings.channelLength}`,
    'CHANTYPES=#',
    'ELIST=CMNTU',
    'EXCEPTS=e',
    `HOSTLEN=${HOST_LENGTH}`,
    'INVEX=I',
    `KEYLEN=${KEY_LENGTH}`,
    `KICKLEN=${KICK_BYTES}`,
    `LINELEN=${MAX_LINE_BYTES}`,
    `MAXLIST=beI:${settings.maxMasks}`,
    `MAXTARGETS=${MAX_TARGETS}`,
    `MODES=${MAX_MODES}`,
    `MONITOR=${settings.maxMonitored}`,
    `NETWORK=${settings.networkName.replace(/[ \\=]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`)}`,
    `NICKLEN=${settings.nickLength}`,
    `PREFIX=${PREFIX_TOKEN}`,
    'SAFELIST',
    `STATUSMSG=${STATUSMSG_SIGNS}`,
    `TARGMAX=JOIN:,KICK:,KILL:1,LIST:,NAMES:1,NOTICE:${MAX_TARGETS},PART:,PRIVMSG:${MAX_TARGETS},TAGMSG:${MAX_TARGETS},WHOIS:1,WHOWAS:1`,
    `TOPICLEN=${settings.topicLength}`,
    `USERLEN=${USER_LENGTH}`,
  ];
  if (isUtf8Only) tokens.push('UTF8ONLY');
  tokens.push('WHOX');
  return tokens;
}
