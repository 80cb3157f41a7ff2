import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { startChatServer } from '../../src/chat-server.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { nextEvent, until } from '../support/deadline.js';
import { connectPeer, Peer } from '../support/peers.js';
import { projectPath, start } from '../support/processes.js';
import { frame, handshake, openWebSocket, takeAnswer, takeCloseCode, takeFrame } from '../support/web-sockets.js';

/** Web listeners of a whole server: browsers, IRC clients and plain users in the same rooms. */

const LISTENERS = [
  { protocol: 'plain', port: 0 },
  { protocol: 'irc', port: 0 },
  { protocol: 'web', port: 0 },
];

async function startWeb(config: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-web-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fdmux.json');
  const write = (data: object) => writeFileSync(path, JSON.stringify({ listeners: LISTENERS, ...data }));
  write(config);
  const records: Record<string, unknown>[] = [];
  const record = (event: string, details: object = {}): void => void records.push({ event, ...details });
  const server = await startChatServer({
    config: path,
    log: { debug: record, info: record, warn: record, error: record },
  });
  onTestFinished(() => server.close());
  const ports = server.listeners.map(({ address }) => ('port' in address ? address.port : 0));
  const [plain = 0, irc = 0, web = 0] = ports;
  const reload = (data: object) => {
    write(data);
    return server.reload();
  };
  return { server, plain, irc, web, records, reload };
}

/** A chat member on a WebSocket. */
class WebClient {
  readonly peer: Peer;

  constructor(peer: Peer) {
    this.peer = peer;
  }

  say(line: string): Promise<void> {
    return this.peer.write(frame({ payload: line }));
  }

  /** Takes messages until one matches. */
  async hears(pattern: RegExp): Promise<string> {
    for (;;) {
      const text = (await takeFrame(this.peer)).payload.toString();
      expect(text).not.toMatch(/[\r\n]/);
      if (pattern.test(text)) return text;
    }
  }
}

async function openWeb(port: number, headers: Readonly<Record<string, string>> = {}): Promise<WebClient> {
  return new WebClient((await openWebSocket(port, headers)).peer);
}

async function registerWeb(port: number, nick: string, headers?: Readonly<Record<string, string>>): Promise<WebClient> {
  const client = await openWeb(port, headers);
  await client.say(`NICK ${nick}`);
  await client.say(`USER ${nick} 0 * :${nick}`);
  await client.hears(/ (?:376|422) /);
  return client;
}

