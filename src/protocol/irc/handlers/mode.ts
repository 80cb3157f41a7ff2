/** MODE, for channels and for the client itself (modern, "MODE message"). */
import type { Trait } from '../../../chat/member.js';
import type { Amended } from '../../../chat/outcome.js';
import { type ChangeRefusal, mayChange } from '../../../chat/permissions.js';
import type { Room } from '../../../chat/room.js';
import type { WantedChange } from '../../../chat/verbs/settings.js';
import type { Client } from '../client.js';
import { KEY_LENGTH, MAX_MODES } from '../isupport.js';
import type { Message } from '../message.js';
import {
  type ChannelMode,
  channelMode,
  formatRoomModes,
  type ListLetter,
  listOfMask,
  masksOfLetter,
} from '../modes.js';
import { isChannelLike } from '../names.js';
import type { Numeric } from '../numerics.js';
import { outcomeOf, type Paged, type Wait } from '../outcome.js';
import { replyNotTaken } from '../refusals.js';
import { echoToOutsider } from '../room-replies.js';
import { sourceOf } from '../source.js';
import { cutToBytes } from '../text-length.js';
import { seconds } from '../times.js';

const LIST_REPLIES: Readonly<Record<ListLetter, { readonly entry: Numeric; readonly end: Numeric }>> = {
  b: { entry: 'RPL_BANLIST', end: 'RPL_ENDOFBANLIST' },
  e: { entry: 'RPL_EXCEPTLIST', end: 'RPL_ENDOFEXCEPTLIST' },
  I: { entry: 'RPL_INVEXLIST', end: 'RPL_ENDOFINVEXLIST' },
};

const MASK_BYTES = 200;
/** The most different errors in the answer to one MODE: one per parameter that a line may have, and one for letters. */
const MAX_ERRORS = 16;

/** MODE. */
export function* mode(client: Client, message: Message): Paged {
  const [target = ''] = message.params;
  if (isChannelLike(target)) yield* channelModes(client, target, message.params.slice(1));
  else yield* userModes(client, target, message.params.slice(1));
}

/** One letter of a mode string with its sign. */
interface Letter {
  readonly letter: string;
  readonly on: boolean;
}

function* lettersOf(text: string): Generator<Letter> {
  let on = true;
  for (const letter of text) {
    if (letter === '+' || letter === '-') on = letter === '+';
    else yield { letter, on };
  }
}

function* channelModes(client: Client, name: string, params: readonly string[]): Paged {
  const { member, server } = client;
  const room = server.directory.visibleRoom(member, name);
  if (room === undefined) {
    client.reply('ERR_NOSUCHCHANNEL', name);
    return;
  }
  const [letters, ...values] = params;
  if (letters === undefined) {
    const isInside = room.seatOf(member) !== undefined;
    client.reply('RPL_CHANNELMODEIS', room.name, ...formatRoomModes(room, isInside).split(' '));
    client.reply('RPL_CREATIONTIME', room.name, seconds(room.createdAtMs));
    return;
  }
  const change = new ChannelModeChange(client, room, values);
  change.read(letters);
  yield* change.make();
  for (const list of change.lists) yield* sendMasks(client, room, list);
}

function* sendMasks(client: Client, room: Room, letter: ListLetter): Paged {
  const { entry, end } = LIST_REPLIES[letter];
  // A copy, since the list may change while the answer waits for its reader.
  for (const { mask, by, atMs } of masksOfLetter(letter, room)) {
    client.reply(entry, room.name, mask, sourceOf(by), seconds(atMs));
    yield;
  }
  client.reply(end, room.name);
}

/** The result of a letter before the room is asked: an error, or a change that the room judges. */
type Finding =
  | { readonly kind: 'error'; readonly name: Numeric; readonly params: readonly string[] }
  | { readonly kind: 'change'; readonly change: WantedChange; readonly value: string };

/** One MODE command for a channel: each letter is judged by itself, and all changes are announced together. */
class ChannelModeChange {
  /** The lists that were asked for, each once: they follow the changes. */
  readonly lists = new Set<ListLetter>();
  readonly #client: Client;
  readonly #room: Room;
  readonly #values: string[];
  readonly #findings: Finding[] = [];
  readonly #errors = new Set<string>();

  constructor(client: Client, room: Room, values: readonly string[]) {
    this.#client = client;
    this.#room = room;
    this.#values = [...values];
  }

