/** STATS: RFC 2812 section 3.4.4; modern, "STATS message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

const operator = { name: 'root', password: 'pw', masks: ['*@localhost', '*@127.0.0.1'], host: null };

test('m counts commands, u shows the uptime', async () => {
  const ann = await (await startIrc()).client('ann');
  await ann.ask('TIME', 'TIME');
  const counted = numerics(await ann.ask('STATS m'));
  expect(counted).toContain('212 TIME 2');
  expect(counted.at(-1)).toBe('219 m :End of /STATS report');
  expect(numerics(await ann.ask('STATS u'))).toEqual([
    expect.stringMatching(/^242 :Server Up 0 days 0:00:\d\d$/),
    '219 u :End of /STATS report',
  ]);
});

test('o shows operators the masks of operators', async () => {
  const ann = await (await startIrc({ irc: { operators: [operator] } })).client('ann');
  expect(numerics(await ann.ask('STATS o'), '243', '481')).toEqual([expect.stringMatching(/^481 /)]);
  await ann.ask('OPER root pw');
  expect(numerics(await ann.ask('STATS o'))).toEqual([
    '243 O *@localhost * root',
    '243 O *@127.0.0.1 * root',
    '219 o :End of /STATS report',
  ]);
});

test('k and d are for operators', async () => {
  const ann = await (await startIrc({ irc: { operators: [operator] } })).client('ann');
  const refused = "481 :Permission Denied- You're not an IRC operator";
  expect(numerics(await ann.ask('STATS k', 'STATS d', 'STATS K'), '481')).toEqual([refused, refused, refused]);
  await ann.ask('OPER root pw', 'DLINE 192.0.2.1 :spam');
  expect(numerics(await ann.ask('STATS K', 'STATS d'))).toEqual([
    '219 K :End of /STATS report',
    '225 D 192.0.2.1 :spam (by ann!ann@127.0.0.1)',
    '219 d :End of /STATS report',
  ]);
});

test('of anything else is empty; of another server gets 402', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(numerics(await ann.ask('STATS x', 'STATS m elsewhere'))).toEqual([
    '219 x :End of /STATS report',
    '402 elsewhere :No such server',
  ]);
});

test('p shows everybody which operators are here, but not those who are invisible', async () => {
  const server = await startIrc({ irc: { operators: [operator] } });
  const ann = await server.client('ann');
  const eve = await server.client('eve');
  await ann.ask('OPER root pw');
  await eve.ask('OPER root pw', 'MODE eve +i');
  const bob = await server.client('bob');
  expect(numerics(await bob.ask('STATS p'))).toEqual([
    expect.stringMatching(/^249 p :ann \(ann@127\.0\.0\.1\) Idle: \d+$/),
    '249 p :1 operator(s)',
    '219 p :End of /STATS report',
  ]);
});

test('l shows operators the connections, y the classes', async () => {
  const server = await startIrc({ irc: { operators: [operator] } });
  const ann = await server.client('ann');
  const denied = "481 :Permission Denied- You're not an IRC operator";
  expect(numerics(await ann.ask('STATS l', 'STATS y'))).toEqual([
    denied,
    '219 l :End of /STATS report',
    denied,
    '219 y :End of /STATS report',
  ]);
  await ann.ask('OPER root pw');
  await server.client('bob');
  expect(numerics(await ann.ask('STATS l'))).toEqual([
    expect.stringMatching(/^211 irc\[127\.0\.0\.1:\d+\] 0 0 0 0 0 0$/),
    expect.stringMatching(/^211 irc\[127\.0\.0\.1:\d+\] 0 0 0 0 0 0$/),
    '219 l :End of /STATS report',
  ]);
  expect(numerics(await ann.ask('STATS y'))).toEqual(['218 Y loopback 120 0 4194304 2', '219 y :End of /STATS report']);
});
