/** Servers that go on with the clients of another one, which can go on itself until they have all. */
import { expect, onTestFinished, test } from 'vitest';
import { present } from '../../src/errors.js';
import { BACKEND_NAMES } from '../../src/multiplexer/backend.js';
import type { ChatServer } from '../../src/server/chat-server.js';
import { loadConfig } from '../../src/server/config/load.js';
import type { ServerConfig } from '../../src/server/config/server-config.js';
import { assignListeners, type Estate, LeftClients } from '../../src/server/hand-over/estate.js';
import { closeFds } from '../../src/socket/close-fds.js';
import { Socket } from '../../src/socket/socket.js';
import { portOf } from '../support/connections.js';
import { until } from '../support/deadline.js';
import { connectPeer } from '../support/peers.js';
import { startServer } from './start-server.js';

/** More than the kernel takes for one peer, and each line is known by its number. */
const LINES = 40_000;

async function configure(): Promise<ServerConfig> {
  const base = await loadConfig({ ircPort: 0, plainPort: 0 });
  const classes = base.classes.map(({ settings, addresses }) => ({
    addresses,
    settings: { ...settings, linesPerSecond: 0, sendQueueBytes: 32_000_000, softSendQueueBytes: 32_000_000 },
  }));
  // Nothing waits on a tape, so all of it waits in the connection.
  return { ...base, classes, kept: { entriesPerRoom: 0, bytesPerRoom: 0, totalBytes: 0 } };
}

/** @returns what a server has left */
async function leave(server: ChatServer): Promise<Estate> {
  const estate = await server.leave('the test goes on');
  estate.clients.complete();
  await server.finish();
  return estate;
}

/** Another server goes on with an estate. */
async function goOn(config: ServerConfig, estate: Estate, onTakenOver: () => void): Promise<ChatServer> {
  const { inherited } = assignListeners(estate.listeners, config.listeners);
  const server = await startServer({ config, estate, inherited, onTakenOver });
  onTestFinished(() => server.close('the test is over'));
  return server;
}

/** Another server goes on with all clients, and with those listeners that its configuration has. */
async function replaced(server: ChatServer, config: ServerConfig): Promise<ChatServer> {
  const estate = await leave(server);
  closeFds(assignListeners(estate.listeners, config.listeners).unused);
  return goOn(config, estate, () => undefined);
}

/** Starts a server with listeners for plain lines and for IRC. */
async function startBoth() {
  const both = await loadConfig({ ircPort: 0, plainPort: 0 });
  const onlyIrc = { ...both, listeners: both.listeners.filter(({ protocol }) => protocol === 'irc') };
  const server = await startServer({ config: both });
  const [plain = 0, irc = 0] = server.listeners.map(portOf);
  return { server, both, onlyIrc, plain, irc };
}

function duplicateOf(fd: number): number {
  const socket = Socket.fromFd(fd);
  const copy = socket.dup().detach();
  socket.detach();
  return copy;
}

function receiveAll(socket: Socket): string {
  let text = '';
  for (let bytes = socket.recv(65_536); bytes !== null && bytes.length > 0; bytes = socket.recv(65_536)) {
    text += bytes.toString('latin1');
  }
  return text;
}

