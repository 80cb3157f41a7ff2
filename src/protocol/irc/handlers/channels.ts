/** JOIN, PART, TOPIC, NAMES, INVITE, KICK (modern, "Channel Operations"). */
import { type EntryRefusal, mayList } from '../../../chat/permissions.js';
import type { Room, RoomFlag } from '../../../chat/room.js';
import type { LongAnswer, Outcome } from '../commands.js';
import { distinct } from '../distinct.js';
import { kickBytes, REASON_BYTES, topicBytes } from '../isupport.js';
import type { Message } from '../message.js';
import { channelMode, rankSigns } from '../modes.js';
import { isChannelLike, isChannelName } from '../names.js';
import type { Numeric } from '../numerics.js';
import type { IrcSession } from '../session.js';
import { sourceOf } from '../source.js';
import { cutToBytes } from '../text-length.js';
import { replySilenced } from './messages.js';

const ENTRY_REFUSALS: Readonly<Record<EntryRefusal | 'too-many-rooms', Numeric>> = {
  banned: 'ERR_BANNEDFROMCHAN',
  'invite-only': 'ERR_INVITEONLYCHAN',
  'bad-key': 'ERR_BADCHANNELKEY',
  full: 'ERR_CHANNELISFULL',
  'too-many-rooms': 'ERR_TOOMANYCHANNELS',
};

/** JOIN: channels and keys, or `0` to leave all. */
export function* join(session: IrcSession, message: Message): LongAnswer {
  const [names = '', keys = ''] = message.params;
  if (names === '0') {
    for (const { room } of [...session.member.seats]) {
      partOne(session, room.name, '');
      yield;
    }
    return;
  }
  const keyList = keys.split(',');
  const all = names.split(',');
  const keyOf = new Map(all.map((name, index) => [name, keyList[index]]));
  for (const name of distinct(all, session.server.directory.fold)) {
    yield* joinOne(session, name, keyOf.get(name) ?? null);
    yield;
  }
}

function* joinOne(session: IrcSession, name: string, key: string | null): LongAnswer {
  const { member, server, limits } = session;
  const { settings } = server;
  // A name that is too long here may be a good one elsewhere, so it is merely not found (modern, "ERR_BADCHANMASK").
  if (!isChannelLike(name) || Buffer.byteLength(name, 'utf8') > settings.channelLength) {
    session.reply('ERR_NOSUCHCHANNEL', name);
    return;
  }
  if (!isChannelName(name)) {
    session.reply('ERR_BADCHANMASK', name);
    return;
  }
  const flags = flagsOf(settings.defaultChannelModes);
  const joined = server.chat.join(member, name, { key, maxRooms: limits.maxRooms, flags });
  if (joined.kind === 'refused') {
    if (joined.why !== 'already-inside') session.reply(ENTRY_REFUSALS[joined.why], joined.room?.name ?? name);
    return;
  }
  const { room } = joined;
  session.tell(joined);
  if (room.topic !== null) sendTopic(session, room);
  yield* sendNames(session, room);
}

function flagsOf(letters: string): RoomFlag[] {
  const flags: RoomFlag[] = [];
  for (const letter of letters) {
    const mode = channelMode(letter);
    if (mode?.kind === 'flag') flags.push(mode.flag);
  }
  return flags;
}

/** PART. */
export function part(session: IrcSession, message: Message): void {
  const [names = '', reason = ''] = message.params;
  for (const name of distinct(names.split(','), session.server.directory.fold)) {
    partOne(session, name, cutToBytes(reason, REASON_BYTES));
  }
}

function partOne(session: IrcSession, name: string, reason: string): void {
  const left = session.server.chat.part(session.member, name, reason);
  if (left.kind === 'left') session.tell(left);
  else if (left.why === 'no-such-room') session.reply('ERR_NOSUCHCHANNEL', name);
  else session.reply('ERR_NOTONCHANNEL', left.room?.name ?? name);
}

/** TOPIC: asked for, or set. */
export function topic(session: IrcSession, message: Message): void {
  const [name = '', text] = message.params;
  if (text !== undefined) {
    setTopic(session, name, cutToBytes(text, topicBytes(session.server.settings)));
    return;
  }
  const room = session.server.directory.visibleRoom(session.member, name);
  if (room === undefined) session.reply('ERR_NOSUCHCHANNEL', name);
  else if (room.topic === null) session.reply('RPL_NOTOPIC', room.name);
  else sendTopic(session, room);
}

/** The numerics of the refusals that any change of a channel can meet. */
const ROOM_REFUSALS = {
  'no-such-room': 'ERR_NOSUCHCHANNEL',
  'not-inside': 'ERR_NOTONCHANNEL',
  'not-allowed': 'ERR_CHANOPRIVSNEEDED',
} as const;

function setTopic(session: IrcSession, name: string, text: string): void {
  const set = session.server.chat.setTopic(session.member, name, text);
  // Nobody needs to hear of a topic that stays as it is (modern, "TOPIC message").
  if (set === null) return;
  if (set.kind === 'topic') {
    session.tell(set);
    return;
  }
  const channel = set.room?.name ?? name;
  switch (set.why) {
    case 'no-such-room':
    case 'not-inside':
    case 'not-allowed':
      session.reply(ROOM_REFUSALS[set.why], channel);
      return;
    case 'outside':
    case 'moderated':
    case 'banned':
      replySilenced(session, channel, set.why);
  }
}

