/** Every program of examples/ runs for real, on a free port, and does what its head says. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CTIME, runExample, serve, startExample } from './support/examples.js';
import { connectPeer } from './support/peers.js';
import { projectPath } from './support/processes.js';

const MAX_PAGE_LINES = 85;

describe('the one-shot server and client', () => {
  test('exchange a message and an answer, one client after the other', async () => {
    const { server, port } = await serve('one-shot-server', '0');
    const client = await runExample('one-shot-client', `${port}`, 'a message');
    expect(client).toMatchObject({ code: 0, stderr: '' });
    expect(client.stdout).toContain('the server said: server receive your messages, good bye.\n');
    await server.line(/127\.0\.0\.1:\d+ says: a message$/);
    const typing = startExample('one-shot-client', `${port}`);
    typing.write('typed\n');
    await typing.line('the server said: server receive your messages, good bye.');
    expect((await typing.ended()).stdout).toMatch(/^message> so far: server r\n/);
    await server.line('says: typed');
  });

  test('the server goes on after a client that vanishes', async () => {
    const { server, port } = await serve('one-shot-server', '0');
    (await connectPeer(port)).reset();
    await server.line('ECONNRESET');
    expect((await runExample('one-shot-client', `${port}`, 'the next one')).code).toBe(0);
  });
});

describe('the GBK pair', () => {
  test('greets, and brings a Chinese text through both ways', async () => {
    const { server, port } = await serve('gbk', 'server', '0');
    expect((await runExample('gbk', 'client', `${port}`)).stdout).toBe('server: hello, client!\n');
    expect((await runExample('gbk', 'client', `${port}`, '你好，世界')).stdout).toBe('server: 你好，世界\n');
    await server.line('你好，世界');
  });
});

describe('the thread pool server', () => {
  test('answers for as long as a connection lasts, and names the worker that serves', async () => {
    const { server, port } = await serve('thread-pool-server', '0', '3');
    const peer = await connectPeer(port);
    await server.line(new RegExp(`^worker [1-3] serves 127\\.0\\.0\\.1:${peer.port}$`));
    for (const text of ['one', 'two', 'three']) {
      await peer.write(`${text}\n`);
      expect(await peer.line()).toMatch(new RegExp(`^${CTIME} ${text}$`));
    }
    peer.end();
    expect(await peer.ended()).toHaveLength(0);
  });

  test('serves as many at once as it has workers; the next one waits in the queue', async () => {
    const { server, port } = await serve('thread-pool-server', '0', '2');
    const [first, second] = [await connectPeer(port), await connectPeer(port)];
    for (const peer of [first, second]) {
      await peer.write('hello\n');
      await peer.line();
    }
    const third = await connectPeer(port);
    await third.write('me too\n');
    expect(server.stdout).not.toContain(`:${third.port}`);
    first.reset();
    expect(await third.line()).toMatch(/me too$/);
  });
});

describe('level against edge', () => {
  test('prints what docs/semantics.md shows', async () => {
    const { code, stdout } = await runExample('level-and-edge');
    expect(code).toBe(0);
    expect(readFileSync(projectPath('docs/semantics.md'), 'utf8')).toContain(stdout);
  });
});

describe('the shell on a terminal', () => {
  test('is resized, has a job that ctrl-C interrupts, and ends with its exit code', async () => {
    const { code, stdout } = await runExample('shell-on-pty');
    expect(code).toBe(0);
    expect(stdout).toContain('24 80\r\n');
    expect(stdout).toContain('24 132\r\n');
    expect(stdout).toContain('\r\nworld\r\n^C');
    expect(stdout).toMatch(/the shell ended with code 3, signal null\n$/);
  });
});

describe('the passing of an fd', () => {
  test('gives the child a file that has no path', async () => {
    const { code, stdout } = await runExample('pass-fd');
    expect(code).toBe(0);
    expect(stdout).toMatch(/the child got fd \d+ with "a file": what no path leads to\nthe child ended with code 0\n/);
  });
});

describe('echo', () => {
  test('sends back what it receives', async () => {
    const server = startExample('echo', '0');
    const [, port] = await server.line(/127\.0\.0\.1:(\d+)/);
    const peer = await connectPeer(Number(port));
    await peer.write('hello');
    expect((await peer.take(5)).toString()).toBe('hello');
  });
});

test('every example is at most a page, is in the guide, and has a test', () => {
  const programs = readdirSync(projectPath('examples')).filter((file) => file.endsWith('.ts'));
  const guide = readFileSync(projectPath('examples/README.md'), 'utf8');
  const tests = ['', '.long'].map((kind) => readFileSync(projectPath(`test/examples${kind}.test.ts`), 'utf8')).join('');
  for (const file of programs) {
    const source = readFileSync(projectPath(`examples/${file}`), 'utf8');
    expect(source.split('\n').length, file).toBeLessThanOrEqual(MAX_PAGE_LINES);
    expect(source, file).toMatch(/^\/\*\*/);
    expect(guide).toContain(`(${file})`);
    expect(tests).toContain(`'${file.replace('.ts', '')}'`);
  }
});

test('an unknown name prints the list of programs', async () => {
  const { code, stderr } = await runExample('none');
  expect(code).toBe(1);
  expect(stderr).toContain('one-shot-server');
});
