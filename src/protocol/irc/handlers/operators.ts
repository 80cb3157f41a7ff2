/** OPER, KILL, WALLOPS, REHASH, DIE (modern, "Operator Messages"). */
import { completeUserHost, UserMask } from '../../../chat/user-mask.js';
import { verifyPassword } from '../../password.js';
import type { Outcome } from '../commands.js';
import { defer } from '../deferred.js';
import { HOST_LENGTH, KICK_BYTES } from '../isupport.js';
import type { Message } from '../message.js';
import type { IrcSession } from '../session.js';
import type { OperatorSettings } from '../settings.js';
import { cutToBytes } from '../text-length.js';
import { tellOfMember } from './presence.js';

/** OPER. */
export function oper(session: IrcSession, message: Message): Outcome {
  const [name = '', password = ''] = message.params;
  const operator = session.server.settings.operators.find((candidate) => candidate.name === name);
  if (operator === undefined || !isAllowedFrom(session, operator)) {
    session.reply('ERR_NOOPERHOST');
    logRefusal(session, name);
    return undefined;
  }
  return defer(verifyPassword(password, operator.password), (isRight) => {
    if (isRight) {
      makeOperator(session, operator);
      return;
    }
    session.reply('ERR_PASSWDMISMATCH');
    logRefusal(session, name);
  });
}

function makeOperator(session: IrcSession, { name, host }: OperatorSettings): void {
  const { member, server } = session;
  member.isOperator = true;
  session.reply('RPL_YOUREOPER');
  session.answer(`:${member.mask} MODE ${member.nick} +o`);
  if (host !== null) changeHost(session, host);
  server.control.log('operator', { nick: member.nick, name });
}

function logRefusal(session: IrcSession, name: string): void {
  const { member, server } = session;
  server.control.log('operator refused', { nick: member.nick, address: member.address, name });
}

function isAllowedFrom(session: IrcSession, operator: OperatorSettings): boolean {
  const { directory } = session.server;
  const fold = (text: string): string => directory.fold(text);
  const identity = session.member.identity(fold);
  return operator.masks.some((mask) => new UserMask(completeUserHost(mask), fold).matches(identity));
}

/** Others see another host from now on (IRCv3 chghost). */
function changeHost(session: IrcSession, host: string): void {
  const { member, server } = session;
  const before = `${member.user}@${member.host}`;
  member.host = host.slice(0, HOST_LENGTH);
  const event = { kind: 'host', atMs: server.directory.now(), member, before } as const;
  session.tell(event);
  tellOfMember(session, event);
}

/** KILL: puts somebody out of the server, whatever protocol it speaks. */
export function kill(session: IrcSession, message: Message): void {
  const [nick = '', text = 'no reason'] = message.params;
  const { member, server } = session;
  const target = server.directory.member(nick);
  if (target === undefined) {
    session.reply(
      nick === server.name ? 'ERR_CANTKILLSERVER' : 'ERR_NOSUCHNICK',
      ...(nick === server.name ? [] : [nick]),
    );
    return;
  }
  const reason = cutToBytes(text, KICK_BYTES);
  server.control.log('kill', { nick: target.nick, by: member.nick, reason });
  // Whoever is killed is told by whom before it is closed (modern, "KILL message").
  server.directory.tellOne(target, {
    kind: 'expelled',
    atMs: server.directory.now(),
    by: member,
    member: target,
    reason,
  });
  target.outlet.expel(`Killed (${member.nick} (${reason}))`);
}

/** WALLOPS. */
export function wallops(session: IrcSession, message: Message): void {
  const { member, server } = session;
  const [text = ''] = message.params;
  if (text === '') {
    session.reply('ERR_NEEDMOREPARAMS', 'WALLOPS');
    return;
  }
  const event = { kind: 'announced', atMs: server.directory.now(), by: member, text } as const;
  server.directory.tellAll(event, (other) => other.hearsWallops && other !== member);
  if (member.hearsWallops) session.tell(event);
}

/** REHASH: reads the configuration again. */
export function rehash(session: IrcSession): Outcome {
  const { control, name } = session.server;
  session.reply('RPL_REHASHING', control.configurationName);
  return defer(control.reload(), (problem) => {
    if (problem !== null) session.answer(`:${name} NOTICE ${session.nickOrStar} :${problem}`);
  });
}

/** DIE: ends the server. */
export function die(session: IrcSession): void {
  session.server.control.stop(`stopped by ${session.member.nick}`);
}
