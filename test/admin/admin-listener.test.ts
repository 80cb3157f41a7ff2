import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { LabeledCount } from '../../src/admin/readings.js';
import { startChatServer } from '../../src/chat-server.js';
import { ConfigError } from '../../src/server/config/config-error.js';
import { nextEvent } from '../support/deadline.js';
import { connectPeer, Peer } from '../support/peers.js';
import { projectPath } from '../support/processes.js';

/** `/metrics`, `/healthz` and `/readyz` of a whole server. */

async function startServer(config: object = {}, log = silent) {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-admin-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'fdmux.json');
  const listeners = [
    { protocol: 'plain', port: 0 },
    { protocol: 'irc', port: 0 },
  ];
  writeFileSync(path, JSON.stringify({ listeners, admin: { port: 0 }, ...config }));
  const server = await startChatServer({ config: path, log });
  onTestFinished(() => server.close());
  const ports = server.listeners.map(({ address }) => ('port' in address ? address.port : 0));
  const { adminAddress } = server;
  const adminPort = adminAddress !== null && 'port' in adminAddress ? adminAddress.port : 0;
  return { server, folder, plainPort: ports[0] ?? 0, ircPort: ports[1] ?? 0, adminPort };
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Sends a request as it stands. @returns the whole answer */
async function ask(port: number, request: string): Promise<string> {
  const peer = await connectPeer(port);
  await peer.write(request);
  return String(await peer.ended());
}

const get = (path: string, host = '127.0.0.1:9464'): string => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;

/** The samples of a metric in an answer. */
function samples(answer: string, name: string): LabeledCount[] {
  return [...answer.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))].map(([, labels = '', count]) => ({
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
    count: Number(count),
  }));
}

const value = (answer: string, name: string): number | undefined => samples(answer, name)[0]?.count;

