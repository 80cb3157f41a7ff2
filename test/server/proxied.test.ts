import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type RunningChatServer, startChatServer } from '../../src/chat-server.js';
import { nextEvent } from '../support/deadline.js';
import { connectPeer, Peer } from '../support/peers.js';

/** Peers behind a proxy, which says whose a connection is by a PROXY header. */

type LogRecords = Record<string, unknown>[];

interface ProxiedServer {
  readonly server: RunningChatServer;
  readonly plainPort: number;
  readonly ircPort: number;
  readonly records: LogRecords;
  /** Replaces the configuration, and has the server read it. */
  readonly reload: (config: object) => Promise<string | null>;
}

const base = {
  proxies: ['127.0.0.1'],
  listeners: [
    { protocol: 'plain', port: 0, proxyProtocol: true },
    { protocol: 'irc', port: 0, proxyProtocol: true },
  ],
};

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-proxied-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

async function startProxied(config: object = {}): Promise<ProxiedServer> {
  const path = join(temporaryFolder(), 'fdmux.json');
  const write = (data: object): void => writeFileSync(path, JSON.stringify({ ...base, ...data }));
  write(config);
  const records: LogRecords = [];
  const record = (event: string, details: object = {}): void => void records.push({ event, ...details });
  const log = { debug: record, info: record, warn: record, error: record };
  const server = await startChatServer({ config: path, log });
  onTestFinished(() => server.close());
  const portOf = (name: string): number => {
    const address = server.listeners.find(({ protocol }) => protocol === name)?.address;
    return address !== undefined && 'port' in address ? address.port : 0;
  };
  return {
    server,
    plainPort: portOf('plain'),
    ircPort: portOf('irc'),
    records,
    reload: (data) => {
      write(data);
      return server.reload();
    },
  };
}

const headerOf = (host: string, port = 3000): string =>
  `PROXY ${host.includes(':') ? 'TCP6' : 'TCP4'} ${host} ${host} ${port} 6667\r\n`;

async function ircPeer(port: number, host: string, nick: string): Promise<Peer> {
  const peer = await connectPeer(port);
  await peer.write(`${headerOf(host)}NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\n`);
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}

const refusals = (records: LogRecords) =>
  records.filter(({ event }) => event === 'connection refused').map(({ host, reason }) => ({ host, reason }));

test('a plain peer has the address and the port that the proxy names, however the header is split', async () => {
  const { plainPort } = await startProxied();
  const ann = await connectPeer(plainPort);
  await ann.write('PROXY TCP4 198.51.100.7 192.0.2.1 30');
  await ann.write('00 6667\r\nhello\n');
  const bob = await connectPeer(plainPort);
  await bob.write(`${headerOf('2001:DB8:0::8', 4000)}hi\n`);
  expect(await ann.lineLike(/ say: /)).toMatch(/ \[2001:db8::8\]:4000 say: hi$/);
  await ann.write('again\n');
  expect(await bob.lineLike(/ say: /)).toMatch(/ 198\.51\.100\.7:3000 say: again$/);
});

test('WHOIS, the log, bans and classes take the address that the proxy names', async () => {
  const { ircPort, records } = await startProxied({
    operators: [{ name: 'root', password: 'secret' }],
    classes: [
      { name: 'outcasts', addresses: ['203.0.113.0/24'], refusal: 'not you' },
      { name: 'guests', addresses: ['198.51.100.0/24'], maxPerAddress: 2 },
      { name: 'rest' },
    ],
  });
  const ann = await ircPeer(ircPort, '198.51.100.7', 'ann');
  await ann.write('WHOIS ann\r\n');
  expect(await ann.lineLike(/ 311 /)).toContain(' ann ann 198.51.100.7 * ');
  expect(records).toContainEqual(
    expect.objectContaining({ event: 'connected', host: '198.51.100.7', port: 3000, class: 'guests' }),
  );

  const outcast = await connectPeer(ircPort);
  await outcast.write(headerOf('203.0.113.9'));
  expect(String(await outcast.ended())).toContain('not you');

  await ircPeer(ircPort, '198.51.100.7', 'second');
  const third = await connectPeer(ircPort);
  await third.write(headerOf('198.51.100.7'));
  expect(String(await third.ended())).toContain('too many connections from your address');

  const root = await ircPeer(ircPort, '192.0.2.5', 'root1');
  await root.write('OPER root secret\r\nDLINE 198.51.100.0/24 :begone\r\n');
  expect(String(await ann.ended())).toContain('begone');
  const banned = await connectPeer(ircPort);
  await banned.write(headerOf('198.51.100.99'));
  expect(String(await banned.ended())).toMatch(/ 465 .*begone/);
});

