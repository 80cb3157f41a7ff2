import { onTestFinished, expect, test } from 'vitest';
import type { ChatServerOptions, RunningChatServer } from '../src/chat-server.js';
import { ConfigError, ListenError, startChatServer } from '../src/chat-server.js';
import { connectPeer } from './support/peers.js';

/** The chat server as a library: `fdmux/chat`. */

async function start(options: ChatServerOptions = {}): Promise<RunningChatServer> {
  const server = await startChatServer({ plainPort: 0, without: ['irc'], ...options });
  onTestFinished(() => server.close());
  return server;
}

function plainPort({ listeners }: RunningChatServer): number {
  const address = listeners.find(({ protocol }) => protocol === 'plain')?.address;
  if (address?.family !== 'inet') throw new Error('no plain listener');
  return address.port;
}

test('two members hear each other, and both hear of the end', async () => {
  const server = await start();
  const ann = await connectPeer(plainPort(server));
  const bob = await connectPeer(plainPort(server));
  await ann.lineLike(/join/i);
  await ann.write('hello\n');
  expect(await bob.lineLike(/say: /)).toMatch(new RegExp(`127\\.0\\.0\\.1:${ann.port} say: hello$`));
  await server.close('closing time');
  await server.ended;
  expect(String(await ann.ended())).toContain('closing time');
  expect(String(await bob.ended())).toContain('closing time');
});

test('close is idempotent, and the port is free at once', async () => {
  const server = await start();
  const port = plainPort(server);
  await Promise.all([server.close(), server.close()]);
  const next = await start({ plainPort: port });
  expect(plainPort(next)).toBe(port);
});

test('records go to the log that was given', async () => {
  const records: string[] = [];
  const take = (message: string) => void records.push(message);
  await start({ log: { debug: take, info: take, warn: take, error: take } });
  expect(records).toContain('listening');
});

test('a port in use is a ListenError, and nothing stays open', async () => {
  const server = await start();
  await expect(startChatServer({ plainPort: plainPort(server), without: ['irc'] })).rejects.toBeInstanceOf(ListenError);
});

test('options that cannot be used are a ConfigError', async () => {
  await expect(startChatServer({ backend: 'poll', trigger: 'edge' })).rejects.toBeInstanceOf(ConfigError);
  await expect(startChatServer({ config: '/nonexistent/fdmux.json' })).rejects.toMatchObject({ code: 'ERR_CONFIG' });
});
