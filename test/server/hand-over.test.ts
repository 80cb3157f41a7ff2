/** Clients that go on in another process: their fds are sent there by SCM_RIGHTS, with what is known of them. */
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { build, stop } from 'esbuild';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { present } from '../../src/errors.js';
import { SharedBytes } from '../../src/net/shared-bytes.js';
import type { Transport } from '../../src/protocol/session.js';
import type { ChatServer } from '../../src/server/chat-server.js';
import { loadConfig } from '../../src/server/config/load.js';
import type { ListenerConfig } from '../../src/server/config/server-config.js';
import type { ConnectionLink } from '../../src/server/link.js';
import { AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM } from '../../src/socket/constants.js';
import { Socket } from '../../src/socket/socket.js';
import { until } from '../support/deadline.js';
import { packagePath, projectPath, start, type TestProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { FakeWire } from './fake-wire.js';
import type { HandedOver } from './hand-over.js';
import { startServer } from './start-server.js';

afterAll(() => stop());

/** A wire over one end of a connection. It takes what the kernel does not take, and gives it away in the end. */
class SocketWire extends FakeWire {
  readonly socket: Socket;
  #pending = Buffer.alloc(0);

  constructor(socket: Socket) {
    super();
    this.socket = socket;
  }

  write(bytes: Uint8Array | SharedBytes): boolean {
    this.#pending = Buffer.concat([this.#pending, bytes instanceof SharedBytes ? bytes.bytes : bytes]);
    while (this.#pending.length > 0) {
      const sent = this.socket.send(this.#pending);
      if (sent === null) break;
      this.#pending = this.#pending.subarray(sent);
    }
    this.pendingBytes = this.#pending.length;
    return this.pendingBytes <= 4096;
  }

  get pending(): Buffer {
    return this.#pending;
  }
}

/** One client: its own end of a connection, and the server's. */
class Client {
  readonly wire: SocketWire;
  readonly link: ConnectionLink;
  readonly #stream: Duplex;
  readonly #read: Buffer[] = [];
  isClosed = false;

  constructor(server: ChatServer, config: ListenerConfig, transport: Transport) {
    const [own, far] = Socket.pair({ family: AF_UNIX, type: SOCK_STREAM });
    this.wire = new SocketWire(own);
    this.link = server.clients.admit({
      wire: this.wire,
      address: { family: 'inet', host: '127.0.0.1', port: 4000 + server.clients.arrivedCount },
      transport,
      isSecure: false,
      certificate: null,
      config,
    });
    this.#stream = far.toDuplex({ allowHalfOpen: false });
    this.#stream.on('data', (bytes: Buffer) => this.#read.push(bytes)).on('close', () => (this.isClosed = true));
    this.#stream.on('error', () => undefined);
  }

  get text(): string {
    return Buffer.concat(this.#read).toString();
  }

  get lines(): string[] {
    return this.text.split(/\r?\n/).slice(0, -1);
  }

  hears(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  /** Reads nothing until {@link go}. */
  stall(): void {
    this.#stream.pause();
  }

  go(): void {
    this.#stream.resume();
  }

  send(bytes: string | Uint8Array): void {
    this.#stream.write(bytes);
  }

  say(...lines: readonly string[]): void {
    this.send(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** Has the old server read what has been sent to it. */
  pump(): void {
    for (;;) {
      const bytes = this.wire.socket.recv(65_536);
      if (bytes === null || bytes.length === 0) return;
      this.link.receive(bytes);
    }
  }

  leave(): void {
    this.#stream.destroy();
  }
}

/** Starts the process that takes the clients over. */
async function next(path: string): Promise<TestProcess> {
  const folder = temporaryFolder();
  const outfile = join(folder, 'next-server.cjs');
  await build({
    entryPoints: [projectPath('test/server/children/next-server.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['*.node'],
    logLevel: 'silent',
    mainFields: ['module', 'main'],
    define: { FDMUX_VERSION: '"0.0.0"' },
  });
  const env = { FDMUX_BINARY: process.env['FDMUX_BINARY'] ?? packagePath('build/Release/fdmux.node') };
  return start(process.execPath, [outfile, path], { env });
}

test('clients of both protocols go on in another process, wherever they were: nobody loses a line or hears of it', async () => {
  const config = await loadConfig({ plainPort: 0, ircPort: 0 });
  const server = await startServer({ config });
  const clients: Client[] = [];
  onTestFinished(() => {
    for (const client of clients) {
      client.leave();
      client.wire.socket.close();
    }
  });
  const connect = (protocol: 'plain' | 'irc', changes: Partial<ListenerConfig> = {}): Client => {
    const listener = present(
      config.listeners.find((one) => one.protocol === protocol),
      'the listener',
    );
    const client = new Client(server, { ...listener, quietMs: 0, ...changes }, 'tcp');
    clients.push(client);
    return client;
  };
  const pumped = (isThere: () => boolean, what: string): Promise<void> =>
    until(() => {
      for (const client of clients) client.pump();
      return isThere();
    }, what);
  const enter = async (nick: string, rooms: string, caps: string): Promise<Client> => {
    const client = connect('irc');
    client.say(`CAP REQ :${caps}`, 'CAP END', `NICK ${nick}`, `USER ${nick} 0 * :${nick}`, `JOIN ${rooms}`);
    await pumped(() => client.hears(/ 366 /).length === rooms.split(',').length, `${nick} is in`);
    return client;
  };

  const rooms = Array.from({ length: 50 }, (_, index) => `#r${index}`).join(',');
  const owner = await enter('owner', `#a,${rooms}`, 'batch');
  const slow = await enter('slow', '#a', 'labeled-response batch message-tags');
  const listener = await enter('listener', '#a', 'batch');
  const [plain, reader] = [connect('plain', { charset: 'auto' }), connect('plain', { charset: 'utf-8' })];
  await pumped(() => plain.hears(/ joined/).length > 0, 'a plain peer hears of the other');

  // One reads nothing: some of what it misses is in the kernel, some on its wire, some is its place in the room.
  slow.stall();
  let said = 0;
  const flood = async (count: number, by: Client): Promise<void> => {
    for (let index = 0; index < count; index += 1) by.say(`PRIVMSG #a :${said++} ${'x'.repeat(400)}`);
    await pumped(() => listener.hears(/ PRIVMSG #a :\d+ x+$/).length === said, 'the listener hears it');
  };
  while (!slow.link.isBehind || slow.wire.pendingBytes === 0) await flood(50, owner);
  await flood(50, owner);
  // One is in the middle of a batch: its long answer waits, since it is behind.
  slow.say('@label=l1 LIST', 'PING later');
  // Two are in the middle of a line; one of those in the middle of a character of its charset, which was found out.
  owner.send('PRIVMSG #a :one half, ');
  plain.send(Buffer.from('c4e3bac30a', 'hex'));
  await pumped(() => reader.hears(/ say: 你好$/).length === 1, 'the charset is found out');
  plain.send(Buffer.from('c4e3ba', 'hex'));
  await pumped(() => owner.wire.socket.recv(1, 0x2) === null && plain.wire.socket.recv(1, 0x2) === null, 'all is read');

  const path = join(temporaryFolder(), 'hand-over');
  const door = Socket.create({ family: AF_UNIX, type: SOCK_SEQPACKET });
  door.bind({ family: 'unix', path });
  door.listen(1);
  const child = await next(path);
  const arrived: Socket[] = [];
  await until(() => {
    arrived.push(...[door.accept()].flatMap((accepted) => accepted?.socket ?? []));
    return arrived.length > 0;
  }, 'the other process');
  const other = present(arrived[0], 'the other process');
  for (const { link, wire } of clients) {
    const state = present(link.describe(), 'the state of a client');
    const given: HandedOver = { state, pending: wire.pending.toString('base64') };
    other.setBlocking(true);
    other.sendMsg(JSON.stringify(given), { control: [{ kind: 'rights', fds: [wire.socket] }] });
    wire.socket.close();
    server.clients.departed(link, undefined);
  }
  other.close();
  door.close();
  await child.line('ready');
  await server.close('all have gone on');

  expect(clients.filter(({ isClosed }) => isClosed)).toEqual([]);
  owner.send('and the other\r\n');
  plain.send(Buffer.from('c30a', 'hex'));
  await until(() => listener.hears(/ PRIVMSG #a :one half, and the other$/).length === 1, 'the line that was cut');
  await until(() => reader.hears(/ say: 你好$/).length === 2, 'the character that was cut');
  expect(slow.hears(/ PONG /)).toEqual([]);
  slow.go();
  await until(() => slow.hears(/ PONG \S+ :?later$/).length === 1, 'the slow reader has read everything');
  await until(() => slow.hears(/ PRIVMSG #a :one half, and the other$/).length === 1, 'and what came later');

  const numbers = slow.hears(/ PRIVMSG #a :\d+ x+$/).map((line) => Number(/:(\d+) x+$/.exec(line)?.[1]));
  expect(numbers).toEqual(Array.from({ length: said }, (_, index) => index));
  const opening = slow.lines.findIndex((line) => line.startsWith('@label=l1 '));
  const reference = /BATCH \+(\S+) /.exec(slow.lines[opening] ?? '')?.[1] ?? '?';
  const closing = slow.lines.findIndex((line) => line.endsWith(` BATCH -${reference}`));
  const rows = slow.lines.slice(opening, closing).filter((line) => line.includes(' 322 '));
  expect(rows.length).toBeGreaterThanOrEqual(51);
  // Nobody has heard that anybody came or went.
  expect(listener.hears(/ (?:QUIT|PART) |^ERROR/)).toEqual([]);
  expect(listener.hears(/ JOIN /).length).toBe(1);
  expect(reader.hears(/ left/)).toEqual([]);
  owner.say('NAMES #a');
  await until(() => owner.hears(/ 353 owner = #a :/).length === 2, 'the members');
  expect(owner.hears(/ 353 owner = #a :/).at(-1)).toMatch(/@owner/);
});
