/** AUTHENTICATE: logging in by SASL (IRCv3 sasl-3.1, sasl-3.2). */
import { MECHANISMS, type SaslStep } from '../../../accounts/account-service.js';
import type { Client } from '../client.js';
import { logIn, SHARED_TEXT } from '../login.js';
import type { Message } from '../message.js';
import { defer, type Outcome, type Paged } from '../outcome.js';

/** A response is cut into pieces of this length; a shorter one is its last. */
const CHUNK_LENGTH = 400;
/** Base64 characters of a whole response: ten chunks, more than any mechanism here needs. */
const MAX_RESPONSE_LENGTH = 4000;
const FAILED = 'SASL authentication failed';

/** AUTHENTICATE: a mechanism at first, then responses; `*` ends the exchange. At any time, also after another one. */
export function authenticate(client: Client, message: Message): Outcome {
  const [word = ''] = message.params;
  const { authentication } = client;
  if (word === '*') {
    client.authentication = null;
    client.reply('ERR_SASLABORTED');
    return undefined;
  }
  if (authentication === null) {
    begin(client, word);
    return undefined;
  }
  if (word !== '+') authentication.received += word;
  if (word.length > CHUNK_LENGTH || authentication.received.length > MAX_RESPONSE_LENGTH) {
    client.authentication = null;
    client.reply('ERR_SASLTOOLONG');
    return undefined;
  }
  if (word.length === CHUNK_LENGTH) return undefined;
  const response = authentication.received;
  authentication.received = '';
  return defer(authentication.exchange.step(response), (step) => answer(client, step));
}

function begin(client: Client, word: string): void {
  const { server, source, certificate, limits } = client;
  const offered = server.settings.accounts?.mechanisms ?? [];
  const mechanism = MECHANISMS.find((name) => name === word.toUpperCase());
  if (mechanism === undefined || !offered.includes(mechanism)) {
    if (offered.length > 0) client.reply('RPL_SASLMECHS', offered.join(','));
    client.reply('ERR_SASLFAIL', FAILED);
    return;
  }
  const asker = { source, maxDelayMs: limits.maxPasswordDelayMs };
  client.authentication = { exchange: server.accounts.exchange(mechanism, { ...asker, certificate }), received: '' };
  // All mechanisms here begin with a message of the client.
  client.answer('AUTHENTICATE +');
}

function* answer(client: Client, step: SaslStep): Paged {
  if (step.kind === 'challenge') {
    sendChallenge(client, step.text);
    return;
  }
  client.authentication = null;
  switch (step.kind) {
    case 'logged-in':
      yield* enter(client, step.account);
      return;
    case 'wrong':
      client.log('login refused', { address: client.connection.address });
      client.reply('ERR_SASLFAIL', FAILED);
      return;
    case 'unconfirmed':
      client.fail('AUTHENTICATE', 'VERIFICATION_REQUIRED', [step.account], 'This account is not verified yet');
      client.reply('ERR_SASLFAIL', `${FAILED}: this account is not verified yet`);
      return;
    case 'suspended':
      client.reply('ERR_NICKLOCKED', 'This account is suspended');
      return;
    case 'busy':
      client.fail('AUTHENTICATE', 'TRY_LATER', [], 'Too many passwords are being checked, try again later');
      client.reply('ERR_SASLFAIL', FAILED);
      return;
    case 'unavailable':
      client.fail('AUTHENTICATE', 'TEMPORARILY_UNAVAILABLE', [], 'Accounts cannot be read now, try again later');
      client.reply('ERR_SASLFAIL', FAILED);
  }
}

function* enter(client: Client, account: string): Paged {
  const made = yield* logIn(client, account);
  if (made === 'done') {
    client.reply('RPL_SASLSUCCESS');
    return;
  }
  if (made === 'shared') client.fail('AUTHENTICATE', 'NICK_SHARED', [account], SHARED_TEXT);
  client.reply('ERR_SASLFAIL', FAILED);
}

function sendChallenge(client: Client, text: string): void {
  for (let at = 0; at < text.length; at += CHUNK_LENGTH) {
    client.answer(`AUTHENTICATE ${text.slice(at, at + CHUNK_LENGTH)}`);
  }
  if (text.length % CHUNK_LENGTH === 0) client.answer('AUTHENTICATE +');
}
