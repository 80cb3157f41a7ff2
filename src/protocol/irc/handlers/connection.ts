/** CAP, PASS, NICK, USER, PING, PONG, QUIT: how a connection begins, lives and ends (modern, "Connection Messages"). */
import type { AccountFacts } from '../../../accounts/account-service.js';
import { silencingRoom } from '../../../chat/permissions.js';
import type { KeptOut } from '../../../chat/verbs/membership.js';
import { isReservedNick } from '../../reserved-nicks.js';
import { CAPABILITY_BITS, capabilityBit, capabilityNames, formatOffers } from '../capabilities.js';
import type { Client } from '../client.js';
import { applySettings, welcomeToMember } from '../devices.js';
import { REAL_NAME_BYTES, USER_LENGTH } from '../isupport.js';
import type { Message } from '../message.js';
import { MAX_METADATA_KEYS } from '../metadata-limits.js';
import { fitUserName, isNick, spellNick } from '../names.js';
import { defer, type Outcome, outcomeOf, type Paged, sendAll } from '../outcome.js';
import { replyNotTaken, replyReserved } from '../refusals.js';
import type { Registration } from '../registration.js';
import { rename } from '../renaming.js';
import type { IrcState } from '../shared-state.js';
import { cutToBytes, packWords } from '../text-length.js';
import { sendWelcome } from '../welcome.js';

/** Bytes for a list of capabilities in one line, whatever the server's name and the nick. */
const CAP_LIST_BYTES = 350;
const QUIT_BYTES = 300;
/** The attempts of a client that arrives to share the member of its account, or to be one of its own. */
const MAX_ATTEMPTS = 3;
/** The user name of somebody whose own has no character that may stand in a mask. */
const ANY_USER = 'user';
/** Clients of at least this version follow changes of the list (capability-negotiation, "CAP LS Version 302"). */
const CAP_NOTIFY_VERSION = 302;

/** CAP (IRCv3 capability-negotiation). */
export function cap(client: Client, message: Message): Outcome {
  const [subcommand = '', argument = ''] = message.params;
  switch (subcommand.toUpperCase()) {
    case 'LS':
      holdRegistration(client);
      if (Number(argument) >= CAP_NOTIFY_VERSION) {
        client.setCapabilities(client.capabilities | CAPABILITY_BITS['cap-notify']);
      }
      listOffers(client, Number(argument) >= CAP_NOTIFY_VERSION);
      return undefined;
    case 'LIST':
      sendCapabilities(client, 'LIST', capabilityNames(client.capabilities), true);
      return undefined;
    case 'REQ':
      holdRegistration(client);
      requestCapabilities(client, argument);
      return undefined;
    case 'END':
      if (client.registration === null) return undefined;
      client.registration.isNegotiating = false;
      return completeRegistration(client);
    default:
      client.reply('ERR_INVALIDCAPCMD', subcommand);
      return undefined;
  }
}

function holdRegistration(client: Client): void {
  if (client.registration !== null) client.registration.isNegotiating = true;
}

function listOffers(client: Client, knowsValues: boolean): void {
  const { offers } = client.server;
  if (knowsValues) sendCapabilities(client, 'LS', [...formatOffers(offers), ...policies(client)], true);
  else sendCapabilities(client, 'LS', [...offers.keys()], false);
}

function sendCapabilities(client: Client, verb: string, names: readonly string[], mayContinue: boolean): void {
  const head = `:${client.server.name} CAP ${client.nickOrStar} ${verb}`;
  const lines = mayContinue ? [...packWords(names, CAP_LIST_BYTES)] : [names.join(' ')];
  if (lines.length === 0) lines.push('');
  lines.forEach((line, index) => {
    client.answer(`${head}${index < lines.length - 1 ? ' *' : ''} :${line}`);
  });
}

/** The capabilities that only inform: nobody can ask for them, so REQ does not know them. */
function policies({ server, isSecure, transport }: Client): string[] {
  const { sts } = server.settings;
  if (sts === null) return [];
  const duration = `duration=${sts.durationSeconds}`;
  // IRCv3 sts: a port is for those who are not secure yet. A browser and a local peer have no TLS to change to.
  if (transport === 'tls') return [`sts=${duration}`];
  return transport === 'tcp' && !isSecure ? [`sts=port=${sts.port},${duration}`] : [];
}

