/** ChanServ: channels that belong to accounts, by messages (CS, CHANSERV). */
import type { NotTaken, Refused } from '../../../chat/refusal.js';
import { type Rank, RANK_BITS, type Room } from '../../../chat/room.js';
import type { WantedChange } from '../../../chat/verbs/settings.js';
import type { Client } from '../client.js';
import { MAX_MODES } from '../isupport.js';
import type { Message } from '../message.js';
import { rankSigns } from '../modes.js';
import { outcomeOf, type Paged, resultOf, type Wait } from '../outcome.js';
import { ask, type Question, type ServiceCommand, withAliases } from './service.js';

/** CS and CHANSERV. */
export function chanserv(client: Client, { params }: Message): Paged {
  return ask(client, 'ChanServ', CHANSERV, params);
}

/** The most channels that one account founds. */
const MAX_FOUNDED = 15;

/** The levels of access, by the words that people know from other servers. */
const LEVELS: ReadonlyMap<string, Rank> = new Map<string, Rank>([
  ...['OWNER', 'QOP', '+Q', 'Q'].map((word) => [word, 'owner'] as const),
  ...['ADMIN', 'SOP', 'AOPS', '+A', 'A'].map((word) => [word, 'admin'] as const),
  ...['OP', 'AOP', 'OPERATOR', '+O', 'O'].map((word) => [word, 'operator'] as const),
  ...['HALFOP', 'HOP', '+H', 'H'].map((word) => [word, 'half-operator'] as const),
  ...['VOICE', 'VOP', '+V', 'V'].map((word) => [word, 'voice'] as const),
]);

const FAILURES: Readonly<Record<string, string>> = {
  'no-such-room': 'There is no such channel',
  'not-inside': 'You are not in that channel',
  'not-allowed': 'You may not do that in this channel',
  'needs-account': 'Log in first: /msg NickServ IDENTIFY <password>',
  registered: 'This channel is registered already',
  permanent: 'This channel cannot be registered: it belongs to the server',
  'not-registered': 'This channel is not registered',
  'list-full': 'The list of access is full',
  'too-many-rooms': `You have ${MAX_FOUNDED} channels already`,
  'not-taken': 'The server could not store this in time; nothing was done',
};

/** Answers why something was not done. */
function fail(question: Question, { why }: Refused<string> | NotTaken): void {
  question.fail(why.toUpperCase().replaceAll('-', '_'), FAILURES[why] ?? 'That cannot be done');
}

/** Finds the channel of a question, if there is one that the client may know of. */
function roomOf({ client, words }: Question): Room | undefined {
  return client.server.directory.visibleRoom(client.member, words[0] ?? '');
}

function* register(question: Question): Paged {
  const { client, words } = question;
  const [name = ''] = words;
  const made = yield* outcomeOf(client.server.chat.registerRoom(client.member, name, MAX_FOUNDED));
  if (made.kind === 'refused') fail(question, made);
  else question.say(`${name} is registered, and you are its founder`);
}

function* unregister(question: Question): Paged {
  const { client, words } = question;
  const [name = ''] = words;
  const made = yield* outcomeOf(client.server.chat.unregisterRoom(client.member, name));
  if (made !== null) fail(question, made);
  else question.say(`${name} is not registered any more`);
}

function* info(question: Question): Paged {
  const room = roomOf(question);
  if (room === undefined) question.fail('NO_SUCH_ROOM', FAILURES['no-such-room'] ?? '');
  else if (room.registration === null) question.fail('NOT_REGISTERED', FAILURES['not-registered'] ?? '');
  else {
    question.say(`Channel: ${room.name}`);
    question.say(`Founder: ${room.registration.founder}`);
    question.say(`Registered: ${new Date(room.registration.atMs).toUTCString()}`);
    yield;
  }
}

/** Finds an account by its name, as its owner has spelled it. Answers and returns null if there is none. */
function* accountOf(question: Question, name: string): Generator<Wait | undefined, string | null> {
  const found = yield* resultOf(question.client.server.accounts.find(name));
  // One that waits for its code may still become somebody else's.
  if (found.kind === 'account' && found.facts.isConfirmed) return found.facts.name;
  if (found.kind !== 'unavailable') question.fail('NO_SUCH_ACCOUNT', `There is no account ${name}`);
  else question.fail('STORE_UNAVAILABLE', 'Accounts cannot be read now, try again later');
  return null;
}

const ACCESS_USAGE = 'Usage: ACCESS <channel> LIST | ADD <account> <level> | DEL <account>';

function* access(question: Question): Paged {
  const [, action = 'LIST', name = '', level = ''] = question.words;
  switch (action.toUpperCase()) {
    case 'LIST':
      listAccess(question);
      return;
    case 'ADD':
    case 'SET':
      yield* setAccess(question, name, level.toUpperCase());
      return;
    case 'DEL':
    case 'REMOVE':
      yield* setAccess(question, name, 'NONE');
      return;
    default:
      question.fail('INVALID_PARAMS', ACCESS_USAGE);
  }
}

