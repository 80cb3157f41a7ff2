/** A configuration that is read again: what changes while the server runs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { type RunningChatServer, startChatServer } from '../../src/chat-server.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { nextEvent } from '../support/deadline.js';
import { connectPeer, connectUnixPeer, freePort, listenPeer, Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';

interface Reloadable {
  readonly server: RunningChatServer;
  /** The events of the log. */
  readonly logged: string[];
  /** Writes another file, and has it read. @returns the problem with it */
  readonly reload: (file: object) => Promise<string | null>;
}

async function serve(file: object): Promise<Reloadable> {
  const config = join(temporaryFolder(), 'fdmux.json');
  const write = (data: object): void => {
    writeFileSync(config, JSON.stringify(data));
  };
  write(file);
  const logged: string[] = [];
  const note = (event: string): void => void logged.push(event);
  const server = await startChatServer({ config, log: { debug: note, info: note, warn: note, error: note } });
  onTestFinished(() => server.close());
  const reload = (data: object): Promise<string | null> => {
    write(data);
    return server.reload();
  };
  return { server, logged, reload };
}

const portsOf = ({ listeners }: RunningChatServer): number[] =>
  listeners.map(({ address }) => (address.family === 'inet' ? address.port : 0));

const certificates = new CertificateFolder();

const plain = { protocol: 'plain', port: 0 };

test('listeners come and go, and those who are connected to one that goes stay', async () => {
  const { server, reload } = await serve({ listeners: [plain] });
  const [oldPort = 0] = portsOf(server);
  const ann = await connectPeer(oldPort);
  const port = await freePort();
  expect(await reload({ listeners: [{ ...plain, port }] })).toBeNull();
  expect(portsOf(server)).toEqual([port]);
  await expect(connectPeer(oldPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const bob = await connectPeer(port);
  await ann.lineLike(/join/i);
  await bob.write('are you there?\n');
  expect(await ann.lineLike(/say: /)).toContain('are you there?');
  await ann.write('I am\n');
  expect(await bob.lineLike(/say: /)).toContain('I am');
  await server.close('closing time');
  expect(String(await ann.ended())).toContain('closing time');
});

test('a listener that stays the same is left alone', async () => {
  const { server, reload, logged } = await serve({ listeners: [plain, plain] });
  const ports = portsOf(server);
  logged.length = 0;
  expect(await reload({ listeners: [plain, plain], drainMs: 5 })).toBeNull();
  expect(portsOf(server)).toEqual(ports);
  expect(logged).toEqual(['configuration reloaded']);
  expect(await reload({ listeners: [plain] })).toBeNull();
  expect(portsOf(server)).toEqual(ports.slice(0, 1));
});

test('a listener with other options is opened again at its place', async () => {
  const port = await freePort();
  const { server, reload } = await serve({ listeners: [{ ...plain, port }] });
  const ann = await connectPeer(port);
  expect(await reload({ listeners: [{ ...plain, port, charset: 'gbk' }] })).toBeNull();
  const bob = await connectPeer(port);
  await ann.lineLike(/join/i);
  await bob.write(new Uint8Array([0xc4, 0xe3, 0x0a]));
  expect(await ann.lineLike(/say: /)).toContain('你');
  expect(portsOf(server)).toEqual([port]);
});

test('a unix socket gets another mode', async () => {
  const path = join(temporaryFolder(), 'chat.sock');
  const { server, reload } = await serve({ listeners: [{ protocol: 'plain', path, mode: '0600' }] });
  const ann = await connectUnixPeer(path);
  expect(await reload({ listeners: [{ protocol: 'plain', path, mode: '0660' }] })).toBeNull();
  const bob = await connectUnixPeer(path);
  await ann.lineLike(/join/i);
  await bob.write('hello\n');
  expect(await ann.lineLike(/say: /)).toContain('hello');
  expect(server.listeners).toHaveLength(1);
});

test('if one cannot be opened, everything stays as it was', async () => {
  const { port: takenPort } = await listenPeer();
  const port = await freePort();
  const { server, reload, logged } = await serve({ listeners: [{ ...plain, port }], server: { motd: ['old'] } });
  const ann = await connectPeer(port);
  const more = await freePort();
  const wanted = [
    { ...plain, port, charset: 'gbk' },
    { ...plain, port: more },
    { ...plain, port: takenPort },
  ];
  expect(await reload({ listeners: wanted, server: { motd: ['new'] } })).toBe(
    `cannot listen on 127.0.0.1:${takenPort}: the port is in use`,
  );
  expect(logged).toContain('configuration not reloaded');
  expect(portsOf(server)).toEqual([port]);
  await expect(connectPeer(more)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const bob = await connectPeer(port);
  await ann.lineLike(/join/i);
  await bob.write('still here\n');
  expect(await ann.lineLike(/say: /)).toContain('still here');
});

test('two reloads at once open a listener once', async () => {
  const { server, reload } = await serve({ listeners: [plain] });
  const port = await freePort();
  const file = { listeners: [plain, { ...plain, port }] };
  expect(await Promise.all([reload(file), reload(file)])).toEqual([null, null]);
  expect(portsOf(server)).toHaveLength(2);
});

test.skipIf(!hasOpenssl)('a port gets TLS, and those who are connected without it stay', async () => {
  const { certFile: cert, keyFile: key } = certificates.make({ name: 'one.test' });
  const port = await freePort();
  const { server, reload } = await serve({ listeners: [{ ...plain, port }] });
  const ann = await connectPeer(port);
  expect(await reload({ listeners: [{ ...plain, port, tls: { cert, key } }] })).toBeNull();
  expect(server.listeners).toMatchObject([{ isSecure: true }]);
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  const bob = new Peer(socket);
  await nextEvent(socket, 'secureConnect');
  await ann.lineLike(/join/i);
  await bob.write('in secret\n');
  expect(await ann.lineLike(/say: /)).toContain('in secret');
});

test('another password holds for those who come from then on', async () => {
  const irc = { protocol: 'irc', port: 0 };
  const { server, reload } = await serve({ listeners: [irc], server: { password: 'old word' } });
  const [port = 0] = portsOf(server);
  const register = async (nick: string, password: string): Promise<Peer> => {
    const peer = await connectPeer(port);
    await peer.write(`PASS :${password}\r\nNICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\n`);
    return peer;
  };
  const ann = await register('ann', 'old word');
  await ann.lineLike(/ 001 ann /);
  expect(await reload({ listeners: [irc], server: { password: 'new word' } })).toBeNull();
  const eve = await register('eve', 'old word');
  await eve.lineLike(/ 464 \* /);
  await eve.lineLike(/^ERROR /);
  const bob = await register('bob', 'new word');
  await bob.lineLike(/ 001 bob /);
  await bob.write('PRIVMSG ann :hello\r\n');
  await ann.lineLike(/^:bob!\S+ PRIVMSG ann :hello$/);
});
