/** CAP, PASS, NICK, USER, PING, PONG, QUIT: how a connection begins, stays and ends (modern, "Connection Messages"). */
import { silencingRoom } from '../../../chat/permissions.js';
import { isReservedNick } from '../../reserved-nicks.js';
import { CAPABILITY_BITS, CAPABILITY_NAMES, capabilityBit, capabilityNames } from '../capabilities.js';
import type { Outcome } from '../commands.js';
import { defer } from '../deferred.js';
import { USER_LENGTH } from '../isupport.js';
import type { Message } from '../message.js';
import { CHANNEL_MODE_LETTERS, CHANNEL_MODE_LETTERS_WITH_PARAMETER, USER_MODE_LETTERS } from '../modes.js';
import { fitUserName, isNick } from '../names.js';
import type { Registration } from '../registration.js';
import type { IrcSession } from '../session.js';
import type { IrcServer } from '../shared-state.js';
import { sourceOf } from '../source.js';
import { cutToBytes, packWords } from '../text-length.js';
import { sendIsupport, sendLusers, sendMotd } from './information.js';

/** Room that a list of capabilities has in one line, whatever the server's name and the nick. */
const CAP_LIST_BYTES = 350;
/** The longest real name, in bytes. */
export const REAL_NAME_BYTES = 150;
const QUIT_BYTES = 300;
/**
 * From this version on a client follows changes of the list by itself (capability-negotiation, "CAP LS Version 302").
 */
const CAP_NOTIFY_VERSION = 302;

/** CAP (IRCv3 capability-negotiation). */
export function cap(session: IrcSession, message: Message): Outcome {
  const [subcommand = '', argument = ''] = message.params;
  switch (subcommand.toUpperCase()) {
    case 'LS':
      holdRegistration(session);
      if (Number(argument) >= CAP_NOTIFY_VERSION) {
        session.setCapabilities(session.capabilities | CAPABILITY_BITS['cap-notify']);
      }
      sendCapabilities(session, 'LS', CAPABILITY_NAMES, Number(argument) >= CAP_NOTIFY_VERSION);
      return undefined;
    case 'LIST':
      sendCapabilities(session, 'LIST', capabilityNames(session.capabilities), true);
      return undefined;
    case 'REQ':
      holdRegistration(session);
      requestCapabilities(session, argument);
      return undefined;
    case 'END':
      if (session.registration === null) return undefined;
      session.registration.isNegotiating = false;
      return completeRegistration(session);
    default:
      session.reply('ERR_INVALIDCAPCMD', subcommand);
      return undefined;
  }
}

function holdRegistration(session: IrcSession): void {
  if (session.registration !== null) session.registration.isNegotiating = true;
}

function sendCapabilities(session: IrcSession, verb: string, names: readonly string[], mayContinue: boolean): void {
  const head = `:${session.server.name} CAP ${session.nickOrStar} ${verb}`;
  const lines = mayContinue ? [...packWords(names, CAP_LIST_BYTES)] : [names.join(' ')];
  if (lines.length === 0) lines.push('');
  lines.forEach((line, index) => {
    session.answer(`${head}${index < lines.length - 1 ? ' *' : ''} :${line}`);
  });
}

/** All of a request is taken over, or nothing. */
function requestCapabilities(session: IrcSession, argument: string): void {
  let bits = session.capabilities;
  let isKnown = true;
  for (const word of argument.split(' ')) {
    if (word === '') continue;
    const isRemoval = word.startsWith('-');
    const bit = capabilityBit(isRemoval ? word.slice(1) : word);
    if (bit === undefined) isKnown = false;
    else bits = isRemoval ? bits & ~bit : bits | bit;
  }
  if (isKnown) session.setCapabilities(bits);
  session.answer(`:${session.server.name} CAP ${session.nickOrStar} ${isKnown ? 'ACK' : 'NAK'} :${argument.trim()}`);
}

/** PASS. */
export function pass(session: IrcSession, message: Message): void {
  if (session.registration !== null) session.registration.password = message.params[0] ?? null;
}

/** NICK, before and after registration. */
export function nick(session: IrcSession, message: Message): Outcome {
  const [wanted = ''] = message.params;
  const { server, member, registration } = session;
  if (wanted === '') session.reply('ERR_NONICKNAMEGIVEN');
  else if (!isNick(wanted, server.settings.nickLength) || isReserved(server, wanted))
    session.reply('ERR_ERRONEUSNICKNAME', wanted);
  else if (registration !== null) {
    const owner = server.directory.member(wanted);
    if (owner === undefined) {
      registration.nick = wanted;
      return completeRegistration(session);
    }
    session.reply('ERR_NICKNAMEINUSE', wanted);
  } else if (wanted !== member.nick) {
    rename(session, wanted);
  }
  return undefined;
}