test('the metrics count what takes place', async () => {
  const root = { name: 'root', password: 'secret' };
  const { plainPort, ircPort, adminPort } = await startServer({
    operators: [root],
    classes: [{ name: 'everyone', maxPerAddress: 4, maxPasswordDelayMs: 0 }],
  });
  const bob = await connectPeer(ircPort);
  await bob.write('NICK bob\r\nUSER bob 0 * :Bob\r\nJOIN #lobby\r\nJOIN #a\r\nOPER root wrong\r\n');
  await bob.lineLike(/ 464 /);
  await bob.write('OPER root secret\r\n');
  await bob.lineLike(/ 381 /);
  const ann = await connectPeer(plainPort);
  await ann.write('hello\n');
  await bob.lineLike(/ PRIVMSG #lobby :hello/);
  const eve = await connectPeer(ircPort);
  await eve.write('NICK eve\r\n');
  const zoe = await connectPeer(ircPort);
  await zoe.write('PING x\r\n');
  await zoe.lineLike(/PONG/);
  await (await connectPeer(ircPort)).ended();

  const answer = await ask(adminPort, get('/metrics'));
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toMatch(/^content-type: text\/plain; version=0\.0\.4/m);
  expect(samples(answer, 'fdmux_clients')).toEqual([
    { labels: { protocol: 'irc', class: 'everyone', transport: 'tcp' }, count: 3 },
    { labels: { protocol: 'plain', class: 'everyone', transport: 'tcp' }, count: 1 },
  ]);
  expect(value(answer, 'fdmux_members')).toBe(2);
  expect(value(answer, 'fdmux_operators')).toBe(1);
  expect(value(answer, 'fdmux_rooms')).toBe(2);
  expect(value(answer, 'fdmux_connections_accepted_total')).toBe(5);
  expect(samples(answer, 'fdmux_connections_refused_total')).toContainEqual({ labels: { cause: 'limit' }, count: 1 });
  expect(value(answer, 'fdmux_wrong_passwords_total')).toBe(1);
  expect(value(answer, 'fdmux_deliveries_total')).toBeGreaterThanOrEqual(2);
  expect(samples(answer, 'fdmux_irc_commands_total')).toContainEqual({ labels: { command: 'JOIN' }, count: 2 });
  expect(value(answer, 'fdmux_send_queue_bytes')).toBe(0);
  expect(samples(answer, 'fdmux_build_info')[0]?.labels['node']).toBe(process.version);
  expect(value(answer, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(samples(answer, 'nodejs_eventloop_lag_p99_seconds')).toHaveLength(1);
  // A counter does not grow because somebody looks.
  expect(value(await ask(adminPort, get('/metrics')), 'fdmux_connections_accepted_total')).toBe(5);
});

test('a runtime that does not count the turns of its event loop has no samples of them', async () => {
  const own = Object.getOwnPropertyDescriptor(performance, 'nodeTiming');
  Object.defineProperty(performance, 'nodeTiming', { value: {}, configurable: true });
  onTestFinished(() => {
    Reflect.deleteProperty(performance, 'nodeTiming');
    if (own !== undefined) Object.defineProperty(performance, 'nodeTiming', own);
  });
  const { adminPort } = await startServer();
  const answer = await ask(adminPort, get('/metrics'));
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(samples(answer, 'fdmux_loop_turns_total')).toEqual([]);
  expect(samples(answer, 'fdmux_loop_active_seconds_total')).toEqual([]);
});

test('every metric of fdmux has its meaning in the documentation', async () => {
  const { adminPort } = await startServer();
  const answer = await ask(adminPort, get('/metrics'));
  const names = [...answer.matchAll(/^# TYPE (fdmux_\w+)/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(12);
  const documentation = readFileSync(projectPath('docs/operations.md'), 'utf8');
  expect(names.filter((name) => !documentation.includes(`| \`${name}\``))).toEqual([]);
});

test('it is healthy and ready while it runs', async () => {
  const { adminPort, server } = await startServer();
  expect(await ask(adminPort, get('/healthz?x=1'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok\n$/);
  expect(await ask(adminPort, get('/readyz', 'localhost'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nready\n$/);
  await server.close();
  await expect(connectPeer(adminPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('HEAD gets the headers, other methods and paths are refused', async () => {
  const { adminPort } = await startServer();
  const head = await ask(adminPort, get('/healthz').replace('GET', 'HEAD'));
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*content-length: 3\r\n[^]*\r\n\r\n$/);
  expect(await ask(adminPort, get('/metrics').replace('GET', 'POST'))).toMatch(/^HTTP\/1\.1 405 [^]*allow: GET, HEAD/);
  expect(await ask(adminPort, get('/'))).toMatch(/^HTTP\/1\.1 404 /);
  expect(await ask(adminPort, get('/metrics/'))).toMatch(/^HTTP\/1\.1 404 /);
});

test('a page that has given its name the address of this machine gets nothing', async () => {
  const { adminPort } = await startServer();
  for (const host of [
    'evil.example.org',
    'evil.example.org:9464',
    '127.0.0.1.example.org',
    '192.0.2.1',
    '[2001:db8::1]',
  ]) {
    expect(await ask(adminPort, get('/metrics', host))).toMatch(/^HTTP\/1\.1 403 /);
  }
  expect(await ask(adminPort, get('/healthz', '[::1]:9464'))).toMatch(/^HTTP\/1\.1 200 /);
});

test.each([
  'rubbish\r\n\r\n',
  `GET /metrics HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(9000)}\r\n\r\n`,
  '\x16\x03\x01\x02\x00\x01',
])('no request closes the connection, and the next one is served: %j', async (request) => {
  const { adminPort } = await startServer();
  await ask(adminPort, request);
  expect(await ask(adminPort, get('/healthz'))).toMatch(/^HTTP\/1\.1 200 /);
});

test('clients that say nothing take no more than their share', async () => {
  const { adminPort } = await startServer();
  const silents = [];
  for (let count = 0; count < 32; count += 1) silents.push(await connectPeer(adminPort));
  const beyond = await connectPeer(adminPort);
  expect(await beyond.ended()).toHaveLength(0);
  silents[0]?.destroy();
  silents[1]?.destroy();
  await expect.poll(() => ask(adminPort, get('/healthz')).catch(() => '')).toMatch(/^HTTP\/1\.1 200 /);
});

test('a unix socket serves everybody whom its file lets in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-admin-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'admin.sock');
  const { server } = await startServer({ admin: { path, mode: '0600' } });
  expect(server.adminAddress).toEqual({ family: 'unix', path });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  await nextEvent(socket, 'connect');
  const peer = new Peer(socket);
  await peer.write(get('/healthz', 'fdmux'));
  expect(String(await peer.ended())).toMatch(/^HTTP\/1\.1 200 /);
});

test.each(['0.0.0.0', '192.0.2.1', '::', '2001:db8::1', 'localhost', 'example.org'])(
  'the address %s is refused at the start',
  async (host) => {
    const started = startServer({ admin: { host, port: 0 } });
    await expect(started).rejects.toThrow(ConfigError);
    await expect(started).rejects.toThrow('admin.host: must be a loopback address such as 127.0.0.1');
  },
);

test('a store has metrics, and a server without one has no samples of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-admin-'));
  const kept = await startServer({ store: { path: folder } });
  const answer = await ask(kept.adminPort, get('/metrics'));
  expect(value(answer, 'fdmux_store_up')).toBe(1);
  expect(value(answer, 'fdmux_store_bytes')).toBeGreaterThan(4096);
  for (const name of ['queued_writes', 'batches_total', 'late_batches_total', 'busy_seconds_total']) {
    expect(value(answer, `fdmux_store_${name}`)).toBeGreaterThanOrEqual(0);
  }
  await kept.server.close();
  rmSync(folder, { recursive: true });
  const { adminPort } = await startServer();
  const other = await ask(adminPort, get('/metrics'));
  expect(value(other, 'fdmux_kept_bytes')).toBe(0);
  expect(samples(other, 'fdmux_store_up')).toEqual([]);
});
