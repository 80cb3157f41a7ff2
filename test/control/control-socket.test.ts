/** The socket on which a server is asked for things: what it answers, and to whom. */
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askServer } from '../../src/control/ask.js';
import { CONTROL_FILE, ControlSocket } from '../../src/control/control-socket.js';
import { MAX_REQUEST_BYTES, type Verbs } from '../../src/control/request.js';
import { present } from '../../src/errors.js';
import { nextEvent, until } from '../support/deadline.js';
import { connectUnixPeer, type Peer } from '../support/peers.js';
import { run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

interface Opened {
  readonly folder: string;
  readonly path: string;
  /** What the observer has heard. */
  readonly heard: string[];
  readonly close: () => Promise<void>;
}

async function open(verbs: Verbs, folder = temporaryFolder()): Promise<Opened> {
  const heard: string[] = [];
  const socket = await ControlSocket.open(folder, verbs, {
    asked: (verb, words) => heard.push(`${verb} ${words.join()}`),
    stranger: (uid) => heard.push(`stranger ${uid}`),
    failed: ({ message }) => heard.push(message),
  });
  onTestFinished(() => socket.close());
  return { folder, path: join(folder, CONTROL_FILE), heard, close: () => socket.close() };
}

const echo: Verbs = { echo: (words) => ({ text: words, result: { count: words.length } }) };

async function ask(peer: Peer, request: string): Promise<unknown> {
  await peer.write(`${request}\n`);
  return JSON.parse(await peer.line());
}

test('a verb answers whoever asks for it, in text and as data', async () => {
  const { folder, heard } = await open(echo);
  const request = { verb: 'echo', words: ['a b', '茶 "c"'] };
  expect(await askServer(folder, request)).toMatchObject({ text: ['a b', '茶 "c"'], result: { count: 2 } });
  expect(heard).toEqual(['echo a b,茶 "c"']);
});

test('several requests on one connection are answered in their order, also after its end of file', async () => {
  let finish: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { path } = await open({
    ...echo,
    slow: async () => {
      await slow;
      return { text: ['slow'], result: null };
    },
  });
  const peer = await connectUnixPeer(path);
  await peer.write('{"fdmux":1,"verb":"slow","words":[]}\n{"fdmux":1,"verb":"echo","words":["x"]}\n');
  peer.end();
  finish();
  const [first = '', second = ''] = String(await peer.ended()).split('\n');
  expect([JSON.parse(first), JSON.parse(second)]).toEqual([
    { ok: true, text: ['slow'], result: null },
    { ok: true, text: ['x'], result: { count: 1 } },
  ]);
});

test('what makes no sense is answered with why, and the connection stays', async () => {
  const { path, heard } = await open(echo);
  const peer = await connectUnixPeer(path);
  const refusal = (message: RegExp) => ({
    ok: false,
    code: 'ERR_CONTROL_REQUEST',
    message: expect.stringMatching(message),
  });
  for (const [request, why] of [
    ['hello', /no object in JSON/],
    ['null', /no object in JSON/],
    ['{"fdmux":2,"verb":"echo","words":[]}', /"fdmux" must be 1/],
    ['{"verb":"echo","words":[]}', /"fdmux" must be 1/],
    ['{"fdmux":1,"verb":"echo"}', /must have "verb"/],
    ['{"fdmux":1,"verb":"echo","words":[1]}', /must have "verb"/],
    ['{"fdmux":1,"verb":"toString","words":[]}', /there is no "toString"; there are echo/],
  ] as const) {
    expect(await ask(peer, request)).toEqual(refusal(why));
  }
  expect(await ask(peer, '{"fdmux":1,"verb":"echo","words":[]}')).toMatchObject({ ok: true });
  expect(heard).toEqual(['toString ', 'echo ']);
});

test('the error of a verb reaches the one who asks, with its code', async () => {
  const { folder } = await open({
    coded: () => {
      throw Object.assign(new Error('no'), { code: 'ERR_OF_A_VERB' });
    },
    other: () => Promise.reject(new Error('a fault')),
  });
  await expect(askServer(folder, { verb: 'coded', words: [] })).rejects.toMatchObject({
    code: 'ERR_OF_A_VERB',
    message: 'no',
  });
  await expect(askServer(folder, { verb: 'other', words: [] })).rejects.toMatchObject({
    code: 'ERR_CONTROL_FAILED',
    message: 'a fault',
  });
});

test('a request that never ends is cut off at its limit', async () => {
  const { path } = await open(echo);
  const peer = await connectUnixPeer(path);
  await peer.write('x'.repeat(MAX_REQUEST_BYTES + 1));
  peer.end();
  expect(JSON.parse(String(await peer.ended()))).toMatchObject({
    ok: false,
    message: expect.stringMatching(/at most/),
  });
});

test('one that asks for nothing makes room for others, and one that is or was just answered stays', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  let finish: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { path, folder, heard } = await open({ ...echo, slow: () => slow.then(() => ({ text: [], result: 'slow' })) });
  const busy = await connectUnixPeer(path);
  await busy.write('{"fdmux":1,"verb":"slow","words":[]}\n');
  await until(() => heard.length === 1, 'a request that is under way');
  const others: Peer[] = [];
  for (let count = 0; count < 31; count += 1) others.push(await connectUnixPeer(path));
  const asked = () => askServer(folder, { verb: 'echo', words: ['x'] });
  // What they ask for may be on the way.
  await expect(asked()).rejects.toMatchObject({ code: 'ERR_CONTROL_REFUSED' });
  vi.advanceTimersByTime(1_000);
  const [first, second] = [present(others[0], 'a peer'), present(others[1], 'a peer')];
  expect(await ask(first, '{"fdmux":1,"verb":"echo","words":[]}')).toMatchObject({ ok: true });
  expect(await asked()).toMatchObject({ text: ['x'] });
  await second.ended();
  expect(await ask(first, '{"fdmux":1,"verb":"echo","words":[]}')).toMatchObject({ ok: true });
  finish();
  expect(JSON.parse(await busy.line())).toMatchObject({ ok: true, result: 'slow' });
});