/** Grants all of a request, or nothing. */
function requestCapabilities(client: Client, argument: string): void {
  let bits = client.capabilities;
  let isKnown = true;
  for (const word of argument.split(' ')) {
    if (word === '') continue;
    const isRemoval = word.startsWith('-');
    const name = isRemoval ? word.slice(1) : word;
    const bit = capabilityBit(name);
    if (bit === undefined || !(isRemoval || client.server.offers.has(name))) isKnown = false;
    else bits = isRemoval ? bits & ~bit : bits | bit;
  }
  if (isKnown) client.setCapabilities(bits);
  client.answer(`:${client.server.name} CAP ${client.nickOrStar} ${isKnown ? 'ACK' : 'NAK'} :${argument.trim()}`);
}

/** PASS. */
export function pass(client: Client, message: Message): void {
  if (client.registration !== null) client.registration.password = message.params[0] ?? null;
}

/** NICK, before and after registration. */
export function nick(client: Client, message: Message): Outcome {
  const { server, member, registration } = client;
  const wanted = spellNick(message.params[0] ?? '', server.settings);
  if (wanted === '') client.reply('ERR_NONICKNAMEGIVEN');
  else if (!isNick(wanted, server.settings) || isReserved(server, wanted)) client.reply('ERR_ERRONEUSNICKNAME', wanted);
  else if (registration !== null) {
    const owner = server.directory.member(wanted);
    // It may be the client's own member: whether it is shows when the client has logged in.
    const mayBeOwn = (owner?.account ?? null) !== null && (registration.isNegotiating || client.account !== null);
    if (owner === undefined || mayBeOwn) {
      registration.nick = wanted;
      return completeRegistration(client);
    }
    registration.refusedNick = wanted;
    client.reply('ERR_NICKNAMEINUSE', wanted);
  } else if (wanted !== member.nick) {
    return rename(client, wanted);
  }
  return undefined;
}

function isReserved(server: IrcState, wanted: string): boolean {
  return isReservedNick(wanted, server.settings.reservedNicks, server.directory);
}

/** USER. */
export function user(client: Client, message: Message): Outcome {
  const [name = '', , , realName = ''] = message.params;
  const { registration, server } = client;
  if (registration === null) return undefined;
  if (realName === '') {
    client.reply('ERR_NEEDMOREPARAMS', 'USER');
    return undefined;
  }
  // Clients give the nick as user name, too, which may have no character of ASCII.
  const fit = fitUserName(name, USER_LENGTH) || (server.settings.nicks === 'ascii' ? '' : ANY_USER);
  if (fit === '') {
    client.reply('ERR_INVALIDUSERNAME');
    return undefined;
  }
  registration.user = fit;
  registration.realName = cutToBytes(realName, REAL_NAME_BYTES);
  return completeRegistration(client);
}

function completeRegistration(client: Client): Outcome {
  const { registration, server } = client;
  if (registration?.isComplete !== true) return undefined;
  // The client goes on without having logged in (IRCv3 sasl-3.1).
  if (client.authentication !== null) {
    client.authentication = null;
    client.reply('ERR_SASLABORTED');
  }
  const { password } = server.settings;
  if (password === null) return enter(client, registration);
  const { passwords } = server;
  const names = [`PASS ${client.source}`];
  return defer(passwords.turn(names, client.limits.maxPasswordDelayMs), () =>
    defer(passwords.check(registration.password ?? '', password, names), (verdict) => {
      if (verdict === 'right') return enter(client, registration);
      if (verdict === 'wrong') client.reply('ERR_PASSWDMISMATCH');
      client.close(verdict === 'wrong' ? 'Bad password' : 'Too many passwords are being checked, try again later');
      return undefined;
    }),
  );
}

/** Lets a client in that has said all. The facts about its account are looked up first. */
function enter(client: Client, registration: Registration): Outcome {
  const { account, server } = client;
  if (account === null) return admit(client, registration, null);
  return defer(server.accounts.find(account), (found) =>
    admit(client, registration, found.kind === 'account' ? found.facts : null),
  );
}

