/** Mode letters and their meaning in a room. */
import type { RoomChange } from '../../chat/event.js';
import { type MaskEntry, type MaskList, type Rank, RANK_BITS, type Room, type RoomFlag } from '../../chat/room.js';
import { accountMask, completeMask, isExtendedBan } from '../../chat/user-mask.js';

/** The letters of the lists of masks: bans, exceptions to them, and who needs no invitation. */
export type ListLetter = 'b' | 'e' | 'I';

/** The meaning of a channel mode's letter, by the four kinds of CHANMODES and the ranks of PREFIX. */
export type ChannelMode =
  | { readonly kind: 'mask'; readonly letter: ListLetter }
  | { readonly kind: 'key' }
  | { readonly kind: 'limit' }
  | { readonly kind: 'flag'; readonly flag: RoomFlag }
  | { readonly kind: 'rank'; readonly rank: Rank };

const CHANNEL_MODES: ReadonlyMap<string, ChannelMode> = new Map<string, ChannelMode>([
  ['b', { kind: 'mask', letter: 'b' }],
  ['e', { kind: 'mask', letter: 'e' }],
  ['I', { kind: 'mask', letter: 'I' }],
  ['k', { kind: 'key' }],
  ['l', { kind: 'limit' }],
  ['C', { kind: 'flag', flag: 'no-queries' }],
  ['H', { kind: 'flag', flag: 'past-hidden' }],
  ['M', { kind: 'flag', flag: 'accounts-speak' }],
  ['R', { kind: 'flag', flag: 'accounts-only' }],
  ['i', { kind: 'flag', flag: 'invite-only' }],
  ['m', { kind: 'flag', flag: 'moderated' }],
  ['n', { kind: 'flag', flag: 'no-outsiders' }],
  ['s', { kind: 'flag', flag: 'secret' }],
  ['t', { kind: 'flag', flag: 'topic-protected' }],
  ['q', { kind: 'rank', rank: 'owner' }],
  ['a', { kind: 'rank', rank: 'admin' }],
  ['o', { kind: 'rank', rank: 'operator' }],
  ['h', { kind: 'rank', rank: 'half-operator' }],
  ['v', { kind: 'rank', rank: 'voice' }],
]);

/** The ranks with their letters and signs, highest first, as PREFIX lists them. */
const RANKS: readonly { readonly rank: Rank; readonly letter: string; readonly sign: string }[] = [
  { rank: 'owner', letter: 'q', sign: '~' },
  { rank: 'admin', letter: 'a', sign: '&' },
  { rank: 'operator', letter: 'o', sign: '@' },
  { rank: 'half-operator', letter: 'h', sign: '%' },
  { rank: 'voice', letter: 'v', sign: '+' },
];

/** Stands before a mask that mutes, in the lists of bans and of their exceptions; its sign may be left out. */
const MUTE_PREFIX = '~m:';
const MUTE_PATTERN = /^~?m:/;

/** How a list is written: the letter of its mode, and what stands before its masks. */
const LISTS: Readonly<Record<MaskList, { readonly letter: ListLetter; readonly prefix: string }>> = {
  ban: { letter: 'b', prefix: '' },
  exception: { letter: 'e', prefix: '' },
  invitation: { letter: 'I', prefix: '' },
  mute: { letter: 'b', prefix: MUTE_PREFIX },
  'mute-exception': { letter: 'e', prefix: MUTE_PREFIX },
};
const LISTS_OF_LETTERS: Readonly<Record<ListLetter, readonly MaskList[]>> = {
  b: ['ban', 'mute'],
  e: ['exception', 'mute-exception'],
  I: ['invitation'],
};
const LETTERS_OF_FLAGS: Readonly<Record<RoomFlag, string>> = {
  'accounts-only': 'R',
  'accounts-speak': 'M',
  'invite-only': 'i',
  moderated: 'm',
  'no-outsiders': 'n',
  'no-queries': 'C',
  'past-hidden': 'H',
  secret: 's',
  'topic-protected': 't',
};

/** Returns the meaning of a letter; undefined for a letter that is not a channel mode. */
export function channelMode(letter: string): ChannelMode | undefined {
  return CHANNEL_MODES.get(letter);
}

/** The channel modes as ISUPPORT and RPL_MYINFO list them. */
export const CHANMODES_TOKEN = 'Ibe,k,l,CHMRimnst';
export const PREFIX_TOKEN = `(${RANKS.map(({ letter }) => letter).join('')})${RANKS.map(({ sign }) => sign).join('')}`;
export const STATUSMSG_SIGNS = RANKS.map(({ sign }) => sign).join('');
export const CHANNEL_MODE_LETTERS = 'CHIMRabehiklmnoqstv';
export const CHANNEL_MODE_LETTERS_WITH_PARAMETER = 'Iabehkloqv';
export const USER_MODE_LETTERS = 'BRiow';
/** The sign and the letters of EXTBAN: masks of accounts, and masks that mute. */
export const EXTBAN_TOKEN = '~,am';
/** The letter for accounts among them (IRCv3 account-extban). */
export const ACCOUNT_EXTBAN_TOKEN = 'a';