test('a proxy that speaks for itself is a peer like any other', async () => {
  const { plainPort } = await startProxied();
  const ann = await connectPeer(plainPort);
  await ann.write(headerOf('198.51.100.7'));
  const proxy = await connectPeer(plainPort);
  await proxy.write(Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'), Buffer.from('alive\n')]));
  expect(await ann.lineLike(/ say: /)).toMatch(new RegExp(` 127\\.0\\.0\\.1:${proxy.port} say: alive$`));
});

test('who is not listed is closed at once, header or not, and the log has it', async () => {
  const { plainPort, records, reload } = await startProxied({ proxies: ['10.0.0.0/8', 'unix'] });
  const stranger = await connectPeer(plainPort);
  expect(await stranger.ended()).toHaveLength(0);
  expect(refusals(records)).toEqual([{ host: '127.0.0.1', reason: 'it is not listed as a proxy' }]);

  expect(await reload({ proxies: ['127.0.0.0/8'] })).toBeNull();
  const ann = await connectPeer(plainPort);
  await ann.write(headerOf('198.51.100.7'));
  const bob = await connectPeer(plainPort);
  await bob.write(`${headerOf('198.51.100.8')}hello\n`);
  expect(await ann.lineLike(/ say: /)).toMatch(/198\.51\.100\.8:3000 say: hello$/);
});

test('a listed proxy that sends no header, a wrong one or half of one is closed, and the log says why', async () => {
  const { plainPort, records } = await startProxied({ proxyTimeoutMs: 50 });
  const wrong = await connectPeer(plainPort);
  await wrong.write('hello\n');
  await wrong.ended();
  const silent = await connectPeer(plainPort);
  await silent.ended();
  const slow = await connectPeer(plainPort);
  await slow.write('PROXY TCP4 198.51');
  await slow.ended();
  expect(refusals(records)).toEqual([
    { host: '127.0.0.1', reason: 'there is no PROXY header' },
    { host: '127.0.0.1', reason: 'the PROXY header did not arrive in time' },
    { host: '127.0.0.1', reason: 'the PROXY header did not arrive in time' },
  ]);
});

test('a check of the port, which connects and closes, is no refusal', async () => {
  const { plainPort, records } = await startProxied();
  const check = await connectPeer(plainPort);
  check.end();
  await check.ended();
  expect(refusals(records)).toEqual([]);
});

test('a listener without the option takes a header for a line of chat, even from a proxy', async () => {
  const { plainPort } = await startProxied({ listeners: [{ protocol: 'plain', port: 0 }] });
  const ann = await connectPeer(plainPort);
  const bob = await connectPeer(plainPort);
  await bob.write(headerOf('198.51.100.7'));
  expect(await ann.lineLike(/ say: /)).toMatch(
    new RegExp(`127\\.0\\.0\\.1:${bob.port} say: PROXY TCP4 198\\.51\\.100\\.7 `),
  );
});

test('peers of a unix socket are believed if the list has them', async () => {
  const path = join(temporaryFolder(), 'chat.sock');
  const { records } = await startProxied({
    proxies: ['unix'],
    listeners: [{ protocol: 'plain', path, proxyProtocol: true }],
  });
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  await nextEvent(socket, 'connect');
  const ann = new Peer(socket);
  // Only the sender of a line that is too long gets an answer.
  await ann.write(`${headerOf('198.51.100.7')}${'x'.repeat(10_000)}\n`);
  await ann.lineLike(/ longer /);
  expect(records).toContainEqual(
    expect.objectContaining({ event: 'connected', host: '198.51.100.7', port: 3000, transport: 'unix' }),
  );
});
