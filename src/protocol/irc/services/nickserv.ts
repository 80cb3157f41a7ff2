/** NickServ: accounts, by messages (NS, NICKSERV). */
import type {
  AccountChange,
  AccountFacts,
  ChangeOutcome,
  RegisterOutcome,
  VerifyOutcome,
} from '../../../accounts/account-service.js';
import { PRIVILEGES } from '../../../chat/member.js';
import { BUSY, LOGIN_FAILURES, REFUSALS, UNAVAILABLE } from '../../account-texts.js';
import type { Client } from '../client.js';
import { ALWAYS_ON, applySettings, ENFORCE, logOutDevice, otherDevices } from '../devices.js';
import { logIn, type LoginChange, logOut, mayChangeAccount, SHARED_TEXT } from '../login.js';
import type { Message } from '../message.js';
import { isNick, spellNick } from '../names.js';
import { confirmAccount, makeAccount, moveIn } from '../new-accounts.js';
import { outcomeOf, type Paged, resultOf, type Wait } from '../outcome.js';
import { rename } from '../renaming.js';
import { ask, type Question, type ServiceCommand, withAliases } from './service.js';

/** NS and NICKSERV. */
export function nickserv(client: Client, { params }: Message): Paged {
  return ask(client, 'NickServ', NICKSERV, params);
}

function* identify(question: Question): Paged {
  const { client, words } = question;
  const { server, source, limits, member } = client;
  const name = words.length > 1 ? (words[0] ?? '') : member.nick;
  const password = words.length > 1 ? question.rest(1) : (words[0] ?? '');
  const checking = server.accounts.logIn({ name, password, source, maxDelayMs: limits.maxPasswordDelayMs });
  const outcome = yield* resultOf(checking);
  if (outcome.kind !== 'logged-in') {
    client.log('login refused', { address: client.connection.address });
    question.fail('LOGIN_FAILED', LOGIN_FAILURES[outcome.kind]);
    return;
  }
  yield* enter(question, outcome.account);
}

function answerChange(question: Question, made: LoginChange, done: string): void {
  if (made === 'done') question.say(done);
  else if (made === 'shared') question.fail('NICK_SHARED', SHARED_TEXT);
  else question.fail('STORE_UNAVAILABLE', UNAVAILABLE);
}

function answerLogIn(question: Question, account: string, made: LoginChange): void {
  answerChange(question, made, `You are now logged in as ${account}`);
}

function* enter(question: Question, account: string): Paged {
  const { client } = question;
  const made = yield* logIn(client, account);
  answerLogIn(question, account, made);
  if (made !== 'done') return;
  const found = yield* resultOf(client.server.accounts.find(account));
  if (found.kind === 'account') yield* applySettings(client, found.facts);
}

function* logout(question: Question): Paged {
  answerChange(question, yield* logOut(question.client), 'You are now logged out');
}

function* register(question: Question): Paged {
  const { client, words } = question;
  const { server, member } = client;
  const [password = '', email = '*'] = words;
  if (client.account !== null) {
    question.fail('ALREADY_AUTHENTICATED', `You are logged in as ${client.account} already`);
    return;
  }
  if (!mayChangeAccount(client)) {
    question.fail('NICK_SHARED', SHARED_TEXT);
    return;
  }
  if (server.settings.accounts?.registration !== true) {
    question.fail('TEMPORARILY_UNAVAILABLE', 'Accounts cannot be made on this server');
    return;
  }
  const work = makeAccount(client, { name: '*', email, password, nick: member.nick, refusedNick: null });
  yield* registered(question, yield* resultOf(work));
}

function* registered(question: Question, outcome: RegisterOutcome | VerifyOutcome): Paged {
  const { client } = question;
  if (outcome.kind === 'refused') {
    question.fail(outcome.why, REGISTRATION_FAILURES[outcome.why]);
    return;
  }
  if (outcome.kind === 'confirmation-required') {
    question.say(`A code was sent to ${outcome.email}: /msg NickServ VERIFY ${outcome.account} <code>`);
    return;
  }
  client.log('account registered', { account: outcome.account });
  question.say(`The account ${outcome.account} is yours, and the nick is kept for it`);
  answerLogIn(question, outcome.account, yield* moveIn(client, outcome.account));
}

/** The address is one of several words here, so it may have been left out. */
const REGISTRATION_FAILURES = { ...REFUSALS, INVALID_EMAIL: 'No mail can be sent to this address, or one is needed' };

function* verify(question: Question): Paged {
  const { client, words } = question;
  const [name = '', code = ''] = words;
  yield* registered(question, yield* resultOf(confirmAccount(client, name, code)));
}

