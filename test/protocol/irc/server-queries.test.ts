/** VERSION, TIME, INFO, ADMIN, STATS, HELP, LINKS, USERS, MOTD, LUSERS: modern "Server Queries and Commands". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from './irc-client.js';

test('each query is answered with its numerics', async () => {
  const ann = await (await startIrc()).client('ann');
  const codes = async (line: string) => [...new Set(numerics(await ann.ask(line)).map((answer) => answer.slice(0, 3)))];
  expect(await codes('VERSION')).toEqual(['351', '005']);
  expect(await codes('TIME')).toEqual(['391']);
  expect(await codes('INFO')).toEqual(['371', '374']);
  expect(await codes('ADMIN')).toEqual(['256', '257', '258', '259']);
  expect(await codes('LINKS')).toEqual(['364', '365']);
  expect(await codes('USERS')).toEqual(['446']);
  expect(await codes('MOTD')).toEqual(['422']);
  expect(await codes('LUSERS')).toEqual(['251', '252', '253', '254', '255', '265', '266']);
  expect(await codes('STATS u')).toEqual(['242', '219']);
  expect(await codes('STATS m')).toEqual(['212', '219']);
  expect(await codes('STATS o')).toEqual(['481', '219']);
  expect(await codes('STATS')).toEqual(['461']);
});

test('another server is answered 402; our own name, a mask of it and a nick are us', async () => {
  const ann = await (await startIrc()).client('ann');
  for (const command of ['VERSION', 'TIME', 'INFO', 'ADMIN', 'MOTD']) {
    expect(numerics(await ann.ask(`${command} other.example`))).toEqual(['402 other.example :No such server']);
  }
  for (const target of ['fdmux.local', '*.local', 'ANN'])
    expect(numerics(await ann.ask(`TIME ${target}`), '391')).toHaveLength(1);
});

test('HELP tells of commands, and 524 of what it does not know', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(numerics(await ann.ask('HELP JOIN')).map((line) => line.slice(0, 12))).toEqual([
    '704 JOIN :JO',
    '705 JOIN :',
    '705 JOIN :En',
    '706 JOIN :En',
  ]);
  expect(numerics(await ann.ask('HELP'), '704')).toEqual(['704 * :Help of the fdmux chat server']);
  expect(numerics(await ann.ask('HELP nonsense'))).toEqual(['524 nonsense :No help available on this topic']);
});

test('LUSERS counts', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob');
  await bob.ask('MODE bob +i');
  const stranger = await server.connect();
  await stranger.ask('CAP LS');
  expect(numerics(await ann.ask('LUSERS'))).toEqual([
    '251 :There are 1 users and 1 invisible on 1 servers',
    '252 0 :operator(s) online',
    '253 1 :unknown connection(s)',
    '254 1 :channels formed',
    '255 :I have 2 clients and 1 servers',
    '265 2 2 :Current local users 2, max 2',
    '266 2 2 :Current global users 2, max 2',
  ]);
});