async function registerIrc(port: number, nick: string): Promise<Peer> {
  const peer = await connectPeer(port);
  await peer.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\n`);
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}

test('a web user, an IRC user and a plain user meet in one room', async () => {
  const { plain, irc, web } = await startWeb();
  const ann = await registerWeb(web, 'ann');
  await ann.say('JOIN #lobby');
  await ann.hears(/ 366 /);
  const bob = await registerIrc(irc, 'bob');
  await bob.write('JOIN #lobby\r\n');
  await ann.hears(/^:bob!\S+ JOIN #lobby$/);
  await bob.lineLike(/ 366 /);
  const cat = await connectPeer(plain);
  await cat.write('hello from plain, 你好\n');
  await ann.hears(/ PRIVMSG #lobby :hello from plain, 你好$/);
  await bob.lineLike(/ PRIVMSG #lobby :hello from plain, 你好$/);
  await ann.say('PRIVMSG #lobby :hello from the web, grüß dich');
  await bob.lineLike(/^:ann!ann@127\.0\.0\.1 PRIVMSG #lobby :hello from the web, grüß dich$/);
  await cat.lineLike(/ ann say: hello from the web, grüß dich$/);
  await bob.write('PRIVMSG #lobby :hello from IRC\r\n');
  await ann.hears(/^:bob!\S+ PRIVMSG #lobby :hello from IRC$/);
  ann.peer.end();
  await bob.lineLike(/^:ann!\S+ QUIT /);
});

test('the limits of a line hold as they do over TCP, and a message may have several lines', async () => {
  const { web } = await startWeb();
  const ann = await registerWeb(web, 'ann');
  await ann.say(`PRIVMSG ann :${'x'.repeat(9000)}`);
  await ann.hears(/ 417 ann /);
  await ann.say('PING one\r\nPING two\r\n');
  await ann.hears(/ PONG \S+ :?one$/);
  await ann.hears(/ PONG \S+ :?two$/);
  await ann.say('');
  await ann.say('PING three');
  await ann.hears(/ PONG \S+ :?three$/);
});

test('QUIT ends the WebSocket in order, behind the farewell', async () => {
  const { web } = await startWeb();
  const ann = await registerWeb(web, 'ann');
  await ann.say('QUIT :bye');
  await ann.hears(/^ERROR /);
  expect(await takeCloseCode(ann.peer)).toBe(1000);
  await ann.say('PING late');
  await ann.peer.write(frame({ opcode: 8, payload: Buffer.of(3, 232) }));
  await ann.peer.ended();
});

test('a server that ends says so, asks web users to come back, and is gone in time', async () => {
  const { server, web } = await startWeb();
  const ann = await registerWeb(web, 'ann');
  const deaf = await registerWeb(web, 'deaf');
  const closed = server.close('an upgrade');
  await ann.hears(/^ERROR .*an upgrade/);
  expect(await takeCloseCode(ann.peer)).toBe(1012);
  await ann.peer.write(frame({ opcode: 8, payload: Buffer.of(3, 244) }));
  await ann.peer.ended();
  await closed;
  await deaf.peer.ended();
});

/** A web user who reads nothing any more, and somebody who talks. */
async function startSlow(config: object) {
  const limits = { softSendQueueBytes: 20_000, sendQueueBytes: 100_000 };
  const { irc, web, records } = await startWeb({
    ...config,
    classes: [{ name: 'all', linesPerSecond: 0, maxPerAddress: 0, ...limits }],
  });
  const slow = await registerWeb(web, 'slow');
  await slow.say('JOIN #flood');
  await slow.hears(/ 366 /);
  const bob = await registerIrc(irc, 'bob');
  await bob.write('JOIN #flood\r\n');
  await bob.lineLike(/ 366 /);
  slow.peer.socket.pause();
  return { slow, bob, records };
}

test('a web user who stops reading gets every message in order when it reads again', async () => {
  const { slow, bob, records } = await startSlow({});
  let said = 0;
  while (!records.some(({ event }) => event === 'slow reader') || said < 5000) {
    const lines = Array.from({ length: 100 }, (_, index) => `PRIVMSG #flood :${said + index} ${'x'.repeat(400)}\r\n`);
    said += 100;
    await bob.write(`${lines.join('')}PING ${said}\r\n`);
    await bob.lineLike(new RegExp(` PONG \\S+ :?${said}$`));
  }
  slow.peer.socket.resume();
  for (let number = 0; number < said; number += 1)
    await slow.hears(new RegExp(`^:bob!\\S+ PRIVMSG #flood :${number} x+$`));
  await slow.say('PING back');
  await slow.hears(/ PONG \S+ :?back$/);
  expect(records.filter(({ event }) => event === 'slow reader closed' || event === 'messages lost')).toEqual([]);
}, 60_000);

test('if rooms keep nothing, a web user who reads nothing is cut off, and nobody waits for that', async () => {
  const { bob, records } = await startSlow({ keptEntriesPerRoom: 0 });
  const flood = `PRIVMSG #flood :${'x'.repeat(400)}\r\n`.repeat(200);
  for (let rounds = 0; !records.some(({ event }) => event === 'slow reader closed'); rounds += 1) {
    expect(rounds).toBeLessThan(500);
    await bob.write(`${flood}PING ${rounds}\r\n`);
    await bob.lineLike(new RegExp(` PONG \\S+ :?${rounds}$`));
  }
  expect(records.find(({ event }) => event === 'slow reader closed')).toMatchObject({
    reason: expect.stringContaining('Max SendQ exceeded'),
  });
});

