/** A server that goes over to another backend while it serves. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { type ChatServerOptions, type RunningChatServer, startChatServer } from '../../src/chat-server.js';
import { present } from '../../src/errors.js';
import { BACKEND_NAMES, type BackendName } from '../../src/multiplexer/backend.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { nextEvent } from '../support/deadline.js';
import { edgeTriggeredSockets } from '../support/fds.js';
import { connectPeer, Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { callUntyped } from '../support/untyped.js';
import { frame, openWebSocket, takeFrame } from '../support/web-sockets.js';

interface Served {
  readonly server: RunningChatServer;
  /** The records of the log. */
  readonly logged: Record<string, unknown>[];
  readonly portOf: (protocol: string, isSecure?: boolean) => number;
  readonly read: (file: object) => Promise<string | null>;
}

const LISTENERS = [
  { protocol: 'plain', port: 0 },
  { protocol: 'irc', port: 0 },
];
const FAST = [{ name: 'all', linesPerSecond: 0, maxPerAddress: 0 }];

async function serve(file: object = {}, options: ChatServerOptions = {}): Promise<Served> {
  const config = join(temporaryFolder(), 'fdmux.json');
  const write = (data: object): void => {
    writeFileSync(config, JSON.stringify({ listeners: LISTENERS, classes: FAST, ...data }));
  };
  write(file);
  const logged: Record<string, unknown>[] = [];
  const record = (event: string, details: object = {}): void => void logged.push({ event, ...details });
  const log = { debug: record, info: record, warn: record, error: record };
  const server = await startChatServer({ config, log, ...options });
  onTestFinished(() => server.close());
  return {
    server,
    logged,
    portOf: (protocol, isSecure = false) => {
      const found = server.listeners.find((one) => one.protocol === protocol && one.isSecure === isSecure);
      if (found?.address.family !== 'inet') throw new Error('no such listener');
      return found.address.port;
    },
    read: (data) => {
      write(data);
      return server.reload();
    },
  };
}

async function enter(peer: Peer, nick: string): Promise<Peer> {
  await peer.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\nJOIN #lobby\r\nPING in\r\n`);
  await peer.lineLike(/ PONG \S+ :?in$/);
  return peer;
}

async function isServed(peer: Peer): Promise<void> {
  await peer.write('PING here\r\n');
  await peer.lineLike(/ PONG \S+ :?here$/);
}

/** Takes lines until each author has been heard `count` times, in its order and with nothing left out. */
async function hearAll(hearer: Peer, authors: readonly string[], count: number): Promise<void> {
  const heard = new Map(authors.map((author) => [author, 0]));
  for (let left = authors.length * count; left > 0; left -= 1) {
    const line = await hearer.lineLike(/ number \d+ of \w+|^ERROR| QUIT | left/);
    const [, number, author = ''] = / number (\d+) of (\w+)/.exec(line) ?? [];
    expect(Number(number), line).toBe(heard.get(author));
    heard.set(author, Number(number) + 1);
  }
}

const TRIGGERS = ['level', 'edge'] as const;
const UNDER_LOAD =
  'a hundred switches under load, %s-triggered: nobody is closed, everybody hears every line once, in order';

test.each(TRIGGERS)(UNDER_LOAD, async (trigger) => {
  const { server, logged, portOf } = await serve({ trigger });
  const nicks = Array.from({ length: 16 }, (_, index) => `n${index}`);
  const peers = await Promise.all(nicks.map(async (nick) => enter(await connectPeer(portOf('irc')), nick)));
  const plain = await Promise.all(Array.from({ length: 4 }, () => connectPeer(portOf('plain'))));
  for (const peer of plain) {
    // Only the sender of a line that is too long gets an answer: then it is in the room.
    await peer.write(`${'x'.repeat(10_000)}\n`);
    await peer.lineLike(/ that line was longer /);
  }
  const authors = nicks.slice(0, 4);
  const switches = 100;
  for (let round = 0; round < switches; round += 1) {
    const say = (text: (nick: string) => string): Promise<unknown> =>
      Promise.all(authors.map((nick, index) => present(peers[index], nick).write(text(nick))));
    // Half of a line arrives before the switch, and the other half after it.
    await say(() => 'PRIVMSG #lobby :this is num');
    server.switchBackend(present(BACKEND_NAMES[(round + 1) % BACKEND_NAMES.length], 'the next'));
    await say((nick) => `ber ${round} of ${nick}\r\n`);
  }
  for (const [index, peer] of peers.entries()) {
    await hearAll(
      peer,
      authors.filter((nick) => nick !== nicks[index]),
      switches,
    );
    await isServed(peer);
  }
  for (const peer of plain) await hearAll(peer, authors, switches);
  expect(logged.filter(({ event }) => event === 'switched the backend')).toHaveLength(switches);
  expect(server.backend).toBe(BACKEND_NAMES[switches % BACKEND_NAMES.length]);
});