/** @param attempts - how often somebody else may be faster with the account's member */
function* admit(
  client: Client,
  registration: Registration,
  facts: AccountFacts | null,
  attempts = MAX_ATTEMPTS,
): Paged {
  const { member, server } = client;
  const { nick: wanted, user: name, realName, metadata } = registration;
  if (wanted === null || name === null) return;
  const names = { nick: wanted, user: name, realName, account: client.account };
  const shared = yield* outcomeOf(
    server.chat.arriveAs(member, names),
    client.afterAll((late) => {
      if (late?.kind !== 'shared' || client.registration === null) return;
      client.goOnAs(late.member);
      sendAll(welcomeToMember(client, null));
    }),
  );
  if (hasRegistered(client)) return;
  if (shared?.kind === 'shared') {
    client.goOnAs(shared.member);
    yield* welcomeToMember(client, shared.absentSinceMs);
    return;
  }
  if (shared !== null) {
    if (shared.why === 'banned') replyBanned(client, registration, shared);
    else replyNotTaken(client, 'NICK', wanted);
    return;
  }
  const admitted = yield* outcomeOf(
    server.chat.admit(member, names),
    client.afterAll((late) => {
      if (late.kind === 'arrived' && client.registration !== null) welcomeLate(client, registration);
    }),
  );
  if (hasRegistered(client)) return;
  if (admitted.kind === 'arrived') {
    client.registered();
    for (const [key, value] of metadata) {
      yield* outcomeOf(server.chat.annotateSelf(member, { key, value, maxKeys: MAX_METADATA_KEYS }));
    }
    sendWelcome(client);
    if (facts !== null) yield* applySettings(client, facts);
  } else if (admitted.why === 'banned') {
    replyBanned(client, registration, admitted);
  } else if (attempts > 1 && admitted.why === 'nick-taken' && isOfAccount(client, wanted)) {
    // Another client of the account has arrived on another node.
    yield* admit(client, registration, facts, attempts - 1);
  } else {
    // Somebody else took the nick between NICK and the end of registration.
    registration.nick = null;
    if (admitted.why === 'nick-taken') client.reply('ERR_NICKNAMEINUSE', wanted);
    else if (admitted.why === 'nick-reserved') replyReserved(client, wanted);
    else replyNotTaken(client, 'NICK', wanted);
  }
}

/** Whether a client was let in while it waited for a log. */
function hasRegistered({ registration }: Client): boolean {
  return registration === null;
}

/** Whether the member with a nick is one that a client may share. */
function isOfAccount({ account, server: { chat, directory } }: Client, wanted: string): boolean {
  const holder = directory.member(wanted);
  return holder !== undefined && account !== null && chat.memberOfAccount(account, wanted) === holder;
}

function replyBanned(client: Client, { nick: wanted, user: name }: Registration, { ban }: KeptOut): void {
  const { mask, reason } = ban;
  client.log('banned user refused', { mask, nick: wanted, user: name, address: client.member.address });
  client.replyBanned(reason);
  client.close('Banned');
}

/** Welcomes a client that the log has let in after all. Its facts about itself follow when the log is there. */
function welcomeLate(client: Client, { metadata }: Registration): void {
  const { chat } = client.server;
  client.registered();
  for (const [key, value] of metadata) chat.annotateSelf(client.member, { key, value, maxKeys: MAX_METADATA_KEYS });
  sendWelcome(client);
}

/** PING. */
export function ping(client: Client, message: Message): void {
  const [token = ''] = message.params;
  if (token === '') client.reply('ERR_NOORIGIN');
  else client.answer(`:${client.server.name} PONG ${client.server.name} :${token}`);
}

/** PONG. The arrival of the line is all that matters, and it has been noted. */
export function pong(): void {
  // Nothing is left to do.
}

/** QUIT. */
export function quit(client: Client, message: Message): void {
  const [reason = ''] = message.params;
  // The prefix distinguishes the client's own words from the server's, even if they are empty (modern, "QUIT").
  const isSilenced = silencingRoom(client.member) !== null;
  client.close(`Quit: ${isSilenced ? '' : cutToBytes(reason, QUIT_BYTES)}`);
}