test('a refused web user hears why, and is closed', async () => {
  const { web } = await startWeb({ maxClients: 1 });
  await registerWeb(web, 'ann');
  const { peer } = await openWebSocket(web);
  expect((await takeFrame(peer)).payload.toString()).toBe('ERROR :Closing Link: 127.0.0.1 (the server is full)');
  expect(await takeCloseCode(peer)).toBe(1000);
});

test('a listed proxy names the address of its peer, for WHOIS, the log and bans; others are not believed', async () => {
  const oper = [{ name: 'root', password: 'secret' }];
  const { web, records, reload } = await startWeb({ proxies: ['127.0.0.1'], operators: oper });
  const headers = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7', 'X-Forwarded-Proto': 'https' };
  const ann = await registerWeb(web, 'ann', headers);
  await ann.say('OPER root secret');
  await ann.hears(/ 381 /);
  await ann.say('WHOIS ann');
  await ann.hears(/ 311 ann ann ann 198\.51\.100\.7 /);
  expect(records).toContainEqual(
    expect.objectContaining({ event: 'connected', host: '198.51.100.7', transport: 'web' }),
  );
  await ann.say('DLINE 192.0.2.0/24 :not you');
  await ann.hears(/192\.0\.2\.0\/24/);
  const banned = await openWeb(web, { 'X-Forwarded-For': '192.0.2.77' });
  await banned.hears(/^ERROR .*192\.0\.2\.77.*not you/);
  expect(await takeCloseCode(banned.peer)).toBe(1000);
  expect(await reload({ operators: oper })).toBeNull();
  const liar = await registerWeb(web, 'liar', headers);
  await liar.say('WHOIS liar');
  await liar.hears(/ 311 liar liar liar 127\.0\.0\.1 /);
});

test('a PROXY header may precede HTTP', async () => {
  const listeners = LISTENERS.map((listener) => ({ ...listener, proxyProtocol: listener.protocol === 'web' }));
  const { web, records } = await startWeb({ listeners, proxies: ['127.0.0.1'] });
  const peer = await connectPeer(web);
  await peer.write(`PROXY TCP4 198.51.100.8 192.0.2.1 3000 80\r\n${handshake()}`);
  expect((await takeAnswer(peer, false)).status).toBe(101);
  await until(() => records.some(({ event }) => event === 'connected'), 'the connection in the log');
  expect(records).toContainEqual(expect.objectContaining({ event: 'connected', host: '198.51.100.8', port: 3000 }));
});

test('the page gets the facts it needs, as they are after a reload', async () => {
  const { web, reload } = await startWeb({ lobby: '#hall', server: { name: 'irc.test', network: 'One' } });
  const facts = async (): Promise<unknown> => {
    const peer = await connectPeer(web);
    await peer.write('GET /config.json HTTP/1.1\r\nHost: x\r\n\r\n');
    return JSON.parse((await takeAnswer(peer)).body.toString());
  };
  expect(await facts()).toEqual({
    networkName: 'One',
    serverName: 'irc.test',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    webSocketPath: 'irc',
    lobby: '#hall',
    isPasswordNeeded: false,
    hasAccounts: true,
    hasRegistration: true,
    needsMail: false,
    nickLength: 30,
    channelLength: 64,
    topicLength: 390,
  });
  await reload({ lobby: '#hall', server: { name: 'irc.test', network: 'Two', password: 'x' } });
  expect(await facts()).toMatchObject({ networkName: 'Two', isPasswordNeeded: true });
});