test('each backend serves those who were there and those who connect later, and a reload keeps it', async () => {
  const { server, logged, portOf, read } = await serve({ backend: 'poll', admin: { port: 0 } });
  const ann = await enter(await connectPeer(portOf('irc')), 'ann');
  const metrics = async (): Promise<string> => {
    if (server.adminAddress?.family !== 'inet') throw new Error('no admin listener');
    return (await fetch(`http://127.0.0.1:${server.adminAddress.port}/metrics`)).text();
  };
  expect(server.backend).toBe('poll');
  let from: BackendName = 'poll';
  for (const [index, to] of (['select', 'epoll', 'poll', 'epoll', 'select', 'poll'] as const).entries()) {
    server.switchBackend(to);
    expect(logged.at(-1)).toEqual({ event: 'switched the backend', from, to, connections: index + 1 });
    expect(await metrics()).toContain(`backend="${to}"`);
    await isServed(ann);
    await enter(await connectPeer(portOf('irc')), `late${index}`);
    await ann.lineLike(new RegExp(`^:late${index}!\\S+ JOIN `));
    from = to;
  }
  // Already there: nothing happens, and nothing is logged.
  server.switchBackend('poll');
  expect(logged.filter(({ event }) => event === 'switched the backend')).toHaveLength(6);
  server.switchBackend('select');
  expect(await read({ backend: 'poll', admin: { port: 0 }, listeners: [...LISTENERS, LISTENERS[1]] })).toBeNull();
  expect(server.backend).toBe('select');
  const added = server.listeners.at(-1)?.address;
  if (added?.family !== 'inet') throw new Error('no new listener');
  await enter(await connectPeer(added.port), 'latest');
  await server.close();
  expect(() => {
    server.switchBackend('epoll');
  }).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
});

test.skipIf(!hasOpenssl)('connections over TLS and WebSockets move along', async () => {
  const identity = new CertificateFolder().make({ name: 'one.test' });
  const { server, portOf } = await serve({
    trigger: 'edge',
    listeners: [
      { protocol: 'irc', port: 0, tls: { cert: identity.certFile, key: identity.keyFile } },
      { protocol: 'web', port: 0 },
    ],
  });
  const connectSecurely = async (): Promise<Peer> => {
    const socket = tls.connect({ port: portOf('irc', true), host: '127.0.0.1', rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    const peer = new Peer(socket);
    await nextEvent(socket, 'secureConnect');
    return peer;
  };
  const { peer: bob } = await openWebSocket(portOf('web'));
  const ask = async (line: string, answer: RegExp): Promise<void> => {
    await bob.write(frame({ payload: line }));
    while (!answer.test((await takeFrame(bob)).payload.toString()));
  };
  await bob.write(frame({ payload: 'NICK bob' }));
  await ask('USER bob 0 * :bob', / (?:376|422) /);
  const ann = await enter(await connectSecurely(), 'ann');
  for (const backend of ['select', 'poll', 'epoll'] as const) {
    server.switchBackend(backend);
    await isServed(ann);
    await ask('PING web', / PONG \S+ :?web/);
    await enter(await connectSecurely(), `on-${backend}`);
  }
});

test.each(TRIGGERS)(
  'a server whose trigger is %s has it on epoll, for those who were there and those who connect later',
  { tags: ['needs-level-sockets'] },
  async (trigger) => {
    const { server, portOf, read } = await serve({ trigger });
    const before = edgeTriggeredSockets();
    const edges = (): number => [...edgeTriggeredSockets()].filter((fd) => !before.has(fd)).length;
    const peers = [await enter(await connectPeer(portOf('irc')), 'ann')];
    for (const backend of ['poll', 'epoll', 'select', 'epoll'] as const) {
      server.switchBackend(backend);
      peers.push(await enter(await connectPeer(portOf('irc')), `late${peers.length}`));
      for (const peer of peers) await isServed(peer);
      expect(edges()).toBe(trigger === 'edge' && backend === 'epoll' ? peers.length : 0);
    }
    // A listener that is opened while there are no edges, and one that is closed and still has a connection.
    server.switchBackend('poll');
    expect(
      await read({ trigger, listeners: [LISTENERS[0], { protocol: 'irc', host: '127.0.0.2', port: 0 }] }),
    ).toBeNull();
    peers.push(await enter(await connectPeer(portOf('irc'), '127.0.0.2'), 'latest'));
    server.switchBackend('epoll');
    for (const peer of peers) await isServed(peer);
    expect(edges()).toBe(trigger === 'edge' ? peers.length : 0);
  },
);

test('a switch in the middle of a reload counts for listeners that it has opened already, and for later ones', async () => {
  let opened = 0;
  let onListening = (): void => undefined;
  const quiet = (): void => undefined;
  const info = (event: string): void => {
    if (event === 'listening') onListening();
  };
  const log = { debug: quiet, info, warn: quiet, error: quiet };
  const { server, portOf, read } = await serve({ trigger: 'edge' }, { log });
  onListening = () => {
    opened += 1;
    if (opened === 1) server.switchBackend('poll');
  };
  const added = LISTENERS.map((listener) => ({ ...listener, host: '127.0.0.2' }));
  expect(await read({ trigger: 'edge', listeners: added })).toBeNull();
  expect([server.backend, opened]).toEqual(['poll', 2]);
  const plain = await connectPeer(portOf('plain'), '127.0.0.2');
  await plain.write(`${'x'.repeat(10_000)}\n`);
  await plain.lineLike(/ that line was longer /);
  await enter(await connectPeer(portOf('irc'), '127.0.0.2'), 'ann');
});

test('a backend that does not exist is refused', async () => {
  const { server } = await serve();
  expect(() => callUntyped(server, 'switchBackend', 'kqueue')).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
  );
  expect(server.backend).toBe('epoll');
});