  /** Reads the letters. */
  read(letters: string): void {
    for (const { letter, on } of lettersOf(letters)) {
      const what = channelMode(letter);
      if (what === undefined) this.#fail('ERR_UNKNOWNMODE', letter);
      else this.#readOne(what, letter, on);
    }
  }

  #readOne(what: ChannelMode, letter: string, on: boolean): void {
    const value = this.#takesValue(what, on) ? this.#values.shift() : undefined;
    if (what.kind === 'mask' && value === undefined) {
      this.lists.add(what.letter);
      return;
    }
    // The right to change a mode is checked before its new value.
    const rank = what.kind === 'rank' ? what.rank : null;
    if (!mayChange(this.#client.member, this.#room, rank)) {
      this.#fail('ERR_CHANOPRIVSNEEDED', this.#room.name);
      return;
    }
    const change = this.#change(what, letter, on, value);
    if (change !== null) this.#findings.push({ kind: 'change', change, value: value ?? '*' });
  }

  /** Has the room make the changes, and reports the errors in the order of the letters. */
  *make(): Paged {
    const { member, server } = this.#client;
    const wanted = this.#findings.flatMap((finding) => (finding.kind === 'change' ? [finding.change] : []));
    if (wanted.length === 0) {
      for (const finding of this.#findings) if (finding.kind === 'error') this.#report(finding.name, finding.params);
      return;
    }
    const limits = { maxMasks: server.settings.maxMasks, maxValues: MAX_MODES };
    const made = yield* outcomeOf(
      server.chat.amend(member, this.#room.name, wanted, limits),
      this.#client.afterAll((late) => {
        if (late.kind === 'refused') return;
        this.#reportAll(late.refusals);
        if (late.event !== null) echoToOutsider(this.#client, late.event, late.event.room);
      }),
    );
    if (made.kind === 'refused') {
      if (made.why === 'not-taken') replyNotTaken(this.#client, 'MODE', this.#room.name);
      else this.#client.reply('ERR_NOSUCHCHANNEL', this.#room.name);
      return;
    }
    this.#reportAll(made.refusals);
    if (made.event !== null) this.#client.echo(made.event);
  }

  #reportAll(refusals: Amended['refusals']): void {
    const reasons = refusals.values();
    for (const finding of this.#findings) {
      if (finding.kind === 'error') this.#report(finding.name, finding.params);
      else this.#reportRefusal(reasons.next().value?.why, finding.value);
    }
  }

  #reportRefusal(why: ChangeRefusal | undefined, value: string): void {
    const { name } = this.#room;
    switch (why) {
      case undefined:
        return;
      case 'not-allowed':
        this.#report('ERR_CHANOPRIVSNEEDED', [name]);
        return;
      case 'no-such-member':
        this.#report('ERR_NOSUCHNICK', [value]);
        return;
      case 'target-not-inside':
        this.#report('ERR_USERNOTINCHANNEL', [value, name]);
        return;
      case 'list-full':
        this.#report('ERR_BANLISTFULL', [name, value]);
    }
  }

