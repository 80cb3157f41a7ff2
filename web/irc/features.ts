/** The features that the server announces (RPL_ISUPPORT): its limits, its ranks and its modes. */
import { foldPrecis } from '../../src/protocol/precis.js';

export interface Features {
  readonly network: string;
  readonly caseMapping: string;
  /** The first characters of rooms' names. */
  readonly channelTypes: string;
  /** The ranks, highest first. */
  readonly ranks: readonly { readonly letter: string; readonly sign: string }[];
  /** The signs that may stand before a room's name to reach only members of a rank. */
  readonly statusSigns: string;
  /** Mode letters of lists, with a parameter always, and with a parameter when set (CHANMODES A, B, C). */
  readonly parameterModes: readonly [lists: string, always: string, whenSet: string];
  /** The longest line in bytes, with CRLF and without tags. */
  readonly lineBytes: number;
  readonly nickLength: number;
  readonly userLength: number;
  readonly hostLength: number;
  /** The most lines that one question about the history may ask for; 0 if the server names no limit. */
  readonly historyLines: number;
}

/** The values that hold until the server sends others. */
export const DEFAULT_FEATURES: Features = {
  network: '',
  caseMapping: 'ascii',
  channelTypes: '#',
  ranks: [
    { letter: 'o', sign: '@' },
    { letter: 'v', sign: '+' },
  ],
  statusSigns: '',
  parameterModes: ['b', 'k', 'l'],
  lineBytes: 512,
  nickLength: 30,
  userLength: 16,
  hostLength: 63,
  historyLines: 0,
};

type Setter = (features: Features, value: string) => Features;

const SETTERS: Readonly<Record<string, Setter>> = {
  NETWORK: (features, network) => ({ ...features, network }),
  CASEMAPPING: (features, caseMapping) => ({ ...features, caseMapping }),
  CHANTYPES: (features, channelTypes) => ({ ...features, channelTypes }),
  STATUSMSG: (features, statusSigns) => ({ ...features, statusSigns }),
  PREFIX: withRanks,
  CHANMODES(features, value) {
    const [lists = '', always = '', whenSet = ''] = value.split(',');
    return { ...features, parameterModes: [lists, always, whenSet] };
  },
  LINELEN: (features, value) => ({ ...features, lineBytes: atLeast(128, value, features.lineBytes) }),
  NICKLEN: (features, value) => ({ ...features, nickLength: atLeast(1, value, features.nickLength) }),
  USERLEN: (features, value) => ({ ...features, userLength: atLeast(1, value, features.userLength) }),
  CHATHISTORY: (features, value) => ({ ...features, historyLines: atLeast(0, value, features.historyLines) }),
  HOSTLEN: (features, value) => ({ ...features, hostLength: atLeast(1, value, features.hostLength) }),
};

/** Returns the features with the tokens of one 005 applied; `-NAME` brings the default back. */
export function withTokens(features: Features, tokens: readonly string[]): Features {
  let next = features;
  for (const token of tokens) {
    const [, name = '', value = ''] = /^-?([A-Z]+)(?:=(.*))?$/.exec(token) ?? [];
    const set = SETTERS[name];
    if (set === undefined || token.startsWith('-')) continue;
    next = set(next, unescapeValue(value));
  }
  return next;
}

/** Values escape characters as `\x20` (modern.ircdocs.horse, "RPL_ISUPPORT"). */
function unescapeValue(value: string): string {
  return value.replace(/\\x([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function withRanks(features: Features, value: string): Features {
  const match = /^\((\w*)\)(.*)$/.exec(value);
  if (match === null) return features;
  const [, letters = '', signs = ''] = match;
  const ranks = Array.from(letters, (letter, index) => ({ letter, sign: signs[index] ?? '' }));
  return ranks.every(({ sign }) => sign !== '') ? { ...features, ranks } : features;
}

function atLeast(least: number, value: string, otherwise: number): number {
  const number = Number(value);
  return Number.isInteger(number) && number >= least ? number : otherwise;
}

/** Folds a name to the form in which the server compares names (CASEMAPPING). */
export function foldName({ caseMapping }: Features, name: string): string {
  if (caseMapping === 'rfc7613') return foldPrecis(name);
  const folded = name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  if (caseMapping === 'ascii') return folded;
  return folded.replace(/[[\]\\~]/g, (sign) => ({ '[': '{', ']': '}', '\\': '|', '~': '^' })[sign] ?? sign);
}

/** Whether a name is a room's. */
export function isRoomName({ channelTypes }: Features, name: string): boolean {
  return name !== '' && channelTypes.includes(name.charAt(0));
}

/** Takes the signs off a name, for instance `@+ann`. */
export function splitSigns({ ranks }: Features, name: string): { readonly signs: string; readonly nick: string } {
  let at = 0;
  while (at < name.length && ranks.some(({ sign }) => sign === name.charAt(at))) at += 1;
  return { signs: name.slice(0, at), nick: name.slice(at) };
}
