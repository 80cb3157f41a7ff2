/** JOIN, PART, TOPIC, NAMES, INVITE, KICK (modern, "Channel Operations"). */
import type { EntryRefusal, Room } from '../../../chat/room.js';
import { RANK_BITS } from '../../../chat/room.js';
import type { Member } from '../../../chat/member.js';
import { KICK_BYTES } from '../isupport.js';
import type { LongAnswer, Outcome } from '../commands.js';
import { distinct } from '../distinct.js';
import type { Message } from '../message.js';
import { channelMode, rankSigns } from '../modes.js';
import { isChannelLike, isChannelName } from '../names.js';
import type { Numeric } from '../numerics.js';
import { authority, speechRefusal } from '../permissions.js';
import type { IrcSession } from '../session.js';
import { cutToBytes } from '../text-length.js';
import { refuseSpeech } from './messages.js';

const ENTRY_REFUSALS: Readonly<Record<EntryRefusal, Numeric>> = {
  banned: 'ERR_BANNEDFROMCHAN',
  'invite-only': 'ERR_INVITEONLYCHAN',
  'bad-key': 'ERR_BADCHANNELKEY',
  full: 'ERR_CHANNELISFULL',
};

/** JOIN: channels and keys, or `0` to leave all. */
export function* join(session: IrcSession, message: Message): LongAnswer {
  const [names = '', keys = ''] = message.params;
  if (names === '0') {
    for (const { room } of [...session.member.seats]) {
      leave(session, room, '');
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
  const { directory, settings } = server;
  // A name that is too long here may be a good one elsewhere, so it is merely not found (modern, "ERR_BADCHANMASK").
  if (!isChannelLike(name) || Buffer.byteLength(name, 'utf8') > settings.channelLength) {
    session.reply('ERR_NOSUCHCHANNEL', name);
    return;
  }
  if (!isChannelName(name)) {
    session.reply('ERR_BADCHANMASK', name);
    return;
  }
  const known = directory.room(name);
  if (known?.seatOf(member) !== undefined) return;
  if (member.seats.length >= limits.maxRooms) {
    session.reply('ERR_TOOMANYCHANNELS', name);
    return;
  }
  const refusal = known?.refusesEntry(member, key) ?? null;
  if (refusal !== null) {
    session.reply(ENTRY_REFUSALS[refusal], known?.name ?? name);
    return;
  }
  const room = directory.join(member, name);
  if (room === null) return;
  if (known === undefined) setDefaultModes(room, settings.defaultChannelModes);
  session.tell({ kind: 'joined', atMs: directory.now(), member, room });
  if (room.topic !== null) sendTopic(session, room);
  yield* sendNames(session, room);
}

function setDefaultModes(room: Room, letters: string): void {
  for (const letter of letters) {
    const mode = channelMode(letter);
    if (mode?.kind === 'flag') room.flags.add(mode.flag);
  }
}

/** PART. */
export function part(session: IrcSession, message: Message): void {
  const [names = '', reason = ''] = message.params;
  for (const name of distinct(names.split(','), session.server.directory.fold)) {
    const room = session.server.visibleRoom(session.member, name);
    if (room === undefined) session.reply('ERR_NOSUCHCHANNEL', name);
    else if (room.seatOf(session.member) === undefined) session.reply('ERR_NOTONCHANNEL', room.name);
    else leave(session, room, speechRefusal(session.member, room) === null ? cutToBytes(reason, KICK_BYTES) : '');
  }
}

function leave(session: IrcSession, room: Room, reason: string): void {
  const { member, server } = session;
  session.tell({ kind: 'left', atMs: server.directory.now(), member, room, reason });
  server.directory.leave(member, room, reason);
}

/** TOPIC: asked for, or set. */
export function topic(session: IrcSession, message: Message): void {
  const [name = '', text] = message.params;
  const { member, server } = session;
  const room = server.visibleRoom(member, name);
  if (room === undefined) {
    session.reply('ERR_NOSUCHCHANNEL', name);
  } else if (text === undefined) {
    if (room.topic === null) session.reply('RPL_NOTOPIC', room.name);
    else sendTopic(session, room);
  } else if (room.seatOf(member) === undefined) {
    session.reply('ERR_NOTONCHANNEL', room.name);
  } else if (room.flags.has('topic-protected') && authority(member, room) < RANK_BITS['half-operator']) {
    session.reply('ERR_CHANOPRIVSNEEDED', room.name);
  } else if (!refuseSpeech(session, room)) {
    // A topic is told to all like a message.
    setTopic(session, room, text);
  }
}

function setTopic(session: IrcSession, room: Room, text: string): void {
  const { member, server } = session;
  const atMs = server.directory.now();
  const fit = cutToBytes(text, server.settings.topicLength);
  // Nobody needs to hear of a topic that stays as it is (modern, "TOPIC message").
  if (fit === (room.topic?.text ?? '')) return;
  room.topic = fit === '' ? null : { text: fit, by: member.mask, atMs };
  const event = { kind: 'topic', atMs, by: member, room, text: fit } as const;
  session.tell(event);
  room.tell(event, member);
}

function sendTopic(session: IrcSession, room: Room): void {
  if (room.topic === null) return;
  session.reply('RPL_TOPIC', room.name, room.topic.text);
  session.reply('RPL_TOPICWHOTIME', room.name, room.topic.by, seconds(room.topic.atMs));
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
    const room = session.server.visibleRoom(session.member, name);
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
    const isTold = seat !== undefined && (isInside || session.server.mayList(session.member, member));
    yield isTold ? rankSigns(seat.ranks, all) + (isLong ? member.mask : member.nick) : null;
  }
}

/** INVITE: somebody into a channel, or a list of one's own invitations. */
export function invite(session: IrcSession, message: Message): Outcome {
  const [nick, name] = message.params;
  const { member, server } = session;
  const { directory } = server;
  if (nick === undefined) {
    return listInvitations(session);
  }
  if (name === undefined) {
    session.reply('ERR_NEEDMOREPARAMS', 'INVITE');
    return undefined;
  }
  const guest = directory.member(nick);
  const room = server.visibleRoom(member, name);
  if (guest === undefined) session.reply('ERR_NOSUCHNICK', nick);
  else if (room === undefined) session.reply('ERR_NOSUCHCHANNEL', name);
  else if (room.seatOf(member) === undefined) session.reply('ERR_NOTONCHANNEL', room.name);
  else if (room.seatOf(guest) !== undefined) session.reply('ERR_USERONCHANNEL', guest.nick, room.name);
  else if (room.flags.has('invite-only') && authority(member, room) < RANK_BITS['half-operator']) {
    session.reply('ERR_CHANOPRIVSNEEDED', room.name);
  } else {
    welcomeGuest(session, room, guest);
  }
  return undefined;
}

function* listInvitations(session: IrcSession): LongAnswer {
  for (const invited of session.member.invitations ?? []) {
    session.reply('RPL_INVITELIST', invited.name);
    yield;
  }
  session.reply('RPL_ENDOFINVITELIST');
}

function welcomeGuest(session: IrcSession, room: Room, guest: Member): void {
  const { member, server } = session;
  room.invite(guest, member);
  session.reply('RPL_INVITING', guest.nick, room.name);
  if (guest.away !== null) session.reply('RPL_AWAY', guest.nick, guest.away);
  const event = { kind: 'invited', atMs: server.directory.now(), by: member, member: guest, room } as const;
  server.directory.tellOne(guest, { ...event, audience: 'guest' });
  room.tell({ ...event, audience: 'witnesses' }, member, RANK_BITS['half-operator']);
}

/** KICK: one channel and many nicks, or as many channels as nicks. */
export function kick(session: IrcSession, message: Message): void {
  const [channels = '', nicks = '', comment] = message.params;
  const names = channels.split(',');
  const { fold } = session.server.directory;
  const done = new Set<string>();
  const reason = cutToBytes(comment ?? session.member.nick, KICK_BYTES);
  nicks.split(',').forEach((nick, index) => {
    const name = names.length === 1 ? names[0] : names[index];
    const pair = fold(`${name} ${nick}`);
    if (name === undefined || nick === '' || done.has(pair)) return;
    done.add(pair);
    kickOne(session, name, nick, reason);
  });
}

function kickOne(session: IrcSession, name: string, nick: string, reason: string): void {
  const { member, server } = session;
  const { directory } = server;
  const room = server.visibleRoom(member, name);
  const target = directory.member(nick);
  if (room === undefined) session.reply('ERR_NOSUCHCHANNEL', name);
  else if (room.seatOf(member) === undefined && !member.isOperator) session.reply('ERR_NOTONCHANNEL', room.name);
  else if (authority(member, room) < RANK_BITS['half-operator']) session.reply('ERR_CHANOPRIVSNEEDED', room.name);
  else if (target === undefined || room.seatOf(target) === undefined)
    session.reply('ERR_USERNOTINCHANNEL', nick, room.name);
  else if (isAbove(room.ranksOf(target), authority(member, room))) session.reply('ERR_CHANOPRIVSNEEDED', room.name);
  else {
    session.tell({ kind: 'kicked', atMs: directory.now(), by: member, member: target, room, reason });
    directory.kick(target, room, member, reason);
  }
}

/** Whether one set of ranks holds a rank that is higher than all of the other's; a half-operator is below its equals. */
function isAbove(target: number, own: number): boolean {
  const highest = (ranks: number): number => 31 - Math.clz32(ranks);
  const isHalf = highest(own) === highest(RANK_BITS['half-operator']);
  return isHalf ? highest(target) >= highest(own) : highest(target) > highest(own);
}