function sendTopic(session: IrcSession, room: Room): void {
  if (room.topic === null) return;
  session.reply('RPL_TOPIC', room.name, room.topic.text);
  session.reply('RPL_TOPICWHOTIME', room.name, sourceOf(room.topic.by), seconds(room.topic.atMs));
}

/** Whole seconds, as IRC tells times. */
export function seconds(atMs: number): string {
  return String(Math.floor(atMs / 1000));
}

/**
 * NAMES. TARGMAX asks for one channel at a time, since clients do not agree on what ends an answer for several; whoever
 * sends more is answered for each.
 */
export function* names(session: IrcSession, message: Message): LongAnswer {
  const [channels] = message.params;
  // Without a channel everybody would be listed; the answer that modern recommends is an empty list.
  const asked = distinct((channels ?? '').split(','), session.server.directory.fold);
  for (const name of asked.length === 0 ? ['*'] : asked) {
    const room = session.server.directory.visibleRoom(session.member, name);
    if (room === undefined) session.reply('RPL_ENDOFNAMES', name);
    else yield* sendNames(session, room);
  }
}

function* sendNames(session: IrcSession, room: Room): LongAnswer {
  const symbol = room.flags.has('secret') ? '@' : '=';
  yield* session.replyWordsAtLength('RPL_NAMREPLY', [symbol, room.name], nameWords(session, room));
  session.reply('RPL_ENDOFNAMES', room.name);
}

/** A word for each member that may be told, null for each that may not. */
function* nameWords(session: IrcSession, room: Room): Generator<string | null> {
  const isInside = room.seatOf(session.member) !== undefined;
  const all = session.has('multi-prefix');
  const isLong = session.has('userhost-in-names');
  // A copy, since people come and go while the answer waits for its reader.
  for (const { member } of [...room.seats]) {
    const seat = room.seatOf(member);
    const isTold = seat !== undefined && (isInside || mayList(session.member, member));
    yield isTold ? rankSigns(seat.ranks, all) + (isLong ? sourceOf(member) : member.nick) : null;
  }
}

/** INVITE: somebody into a channel, or a list of one's own invitations. */
export function invite(session: IrcSession, message: Message): Outcome {
  const [nick, name] = message.params;
  if (nick === undefined) return listInvitations(session);
  if (name === undefined) session.reply('ERR_NEEDMOREPARAMS', 'INVITE');
  else inviteOne(session, nick, name);
  return undefined;
}

function* listInvitations(session: IrcSession): LongAnswer {
  for (const invited of session.member.invitations ?? []) {
    session.reply('RPL_INVITELIST', invited.name);
    yield;
  }
  session.reply('RPL_ENDOFINVITELIST');
}

function inviteOne(session: IrcSession, nick: string, name: string): void {
  const invited = session.server.chat.invite(session.member, nick, name);
  if (invited.kind === 'invited') {
    const { member: guest, room } = invited;
    session.reply('RPL_INVITING', guest.nick, room.name);
    if (guest.away !== null) session.reply('RPL_AWAY', guest.nick, guest.away);
    return;
  }
  const channel = invited.room?.name ?? name;
  switch (invited.why) {
    case 'no-such-member':
      session.reply('ERR_NOSUCHNICK', nick);
      return;
    case 'guest-inside':
      session.reply('ERR_USERONCHANNEL', invited.guest.nick, channel);
      return;
    case 'no-such-room':
    case 'not-inside':
    case 'not-allowed':
      session.reply(ROOM_REFUSALS[invited.why], channel);
  }
}

/** KICK: one channel and many nicks, or as many channels as nicks. */
export function kick(session: IrcSession, message: Message): void {
  const [channels = '', nicks = '', comment] = message.params;
  const names = channels.split(',');
  const { fold } = session.server.directory;
  const done = new Set<string>();
  const reason = cutToBytes(comment ?? session.member.nick, kickBytes(session.server.settings));
  nicks.split(',').forEach((nick, index) => {
    const name = names.length === 1 ? names[0] : names[index];
    const pair = fold(`${name} ${nick}`);
    if (name === undefined || nick === '' || done.has(pair)) return;
    done.add(pair);
    kickOne(session, name, nick, reason);
  });
}

function kickOne(session: IrcSession, name: string, nick: string, reason: string): void {
  const kicked = session.server.chat.kick(session.member, name, { nick, reason });
  if (kicked.kind === 'kicked') {
    session.tell(kicked);
    return;
  }
  const channel = kicked.room?.name ?? name;
  switch (kicked.why) {
    case 'no-such-room':
    case 'not-inside':
    case 'not-allowed':
      session.reply(ROOM_REFUSALS[kicked.why], channel);
      return;
    case 'target-not-inside':
      session.reply('ERR_USERNOTINCHANNEL', nick, channel);
  }
}
