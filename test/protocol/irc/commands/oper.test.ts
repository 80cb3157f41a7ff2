/** OPER: RFC 2812 section 3.1.4; modern, "OPER message"; IRCv3 chghost. */
import { expect, test } from 'vitest';
import { hashPassword } from '../../../../src/accounts/password.js';
import { numerics, startIrc } from '../irc-client.js';

const operator = (changes: object = {}) => ({ name: 'root', password: 'pw', masks: ['*@*'], host: null, ...changes });

test('OPER accepts the right password from the right place, hashed or not, and answers in order', async () => {
  const hashed = operator({ name: 'hashed', password: await hashPassword('pw') });
  const remote = operator({ name: 'remote', masks: ['*@10.*'] });
  const server = await startIrc({ irc: { operators: [operator(), hashed, remote] } });
  const ann = await server.client('ann');
  expect(numerics(await ann.ask('OPER root wrong', 'OPER nobody pw', 'OPER remote pw', 'OPER root'))).toEqual([
    '464 :Password incorrect',
    '491 :No O-lines for your host',
    '491 :No O-lines for your host',
    '461 OPER :Not enough parameters',
  ]);
  expect(await ann.ask('OPER hashed pw', 'MODE ann')).toEqual([
    ':fdmux.local 381 ann :You are now an IRC operator',
    ':ann!ann@127.0.0.1 MODE ann +o',
    ':fdmux.local 221 ann +o',
  ]);
  expect(server.records.filter(({ message }) => message === 'operator refused')).toHaveLength(3);
  expect(numerics(await ann.ask('WHOIS ann'), '313')).toEqual(['313 ann :is an IRC operator']);
  expect(await ann.ask('MODE ann -o')).toEqual([':ann!ann@127.0.0.1 MODE ann -o']);
});

test('guessing gets slower, for an address and for an operator, and later commands wait for a guess', async () => {
  const server = await startIrc({ irc: { operators: [operator()] }, limits: { maxPasswordDelayMs: 100 } });
  const ann = await server.client('ann');
  const startedMs = performance.now();
  const guesses = Array.from({ length: 10 }, (_, index) => `OPER root wrong${index}`);
  expect(numerics(await ann.ask(...guesses), '464')).toHaveLength(10);
  // The first four are checked at once.
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(590);
  const bob = await server.client('bob');
  const againMs = performance.now();
  expect(numerics(await bob.ask('OPER root pw'), '381')).toHaveLength(1);
  expect(performance.now() - againMs).toBeLessThan(10_000);
});

test('chghost shows the new host of an operator', async () => {
  const server = await startIrc({ irc: { operators: [operator({ host: 'staff.example' })] } });
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { caps: 'chghost', join: '#a' });
  await ann.ask('OPER root pw');
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 CHGHOST ann staff.example']);
});