/** Checks a password, or that its owner has logged in. @returns the account; null if it has been answered */
function* proven(question: Question, name: string, password: string): Generator<Wait | undefined, string | null> {
  const { server, source, limits } = question.client;
  const checking = server.accounts.logIn({ name, password, source, maxDelayMs: limits.maxPasswordDelayMs });
  const outcome = yield* resultOf(checking);
  if (outcome.kind === 'logged-in') return outcome.account;
  question.fail('LOGIN_FAILED', LOGIN_FAILURES[outcome.kind]);
  return null;
}

function* drop(question: Question): Paged {
  const { client, words } = question;
  const { accounts } = client.server;
  const own = client.account ?? client.member.nick;
  const name = words.length > 1 ? (words[0] ?? '') : own;
  const account = yield* proven(question, name, words.length > 1 ? question.rest(1) : (words[0] ?? ''));
  if (account === null) return;
  const erased = yield* resultOf(accounts.erase(account));
  if (erased.kind !== 'erased') {
    question.fail('STORE_UNAVAILABLE', UNAVAILABLE);
    return;
  }
  client.log('account erased', { account });
  question.say(`The account ${account} is erased`);
}

/** GHOST. @returns whether the other one is gone */
function* free(question: Question): Generator<Wait | undefined, boolean> {
  const { client, words } = question;
  const [nick = ''] = words;
  const { chat } = client.server;
  const account = words.length > 1 ? yield* proven(question, nick, question.rest(1)) : client.account;
  if (account === null) {
    if (words.length < 2) question.fail('ACCOUNT_REQUIRED', 'Log in first, or give the password');
    return false;
  }
  const gone = yield* outcomeOf(chat.ghost(client.member, nick, account));
  if (gone.kind === 'expelled') return true;
  if (gone.why === 'not-allowed') question.fail('NOT_YOURS', `The nick ${nick} does not belong to your account`);
  else if (gone.why === 'oneself') question.fail('INVALID_PARAMS', 'You cannot ghost yourself');
  else if (gone.why === 'no-such-member') question.fail('NO_SUCH_NICK', `Nobody uses the nick ${nick}`);
  else question.fail('STORE_UNAVAILABLE', UNAVAILABLE);
  return false;
}

function* ghost(question: Question): Paged {
  if (yield* free(question)) question.say(`${question.words[0] ?? ''} has been put out`);
}

function* regain(question: Question): Paged {
  const { client, words } = question;
  const nick = spellNick(words[0] ?? '', client.server.settings);
  if (client.server.directory.member(nick) === client.member) {
    question.fail('INVALID_PARAMS', 'You have this nick already');
    return;
  }
  if (client.server.directory.member(nick) !== undefined && !(yield* free(question))) return;
  if (words.length > 1 && client.account === null) {
    const account = yield* proven(question, nick, question.rest(1));
    if (account !== null) yield* enter(question, account);
  }
  if (!isNick(nick, client.server.settings)) question.fail('INVALID_PARAMS', 'This is no nick');
  else yield* rename(client, nick);
}

// Looking at one's account, and changing it

function* facts(question: Question, name: string): Generator<Wait | undefined, AccountFacts | null> {
  const found = yield* resultOf(question.client.server.accounts.find(name));
  if (found.kind === 'account') return found.facts;
  if (found.kind === 'none') question.fail('NO_SUCH_ACCOUNT', `There is no account ${name}`);
  else question.fail('STORE_UNAVAILABLE', UNAVAILABLE);
  return null;
}

function* info(question: Question): Paged {
  const { client, words } = question;
  const name = words[0] ?? client.account ?? client.member.nick;
  const found = yield* facts(question, name);
  if (found === null) return;
  const { fold } = client.server.directory;
  question.say(`Account: ${found.name}`);
  question.say(`Registered: ${new Date(found.createdMs).toUTCString()}`);
  const isOwn = client.account !== null && fold(client.account) === fold(found.name);
  if (!isOwn && !PRIVILEGES.some((privilege) => client.may(privilege))) return;
  question.say(`E-mail: ${found.email ?? 'none'}`);
  question.say(`Certificates: ${found.certificates.length}`);
  question.say(`Always on: ${found.settings[ALWAYS_ON] === 'true' ? 'yes' : 'no'}`);
  question.say(`Nick kept for you: ${found.settings[ENFORCE] === 'none' ? 'no' : 'yes'}`);
}

function* change(question: Question, what: AccountChange, done: string): Generator<Wait | undefined, boolean> {
  const { client } = question;
  const outcome = yield* resultOf(client.server.accounts.change(client.account ?? '', what));
  if (outcome.kind === 'changed') question.say(done);
  else question.fail(...changeFailure(outcome));
  return outcome.kind === 'changed';
}

