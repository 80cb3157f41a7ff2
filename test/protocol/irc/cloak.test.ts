/** What others see of somebody whose address is hidden, and which masks hold. */
import { expect, test } from 'vitest';
import { cloakedHost } from '../../../src/server/cloak.js';
import { connectPeer } from '../../support/peers.js';
import { type IrcServerOptions, type IrcTestServer, numerics, startIrc } from './irc-client.js';

const cloak = { key: 'k'.repeat(32), suffix: 'ip' };
const operators = [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }];
const hostOf = (address: string): string => cloakedHost(address, cloak);
const host = hostOf('127.0.0.1');
/** Of 127.0.0.0/24. */
const network = `*.${host.split('.').slice(1).join('.')}`;

const start = (options: IrcServerOptions = {}): Promise<IrcTestServer> =>
  startIrc({ cloak, irc: { operators }, ...options });

test('a client is told its host, and others see that host everywhere', async () => {
  const server = await start();
  const ann = await server.connect();
  expect(numerics(await ann.ask('NICK ann', 'USER ann 0 * :Ann'), '001', '396')).toEqual([
    `001 :Welcome to the fdmux Network, ann!ann@${host}`,
    `396 ${host} :is now your displayed host`,
  ]);
  await ann.ask('JOIN #a');
  const bob = await server.client('bob', { caps: 'userhost-in-names', join: '#a' });
  await ann.ask('PRIVMSG #a :hello', 'INVITE bob #b', 'NICK anna', 'TOPIC #a :x');
  const seen = [
    ...(await bob.heard()),
    ...(await bob.ask(
      'WHOIS anna',
      'WHO #a',
      'WHO anna %chiun',
      'USERHOST anna',
      'NAMES #a',
      'MODE #a b',
      'WHOWAS ann',
    )),
  ];
  ann.send('QUIT :bye');
  await ann.rest();
  seen.push(...(await bob.heard()), ...(await bob.ask('WHOWAS anna')));
  expect(seen.filter((line) => line.includes(host)).length).toBeGreaterThan(8);
  expect(seen.filter((line) => line.includes('127.0.0.1'))).toEqual([]);
});

test('the peer itself and operators with see-hosts read the address in WHOIS', async () => {
  const server = await start({
    irc: {
      operators: [...operators, { name: 'helper', password: 'pw', masks: ['*@*'], host: null, privileges: ['kill'] }],
    },
  });
  const ann = await server.client('ann');
  const bob = await server.client('bob');
  const address = '338 ann ann@127.0.0.1 127.0.0.1 :is actually using host';
  expect(numerics(await ann.ask('WHOIS ann'), '338')).toEqual([address]);
  await bob.ask('OPER helper pw');
  expect(numerics(await bob.ask('WHOIS ann'), '338')).toEqual([]);
  await bob.ask('OPER root pw');
  expect(numerics(await bob.ask('WHOIS ann'), '311', '338')).toEqual([`311 ann ann ${host} * :Real ann`, address]);
});

test.each([host, network, '127.0.0.1', '127.0.0.0/8', '127.*'])(
  'a ban of %s keeps somebody out of a channel',
  async (mask) => {
    const server = await start();
    const ann = await server.client('ann', { join: '#a', from: '127.0.1.1' });
    await ann.ask(`MODE #a +b *!*@${mask}`, 'MODE #a +e *!*@127.0.1.1');
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('JOIN #a'), '474')).toHaveLength(1);
    // It is no wider than it says.
    const eve = await server.client('eve', { from: '127.9.0.1' });
    const isWide = mask === '127.0.0.0/8' || mask === '127.*';
    expect(numerics(await eve.ask('JOIN #a'), '474')).toHaveLength(isWide ? 1 : 0);
  },
);

test.each([`*@${host}`, `*@${network}`, '*@127.0.0.1'])(
  'KLINE %s holds for those who are here and those who come',
  async (mask) => {
    const server = await start();
    const ann = await server.client('ann', { from: '127.0.1.1' });
    await ann.ask('OPER root pw');
    const bob = await server.client('bob');
    await ann.ask(`KLINE ${mask} :no`);
    expect((await bob.rest()).join('\n')).toContain('465 bob');
    const eve = await server.connect();
    eve.send('NICK eve', 'USER eve 0 * :Eve');
    expect((await eve.rest()).join('\n')).toMatch(/ 465 (?:\*|eve) /);
  },
);

test('plain lines show the host of a plain peer, and operators can find its address', async () => {
  const server = await start({ listeners: [{}, { protocol: 'plain' }] });
  const ann = await server.client('ann', { join: '#lobby' });
  const plain = await connectPeer(server.ports[1] ?? 0);
  const other = await connectPeer(server.ports[1] ?? 0);
  await plain.lineLike(/joined/);
  await plain.write('hello\n');
  expect(await other.lineLike(/say: /)).toContain(`${host}:${plain.port} say: hello`);
  const nick = `plain-${plain.port}`;
  expect((await ann.heard()).find((line) => line.includes('PRIVMSG'))).toBe(
    `:${nick}!plain@${host} PRIVMSG #lobby :hello`,
  );
  expect(numerics(await ann.ask(`WHOIS ${nick}`), '338')).toEqual([
    `338 ${nick} ${host}:${plain.port} :is actually using host`,
  ]);
  await ann.ask('OPER root pw');
  expect(numerics(await ann.ask(`WHOIS ${nick}`), '338')).toEqual([
    `338 ${nick} plain@127.0.0.1 127.0.0.1 :is actually using host`,
  ]);
});

test("an operator's own host takes the place of the cloak, and it is told so", async () => {
  const server = await start({
    irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: 'staff.example' }] },
  });
  const ann = await server.client('ann');
  expect(numerics(await ann.ask('OPER root pw'), '396')).toEqual(['396 staff.example :is now your displayed host']);
});

test('without a cloak nobody is told of a host', async () => {
  const server = await startIrc();
  const ann = await server.connect();
  expect(numerics(await ann.ask('NICK ann', 'USER ann 0 * :Ann'), '396')).toEqual([]);
});