test('the path of the WebSocket is an option, and the page is told it', async () => {
  const { web } = await startWeb({
    listeners: [LISTENERS[0], LISTENERS[1], { protocol: 'web', port: 0, webSocketPath: '/chat/socket' }],
  });
  const ask = async (request: string) => {
    const peer = await connectPeer(web);
    await peer.write(request);
    return takeAnswer(peer, false);
  };
  expect((await ask(handshake({}).replace('/irc', '/chat/socket'))).status).toBe(101);
  expect((await ask(handshake({}))).status).toBe(404);
  const peer = await connectPeer(web);
  await peer.write('GET /config.json HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(JSON.parse((await takeAnswer(peer)).body.toString())).toMatchObject({ webSocketPath: 'chat/socket' });
});

test('pages of listed origins may connect', async () => {
  const { web } = await startWeb({
    listeners: [LISTENERS[0], LISTENERS[1], { protocol: 'web', port: 0, origins: ['https://Chat.example:443/'] }],
  });
  const status = async (origin: string) => {
    const peer = await connectPeer(web);
    await peer.write(handshake({ Origin: origin }));
    return (await takeAnswer(peer, false)).status;
  };
  expect(await status('https://chat.example')).toBe(101);
  expect(await status('https://other.example')).toBe(403);
});

test.skipIf(!hasOpenssl)('WHOIS has the certificate of a client on wss, and not that of a proxy', async () => {
  const certificates = new CertificateFolder();
  const identity = certificates.make({ name: '127.0.0.1' });
  const ann = certificates.make({ name: 'ann' });
  const security = { cert: identity.certFile, key: identity.keyFile, clientCertificates: 'request', ca: ann.certFile };
  const listeners = [{ protocol: 'web', port: 0, tls: security }];
  const { server, reload } = await startWeb({ listeners });
  const [address] = server.listeners.map((listener) => listener.address);
  if (address?.family !== 'inet') throw new Error('no such listener');
  const { port } = address;
  const whois = async (nick: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const socket = tls.connect({ host: '127.0.0.1', port, ca: identity.cert, cert: ann.cert, key: ann.key });
    onTestFinished(() => void socket.destroy());
    await nextEvent(socket, 'secureConnect');
    const client = new WebClient(new Peer(socket));
    await client.peer.write(handshake(headers));
    expect((await takeAnswer(client.peer, false)).status).toBe(101);
    await client.say(`NICK ${nick}`);
    await client.say(`USER ${nick} 0 * :${nick}`);
    await client.hears(/ (?:376|422) /);
    await client.say(`WHOIS ${nick}`);
    return client.hears(/ (?:276|318) /);
  };
  expect(await whois('ann')).toMatch(
    new RegExp(` 276 ann ann :has client certificate fingerprint ${certificates.fingerprint(ann)}$`),
  );
  expect(await reload({ listeners, proxies: ['127.0.0.1'] })).toBeNull();
  expect(await whois('bob', { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https' })).toMatch(/ 318 /);
});

const FRAMEWORK_PROGRAM = `
globalThis.WebSocket = require('ws');
const { Client } = require('irc-framework');
const [port, protocol] = process.argv.slice(-2);
Client.setDefaultTransport(require('irc-framework/src/transports/websocket'));
const client = new Client({ auto_reconnect: false });
client.connect({ host: '127.0.0.1', port: Number(port), path: '/irc', nick: 'framed', username: 'f', gecos: 'f',
  websocket_protocol: protocol });
client.on('registered', () => client.join('#lobby'));
client.on('join', () => console.log('joined'));
client.on('message', (event) => { console.log('heard', event.nick, event.message); client.quit('bye'); });
client.on('socket close', () => process.exit(0));
`;

test('irc-framework talks over a WebSocket', async () => {
  const { irc, web } = await startWeb();
  const client = start(process.execPath, ['-e', FRAMEWORK_PROGRAM, String(web), 'text.ircv3.net'], {
    cwd: projectPath(),
  });
  await client.line('joined');
  const bob = await registerIrc(irc, 'bob');
  await bob.write('JOIN #lobby\r\nPRIVMSG #lobby :hello, 你好\r\n');
  await client.line('heard bob hello, 你好');
  await bob.lineLike(/^:framed!\S+ QUIT :.*bye$/);
  expect((await client.ended()).code).toBe(0);
});