/**
 * Returns the list that a mask belongs to by what stands before it, and the mask without that, completed. Null for a
 * kind of mask that the list of this letter does not have.
 *
 * @param cut - shortens a mask that is too long
 */
export function listOfMask(
  letter: ListLetter,
  text: string,
  cut: (mask: string) => string,
): { readonly list: MaskList; readonly mask: string } | null {
  const bare = text.replace(MUTE_PATTERN, '');
  const prefix = bare === text ? '' : MUTE_PREFIX;
  const list = LISTS_OF_LETTERS[letter].find((each) => LISTS[each].prefix === prefix);
  const mask = cut(bare);
  const ofAccount = accountMask(mask);
  if (list === undefined || mask === '' || (ofAccount === null && isExtendedBan(mask))) return null;
  return { list, mask: ofAccount ?? completeMask(mask) };
}

/** Returns the masks that the list of one letter shows, with what stands before them, the oldest first. */
export function masksOfLetter(letter: ListLetter, room: Room): MaskEntry[] {
  const entries: MaskEntry[] = [];
  for (const list of LISTS_OF_LETTERS[letter]) {
    const { prefix } = LISTS[list];
    for (const entry of room.masks[list]) entries.push({ ...entry, mask: prefix + entry.mask });
  }
  return entries.sort((one, other) => one.atMs - other.atMs);
}

/** Returns the signs of a set of ranks: all of them, highest first, or only the highest. */
export function rankSigns(ranks: number, all: boolean): string {
  // Most members of a large room have none.
  if (ranks === 0) return '';
  let signs = '';
  for (const { rank, sign } of RANKS) {
    if ((ranks & RANK_BITS[rank]) === 0) continue;
    signs += sign;
    if (!all) break;
  }
  return signs;
}

/** Returns the set of ranks that signs stand for. */
export function ranksOfSigns(signs: string): number {
  let ranks = 0;
  for (const { rank, sign } of RANKS) if (signs.includes(sign)) ranks |= RANK_BITS[rank];
  return ranks;
}

/** A change of settings, as far as it is written down: of a member only the nick. */
export type WrittenChange =
  | Exclude<RoomChange, { readonly kind: 'rank' }>
  | { readonly kind: 'rank'; readonly on: boolean; readonly rank: Rank; readonly member: { readonly nick: string } };

/** Returns the letter and the parameter of a change (null without one). */
function spell(change: WrittenChange): { letter: string; parameter: string | null } {
  switch (change.kind) {
    case 'flag':
      return { letter: LETTERS_OF_FLAGS[change.flag], parameter: null };
    case 'key':
      return { letter: 'k', parameter: change.on ? change.key : '*' };
    case 'limit':
      return { letter: 'l', parameter: change.on ? String(change.limit) : null };
    case 'mask':
      return { letter: LISTS[change.list].letter, parameter: LISTS[change.list].prefix + change.mask };
    case 'rank': {
      const letter = RANKS.find(({ rank }) => rank === change.rank)?.letter ?? '';
      return { letter, parameter: change.member.nick };
    }
  }
}

/**
 * Formats changes as mode strings such as `+ov-l ann bob`.
 *
 * @param maxBytes - the longest string; further changes go into the next one
 */
export function formatChanges(changes: readonly WrittenChange[], maxBytes: number): string[] {
  const strings: string[] = [];
  let letters = '';
  let parameters = '';
  let sign = '';
  const finish = (): void => {
    if (letters !== '') strings.push(letters + parameters);
    letters = '';
    parameters = '';
    sign = '';
  };
  for (const change of changes) {
    const { letter, parameter } = spell(change);
    const more = parameter === null ? 2 : Buffer.byteLength(parameter, 'utf8') + 3;
    if (letters.length + Buffer.byteLength(parameters, 'utf8') + more > maxBytes) finish();
    const wanted = change.on ? '+' : '-';
    letters += sign === wanted ? letter : wanted + letter;
    sign = wanted;
    if (parameter !== null) parameters += ` ${parameter}`;
  }
  finish();
  return strings;
}

/** Returns a room's flags, limit and key as RPL_CHANNELMODEIS shows them. */
export function formatRoomModes(room: Room, showKey: boolean): string {
  let letters = [...room.flags]
    .map((flag) => LETTERS_OF_FLAGS[flag])
    .sort()
    .join('');
  let parameters = '';
  if (room.key !== null) {
    letters += 'k';
    parameters += ` ${showKey ? room.key : '*'}`;
  }
  if (room.limit !== null) {
    letters += 'l';
    parameters += ` ${room.limit}`;
  }
  return `+${letters}${parameters}`;
}
