/** What plain users get of what was said before. */
import { expect, test } from 'vitest';
import { connectPeer, type Peer } from '../../support/peers.js';
import { type IrcTestServer, startIrc } from '../irc/irc-client.js';

const listeners = [{}, { protocol: 'plain' }] as const;

async function withLines(onJoin: number): Promise<IrcTestServer> {
  const server = await startIrc({ listeners, irc: { history: { pageLines: 3, onJoin } } });
  const ann = await server.client('ann', { join: '#lobby' });
  await ann.ask(
    'PRIVMSG #lobby :one',
    'PRIVMSG #lobby :two',
    'PRIVMSG #lobby :\u0001ACTION waves\u0001',
    'PRIVMSG @#lobby :for operators',
  );
  return server;
}

const arrive = (server: IrcTestServer): Promise<Peer> => connectPeer(server.ports[1] ?? 0);
const lines = async (peer: Peer, count: number): Promise<string[]> => {
  const all: string[] = [];
  while (all.length < count) all.push(await peer.line());
  return all.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, ''));
};

test('/history sends the last messages, and is said to nobody', async () => {
  const server = await withLines(0);
  const bob = await server.client('bob', { join: '#lobby' });
  const peer = await arrive(server);
  await peer.write('/history 2\n/HISTORY\nhello\n');
  expect(await lines(peer, 5)).toEqual(['ann say: two', '* ann waves', 'ann say: one', 'ann say: two', '* ann waves']);
  await bob.line();
  expect(await bob.line()).toMatch(/ PRIVMSG #lobby :hello$/);
});

test('with onJoin, they are sent to those who arrive', async () => {
  const server = await withLines(2);
  const peer = await arrive(server);
  expect(await lines(peer, 2)).toEqual(['ann say: two', '* ann waves']);
});

test('what only looks like the command is said', async () => {
  const server = await withLines(0);
  const bob = await server.client('bob', { join: '#lobby' });
  const peer = await arrive(server);
  await bob.line();
  await peer.write('/history of the world\n');
  expect(await bob.line()).toMatch(/ PRIVMSG #lobby :\/history of the world$/);
});