function listAccess(question: Question): void {
  const room = roomOf(question);
  const { member } = question.client;
  if (room === undefined) question.fail('NO_SUCH_ROOM', FAILURES['no-such-room'] ?? '');
  else if (room.registration === null) question.fail('NOT_REGISTERED', FAILURES['not-registered'] ?? '');
  else if (room.accessOf(member) === 0 && !member.may('override')) {
    question.fail('NOT_ALLOWED', FAILURES['not-allowed'] ?? '');
  } else {
    const { founder, access: list } = room.registration;
    question.say(`Access to ${room.name}:`);
    question.say(`${founder}: founder`);
    for (const { account, ranks } of list) question.say(`${account}: ${rankSigns(ranks, true)} ${levelOf(ranks)}`);
    for (const { mask } of room.masks.ban) if (mask.startsWith('~a:')) question.say(`${mask.slice(3)}: banned`);
    question.say('End of the list');
  }
}

function levelOf(ranks: number): string {
  return [...new Set(LEVELS.values())].find((rank) => (ranks & RANK_BITS[rank]) > 0) ?? 'none';
}

function* setAccess(question: Question, name: string, level: string): Paged {
  const { client, words } = question;
  const [channel = ''] = words;
  const rank = LEVELS.get(level);
  if (name === '') {
    question.fail('NEED_MORE_PARAMS', ACCESS_USAGE);
    return;
  }
  if (level === 'FOUNDER') {
    yield* passOn(question, name);
    return;
  }
  if (rank === undefined && level !== 'NONE' && level !== 'BAN') {
    question.fail('INVALID_PARAMS', 'Levels are FOUNDER, OWNER, ADMIN, OP, HALFOP, VOICE, BAN');
    return;
  }
  // An account that is gone can be taken off the list.
  const account = level === 'NONE' ? name : yield* accountOf(question, name);
  if (account === null) return;
  const before = accessOf(question, account);
  if (isFounder(question, account) && (level !== 'NONE' || before === 0)) {
    question.fail('IS_FOUNDER', `${account} is the founder: hand the channel over first`);
    return;
  }
  if (level === 'BAN') yield* ban(question, account, true);
  const ranks = rank === undefined ? 0 : RANK_BITS[rank];
  if (level === 'BAN' && accessOf(question, account) === 0) return;
  if (level === 'NONE' && before === 0) {
    yield* ban(question, account, false);
    return;
  }
  const made = yield* outcomeOf(client.server.chat.grantRanks(client.member, channel, { account, ranks }));
  if (made.kind === 'refused') fail(question, made);
  else question.say(`${account} has ${ranks === 0 ? 'no access' : `the level ${levelOf(ranks)}`} in ${channel}`);
}

/** The ranks that an account has in the channel of a question. */
function accessOf(question: Question, account: string): number {
  const { fold } = question.client.server.directory;
  const list = roomOf(question)?.registration?.access ?? [];
  return list.find((one) => fold(one.account) === fold(account))?.ranks ?? 0;
}

function isFounder(question: Question, account: string): boolean {
  const { fold } = question.client.server.directory;
  const founder = roomOf(question)?.registration?.founder;
  return founder !== undefined && fold(founder) === fold(account);
}

function isBanned(question: Question, account: string): boolean {
  const { fold } = question.client.server.directory;
  const bans = roomOf(question)?.masks.ban ?? [];
  return bans.some(({ mask }) => fold(mask) === fold(`~a:${account}`));
}

/** Bans an account, or lifts that ban. */
function* ban(question: Question, account: string, on: boolean): Paged {
  const wasBanned = isBanned(question, account);
  const change = { kind: 'mask', on, list: 'ban', mask: `~a:${account}` } as const;
  if (!(yield* amend(question, [change]))) return;
  if (on) question.say(`${account} is banned`);
  else if (wasBanned) question.say(`${account} is not on the list any more`);
  else question.fail('NOT_LISTED', `${account} is not on the list`);
}

/** Changes settings of the channel. @returns whether all was done */
function* amend(question: Question, changes: readonly WantedChange[]): Generator<Wait | undefined, boolean> {
  const { client, words } = question;
  const { chat, settings } = client.server;
  const limits = { maxMasks: settings.maxMasks, maxValues: MAX_MODES };
  const room = roomOf(question);
  if (room?.registration === null) {
    question.fail('NOT_REGISTERED', FAILURES['not-registered'] ?? '');
    return false;
  }
  const made = yield* outcomeOf(chat.amend(client.member, words[0] ?? '', changes, limits));
  if (made.kind === 'refused') {
    fail(question, made);
    return false;
  }
  if (made.event !== null) client.echo(made.event);
  const refusal = made.refusals.find((one) => one !== null);
  if (refusal === undefined) return true;
  if (refusal.why === 'no-such-member') question.fail('NO_SUCH_NICK', 'There is no such nick');
  else if (refusal.why === 'target-not-inside') question.fail('NOT_INSIDE', 'They are not in that channel');
  else fail(question, refusal);
  return false;
}

