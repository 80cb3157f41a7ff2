/** JOIN, PART, TOPIC, NAMES, INVITE, KICK (modern, "Channel Operations"). */
import { namesDomain, wayToRoom } from '../../../chat/abroad.js';
import type { EventOf } from '../../../chat/event.js';
import type { RoomFlag } from '../../../chat/room.js';
import type { Client } from '../client.js';
import { distinct } from '../distinct.js';
import { kickBytes, REASON_BYTES, topicBytes } from '../isupport.js';
import type { Message } from '../message.js';
import { channelMode } from '../modes.js';
import { isChannelLike, isPlacedChannelName } from '../names.js';
import { outcomeOf, type Paged, sendAll, type Wait } from '../outcome.js';
import { sendRecent } from '../past-pages.js';
import { sendMark, sendMarkLater } from '../read-marks.js';
import { ENTRY_REFUSALS, replyAbroad, replyNotTaken, replySilenced, ROOM_REFUSALS } from '../refusals.js';
import { echoToOutsider, sendNames, sendRoom, sendTopic } from '../room-replies.js';
import { cutToBytes } from '../text-length.js';

/** JOIN: enters channels, some with keys; `0` leaves all. */
export function* join(client: Client, message: Message): Paged {
  const [names = '', keys = ''] = message.params;
  if (names === '0') {
    yield* inTurn(
      [...client.member.seats].map(({ room }) => room.name),
      {
        roomOf: (name) => name,
        run: (name) => partOne(client, name, ''),
        fail: (name) => replyNotTaken(client, 'PART', name),
      },
    );
    return;
  }
  const keyList = keys.split(',');
  const all = names.split(',');
  const keyOf = new Map(all.map((name, index) => [name, keyList[index]]));
  yield* inTurn(distinct(all, client.server.directory.fold), {
    roomOf: (name) => name,
    run: (name) => joinOne(client, name, keyOf.get(name) ?? null),
    fail: (name) => replyNotTaken(client, 'JOIN', name),
  });
}

/** One target of a command. It returns whether the log has answered. */
type Target = Generator<Wait | undefined, boolean>;

/** What is done with the targets of a command. */
interface Deed<T> {
  readonly roomOf: (target: T) => string;
  readonly run: (target: T) => Target;
  readonly fail: (target: T) => void;
}

/**
 * Does something with each target of a command, first with those of this domain: the others may wait for a link. When
 * the logs of a domain have not taken one in time, its others fail at once, since each would have to wait as long: a
 * command waits once for a log.
 */
function* inTurn<T>(targets: readonly T[], { roomOf, run, fail }: Deed<T>): Paged {
  const isAbroad = (target: T): boolean => namesDomain(roomOf(target));
  const ordered = targets.some(isAbroad)
    ? [...targets.filter((target) => !isAbroad(target)), ...targets.filter(isAbroad)]
    : targets;
  const late = new Set<string | null>();
  for (const target of ordered) {
    const way = wayToRoom(roomOf(target));
    if (late.has(way)) fail(target);
    else if (!(yield* run(target))) late.add(way);
    yield;
  }
}

