import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadBuiltSite, loadSite } from '../../src/front/web-site.js';
import { until } from '../support/deadline.js';
import { connectPeer } from '../support/peers.js';
import { frame, handshake, type HttpAnswer, openWebSocket, takeAnswer, takeFrame } from '../support/web-sockets.js';
import { startFront } from './web-front.js';

const PAGE = `<!doctype html><title>chat</title>${'<p>text</p>'.repeat(100)}`;
const SCRIPT = 'console.log(1);\n'.repeat(100);

async function startSite() {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-site-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'assets', 'deeper'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), PAGE);
  writeFileSync(join(folder, 'secret.txt'), 'not served');
  writeFileSync(join(folder, 'assets', 'app-0123abcd.js'), SCRIPT);
  writeFileSync(join(folder, 'assets', 'dot-0123abcd.svg'), '<svg/>');
  return startFront({ site: await loadSite(folder) });
}

/** Sends a request on a connection of its own. */
async function ask(port: number, text: string): Promise<HttpAnswer> {
  const peer = await connectPeer(port);
  await peer.write(text);
  const answer = await takeAnswer(peer, !text.startsWith('HEAD'));
  peer.end();
  return answer;
}

const get = (path: string, headers = '', method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`;

describe('the page', () => {
  test('is served with its policy, and asked for again each time', async () => {
    const { port } = await startSite();
    const { status, headers, body } = await ask(port, get('/'));
    expect([status, body.toString()]).toEqual([200, PAGE]);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      vary: 'accept-encoding',
    });
  });

  test('is found by its path alone: a query, or a whole URL, makes no difference', async () => {
    const { port } = await startSite();
    for (const target of ['/?nick=ann', '/#x', 'http://127.0.0.1/', 'http://127.0.0.1', 'http://127.0.0.1?x=1']) {
      expect([target, (await ask(port, get(target))).status]).toEqual([target, 200]);
    }
  });

  test('has assets that no browser need ask for again', async () => {
    const { port } = await startSite();
    const { headers, body } = await ask(port, get('/assets/app-0123abcd.js'));
    expect(body.toString()).toBe(SCRIPT);
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect((await ask(port, get('/assets/dot-0123abcd.svg'))).headers['content-type']).toBe('image/svg+xml');
  });

  test('is compressed for those who accept that, under a tag of its own', async () => {
    const { port } = await startSite();
    const plain = await ask(port, get('/'));
    const small = await ask(port, get('/', 'Accept-Encoding: br, gzip;q=0.5\r\n'));
    expect(small.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(small.body).toString()).toBe(PAGE);
    expect(small.body.length).toBeLessThan(plain.body.length);
    expect(small.headers['etag']).not.toBe(plain.headers['etag']);
    for (const codings of ['gzip;q=0', 'gzip; q=0.000', 'identity', '', 'notgzip', 'gzipped']) {
      const { headers } = await ask(port, get('/', `Accept-Encoding: ${codings}\r\n`));
      expect([codings, headers['content-encoding']]).toEqual([codings, undefined]);
    }
    const svg = await ask(port, get('/assets/dot-0123abcd.svg', 'Accept-Encoding: gzip\r\n'));
    expect(svg.headers['content-encoding']).toBeUndefined();
  });

  test('is not sent again to those who have it', async () => {
    const { port } = await startSite();
    const { headers } = await ask(port, get('/'));
    const { etag } = headers;
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(port, get('/', `If-None-Match: ${known}\r\n`));
      expect([again.status, again.headers['etag'], again.body.length]).toEqual([304, etag, 0]);
      expect(again.headers['cache-control']).toBe('no-cache');
    }
    expect((await ask(port, get('/', 'If-None-Match: "other"\r\n'))).status).toBe(200);
  });

  test('has the same headers by HEAD, and no body', async () => {
    const { port } = await startSite();
    const head = await ask(port, get('/', '', 'HEAD'));
    expect(head.headers['content-length']).toBe(String(PAGE.length));
    const peer = await connectPeer(port);
    await peer.write(get('/', '', 'HEAD') + get('/config.json', 'Connection: close\r\n'));
    await takeAnswer(peer, false);
    expect((await takeAnswer(peer)).body.toString()).toBe('{"networkName":"test"}');
    await peer.ended();
  });

  test('of the program is read once, however many listeners it has', async () => {
    expect(await loadBuiltSite()).toBe(await loadBuiltSite());
  });

  test('that is not there is said to be missing', async () => {
    const { port } = await startFront({ site: await loadSite('/nowhere') });
    const { status, headers, body } = await ask(port, get('/'));
    expect([status, headers['content-type']]).toEqual([503, 'text/plain; charset=utf-8']);
    expect(body.toString()).toBe('503 This copy of fdmux was built without its web page.\n');
    expect((await ask(port, get('/config.json'))).status).toBe(200);
  });
});

describe('nothing else', () => {
  test.each([
    '/index.html',
    '/secret.txt',
    '/assets',
    '/assets/',
    '/assets/../secret.txt',
    '/assets/%2e%2e/secret.txt',
    '/assets/deeper',
    '//',
    '/irc/',
    '/IRC',
    '/favicon.ico',
    '/constructor',
    '/__proto__',
    '*',
  ])('%s is not found', async (path) => {
    const { port } = await startSite();
    const { status, headers, body } = await ask(port, get(path));
    expect([status, body.toString()]).toEqual([404, '404 Not Found\n']);
    expect(headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  });

  test.each([
    ['POST', '/', 'GET, HEAD'],
    ['DELETE', '/config.json', 'GET, HEAD'],
    ['OPTIONS', '/assets/app-0123abcd.js', 'GET, HEAD'],
    ['HEAD', '/irc', 'GET'],
    ['POST', '/irc', 'GET'],
  ])('the method %s of %s is not allowed', async (method, path, allowed) => {
    const { port } = await startSite();
    const { status, headers } = await ask(port, get(path, 'Content-Length: 0\r\n', method));
    expect([status, headers['allow']]).toEqual([405, allowed]);
  });

  test('a request with a body is answered, and its body is not read', async () => {
    const { port } = await startSite();
    const peer = await connectPeer(port);
    await peer.write(get('/', 'Content-Length: 1000000000\r\n', 'POST'));
    const { status, headers } = await takeAnswer(peer);
    expect([status, headers['connection']]).toEqual([405, 'close']);
    await peer.ended();
  });

  test('a GET of the WebSocket is asked to upgrade', async () => {
    const { port } = await startSite();
    const { status, headers } = await ask(port, get('/irc?x=1'));
    expect([status, headers['upgrade']]).toEqual([426, 'websocket']);
  });
});

describe('the handshake', () => {
  test('is found by its path, whatever its query', async () => {
    const { port } = await startFront();
    const peer = await connectPeer(port);
    await peer.write(handshake({}, '/irc?nick=ann'));
    expect((await takeAnswer(peer, false)).status).toBe(101);
  });

  test.each([
    [undefined, '127.0.0.1:8067', 101],
    ['http://127.0.0.1:8067', '127.0.0.1:8067', 101],
    ['https://127.0.0.1:8067', '127.0.0.1:8067', 101],
    ['http://chat.example', 'CHAT.example', 101],
    ['https://chat.example', 'chat.example:443', 101],
    ['http://listed.example', 'chat.example', 101],
    ['https://listed.example', 'chat.example', 403],
    ['http://evil.example', 'chat.example', 403],
    ['http://chat.example:81', 'chat.example', 403],
    ['http://chat.example.evil.example', 'chat.example', 403],
    ['http://evil.example@chat.example', 'chat.example.evil.example', 403],
    ['null', 'chat.example', 403],
    ['', 'chat.example', 403],
    ['file://', 'chat.example', 403],
    ['not a URL', 'chat.example', 403],
  ])('of a page of %s on the host %s has the status %i', async (origin, host, expected) => {
    const { port } = await startFront({ origins: ['http://listed.example'] });
    const peer = await connectPeer(port);
    await peer.write(handshake({ Origin: origin, Host: host }));
    const { status, body } = await takeAnswer(peer, expected !== 101);
    expect([status, body.toString()]).toEqual([expected, expected === 101 ? '' : '403 Forbidden\n']);
    if (expected !== 101) await peer.ended();
  });

  test.each([
    [{ 'Sec-WebSocket-Key': undefined }, 400],
    [{ 'Sec-WebSocket-Key': 'short' }, 400],
    [{ 'Sec-WebSocket-Version': '8' }, 426],
    [{ 'Sec-WebSocket-Version': undefined }, 426],
    [{ 'Sec-WebSocket-Protocol': 'a,,b' }, 400],
    [{ Upgrade: 'h2c' }, 426],
    [{ Host: undefined }, 400],
  ])('with %j has the status %i', async (headers, expected) => {
    const { port, peers } = await startFront();
    const peer = await connectPeer(port);
    await peer.write(handshake(headers));
    const { status } = await takeAnswer(peer);
    expect(status).toBe(expected);
    await peer.ended();
    expect(peers).toEqual([]);
  });

  test('elsewhere is not found, and another upgrade of the page is passed over', async () => {
    const { port } = await startSite();
    expect((await ask(port, handshake({}, '/'))).status).toBe(200);
    expect((await ask(port, handshake({}, '/nowhere'))).status).toBe(404);
    const h2c = await ask(
      port,
      get('/', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n'),
    );
    expect([h2c.status, h2c.body.toString()]).toEqual([200, PAGE]);
  });

  test(
    'behind an answer that has left is served, amid others it is not',
    { tags: ['needs-http-on-duplex'] },
    async () => {
      const { port, peer: peerOf } = await startSite();
      const patient = await connectPeer(port);
      await patient.write(get('/'));
      await takeAnswer(patient);
      await patient.write(handshake());
      expect((await takeAnswer(patient, false)).status).toBe(101);
      (await peerOf()).wire.write(Buffer.from('hello\r\n'));
      expect((await takeFrame(patient)).payload.toString()).toBe('hello');
      const hasty = await connectPeer(port);
      await hasty.write(get('/') + get('/') + handshake() + frame({ payload: 'x' }).toString('latin1'));
      expect((await hasty.ended()).toString()).not.toContain('101 Switching');
    },
  );
});

describe('bad peers', () => {
  test.each([
    ['garbage', '\x16\x03\x01\x02\x00\x01\x00 not HTTP\r\n\r\n', 400],
    ['IRC', 'NICK ann\r\nUSER ann 0 * :Ann\r\n', 400],
    ['a flood of headers', `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(5000)}`, 431],
    ['a long header', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(10_000)}\r\n\r\n`, 431],
    ['a long target', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ])('%s is answered shortly, and the connection ends', async (_what, bytes, expected) => {
    const { port } = await startSite();
    const peer = await connectPeer(port);
    await peer.write(Buffer.from(bytes, 'latin1'));
    expect((await takeAnswer(peer)).status).toBe(expected);
    await peer.ended();
  });

  test('garbage behind a request is answered behind its answer', async () => {
    const { port } = await startSite();
    const peer = await connectPeer(port);
    await peer.write(`${get('/')}garbage\r\n\r\n`);
    expect((await takeAnswer(peer)).status).toBe(200);
    expect((await takeAnswer(peer)).status).toBe(400);
    await peer.ended();
  });

  test('no more than 64 connections of one source are open at once, WebSockets aside', async () => {
    const { port, peers } = await startFront({ source: 'one' });
    const held = await Promise.all(Array.from({ length: 64 }, () => connectPeer(port)));
    const oneMore = await connectPeer(port);
    expect((await oneMore.ended()).toString()).toBe('');
    await held[0]?.write(handshake());
    await until(() => peers.length === 1, 'the WebSocket');
    expect((await ask(port, get('/config.json'))).status).toBe(200);
  });

  test('a peer that closes in the middle of anything harms nobody', async () => {
    const { port } = await startSite();
    for (const bytes of ['', 'GET', get('/').slice(0, -2), get('/'), handshake().slice(0, 40), handshake()]) {
      const peer = await connectPeer(port);
      await peer.write(bytes);
      peer.reset();
      const other = await connectPeer(port);
      await other.write(bytes);
      other.end();
      await other.ended();
    }
    expect((await ask(port, get('/'))).status).toBe(200);
  });

  test('the connections that are no WebSocket are closed when the front retires', async () => {
    const { port, front } = await startSite();
    const idle = await connectPeer(port);
    const { peer: chatting } = await openWebSocket(port);
    front.retire();
    await idle.ended();
    await chatting.write(frame({ opcode: 9 }));
    expect((await takeFrame(chatting)).opcode).toBe(10);
  });
});
