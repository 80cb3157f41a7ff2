import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ChatServerOptions, RunningChatServer } from '../../src/chat-server.js';
import { ConfigError, ListenError, startChatServer } from '../../src/chat-server.js';
import { ChatServer } from '../../src/server/chat-server.js';
import { nextEvent } from '../support/deadline.js';
import { connectPeer, Peer } from '../support/peers.js';

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
  expect(await server.ended).toEqual({ reason: 'closing time', isFailure: false });
  expect(String(await ann.ended())).toContain('closing time');
  expect(String(await bob.ended())).toContain('closing time');
});

test('a peer that has been sent everything and keeps its side open does not hold up the end', async () => {
  let shortestMs = Infinity;
  // A busy machine may be late once; a server that waits for the peer is late every time.
  for (let round = 0; round < 3 && shortestMs >= 900; round += 1) {
    const server = await start();
    const socket = connect({ port: plainPort(server), host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    const ann = new Peer(socket);
    await nextEvent(socket, 'connect');
    await connectPeer(plainPort(server));
    await ann.lineLike(/join/i);
    const startedMs = performance.now();
    await server.close('closing time');
    shortestMs = Math.min(shortestMs, performance.now() - startedMs);
    expect(String(await ann.ended())).toContain('closing time');
  }
  expect(shortestMs).toBeLessThan(900);
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

test('an unknown option is refused, and the known ones are named', async () => {
  const options: object = { plainprt: 0 };
  await expect(startChatServer(options)).rejects.toMatchObject({ code: 'ERR_UNKNOWN_OPTION' });
  await expect(startChatServer(options)).rejects.toThrow("'plainPort'");
});

test('invalid options are a ConfigError', async () => {
  await expect(startChatServer({ backend: 'poll', trigger: 'edge' })).rejects.toBeInstanceOf(ConfigError);
  await expect(startChatServer({ config: '/nonexistent/fdmux.json' })).rejects.toMatchObject({ code: 'ERR_CONFIG' });
});

test('an operator who ends the server while it is still opening its listeners ends it', async () => {
  const original = ChatServer.start.bind(ChatServer);
  const started = vi.spyOn(ChatServer, 'start').mockImplementation((options) => {
    options.onStop('so soon');
    return original(options);
  });
  onTestFinished(() => started.mockRestore());
  const server = await start();
  expect(await server.ended).toEqual({ reason: 'so soon', isFailure: false });
});