test('when all are answered, one more is refused with why', async () => {
  let finish: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { path, folder, heard } = await open({ slow: () => slow.then(() => ({ text: [], result: null })) });
  const busy: Peer[] = [];
  for (let count = 0; count < 32; count += 1) {
    const peer = await connectUnixPeer(path);
    await peer.write('{"fdmux":1,"verb":"slow","words":[]}\n');
    busy.push(peer);
  }
  await until(() => heard.length === 32, 'requests that are under way');
  const refused = { code: 'ERR_CONTROL_REFUSED', message: 'too many requests are under way' };
  const asked = () => askServer(folder, { verb: 'slow', words: [] });
  await expect(asked()).rejects.toMatchObject(refused);
  // Those that were refused and keep their side open do not keep others from being told.
  for (let count = 0; count < 32; count += 1) {
    const socket = connect({ path, allowHalfOpen: true }).resume();
    onTestFinished(() => void socket.destroy());
    await nextEvent(socket, 'end');
  }
  await expect.poll(() => asked().catch((error: unknown) => error), { timeout: 10_000 }).toMatchObject(refused);
  finish();
  for (const peer of busy) expect(JSON.parse(await peer.line())).toMatchObject({ ok: true });
});

test('one that does not read is answered no further until it reads, and then gets every answer', async () => {
  const text = ['x'.repeat(1_000_000)];
  const { path, folder, heard } = await open({ ...echo, long: () => ({ text, result: null }) });
  const peer = await connectUnixPeer(path);
  peer.socket.pause();
  const count = 100;
  await peer.write('{"fdmux":1,"verb":"long","words":[]}\n'.repeat(count));
  await until(() => heard.length > 0, 'the first request');
  for (let round = 0; round < 10; round += 1) await askServer(folder, { verb: 'echo', words: [] });
  // What the kernel takes, and one answer more.
  expect(heard.filter((verb) => verb === 'long ').length).toBeLessThan(5);
  peer.socket.resume();
  for (let round = 0; round < count; round += 1) expect((await peer.line()).length).toBeGreaterThan(1_000_000);
}, 30_000);

