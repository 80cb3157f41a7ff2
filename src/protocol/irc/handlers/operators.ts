/** OPER, KILL, WALLOPS, REHASH, DIE (modern, "Operator Messages"). */
import { completeUserHost, UserMask } from '../../../chat/user-mask.js';
import type { Outcome } from '../commands.js';
import { defer, type Deferred } from '../deferred.js';
import { HOST_LENGTH, REASON_BYTES } from '../isupport.js';
import type { Message } from '../message.js';
import type { IrcSession } from '../session.js';
import type { OperatorSettings } from '../settings.js';
import { sourceOf } from '../source.js';
import { cutToBytes } from '../text-length.js';

/** OPER. */
export function oper(session: IrcSession, message: Message): Outcome {
  const [name = '', password = ''] = message.params;
  const { passwords, settings } = session.server;
  const operator = settings.operators.find((candidate) => candidate.name === name);
  const source = `OPER ${session.source}`;
  // There is no end to the names that no operator has, so they are not remembered.
  const names = operator === undefined ? [source] : [source, `account ${operator.name}`];
  return defer(passwords.turn(names, session.limits.maxPasswordDelayMs), () => {
    if (operator !== undefined && isAllowedFrom(session, operator))
      return tryPassword(session, operator, password, names);
    passwords.failed([source]);
    session.reply('ERR_NOOPERHOST');
    logRefusal(session, operator);
    return undefined;
  });
}

function tryPassword(
  session: IrcSession,
  operator: OperatorSettings,
  password: string,
  names: readonly string[],
): Deferred<void> {
  return defer(session.server.passwords.check(password, operator.password, names), (verdict) => {
    if (verdict === 'right') {
      makeOperator(session, operator);
    } else if (verdict === 'busy') {
      session.fail('OPER', 'TEMPORARILY_UNAVAILABLE', [], 'Too many passwords are being checked, try again later');
    } else {
      session.reply('ERR_PASSWDMISMATCH');
      logRefusal(session, operator);
    }
  });
}

function makeOperator(session: IrcSession, { name, host }: OperatorSettings): void {
  const { member, server } = session;
  server.chat.setOperator(member, true);
  session.reply('RPL_YOUREOPER');
  session.answer(`:${sourceOf(member)} MODE ${member.nick} +o`);
  // Others see another host from now on (IRCv3 chghost).
  if (host !== null) session.tell(server.chat.setHost(member, host.slice(0, HOST_LENGTH)));
  session.log('operator', { name });
}

/** A name that no operator has is left out: it may be a password, typed in the wrong place. */
function logRefusal(session: IrcSession, operator: OperatorSettings | undefined): void {
  session.log('operator refused', { address: session.member.address, name: operator?.name ?? null });
}

function isAllowedFrom(session: IrcSession, operator: OperatorSettings): boolean {
  const { fold } = session.server.directory;
  const identity = session.member.identity(fold);
  return operator.masks.some((mask) => new UserMask(completeUserHost(mask), fold).matches(identity));
}

/** KILL: puts somebody out of the server, whatever protocol it speaks. */
export function kill(session: IrcSession, message: Message): void {
  const [nick = '', text = 'no reason'] = message.params;
  const { member, server } = session;
  if (nick === server.name) {
    session.reply('ERR_CANTKILLSERVER');
    return;
  }
  const reason = cutToBytes(text, REASON_BYTES);
  // It is told by whom before it is closed (modern, "KILL message").
  const expelled = server.chat.expel(member, nick, { reason, parting: `Killed (${member.nick} (${reason}))` });
  if (expelled.kind === 'expelled') session.log('kill', { target: expelled.member.nick, reason });
  else session.reply(expelled.why === 'not-operator' ? 'ERR_NOPRIVILEGES' : 'ERR_NOSUCHNICK', nick);
}

/** WALLOPS. */
export function wallops(session: IrcSession, message: Message): void {
  const { member, server } = session;
  const [text = ''] = message.params;
  if (text === '') {
    session.reply('ERR_NEEDMOREPARAMS', 'WALLOPS');
    return;
  }
  const announced = server.chat.announce(member, text);
  if (announced.kind === 'refused') {
    session.reply('ERR_NOPRIVILEGES');
    return;
  }
  session.log('wallops');
  if (member.traits.has('hears-announcements')) session.tell(announced);
}

/** REHASH: reads the configuration again. */
export function rehash(session: IrcSession): Outcome {
  const { control, name } = session.server;
  session.log('rehash');
  session.reply('RPL_REHASHING', control.configurationName);
  return defer(control.reload(), ({ problem, waitingKeys }) => {
    const news =
      problem ?? (waitingKeys.length > 0 ? `these keys wait for a restart: ${waitingKeys.join(', ')}` : null);
    if (news !== null) session.answer(`:${name} NOTICE ${session.nickOrStar} :${news}`);
  });
}

/** DIE: ends the server. */
export function die(session: IrcSession): void {
  session.log('die');
  session.server.control.stop(`stopped by ${session.member.nick}`);
}