function isReserved(server: IrcServer, wanted: string): boolean {
  return isReservedNick(wanted, server.settings.reservedNicks, server.directory.fold);
}

function rename(session: IrcSession, wanted: string): void {
  const renamed = session.server.chat.rename(session.member, wanted);
  if (renamed.kind === 'renamed') session.tell(renamed);
  else if (renamed.why === 'nick-taken') session.reply('ERR_NICKNAMEINUSE', wanted);
  else session.reply('ERR_BANNICKCHANGE', wanted, renamed.room?.name ?? '*');
}

/** USER. */
export function user(session: IrcSession, message: Message): Outcome {
  const [name = '', , , realName = ''] = message.params;
  const { registration } = session;
  if (registration === null) return undefined;
  if (realName === '') {
    session.reply('ERR_NEEDMOREPARAMS', 'USER');
    return undefined;
  }
  const fit = fitUserName(name, USER_LENGTH);
  if (fit === '') {
    session.reply('ERR_INVALIDUSERNAME');
    return undefined;
  }
  registration.user = fit;
  registration.realName = cutToBytes(realName, REAL_NAME_BYTES);
  return completeRegistration(session);
}

function completeRegistration(session: IrcSession): Outcome {
  const { registration, server } = session;
  if (registration?.isComplete !== true) return undefined;
  const { password } = server.settings;
  if (password === null) {
    admit(session, registration);
    return undefined;
  }
  const { passwords } = server;
  const names = [`PASS ${session.source}`];
  return defer(passwords.turn(names, session.limits.maxPasswordDelayMs), () =>
    defer(passwords.check(registration.password ?? '', password, names), (verdict) => {
      if (verdict === 'right') {
        admit(session, registration);
        return;
      }
      if (verdict === 'wrong') session.reply('ERR_PASSWDMISMATCH');
      session.close(verdict === 'wrong' ? 'Bad password' : 'Too many passwords are being checked, try again later');
    }),
  );
}

function admit(session: IrcSession, registration: Registration): void {
  const { member, server } = session;
  const { nick: wanted, user: name, realName } = registration;
  if (wanted === null || name === null) return;
  const refused = server.chat.admit(member, { nick: wanted, user: name, realName });
  if (refused?.why === 'banned') {
    const { mask, reason } = refused.ban;
    session.log('banned user refused', { mask, nick: wanted, user: name, address: member.address });
    session.replyBanned(reason);
    session.close('Banned');
    return;
  }
  if (refused !== null) {
    // Somebody else took the nick between NICK and the end of registration.
    registration.nick = null;
    session.reply('ERR_NICKNAMEINUSE', wanted);
    return;
  }
  session.registered();
  welcome(session);
}

function welcome(session: IrcSession): void {
  const { server, member } = session;
  const { networkName } = server.settings;
  session.reply('RPL_WELCOME', `Welcome to the ${networkName} Network, ${sourceOf(member)}`);
  session.reply('RPL_YOURHOST', `Your host is ${server.name}, running version fdmux-${server.version}`);
  session.reply('RPL_CREATED', `This server was created ${new Date(server.startedMs).toUTCString()}`);
  const versionWord = `fdmux-${server.version}`;
  session.reply(
    'RPL_MYINFO',
    server.name,
    versionWord,
    USER_MODE_LETTERS,
    CHANNEL_MODE_LETTERS,
    CHANNEL_MODE_LETTERS_WITH_PARAMETER,
  );
  sendIsupport(session);
  sendLusers(session);
  sendMotd(session);
}

/** PING. */
export function ping(session: IrcSession, message: Message): void {
  const [token = ''] = message.params;
  if (token === '') session.reply('ERR_NOORIGIN');
  else session.answer(`:${session.server.name} PONG ${session.server.name} :${token}`);
}

/** PONG: that a line came is all that matters, and that has been noted. */
export function pong(): void {
  // Nothing is left to do.
}

/** QUIT. */
export function quit(session: IrcSession, message: Message): void {
  const [reason = ''] = message.params;
  // What a client says of its own leaving is told from what the server says, even when it says nothing (modern,
  // "QUIT").
  const isSilenced = silencingRoom(session.member) !== null;
  session.close(`Quit: ${isSilenced ? '' : cutToBytes(reason, QUIT_BYTES)}`);
}
