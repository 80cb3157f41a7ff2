/** AWAY, ISON, USERHOST, SETNAME (modern, "Optional Messages"; IRCv3 away-notify, setname, extended-monitor). */
import type { ChatEvent } from '../../../chat/event.js';
import type { Member } from '../../../chat/member.js';
import type { Room } from '../../../chat/room.js';
import { AWAY_BYTES } from '../isupport.js';
import { distinct } from '../distinct.js';
import type { Message } from '../message.js';
import { silencingRoom, speechRefusal } from '../permissions.js';
import type { IrcSession } from '../session.js';
import { cutToBytes } from '../text-length.js';
import { REAL_NAME_BYTES } from './connection.js';

/** How many nicks USERHOST answers for (RFC 1459 section 5.7). */
const MAX_USERHOST = 5;

/**
 * Tells everybody who shares a room with the member, and with extended-monitor those who watch it.
 *
 * @param isTold - leaves rooms out; all are told without it
 */
export function tellOfMember(session: IrcSession, event: ChatEvent, isTold?: (room: Room) => boolean): void {
  const { member, server } = session;
  const { directory, monitors } = server;
  directory.tellPeers(member, event, { isTold, others: watching });
  function* watching(): Generator<Member> {
    for (const watcher of monitors.watchersOf(member)) if (watcher.hasExtendedMonitor) yield watcher.member;
  }
}

/** AWAY. */
export function away(session: IrcSession, message: Message): void {
  const { member, server } = session;
  const text = cutToBytes(message.params[0] ?? '', AWAY_BYTES);
  const before = member.away;
  member.away = text === '' ? null : text;
  session.reply(member.away === null ? 'RPL_UNAWAY' : 'RPL_NOWAWAY');
  // Clients say they are back, or away as before, by themselves every now and then: no news to anybody.
  if (member.away === before) return;
  // The text would be speech where the member may not speak.
  const isTold = (room: Room): boolean => member.away === null || speechRefusal(member, room) === null;
  tellOfMember(session, { kind: 'away', atMs: server.directory.now(), member }, isTold);
}

/** SETNAME. */
export function setname(session: IrcSession, message: Message): void {
  const { member, server } = session;
  const [name = ''] = message.params;
  if (name === '' || Buffer.byteLength(name, 'utf8') > REAL_NAME_BYTES) {
    session.fail('SETNAME', 'INVALID_REALNAME', [], 'Realname is not valid');
    return;
  }
  if (silencingRoom(member) !== null) {
    session.fail('SETNAME', 'CANNOT_CHANGE_REALNAME', [], 'You may not speak in a channel that you are in');
    return;
  }
  member.realName = name;
  const event = { kind: 'realname', atMs: server.directory.now(), member } as const;
  session.tell(event);
  tellOfMember(session, event);
}

/** ISON. */
export function ison(session: IrcSession, message: Message): void {
  const { fold } = session.server.directory;
  const asked = distinct(
    message.params.flatMap((param) => param.split(' ')),
    fold,
  );
  const present = asked.map((nick) => session.server.directory.member(nick)?.nick).filter((nick) => nick !== undefined);
  session.reply('RPL_ISON', present.join(' '));
}

/** USERHOST. */
export function userhost(session: IrcSession, message: Message): void {
  const words: string[] = [];
  const { directory } = session.server;
  const asked = message.params.flatMap((param) => param.split(' '));
  for (const nick of distinct(asked, directory.fold).slice(0, MAX_USERHOST)) {
    const member = directory.member(nick);
    if (member === undefined) continue;
    words.push(
      `${member.nick}${member.isOperator ? '*' : ''}=${member.away === null ? '+' : '-'}${member.user}@${member.host}`,
    );
  }
  session.reply('RPL_USERHOST', words.join(' '));
}