function* joinOne(client: Client, name: string, key: string | null): Target {
  const { member, server, limits } = client;
  const { settings } = server;
  // A name that is too long here may be valid elsewhere, so it is merely not found (modern, "ERR_BADCHANMASK").
  if (!isChannelLike(name) || Buffer.byteLength(name, 'utf8') > settings.channelLength) {
    client.reply('ERR_NOSUCHCHANNEL', name);
    return true;
  }
  if (!isPlacedChannelName(name)) {
    client.reply('ERR_BADCHANMASK', name);
    return true;
  }
  const flags = flagsOf(settings.defaultChannelModes);
  const joined = yield* outcomeOf(
    server.chat.join(member, name, { key, maxRooms: limits.maxRooms, flags }),
    client.afterAll((late) => {
      if (late.kind !== 'joined') return;
      sendAll(sendRoom(client, late.room));
      sendMarkLater(client, late.room.name);
    }),
  );
  if (joined.kind === 'refused') {
    if (joined.why === 'not-taken') {
      replyNotTaken(client, 'JOIN', name);
      return false;
    }
    switch (joined.why) {
      case 'already-inside':
        return true;
      case 'unknown-domain':
      case 'not-shared':
      case 'unreachable':
        replyAbroad(client, name, joined.why);
        return true;
      default:
        client.reply(ENTRY_REFUSALS[joined.why], joined.room?.name ?? name);
        return true;
    }
  }
  const { fold } = server.directory;
  // The channel has another name by now.
  if (fold(joined.room.name) !== fold(name)) client.reply('ERR_LINKCHANNEL', name, joined.room.name);
  client.echo(joined);
  yield* sendMark(client, joined.room.name);
  yield* sendRoom(client, joined.room);
  yield* sendRecent(client, joined.room.name);
  return true;
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
export function* part(client: Client, message: Message): Paged {
  const [names = '', reason = ''] = message.params;
  yield* inTurn(distinct(names.split(','), client.server.directory.fold), {
    roomOf: (name) => name,
    run: (name) => partOne(client, name, cutToBytes(reason, REASON_BYTES)),
    fail: (name) => replyNotTaken(client, 'PART', name),
  });
}

function* partOne(client: Client, name: string, reason: string): Target {
  const left = yield* outcomeOf(client.server.chat.part(client.member, name, reason));
  if (left.kind === 'left') client.echo(left);
  else if (left.why === 'no-such-room') client.reply('ERR_NOSUCHCHANNEL', name);
  else if (left.why === 'not-taken') replyNotTaken(client, 'PART', name);
  else client.reply('ERR_NOTONCHANNEL', left.room?.name ?? name);
  return left.kind === 'left' || left.why !== 'not-taken';
}

/** TOPIC: shows the topic, or sets it. */
export function* topic(client: Client, message: Message): Paged {
  const [name = '', text] = message.params;
  if (text !== undefined) {
    yield* setTopic(client, name, cutToBytes(text, topicBytes(client.server.settings)));
    return;
  }
  const room = client.server.directory.visibleRoom(client.member, name);
  if (room === undefined) client.reply('ERR_NOSUCHCHANNEL', name);
  else if (room.topic === null) client.reply('RPL_NOTOPIC', room.name);
  else sendTopic(client, room);
}

function* setTopic(client: Client, name: string, text: string): Paged {
  const set = yield* outcomeOf(client.server.chat.setTopic(client.member, name, text));
  // A topic that stays the same is not announced (modern, "TOPIC message").
  if (set === null) return;
  if (set.kind === 'topic') {
    client.echo(set);
    return;
  }
  const channel = set.room?.name ?? name;
  switch (set.why) {
    case 'no-such-room':
    case 'not-inside':
    case 'not-allowed':
      client.reply(ROOM_REFUSALS[set.why], channel);
      return;
    case 'outside':
    case 'moderated':
    case 'speaker-needs-account':
    case 'banned':
    case 'muted':
      replySilenced(client, channel, set.why);
      return;
    case 'not-taken':
      replyNotTaken(client, 'TOPIC', name);
  }
}

/**
 * NAMES. TARGMAX asks for one channel at a time, since clients disagree on what ends an answer for several. A client
 * that sends several gets an answer for each.
 */
export function* names(client: Client, message: Message): Paged {
  const [channels] = message.params;
  // Without a channel the answer would list everybody; modern recommends an empty list.
  const asked = distinct((channels ?? '').split(','), client.server.directory.fold);
  for (const name of asked.length === 0 ? ['*'] : asked) {
    const room = client.server.directory.visibleRoom(client.member, name);
    if (room === undefined) client.reply('RPL_ENDOFNAMES', name);
    else yield* sendNames(client, room);
  }
}

/** INVITE: invites somebody into a channel, or lists the client's own invitations. */
export function* invite(client: Client, message: Message): Paged {
  const [nick, name] = message.params;
  if (nick === undefined) yield* listInvitations(client);
  else if (name === undefined) client.reply('ERR_NEEDMOREPARAMS', 'INVITE');
  else yield* inviteOne(client, nick, name);
}

function* listInvitations(client: Client): Paged {
  for (const invited of client.member.invitations ?? []) {
    client.reply('RPL_INVITELIST', invited.name);
    yield;
  }
  client.reply('RPL_ENDOFINVITELIST');
}

function* inviteOne(client: Client, nick: string, name: string): Paged {
  const { chat, directory } = client.server;
  const invited = yield* outcomeOf(
    chat.invite(client.member, nick, name),
    client.afterAll((late) => {
      if (late.kind === 'invited') replyInvited(client, late);
    }),
  );
  if (invited.kind === 'invited') {
    replyInvited(client, invited);
    return;
  }
  const channel = invited.room?.name ?? name;
  switch (invited.why) {
    case 'no-such-member':
      client.reply('ERR_NOSUCHNICK', nick);
      return;
    case 'guest-inside':
      client.reply('ERR_USERONCHANNEL', directory.member(nick)?.nick ?? nick, channel);
      return;
    case 'no-such-room':
    case 'not-inside':
    case 'not-allowed':
      client.reply(ROOM_REFUSALS[invited.why], channel);
      return;
    case 'not-taken':
      replyNotTaken(client, 'INVITE', nick, name);
  }
}

function replyInvited(client: Client, { member: guest, room }: EventOf<'invited'>): void {
  client.reply('RPL_INVITING', guest.nick, room.name);
  if (guest.away !== null) client.reply('RPL_AWAY', guest.nick, guest.away);
}

/**
 * KICK: one channel and many nicks, or as many channels as nicks. The room decides who may kick whom:
 * `chat/room-deeds.ts`.
 */
export function* kick(client: Client, message: Message): Paged {
  const [channels = '', nicks = '', comment] = message.params;
  const names = channels.split(',');
  const { fold } = client.server.directory;
  const done = new Set<string>();
  const pairs: { readonly name: string; readonly nick: string }[] = [];
  const reason = cutToBytes(comment ?? client.member.nick, kickBytes(client.server.settings));
  for (const [index, nick] of nicks.split(',').entries()) {
    const name = names.length === 1 ? names[0] : names[index];
    const pair = fold(`${name} ${nick}`);
    if (name === undefined || nick === '' || done.has(pair)) continue;
    done.add(pair);
    pairs.push({ name, nick });
  }
  yield* inTurn(pairs, {
    roomOf: ({ name }) => name,
    run: ({ name, nick }) => kickOne(client, name, nick, reason),
    fail: ({ name, nick }) => replyNotTaken(client, 'KICK', name, nick),
  });
}

function* kickOne(client: Client, name: string, nick: string, reason: string): Target {
  const kicked = yield* outcomeOf(
    client.server.chat.kick(client.member, name, { nick, reason }),
    client.afterAll((late) => {
      // One who has kicked itself has been shown it.
      if (late.kind === 'kicked' && late.member !== client.member) echoToOutsider(client, late, late.room);
    }),
  );
  if (kicked.kind === 'kicked') {
    client.echo(kicked);
    return true;
  }
  const channel = kicked.room?.name ?? name;
  switch (kicked.why) {
    case 'no-such-room':
    case 'not-inside':
    case 'not-allowed':
      client.reply(ROOM_REFUSALS[kicked.why], channel);
      return true;
    case 'target-not-inside':
      client.reply('ERR_USERNOTINCHANNEL', nick, channel);
      return true;
    case 'not-taken':
      replyNotTaken(client, 'KICK', name, nick);
      return false;
  }
}