  #fail(name: Numeric, ...params: readonly string[]): void {
    this.#findings.push({ kind: 'error', name, params });
  }

  /** Replies at most once for each error: a line may have hundreds of invalid letters. */
  #report(name: Numeric, params: readonly string[]): void {
    const error = [name, ...params].join(' ');
    if (this.#errors.size >= MAX_ERRORS || this.#errors.has(error)) return;
    this.#errors.add(error);
    this.#client.reply(name, ...params);
  }

  #takesValue(what: ChannelMode, on: boolean): boolean {
    return what.kind === 'mask' || what.kind === 'rank' || what.kind === 'key' || (what.kind === 'limit' && on);
  }

  #change(what: ChannelMode, letter: string, on: boolean, value: string | undefined): WantedChange | null {
    switch (what.kind) {
      case 'flag':
        return { kind: 'flag', on, flag: what.flag };
      case 'key':
        return this.#keyChange(letter, on, value);
      case 'limit':
        return this.#limitChange(letter, on, value);
      case 'mask':
        return this.#maskChange(what.letter, on, value ?? '');
      case 'rank':
        if (value === undefined) return this.#invalid(letter, '*', 'You must specify a nick');
        return { kind: 'rank', on, rank: what.rank, nick: value };
    }
  }

  #keyChange(letter: string, on: boolean, value: string | undefined): WantedChange | null {
    // Removing the key needs no key; one that is given may be wrong (modern, "Key Channel Mode").
    if (!on) return { kind: 'key', on, key: '' };
    if (value === undefined || value === '') return this.#invalid(letter, '*', 'You must specify a key');
    // A comma would split it in JOIN. A key that cannot be a parameter could not be sent to anybody.
    // The reply does not repeat a refused key: it may be a password, typed in the wrong place.
    if (value.length > KEY_LENGTH || /[\u0000-\u0020,\u007f]|^:/.test(value))
      return this.#invalid(letter, '*', 'Invalid key');
    return { kind: 'key', on, key: value };
  }

  #limitChange(letter: string, on: boolean, value: string | undefined): WantedChange | null {
    if (!on) return { kind: 'limit', on, limit: 0 };
    if (value === undefined) return this.#invalid(letter, '*', 'You must specify a limit');
    const limit = /^\d{1,9}$/.test(value) ? Number(value) : 0;
    return limit > 0 ? { kind: 'limit', on, limit } : this.#invalid(letter, value, 'Invalid limit');
  }

  #maskChange(letter: ListLetter, on: boolean, value: string): WantedChange | null {
    const cut = (mask: string): string => cutToBytes(mask, MASK_BYTES);
    const listed = value.includes(' ') || value.startsWith(':') ? null : listOfMask(letter, value, cut);
    if (listed === null) return this.#invalid(letter, value, 'Invalid mask');
    return { kind: 'mask', on, ...listed };
  }

  #invalid(letter: string, value: string, why: string): null {
    this.#fail('ERR_INVALIDMODEPARAM', this.#room.name, letter, value, why);
    return null;
  }
}

function* userModes(client: Client, nick: string, params: readonly string[]): Paged {
  const { member, server } = client;
  const target = server.directory.member(nick);
  if (target === undefined) {
    client.reply('ERR_NOSUCHNICK', nick);
    return;
  }
  if (target !== member) {
    client.reply('ERR_USERSDONTMATCH');
    return;
  }
  const [letters] = params;
  if (letters === undefined) {
    client.reply('RPL_UMODEIS', userModeString(client));
    return;
  }
  let added = '';
  let removed = '';
  let isUnknown = false;
  for (const { letter, on } of lettersOf(letters)) {
    const change = yield* changeUserMode(client, letter, on);
    if (change === 'unknown') isUnknown = true;
    else if (change === 'made' && on) added += letter;
    else if (change === 'made') removed += letter;
  }
  if (isUnknown) client.reply('ERR_UMODEUNKNOWNFLAG');
  const text = (added === '' ? '' : `+${added}`) + (removed === '' ? '' : `-${removed}`);
  if (text !== '') client.answer(`:${sourceOf(member)} MODE ${member.nick} ${text}`);
}

/** The letters of the traits that members choose for themselves. */
const TRAITS: ReadonlyMap<string, Trait> = new Map<string, Trait>([
  ['B', 'bot'],
  ['R', 'hears-accounts-only'],
  ['i', 'invisible'],
  ['w', 'hears-announcements'],
]);

function* changeUserMode(client: Client, letter: string, on: boolean): Generator<Wait, 'made' | 'nothing' | 'unknown'> {
  const { member, server } = client;
  const trait = TRAITS.get(letter);
  if (trait === undefined && letter !== 'o') return 'unknown';
  // OPER grants an operator's rights; MODE can only give them up (RFC 2812 section 3.1.5).
  if (trait === undefined && on) return 'nothing';
  const { chat } = server;
  const set = trait === undefined ? chat.setOperator(member, null) : chat.setTrait(member, trait, on);
  const changed = yield* outcomeOf(
    set,
    client.afterAll((late) => {
      if (late?.kind === 'changed')
        client.answer(`:${sourceOf(member)} MODE ${member.nick} ${on ? '+' : '-'}${letter}`);
    }),
  );
  if (changed?.kind === 'refused') replyNotTaken(client, 'MODE', member.nick);
  return changed?.kind === 'changed' ? 'made' : 'nothing';
}

/** Returns the modes that a member has. */
function userModeString(client: Client): string {
  const { traits, isOperator } = client.member;
  const letters = [...TRAITS].filter(([, trait]) => traits.has(trait)).map(([letter]) => letter);
  if (isOperator) letters.push('o');
  return `+${letters.sort().join('')}`;
}
