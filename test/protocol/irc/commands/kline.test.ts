/**
 * KLINE: a ban of users from the server (ircd-hybrid and its relatives, "KLINE"); 465 as in modern,
 * "ERR_YOUREBANNEDCREEP".
 */
import { describe, expect, test } from 'vitest';
import { connectPeer } from '../../../support/peers.js';
import { numerics, startIrc } from '../irc-client.js';

const operator = { name: 'root', password: 'pw', masks: ['*@*'], host: null };

async function withOperator() {
  const server = await startIrc({
    irc: { operators: [operator] },
    listeners: [{}, { protocol: 'plain' }],
  });
  const ann = await server.client('ann', { join: '#a' });
  await ann.ask('OPER root pw');
  return { server, ann };
}

const notice = (text: string): string => `:fdmux.local NOTICE ann :${text}`;

describe('KLINE', () => {
  test('disconnects those who match, and refuses them when they register again', async () => {
    const { server, ann } = await withOperator();
    const bob = await server.client('bob', { join: '#a' });
    await ann.heard();
    expect(await ann.ask('KLINE bob@* :no spam')).toEqual([
      ':bob!bob@127.0.0.1 QUIT :K-Lined (no spam)',
      notice('Added K-Line [bob@*]; 1 users were disconnected'),
    ]);
    expect((await bob.rest()).slice(-2)).toEqual([
      ':fdmux.local 465 bob :You are banned from this server: no spam',
      'ERROR :Closing Link: 127.0.0.1 (K-Lined (no spam))',
    ]);
    const again = await server.connect();
    again.send('NICK other', 'USER bob 0 * :Bob');
    expect((await again.rest()).slice(-2)).toEqual([
      ':fdmux.local 465 other :You are banned from this server: no spam',
      'ERROR :Closing Link: 127.0.0.1 (Banned)',
    ]);
    expect(numerics(await ann.ask('WHOIS other'), '401')).toHaveLength(1);
    expect(server.records.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['ban added', 'banned user refused']),
    );
  });

  test('of hosts takes effect on connecting, in both protocols', async () => {
    const { server, ann } = await withOperator();
    const plain = await connectPeer(server.ports[1] ?? 0, undefined, '127.0.0.9');
    await server.client('eve', { from: '127.0.0.10' });
    expect(await ann.ask('KLINE 127.0.0.8/29 :net')).toEqual([
      notice('Added K-Line [*@127.0.0.8/29]; 2 users were disconnected'),
    ]);
    expect((await plain.ended()).toString()).toContain('You are banned from this server: net');
    expect(await (await server.connect(server.port, '127.0.0.15')).rest()).toEqual([
      ':fdmux.local 465 * :You are banned from this server: net',
      'ERROR :Closing Link: 127.0.0.15 (net)',
    ]);
    const next = await connectPeer(server.ports[1] ?? 0, undefined, '127.0.0.8');
    expect((await next.ended()).toString()).toMatch(/ server: You are banned from this server: net\n$/);
    await server.client('max', { from: '127.0.0.16' });
  });

  test('of the users of plain lines matches them alone', async () => {
    const { server, ann } = await withOperator();
    await ann.ask('KLINE plain@127.0.0.1 :quiet');
    const peer = await connectPeer(server.ports[1] ?? 0);
    expect((await peer.ended()).toString()).toContain('You are banned from this server: quiet');
    await server.client('bob');
  });

  test('matches the address, whatever host others see', async () => {
    const server = await startIrc({
      irc: { operators: [operator, { ...operator, name: 'two', host: 'staff.example' }] },
    });
    const ann = await server.client('ann');
    await ann.ask('OPER root pw');
    const bob = await server.client('bob', { from: '127.0.0.3' });
    await bob.ask('OPER two pw');
    expect(await ann.ask('KLINE *@127.0.0.3')).toEqual([
      notice('Added K-Line [*@127.0.0.3]; 1 users were disconnected'),
    ]);
    expect((await bob.rest()).slice(-2)[0]).toBe(
      ':fdmux.local 465 bob :You are banned from this server: No reason given',
    );
  });

  test.each([
    ['*@*', '*@*'],
    ['ann@127.0.0.1', 'ann@127.0.0.1'],
    ['60 127.0.0.0/8', '*@127.0.0.0/8'],
    ['ann', '*@127.0.0.1'],
    ['*!*@127.*', '*@127.*'],
  ])('%s, which matches the operator, changes nothing and says so', async (words, mask) => {
    const { server, ann } = await withOperator();
    const bob = await server.client('bob');
    expect(await ann.ask(`KLINE ${words} :oops`)).toEqual([
      notice(`The K-Line [${mask}] would hold for yourself; nothing was done`),
    ]);
    expect(numerics(await ann.ask('STATS k'))).toEqual(['219 k :End of /STATS report']);
    expect(await bob.heard()).toEqual([]);
  });

  test.each([
    ['KLINE 60', ['461 KLINE :Not enough parameters']],
    ['KLINE nobody :x', ['401 nobody :No such nick/channel']],
  ])('%s gets %s', async (line, answers) => {
    const { ann } = await withOperator();
    expect(numerics(await ann.ask(line))).toEqual(answers);
  });

  test('matches users and hosts, not nicks', async () => {
    const { ann } = await withOperator();
    expect(await ann.ask('KLINE bob!*@* :x')).toEqual([notice('[bob!*@*] is not user@host')]);
  });

  test('is confirmed with its length, and listed as 216', async () => {
    const { ann } = await withOperator();
    expect(await ann.ask('KLINE 90 u@host.example :for now', 'KLINE *@2001:DB8::/32 :for good')).toEqual([
      notice('Added temporary 90 min. K-Line [u@host.example]; 0 users were disconnected'),
      notice('Added K-Line [*@2001:db8::/32]; 0 users were disconnected'),
    ]);
    expect(numerics(await ann.ask('STATS k'))).toEqual([
      '216 k host.example * u :for now (by ann!ann@127.0.0.1, 90 min. left)',
      '216 K 2001:db8::/32 * * :for good (by ann!ann@127.0.0.1)',
      '219 k :End of /STATS report',
    ]);
  });
});