test('the file is for its owner alone, and is gone when the socket is closed', async () => {
  const { path, close } = await open(echo);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await close();
  expect(existsSync(path)).toBe(false);
});

test.skipIf(process.geteuid?.() !== 0)('another user is turned away, whatever the file allows', async () => {
  const { folder, path, heard } = await open(echo);
  chmodSync(folder, 0o755);
  chmodSync(path, 0o666);
  const script = `
    process.setuid(65534);
    const socket = require('node:net').connect(${JSON.stringify(path)});
    socket.on('data', (bytes) => process.stdout.write(bytes)).on('error', () => {}).on('close', () => console.log('cut'));
    socket.write('{"fdmux":1,"verb":"echo","words":["x"]}\\n');`;
  expect(await run(process.execPath, ['-e', script])).toMatchObject({ code: 0, stdout: 'cut\n' });
  expect(heard).toEqual(['stranger 65534']);
});

test('a folder whose path is too long for a socket has one all the same', async () => {
  const folder = join(temporaryFolder(), 'x'.repeat(120));
  mkdirSync(folder);
  const { path, close } = await open(echo, folder);
  expect(await askServer(folder, { verb: 'echo', words: ['x'] })).toMatchObject({ text: ['x'] });
  await close();
  expect(existsSync(path)).toBe(false);
});

test('without a server the one who asks learns that none runs', async () => {
  const folder = temporaryFolder();
  const asked = () => askServer(folder, { verb: 'echo', words: [] });
  await expect(asked()).rejects.toMatchObject({
    code: 'ERR_CONTROL_UNREACHABLE',
    message: `${folder}: no server runs with this data`,
  });
  writeFileSync(join(folder, CONTROL_FILE), '');
  await expect(asked()).rejects.toMatchObject({ code: 'ERR_CONTROL_UNREACHABLE' });
});

/** A program that listens where a server would. */
async function impostor(serve: (socket: Socket) => void): Promise<string> {
  const folder = temporaryFolder();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(join(folder, CONTROL_FILE), resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return folder;
}

test.each([
  ['ends', 'ERR_CONTROL_UNREACHABLE', (socket) => socket.resume().end()],
  ['is gone at once', 'ERR_CONTROL_UNREACHABLE', (socket) => socket.destroy()],
  ['answers what is no answer', 'ERR_CONTROL_FAILED', (socket) => socket.resume().end('{"ok":true}\n')],
  ['contradicts itself', 'ERR_CONTROL_FAILED', (socket) => socket.end('{"ok":false,"text":[],"result":1}\n')],
  ['never ends its answer', 'ERR_CONTROL_FAILED', (socket) => socket.write('x'.repeat(20_000_000))],
  ['never answers', 'ERR_CONTROL_UNREACHABLE', () => undefined],
  ['begins an answer', 'ERR_CONTROL_UNREACHABLE', (socket) => socket.write('{')],
] satisfies [string, string, (socket: Socket) => unknown][])(
  'a server that %s is no answer',
  async (_, code, serve) => {
    const folder = await impostor(serve);
    // The one that ends at once may do so before it is asked.
    for (let round = 0; round < 5; round += 1) {
      const asked = askServer(
        folder,
        { verb: 'echo', words: [] },
        { timeoutMs: code.endsWith('FAILED') ? 10_000 : 100 },
      );
      await expect(asked).rejects.toMatchObject({ code });
    }
  },
);

test('a path that leads to no server is named for what it is', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const asked = (path: string) => askServer(path, { verb: 'echo', words: [] });
  await expect(asked(file)).rejects.toThrow(`${file}: this is no folder`);
  await expect(asked(join(folder, 'none'))).rejects.toThrow(`${join(folder, 'none')}: there is no such folder`);
});