/** Makes a command that gives a rank to members, or takes it; to the one who asks if it names nobody. */
function ranking(rank: Rank, on: boolean): ServiceCommand {
  return {
    ...{ usage: '<channel> [nick ...]', minWords: 1, needsAccount: true },
    about: `${on ? 'Gives' : 'Takes'} the rank ${rank} ${on ? 'to' : 'from'} you, or others, in a channel of yours.`,
    *run(question) {
      const { client, words } = question;
      const nicks = words.length > 1 ? words.slice(1) : [client.member.nick];
      const changes = nicks.slice(0, MAX_MODES).map((nick) => ({ kind: 'rank', on, rank, nick }) as const);
      if (yield* amend(question, changes)) question.say('Done');
    },
  };
}

/** AMODE: access as modes, as ergo has it. */
function* amode(question: Question): Paged {
  const [, modes = '', name = ''] = question.words;
  const match = /^([+-])([qaohv])$/.exec(modes);
  if (modes === '') listAccess(question);
  else if (match === null || name === '') question.fail('INVALID_PARAMS', 'Usage: AMODE <channel> [+o | -o <account>]');
  else yield* setAccess(question, name, match[1] === '+' ? (match[2] ?? '').toUpperCase() : 'NONE');
}

function* founder(question: Question): Paged {
  yield* passOn(question, question.words[1] ?? '');
}

function* passOn(question: Question, name: string): Paged {
  const { client, words } = question;
  const [channel = ''] = words;
  const account = yield* accountOf(question, name);
  if (account === null) return;
  const made = yield* outcomeOf(
    client.server.chat.passRoom(client.member, channel, { account, maxRooms: MAX_FOUNDED }),
  );
  if (made.kind === 'refused' && made.why === 'too-many-rooms') {
    question.fail('TOO_MANY_ROOMS', `${account} has ${MAX_FOUNDED} channels already`);
  } else if (made.kind === 'refused') fail(question, made);
  else question.say(`${account} is the founder of ${channel} now`);
}

function* list(question: Question): Paged {
  const { account, server } = question.client;
  const { fold } = server.directory;
  for (const room of server.directory.rooms()) {
    const { registration } = room;
    if (account === null || registration === null) continue;
    const isFounder = fold(registration.founder) === fold(account);
    const ranks = room.accessOf(question.client.member);
    if (isFounder) question.say(`${room.name}: founder`);
    else if (ranks > 0) question.say(`${room.name}: ${levelOf(ranks)}`);
    yield;
  }
  question.say('End of the list');
}

const COMMANDS: Readonly<Record<string, ServiceCommand>> = {
  REGISTER: {
    ...{ usage: '<channel>', minWords: 1, needsAccount: true, run: register },
    about: 'Makes a channel yours: it stays when it is empty, with its topic and modes. You must be its operator.',
  },
  UNREGISTER: {
    ...{ usage: '<channel>', minWords: 1, needsAccount: false, run: unregister },
    about: 'Ends the registration of a channel.',
  },
  INFO: {
    ...{ usage: '<channel>', minWords: 1, needsAccount: false, run: info },
    about: 'Shows whose a channel is.',
  },
  LIST: { usage: '', minWords: 0, needsAccount: true, run: list, about: 'Lists the channels that you have access to.' },
  ACCESS: {
    ...{
      usage: '<channel> LIST | ADD <account> <level> | DEL <account>',
      minWords: 1,
      needsAccount: false,
      run: access,
    },
    about:
      'Manages the ranks that accounts get when they enter. Levels: FOUNDER, OWNER, ADMIN, OP, HALFOP, VOICE, BAN.',
  },
  AMODE: {
    ...{ usage: '<channel> [+o | -o <account>]', minWords: 1, needsAccount: false, run: amode },
    about: 'The same as ACCESS, with the letters of modes: q a o h v.',
  },
  FOUNDER: {
    ...{ usage: '<channel> <account>', minWords: 2, needsAccount: false, run: founder },
    about: 'Hands a channel over to another account.',
  },
  OP: ranking('operator', true),
  DEOP: ranking('operator', false),
  HALFOP: ranking('half-operator', true),
  DEHALFOP: ranking('half-operator', false),
  VOICE: ranking('voice', true),
  DEVOICE: ranking('voice', false),
};

const CHANSERV = withAliases(COMMANDS, { DROP: 'UNREGISTER', TRANSFER: 'FOUNDER' });
