/** REGISTER and VERIFY: making an account (IRCv3 draft/account-registration). */
import type { RegisterOutcome, RegistrationRefusal, VerifyOutcome } from '../../../accounts/account-service.js';
import type { Client } from '../client.js';
import { logIn } from '../login.js';
import type { Message } from '../message.js';
import { spellNick } from '../names.js';
import { judgeName, keepNick } from '../new-accounts.js';
import { defer, type Outcome, type Paged } from '../outcome.js';

const REASONS: Readonly<Record<RegistrationRefusal | 'INVALID_CODE', string>> = {
  ACCOUNT_EXISTS: 'Somebody else has this name',
  BAD_ACCOUNT_NAME: 'This cannot be the name of an account: it must be like a nick',
  ACCOUNT_NAME_MUST_BE_NICK: 'The account must have the name of your nick',
  NEED_NICK: 'Choose a nick first',
  WEAK_PASSWORD: 'This password is too short, or is the name of the account',
  UNACCEPTABLE_PASSWORD: 'This password cannot be used: it is too long',
  INVALID_EMAIL: 'No mail can be sent to this address',
  TEMPORARILY_UNAVAILABLE: 'Accounts cannot be made now, try again later',
  INVALID_CODE: 'This code is wrong, or has expired',
};

/** REGISTER: `account|* email|* password`. */
export function register(client: Client, message: Message): Outcome {
  const [name = '*', email = '*', password = ''] = message.params;
  if (!mayAsk(client, 'REGISTER')) return undefined;
  const { server, source, limits, registration, member } = client;
  const work = server.accounts.register({
    name: spellNick(name, server.settings),
    ...{ email, password, source },
    ...{ maxDelayMs: limits.maxPasswordDelayMs, accountsPerHour: limits.accountsPerHour },
    nick: registration === null ? member.nick : registration.nick,
    refusedNick: registration?.refusedNick ?? null,
    mayBeNamed: (wanted) => judgeName(client, wanted),
  });
  return defer(keepNick(client, work), (outcome) => answer(client, 'REGISTER', outcome));
}

/** VERIFY: `account code`. */
export function verify(client: Client, message: Message): Outcome {
  const [name = '', code = ''] = message.params;
  if (!mayAsk(client, 'VERIFY')) return undefined;
  const { server, source, limits } = client;
  const work = server.accounts.verify({ name, code, source, maxDelayMs: limits.maxPasswordDelayMs });
  return defer(keepNick(client, work), (outcome) => answer(client, 'VERIFY', outcome));
}

/** Judges what does not depend on the account. Replies if it is against it. */
function mayAsk(client: Client, command: 'REGISTER' | 'VERIFY'): boolean {
  const { account, registration, server } = client;
  const offer = server.offers.get('draft/account-registration');
  if (account !== null) {
    client.fail(command, 'ALREADY_AUTHENTICATED', [account], 'You are logged in already');
  } else if (offer === undefined) {
    client.fail(command, 'TEMPORARILY_UNAVAILABLE', ['*'], 'Accounts cannot be made on this server');
  } else if (registration !== null && !offer.split(',').includes('before-connect')) {
    client.fail(command, 'COMPLETE_CONNECTION_REQUIRED', ['*'], 'Connect first, then make an account');
  } else {
    return true;
  }
  return false;
}

function* answer(client: Client, command: 'REGISTER' | 'VERIFY', outcome: RegisterOutcome | VerifyOutcome): Paged {
  const { account } = outcome;
  const head = `:${client.server.name} ${command}`;
  switch (outcome.kind) {
    case 'registered':
      client.log('account registered', { account });
      client.answer(`${head} SUCCESS ${account} :Your account is ready`);
      yield* logIn(client, account);
      // Whoever has made the account is logged in by now, and keeps the nick.
      client.server.chat.reserveNicks([account], true);
      return;
    case 'confirmation-required':
      client.answer(
        `${head} VERIFICATION_REQUIRED ${account} :A code was sent to ${outcome.email}: VERIFY ${account} <code>`,
      );
      return;
    case 'refused':
      client.fail(command, outcome.why, [account], REASONS[outcome.why]);
  }
}