test('nothing that waits for a peer is sent before all clients are taken over, and then all of it once', async () => {
  const config = await configure();
  const first = await startServer({ config });
  const address = present(
    first.listeners.find(({ protocol }) => protocol === 'irc'),
    'the listener',
  ).address;
  if (address.family !== 'inet') throw new Error('no port');
  const slow = Socket.create({ family: 'inet', blocking: true });
  onTestFinished(() => {
    slow.close();
  });
  slow.connect(address);
  slow.setBlocking(false);
  slow.send('NICK slow\r\nUSER slow 0 * :x\r\nJOIN #a\r\n');
  let early = '';
  await until(() => (early += receiveAll(slow)).includes(' 366 '), 'the room');
  const speaker = await connectPeer(address.port);
  await speaker.write('NICK speaker\r\nUSER speaker 0 * :x\r\nJOIN #a\r\n');
  const pending = (): number => Math.max(...[...first.clients.links].map(({ pendingBytes }) => pendingBytes));
  let said = 0;
  for (; said < LINES && pending() < 1_000_000; said += 500) {
    const lines = Array.from({ length: 500 }, (_, index) => `PRIVMSG #a :${'x'.repeat(400)} ${said + index}\r\n`);
    await speaker.write(`${lines.join('')}PING ${said}\r\n`);
    await speaker.lineLike(new RegExp(` PONG \\S+ :?${said}$`));
  }
  expect(pending()).toBeGreaterThan(16_384);
  const estate = await leave(first);
  early += receiveAll(slow);
  let whenTaken: string | null = null;
  await goOn(config, estate, () => {
    whenTaken = receiveAll(slow);
  });
  expect(whenTaken).toBe('');
  let text = early;
  await until(() => (text += receiveAll(slow)).endsWith(` ${said - 1}\r\n`), 'the last line');
  expect([...text.matchAll(/ PRIVMSG #a :x+ (\d+)\r\n/g)].map(([, number]) => Number(number))).toEqual(
    Array.from({ length: said }, (_, index) => index),
  );
});

test('a server that could not go on has sent nothing: the one before it goes on with the same estate', async () => {
  const config = await configure();
  const first = await startServer({ config });
  const address = first.listeners.find(({ protocol }) => protocol === 'irc')?.address;
  if (address?.family !== 'inet') throw new Error('no port');
  const peer = await connectPeer(address.port);
  await peer.write('NICK ann\r\nUSER ann 0 * :x\r\nJOIN #a\r\nPING in\r\n');
  await peer.lineLike(/ PONG \S+ :?in$/);
  const estate = await leave(first);
  const copies: Estate = {
    ...estate,
    listeners: estate.listeners.map((listener) => ({ ...listener, fd: duplicateOf(listener.fd) })),
    clients: new LeftClients([...estate.clients].map((client) => ({ ...client, fd: duplicateOf(client.fd) }))),
  };
  await expect(
    goOn(config, copies, () => {
      throw new Error('killed');
    }),
  ).rejects.toThrow('killed');
  await goOn(config, estate, () => undefined);
  await peer.write('NAMES #a\r\n');
  expect(await peer.lineLike(/ 353 |^ERROR/)).toMatch(/ :@ann$/);
});

test('clients whose protocol nobody can connect with any more stay, however often the server is replaced', async () => {
  const { server: first, both, onlyIrc, plain, irc } = await startBoth();
  const [dave, rita] = [await connectPeer(plain), await connectPeer(irc)];
  await rita.write('NICK rita\r\nUSER rita 0 * :x\r\nJOIN #lobby\r\nPING in\r\n');
  await rita.lineLike(/ PONG \S+ :?in$/);
  await until(() => first.clientCount === 2, 'both clients');
  const heard = async (line: string): Promise<void> => {
    await dave.write(`${line}\n`);
    expect(await rita.lineLike(/ PRIVMSG | QUIT |^ERROR/)).toMatch(new RegExp(` PRIVMSG #lobby :${line}$`));
    await rita.write(`PRIVMSG #lobby :heard ${line}\r\n`);
    expect(await dave.lineLike(/: .*heard|closed|left/)).toMatch(new RegExp(`rita.* heard ${line}$`));
  };
  let server = first;
  // The last one has a listener for it again.
  for (const [round, config] of [onlyIrc, onlyIrc, both].entries()) {
    server = await replaced(server, config);
    expect(server.clientCount).toBe(2);
    for (const backend of BACKEND_NAMES) {
      server.switchBackend(backend);
      await heard(`${round} by ${backend}`);
    }
  }
});

test('a client without a listener is told when the server ends, and holds nothing up', async () => {
  const { server: first, onlyIrc, plain } = await startBoth();
  const [dave, mute] = [await connectPeer(plain), await connectPeer(plain)];
  await until(() => first.clientCount === 2, 'both clients');
  const server = await replaced(first, onlyIrc);
  mute.socket.pause();
  mute.socket.allowHalfOpen = true;
  await server.close('enough for today');
  expect(await dave.lineLike(/enough/)).toContain('enough for today');
  expect(server.clientCount).toBe(0);
});