/** The code and the words for a change that was not made. */
function changeFailure(outcome: ChangeOutcome): [code: string, text: string] {
  switch (outcome.kind) {
    case 'refused':
      return [outcome.why, CHANGE_FAILURES[outcome.why]];
    case 'busy':
      return ['TRY_LATER', BUSY];
    case 'none':
      return ['INVALID_PARAMS', 'There is no such thing'];
    case 'changed':
    case 'unavailable':
      return ['STORE_UNAVAILABLE', UNAVAILABLE];
  }
}

const CHANGE_FAILURES: Readonly<Record<Extract<ChangeOutcome, { kind: 'refused' }>['why'], string>> = {
  WEAK_PASSWORD: 'This password is too short, or is the name of the account',
  UNACCEPTABLE_PASSWORD: 'This password cannot be used: it is too long',
  INVALID_EMAIL: 'No mail can be sent to this address',
  INVALID_CERTIFICATE: 'A fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits',
  CERTIFICATE_TAKEN: 'This certificate is another account’s',
  TOO_MANY: 'There are too many already',
};

function* passwd(question: Question): Paged {
  const { client, words } = question;
  const [before = ''] = words;
  const account = yield* proven(question, client.account ?? '', before);
  if (account !== null)
    yield* change(question, { kind: 'password', password: question.rest(1) }, 'The password is changed');
}

function* set(question: Question): Paged {
  const { words } = question;
  const [key = ''] = words;
  const value = question.rest(1);
  switch (key.toUpperCase()) {
    case 'PASSWORD':
      yield* change(question, { kind: 'password', password: value }, 'The password is changed');
      return;
    case 'EMAIL': {
      const email = /^(?:none|off|\*)$/i.test(value) ? null : value;
      yield* change(question, { kind: 'email', email }, `The e-mail address is now ${email ?? 'none'}`);
      return;
    }
    case 'ALWAYS-ON':
      yield* setAlwaysOn(question, switchOf(value));
      return;
    case 'ENFORCE':
      yield* setEnforce(question, /^none$/i.test(value) ? false : switchOf(value, 'strict'));
      return;
    default:
      question.fail('INVALID_PARAMS', 'SET knows PASSWORD, EMAIL, ALWAYS-ON (on, off), ENFORCE (on, none)');
  }
}

/** Returns the state that a word switches something to; null if it is none of those words. */
function switchOf(word: string, on = 'on'): boolean | null {
  if ([on, 'on', 'true', 'yes', 'mandatory'].includes(word.toLowerCase())) return true;
  return ['off', 'false', 'no', 'disabled'].includes(word.toLowerCase()) ? false : null;
}

function* setAlwaysOn(question: Question, on: boolean | null): Paged {
  if (on === null) {
    question.fail('INVALID_PARAMS', 'Usage: SET ALWAYS-ON on | off');
    return;
  }
  const setting = { kind: 'setting', key: ALWAYS_ON, value: on ? 'true' : null } as const;
  const done = on ? 'You stay when nobody is connected for you' : 'You leave when your last client leaves';
  if (!(yield* change(question, setting, done))) return;
  yield* outcomeOf(question.client.server.chat.setTrait(question.client.member, 'always-on', on));
}

function* setEnforce(question: Question, on: boolean | null): Paged {
  const { account, server } = question.client;
  if (on === null || account === null) {
    question.fail('INVALID_PARAMS', 'Usage: SET ENFORCE on | none');
    return;
  }
  const setting = { kind: 'setting', key: ENFORCE, value: on ? null : 'none' } as const;
  const done = on ? 'Your nick is kept for you' : 'Anybody may use your nick when you do not';
  if (yield* change(question, setting, done)) server.chat.reserveNicks([account], on);
}

function* cert(question: Question): Paged {
  const { client, words } = question;
  const [action = '', given] = words;
  const fingerprint = (given ?? client.certificate ?? '').replaceAll(':', '').toLowerCase();
  switch (action.toUpperCase()) {
    case 'ADD':
      if (fingerprint === '')
        question.fail('INVALID_PARAMS', 'Your client has sent no certificate: give a fingerprint');
      else yield* change(question, { kind: 'add-certificate', fingerprint }, `You can log in with ${fingerprint}`);
      return;
    case 'DEL':
      yield* change(question, { kind: 'drop-certificate', fingerprint }, `${fingerprint} is forgotten`);
      return;
    case 'LIST': {
      const found = yield* facts(question, client.account ?? '');
      if (found === null) return;
      for (const one of found.certificates) question.say(one);
      question.say(`Certificates: ${found.certificates.length}`);
      return;
    }
    default:
      question.fail('INVALID_PARAMS', 'Usage: CERT ADD [fingerprint] | DEL <fingerprint> | LIST');
  }
}

