/** Plain and IRC users in one room. */
import { expect, test } from 'vitest';
import { connectPeer } from '../../support/peers.js';
import { IrcClient, numerics, startIrc } from './irc-client.js';

async function both() {
  const server = await startIrc({ listeners: [{}, { protocol: 'plain' }] });
  const ann = await server.client('ann', { join: '#lobby' });
  const peer = await connectPeer(server.ports[1] ?? 0);
  const joined = await ann.line();
  return { server, ann, peer, joined };
}

test('each side sees the other by nick and address', async () => {
  const { ann, peer, joined } = await both();
  const nick = `plain-${peer.port}`;
  expect(joined).toBe(`:${nick}!plain@127.0.0.1 JOIN #lobby`);
  await peer.write('hello from plain\n');
  expect(await ann.line()).toBe(`:${nick}!plain@127.0.0.1 PRIVMSG #lobby :hello from plain`);
  await ann.ask(
    'PRIVMSG #lobby :hello \x02from\x02 \x0304IRC',
    'PRIVMSG #lobby :\x01ACTION waves\x01',
    `PRIVMSG ${nick} :psst`,
  );
  expect(await peer.line()).toMatch(/ ann say: hello from IRC$/);
  expect(await peer.line()).toMatch(/ \* ann waves$/);
  expect(await peer.line()).toMatch(/ ann say to you: psst$/);
  expect(numerics(await ann.ask(`WHOIS ${nick}`), '338')).toEqual([
    `338 ${nick} 127.0.0.1:${peer.port} :is actually using host`,
  ]);
  await ann.ask('NICK anna');
  expect(await peer.line()).toMatch(/ ann is now anna$/);
  ann.send('QUIT :bye');
  expect(await peer.line()).toMatch(/ anna left \(Quit: bye\)$/);
});

test('a long plain line reaches IRC in several lines within the limit, and nothing is lost', async () => {
  const { ann, peer } = await both();
  const text = '字'.repeat(1000);
  await peer.write(`${text}\n`);
  let heard = '';
  while (heard.length < text.length) {
    const line = await ann.line();
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(510);
    heard += line.slice(line.indexOf(' :') + 2);
  }
  expect(heard).toBe(text);
});

test('a plain peer is kicked by nobody but channel operators', async () => {
  const { server, ann, peer } = await both();
  expect(server.port).toBeGreaterThan(0);
  const nick = `plain-${peer.port}`;
  await ann.ask('PRIVMSG #lobby :x');
  await peer.line();
  expect(numerics(await ann.ask(`KICK #lobby ${nick}`))).toEqual(["482 #lobby :You're not channel operator"]);
});

test('a peer from an IPv6 address has the same host in both protocols', async () => {
  const host = '::1';
  const server = await startIrc({
    listeners: [{ at: { host, port: 0 } }, { protocol: 'plain', at: { host, port: 0 } }],
  });
  const ann = new IrcClient(await connectPeer(server.port, host));
  ann.send('NICK ann', 'USER ann 0 * :Ann');
  await ann.ask('JOIN #lobby');
  const peer = await connectPeer(server.ports[1] ?? 0, host);
  expect(await ann.line()).toBe(`:plain-${peer.port}!plain@0::1 JOIN #lobby`);
  expect(numerics(await ann.ask(`WHOIS plain-${peer.port}`, 'WHOIS ann'), '311')).toEqual([
    `311 plain-${peer.port} plain 0::1 * :a plain-text user`,
    '311 ann ann 0::1 * :Ann',
  ]);
});

test('a message of several lines reaches plain peers in as many', async () => {
  const { server, peer } = await both();
  const bob = await server.client('bob', { caps: 'batch draft/multiline', join: '#lobby' });
  expect(await peer.line()).toMatch(/ bob \(127\.0\.0\.1\) joined$/);
  await bob.ask(
    'BATCH +1 draft/multiline #lobby',
    '@batch=1 PRIVMSG #lobby :one',
    '@batch=1 PRIVMSG #lobby :',
    '@batch=1 PRIVMSG #lobby :two ',
    '@batch=1;draft/multiline-concat PRIVMSG #lobby :halves',
    'BATCH -1',
    'PRIVMSG #lobby :on',
  );
  expect(await peer.line()).toMatch(/ bob say: one$/);
  expect(await peer.line()).toMatch(/ bob say: two halves$/);
  expect(await peer.line()).toMatch(/ bob say: on$/);
});
