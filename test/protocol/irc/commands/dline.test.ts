/** DLINE: a ban of addresses from the server (ircd-hybrid and its relatives, "DLINE"). */
import { expect, test } from 'vitest';
import { connectPeer } from '../../../support/peers.js';
import { numerics, startIrc } from '../irc-client.js';

async function withOperator() {
  const server = await startIrc({
    irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }] },
    listeners: [{}, { protocol: 'plain' }],
  });
  const ann = await server.client('ann', { join: '#lobby' });
  await ann.ask('OPER root pw');
  return { server, ann };
}

test('DLINE disconnects an address or a network, and refuses its new connections', async () => {
  const { server, ann } = await withOperator();
  const plain = await connectPeer(server.ports[1] ?? 0, undefined, '127.0.0.5');
  const bob = await server.client('bob', { from: '127.0.0.6' });
  await ann.heard();
  expect(await ann.ask('DLINE 127.0.0.4/30 :net', 'DLINE bob')).toEqual([
    `:plain-${plain.port}!plain@127.0.0.5 QUIT :D-Lined (net)`,
    ':fdmux.local NOTICE ann :Added D-Line [127.0.0.4/30]; 2 users were disconnected',
    ':fdmux.local 401 ann bob :No such nick/channel',
  ]);
  expect((await bob.rest()).at(-2)).toBe(':fdmux.local 465 bob :You are banned from this server: net');
  expect((await plain.ended()).toString()).toContain('You are banned from this server: net');
  expect(await (await server.connect(server.port, '127.0.0.7')).rest()).toEqual([
    ':fdmux.local 465 * :You are banned from this server: net',
    'ERROR :Closing Link: 127.0.0.7 (net)',
  ]);
  await server.client('max', { from: '127.0.0.8' });
});

test('DLINE of a nick bans its address', async () => {
  const { server, ann } = await withOperator();
  const bob = await server.client('bob', { from: '127.0.0.6' });
  await ann.ask('DLINE 5 bob');
  expect((await bob.rest()).at(-2)).toBe(':fdmux.local 465 bob :You are banned from this server: No reason given');
  expect(numerics(await ann.ask('STATS d'))).toEqual([
    '225 d 127.0.0.6 :No reason given (by ann!ann@127.0.0.1, 5 min. left)',
    '219 d :End of /STATS report',
  ]);
});

test('DLINE refuses an invalid address, and one that matches the operator', async () => {
  const { ann } = await withOperator();
  expect(
    await ann.ask(
      'DLINE host.example',
      'DLINE *@192.0.2.1',
      'DLINE 192.0.2.0/33',
      'DLINE ::1',
      'DLINE 127.0.0.0/8 :oops',
    ),
  ).toEqual([
    ':fdmux.local NOTICE ann :[host.example] is no address and no network',
    ':fdmux.local NOTICE ann :[*@192.0.2.1] is no address and no network',
    ':fdmux.local NOTICE ann :[192.0.2.0/33] is no address and no network',
    ':fdmux.local NOTICE ann :[:1] is no address and no network; write 0::1 for ::1',
    ':fdmux.local NOTICE ann :The D-Line [127.0.0.0/8] would hold for yourself; nothing was done',
  ]);
});

test('a client that connected before the ban is refused when it registers', async () => {
  const { server, ann } = await withOperator();
  const early = await server.connect(server.port, '127.0.0.6');
  await early.ask('NICK early');
  await ann.ask('DLINE 127.0.0.6 :late');
  early.send('USER early 0 * :x');
  expect((await early.rest()).at(-2)).toBe(':fdmux.local 465 early :You are banned from this server: late');
});