function clients(question: Question): undefined {
  const [action = '', which] = question.words;
  switch (action.toUpperCase()) {
    case 'LIST':
      listClients(question);
      return;
    case 'LOGOUT':
      if (which !== undefined) {
        logOutClients(question, which);
        return;
      }
  }
  question.fail('INVALID_PARAMS', 'Usage: CLIENTS LIST | LOGOUT <number> | LOGOUT ALL');
}

function listClients(question: Question): void {
  const { client } = question;
  const all = [client, ...otherDevices(client)];
  for (const device of all) {
    const { id, address, isSecure, sinceMs } = device.connection;
    const which = device === client ? `${id} (this one)` : `${id}`;
    const safety = isSecure ? 'secure' : 'not secure';
    const since = new Date(sinceMs).toISOString();
    question.say(`Client ${which}: ${address}, ${safety}, since ${since}, as ${device.member.nick}`);
  }
  question.say(`Clients: ${all.length}`);
}

/** The one who asks remains, also when all are meant. */
function logOutClients(question: Question, which: string): void {
  const { client } = question;
  const isAll = which.toUpperCase() === 'ALL';
  const meant = otherDevices(client).filter(({ connection }) => isAll || `${connection.id}` === which);
  if (!isAll && which === `${client.connection.id}`) {
    question.fail('INVALID_PARAMS', 'This is the client that you are using: LOGOUT logs it out');
  } else if (!isAll && meant.length === 0) {
    question.fail('NO_SUCH_CLIENT', `No client of your account has the number ${which}`);
  } else {
    for (const device of meant) logOutDevice(client, device);
    question.say(isAll ? `Clients logged out: ${meant.length}` : `Client ${which} is logged out`);
  }
}

const COMMANDS: Readonly<Record<string, ServiceCommand>> = {
  IDENTIFY: {
    ...{ usage: '[account] <password>', minWords: 1, needsAccount: false, run: identify },
    about: 'Logs in to an account: that of your nick, or another one.',
  },
  LOGOUT: { usage: '', minWords: 0, needsAccount: true, run: logout, about: 'Logs out.' },
  REGISTER: {
    ...{ usage: '<password> [e-mail]', minWords: 1, needsAccount: false, run: register },
    about: 'Makes an account that is named like your nick.',
  },
  VERIFY: {
    ...{ usage: '<account> <code>', minWords: 2, needsAccount: false, run: verify },
    about: 'Confirms a new account by the code that was sent to you.',
  },
  DROP: {
    ...{ usage: '[account] <password>', minWords: 1, needsAccount: false, run: drop },
    about: 'Erases an account, and everything that belongs to it.',
  },
  GHOST: {
    ...{ usage: '<nick> [password]', minWords: 1, needsAccount: false, run: ghost },
    about: 'Puts out the one who uses your nick, or an old connection of yours.',
  },
  REGAIN: {
    ...{ usage: '<nick> [password]', minWords: 1, needsAccount: false, run: regain },
    about: 'Puts out the one who uses your nick, and gives it to you.',
  },
  INFO: {
    usage: '[account]',
    minWords: 0,
    needsAccount: false,
    run: info,
    about: 'Shows what is known of an account.',
  },
  PASSWD: {
    ...{ usage: '<old password> <new password>', minWords: 2, needsAccount: true, run: passwd },
    about: 'Changes your password.',
  },
  SET: {
    ...{ usage: 'PASSWORD | EMAIL | ALWAYS-ON | ENFORCE <value>', minWords: 2, needsAccount: true, run: set },
    about: 'Changes your account: ALWAYS-ON on keeps you here without a connection, ENFORCE none frees your nick.',
  },
  CERT: {
    ...{ usage: 'ADD [fingerprint] | DEL <fingerprint> | LIST', minWords: 1, needsAccount: true, run: cert },
    about: 'Manages the TLS certificates by which you log in (SASL EXTERNAL).',
  },
  CLIENTS: {
    ...{ usage: 'LIST | LOGOUT <number> | LOGOUT ALL', minWords: 1, needsAccount: true, run: clients },
    about: 'Shows the connections that are logged in to your account, and logs out others than the one you use.',
  },
};

const NICKSERV = withAliases(COMMANDS, {
  ...{ ID: 'IDENTIFY', LOGIN: 'IDENTIFY', UNREGISTER: 'DROP', RECOVER: 'REGAIN', RELEASE: 'GHOST' },
});
