/** REGISTER and VERIFY: making an account (IRCv3 draft/account-registration). */
import type { RegisterOutcome, VerifyOutcome } from '../../../accounts/account-service.js';
import { REFUSALS } from '../../account-texts.js';
import type { Client } from '../client.js';
import { mayChangeAccount, SHARED_TEXT } from '../login.js';
import type { Message } from '../message.js';
import { spellNick } from '../names.js';
import { confirmAccount, makeAccount, moveIn } from '../new-accounts.js';
import { defer, type Outcome, type Paged } from '../outcome.js';

/** REGISTER: `account|* email|* password`. */
export function register(client: Client, message: Message): Outcome {
  const [name = '*', email = '*', password = ''] = message.params;
  if (!mayAsk(client, 'REGISTER')) return undefined;
  const { server, registration, member } = client;
  const work = makeAccount(client, {
    ...{ name: spellNick(name, server.settings), email, password },
    nick: registration === null ? member.nick : registration.nick,
    refusedNick: registration?.refusedNick ?? null,
  });
  return defer(work, (outcome) => answer(client, 'REGISTER', outcome));
}

/** VERIFY: `account code`. */
export function verify(client: Client, message: Message): Outcome {
  const [name = '', code = ''] = message.params;
  if (!mayAsk(client, 'VERIFY')) return undefined;
  return defer(confirmAccount(client, name, code), (outcome) => answer(client, 'VERIFY', outcome));
}

/** Judges what does not depend on the account. Replies if it is against it. */
function mayAsk(client: Client, command: 'REGISTER' | 'VERIFY'): boolean {
  const { account, registration, server } = client;
  const offer = server.offers.get('draft/account-registration');
  if (account !== null) {
    client.fail(command, 'ALREADY_AUTHENTICATED', [account], 'You are logged in already');
  } else if (!mayChangeAccount(client)) {
    client.fail(command, 'TEMPORARILY_UNAVAILABLE', ['*'], SHARED_TEXT);
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
      yield* moveIn(client, account);
      return;
    case 'confirmation-required':
      client.answer(
        `${head} VERIFICATION_REQUIRED ${account} :A code was sent to ${outcome.email}: VERIFY ${account} <code>`,
      );
      return;
    case 'refused':
      client.fail(command, outcome.why, [account], REFUSALS[outcome.why]);
  }
}
