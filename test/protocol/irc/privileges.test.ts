/** What an operator may do if its class has some privileges only (modern, "ERR_NOPRIVILEGES"). */
import { describe, expect, test } from 'vitest';
import { type Privilege, PRIVILEGES } from '../../../src/chat/member.js';
import { type IrcClient, type IrcTestServer, numerics, startIrc } from './irc-client.js';

const operators = [
  ...PRIVILEGES.map((name) => ({ name, password: 'pw', masks: ['*@*'], host: null, privileges: [name] })),
  { name: 'nothing', password: 'pw', masks: ['*@*'], host: null, privileges: [] },
  { name: 'all', password: 'pw', masks: ['*@*'], host: null },
];

async function operatorWith(server: IrcTestServer, name: Privilege | 'nothing' | 'all'): Promise<IrcClient> {
  const client = await server.client(`${name.replace('-', '')}er`);
  await client.ask(`OPER ${name} pw`);
  return client;
}

const denied = (privilege: Privilege): string => `481 :Permission Denied- You need the privilege ${privilege}`;

const commands: readonly (readonly [privilege: Privilege, line: string])[] = [
  ['kill', 'KILL nobody :x'],
  ['ban', 'KLINE x@192.0.2.1 :x'],
  ['ban', 'UNKLINE x@192.0.2.1'],
  ['ban', 'DLINE 192.0.2.1 :x'],
  ['ban', 'UNDLINE 192.0.2.1'],
  ['ban', 'STATS k'],
  ['ban', 'STATS d'],
  ['stats', 'STATS o'],
  ['wallops', 'WALLOPS :x'],
  ['rehash', 'REHASH'],
];

test.each(commands)('it takes the privilege %s to use %s, and no other does', async (privilege, line) => {
  const server = await startIrc({ irc: { operators } });
  const one = await operatorWith(server, privilege);
  expect(numerics(await one.ask(line), '481')).toEqual([]);
  for (const other of PRIVILEGES.filter((name) => name !== privilege).slice(0, 3)) {
    const helper = await operatorWith(server, other);
    expect(numerics(await helper.ask(line), '481')).toEqual([denied(privilege)]);
  }
  const user = await server.client('user');
  expect(numerics(await user.ask(line), '481')).toEqual(["481 :Permission Denied- You're not an IRC operator"]);
});

test('it takes the privilege die to end the server', async () => {
  const server = await startIrc({ irc: { operators } });
  const helper = await operatorWith(server, 'rehash');
  expect(numerics(await helper.ask('DIE'))).toEqual([denied('die')]);
  expect(server.stopReasons).toEqual([]);
  (await operatorWith(server, 'die')).send('DIE');
  await (await server.client('bob')).heard();
  expect(server.stopReasons).toEqual(['stopped by dieer']);
});

describe('an operator of a class without override', () => {
  test('does not own the channels', async () => {
    const server = await startIrc({ irc: { operators } });
    const ann = await server.client('ann', { join: '#a' });
    const helper = await operatorWith(server, 'kill');
    expect(numerics(await helper.ask('MODE #a +o killer', 'JOIN #a', 'MODE #a +m', 'TOPIC #a :mine'), '482')).toEqual([
      expect.stringMatching(/^482 #a /),
      expect.stringMatching(/^482 #a /),
      expect.stringMatching(/^482 #a /),
    ]);
    await ann.ask('MODE #a +m');
    expect(numerics(await helper.ask('PRIVMSG #a :hear me'), '404')).toHaveLength(1);
    const owner = await operatorWith(server, 'override');
    expect(numerics(await owner.ask('MODE #a +o killer', 'KICK #a ann :out'))).toEqual([]);
    expect(numerics(await helper.ask('TOPIC #a :mine', 'NAMES #a'), '353')).toEqual(['353 = #a :@killer']);
  });

  test('is still one, as WHOIS, WHO, LUSERS and MODE say', async () => {
    const server = await startIrc({ irc: { operators } });
    const helper = await operatorWith(server, 'nothing');
    const answer = await helper.ask('WHOIS nothinger', 'WHO nothinger', 'LUSERS', 'MODE nothinger');
    expect(numerics(answer, '313', '352', '252', '221')).toEqual([
      '313 nothinger :is an IRC operator',
      expect.stringMatching(/^352 .* H\* :0 /),
      '252 1 :operator(s) online',
      '221 +o',
    ]);
  });
});

test('it takes see-hosts to see addresses, and see-hidden to see secret channels and invisible people', async () => {
  const server = await startIrc({ irc: { operators } });
  const ann = await server.client('ann', { join: '#a' });
  await ann.ask('MODE #a +s', 'MODE ann +i');
  const hosts = await operatorWith(server, 'see-hosts');
  const hidden = await operatorWith(server, 'see-hidden');
  const asked = ['WHOIS ann', 'WHO ann %in', 'LIST'] as const;
  expect(numerics(await hosts.ask(...asked), '319', '322', '354', '338')).toEqual([
    '338 ann ann@127.0.0.1 127.0.0.1 :is actually using host',
    '354 127.0.0.1 ann',
  ]);
  expect(numerics(await hidden.ask(...asked), '319', '322', '354', '338')).toEqual([
    '319 ann :@#a',
    '354 255.255.255.255 ann',
    '322 #a 1 :',
  ]);
});

test('a second OPER gives the privileges of the other name, and MODE -o takes all', async () => {
  const server = await startIrc({ irc: { operators } });
  const ann = await operatorWith(server, 'kill');
  await ann.ask('OPER wallops pw');
  expect(numerics(await ann.ask('KILL bob :x', 'WALLOPS :x'))).toEqual([denied('kill')]);
  await ann.ask('MODE walloper -o', `MODE killer -o`);
  expect(numerics(await ann.ask('WALLOPS :x'))).toEqual(["481 :Permission Denied- You're not an IRC operator"]);
});

test('an operator without a class may do everything', async () => {
  const server = await startIrc({ irc: { operators } });
  const ann = await operatorWith(server, 'all');
  await server.client('bob', { join: '#b' });
  const answer = await ann.ask('MODE #b +m', 'STATS k', 'STATS o', 'WALLOPS :x', 'KILL bob :x', 'REHASH');
  expect(numerics(answer, '481', '482')).toEqual([]);
});
