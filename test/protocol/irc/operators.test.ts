/** OPER, KILL, WALLOPS, REHASH, DIE: modern "Operator Messages"; IRCv3 chghost. */
import { expect, test } from 'vitest';
import { hashPassword } from '../../../src/protocol/password.js';
import { loadConfig } from '../../../src/server/config.js';
import { numerics, startIrc } from './irc-client.js';

const operator = (changes: object = {}) => ({ name: 'root', password: 'pw', masks: ['*@*'], host: null, ...changes });

test('OPER takes the right password from the right place, hashed or not, and answers in order', async () => {
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

test("an operator's host is told with chghost", async () => {
  const server = await startIrc({ irc: { operators: [operator({ host: 'staff.example' })] } });
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { caps: 'chghost', join: '#a' });
  await ann.ask('OPER root pw');
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 CHGHOST ann staff.example']);
});

test('KILL puts somebody out with a reason', async () => {
  const server = await startIrc({ irc: { operators: [operator()] } });
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob');
  expect(numerics(await bob.ask('KILL ann :x', 'WALLOPS :x', 'REHASH', 'DIE'))).toEqual(
    Array.from({ length: 4 }, () => "481 :Permission Denied- You're not an IRC operator"),
  );
  await ann.ask('OPER root pw');
  await bob.ask('JOIN #a');
  await ann.heard();
  expect(await ann.ask('KILL bob :spam')).toEqual([':bob!bob@127.0.0.1 QUIT :Killed (ann (spam))']);
  expect((await bob.rest()).slice(-2)).toEqual([
    ':ann!ann@127.0.0.1 KILL bob :spam',
    'ERROR :Closing Link: 127.0.0.1 (Killed (ann (spam)))',
  ]);
  expect(numerics(await ann.ask('KILL bob', 'KILL fdmux.local', 'KILL'))).toEqual([
    '401 bob :No such nick/channel',
    "483 :You can't kill a server!",
    '461 KILL :Not enough parameters',
  ]);
});

test('WALLOPS reaches those with +w', async () => {
  const server = await startIrc({ irc: { operators: [operator()] } });
  const ann = await server.client('ann');
  const bob = await server.client('bob');
  const eve = await server.client('eve');
  await bob.ask('MODE bob +w');
  await ann.ask('OPER root pw');
  expect(await ann.ask('WALLOPS :hear me')).toEqual([]);
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 WALLOPS :hear me']);
  expect(await eve.heard()).toEqual([]);
});

test('REHASH takes over a changed configuration without dropping anybody, and keeps the old one when the new is wrong', async () => {
  const base = await loadConfig({ ircPort: 0, without: ['plain'] });
  let isBroken = false;
  const server = await startIrc({
    irc: { operators: [operator()] },
    readConfig: async () => {
      if (isBroken) throw new Error('fdmux.json: motd: must be a list of lines');
      return { ...base, irc: { ...base.irc, operators: [operator()], motd: ['fresh'] } };
    },
  });
  const ann = await server.client('ann', { join: '#a' });
  await ann.ask('OPER root pw');
  expect(numerics(await ann.ask('REHASH', 'MOTD'), '382', '372')).toEqual([
    '382 fdmux.json :Rehashing',
    '372 :- fresh',
  ]);
  isBroken = true;
  expect(await ann.ask('REHASH')).toContain(':fdmux.local NOTICE ann :fdmux.json: motd: must be a list of lines');
  expect(numerics(await ann.ask('MOTD', 'NAMES #a'), '372', '353')).toEqual(['372 :- fresh', '353 = #a :@ann']);
});

test('DIE ends the server', async () => {
  const server = await startIrc({ irc: { operators: [operator()] } });
  const ann = await server.client('ann');
  await ann.ask('OPER root pw', 'DIE');
  expect(server.stopReasons).toEqual(['stopped by ann']);
});
