import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { Socket } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEADLINE_MS, until } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer, listenPeer, type Peer } from '../support/peers.js';
import { cliCommand, cliPath, run, startCli } from '../support/processes.js';
import { runtime } from '../support/runtime.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeSignals, hearAll } from './bad-days.js';
import { DEFAULT, join, startServer } from './chat-server.js';

const fdmux = (...args: string[]) => run(process.execPath, [cliPath, ...args]);

describe('an invalid command line ends with 2 and one line', () => {
  test.each([
    [['serve', '--plain-port', '65536'], /number from 0 to 65535/],
    [['serve', '--plain-port', 'x'], /number from 0 to 65535/],
    [['serve', '--backend', 'kqueue'], /one of select, poll, epoll/],
    [['serve', '--backlog', '0'], /number from 1 to 2147483647/],
    [['serve', '--backend', 'poll', '--trigger', 'edge'], /edge needs backend epoll/],
    [['serve', '--charset', 'latin1'], /one of utf-8, gbk, auto/],
    [['serve', '--no-such-option'], /unknown option/],
    [['serve', '--config', '/nonexistent/fdmux.json'], /cannot be read/],
    [['serve', '--no-plain', '--no-irc'], /nothing to listen on/],
    [['connect', 'localhost'], /not HOST:PORT/],
    [['connect', 'localhost:0'], /out of range/],
    [['sing'], /unknown command/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await fdmux(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^fdmux: [^\n]+\n$/);
  });
});

describe('the web page', () => {
  test('is printed as a URL, and what it needs is served there', async () => {
    const server = startCli(['serve', '--no-plain', '--no-irc', '--web-port', '0', '--web-host', '0.0.0.0']);
    const [, url = ''] = await server.line(/^ {2}web page {5}(http:\/\/127\.0\.0\.1:\d+\/)$/);
    const response = await fetch(new URL('config.json', url));
    expect(await response.json()).toMatchObject({ webSocketPath: 'irc' });
    server.kill('SIGTERM');
    expect(await server.ended()).toMatchObject({ code: 0, stderr: '' });
  });

  test('is not served if its default port is taken, and the rest goes on', async () => {
    const holder = createServer();
    onTestFinished(() => void holder.close());
    // If another program has the port already, that is as good.
    holder.on('error', () => {});
    await new Promise((resolve) => {
      holder.on('error', resolve).listen(8067, '127.0.0.1', () => resolve(undefined));
    });
    const server = startCli(['serve', '--plain-port', '0', '--no-irc', '--web']);
    await server.line('Ctrl-C ends the server.');
    await server.errorText(
      /^fdmux: 127\.0\.0\.1:8067 is in use, so there is no web page; --web-port names another port\n$/,
    );
    expect(server.stdout).not.toContain('web page');
  });
});

describe('the backlog', () => {
  /** How many connections a server that accepts nobody takes before the kernel refuses more. */
  async function waitingPlaces(file: object, ...flags: readonly string[]): Promise<number> {
    const folder = temporaryFolder();
    const path = joinPath(folder, 'room');
    const config = joinPath(folder, 'fdmux.json');
    writeFileSync(config, JSON.stringify({ listeners: [{ protocol: 'plain', path }], ...file }));
    const server = startCli(['serve', '--config', config, ...flags]);
    await server.line('Ctrl-C ends the server.');
    server.kill('SIGSTOP');
    await until(() => /^State:\tT/m.test(readFileSync(`/proc/${server.pid}/status`, 'utf8')), 'a stopped server');
    const attempts = Array.from({ length: 10 }, () => disposedAtEnd(Socket.create({ family: 'unix' })));
    return attempts.findIndex((socket) => socket.connectEx({ family: 'unix', path }) !== 0);
  }

  test.each([
    [{}, ['--backlog', '2'], 3],
    [{ backlog: 4 }, [], 5],
    [{ backlog: 4 }, ['--backlog', '1'], 2],
  ])('%j %j: the kernel keeps %i connections, since it allows one more', async (file, flags, places) => {
    expect(await waitingPlaces(file, ...flags)).toBe(places);
  });
});

describe('a refusal by the system ends with 1 and one line', () => {
  test('a port in use', async () => {
    const { port } = await listenPeer();
    const { code, stderr } = await fdmux('serve', '--plain-port', String(port), '--no-irc');
    expect(code).toBe(1);
    expect(stderr).toBe(
      `fdmux: cannot listen on 127.0.0.1:${port}: the port is in use; ` +
        '--plain-port names another, --plain-port 0 takes any free one\n',
    );
  });

  test('a path that is in use, without mention of ports', async () => {
    const folder = mkdtempSync(joinPath(tmpdir(), 'fdmux-cli-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const config = joinPath(folder, 'fdmux.json');
    writeFileSync(config, JSON.stringify({ listeners: [{ protocol: 'plain', path: config }] }));
    const { code, stderr } = await fdmux('serve', '--config', config);
    expect(code).toBe(1);
    expect(stderr).toBe(`fdmux: cannot listen on ${config}: another server listens there, or the file is no socket\n`);
  });

  test('an address that this machine does not have', async () => {
    const { code, stderr } = await fdmux('serve', '--host', '192.0.2.1', '--plain-port', '0', '--no-irc');
    expect(code).toBe(1);
    expect(stderr).toBe('fdmux: cannot listen on 192.0.2.1:0: this machine has no such address\n');
  });

  test('a server that is not there', async () => {
    const { code, stderr } = await fdmux('connect', '127.0.0.1:1');
    expect(code).toBe(1);
    expect(stderr).toBe('fdmux: cannot connect to 127.0.0.1:1: connection refused: nothing is listening there\n');
  });
});

test('help into a pipe that nobody reads ends quietly', async () => {
  const script = `exec 3> >(exec true); wait $!; "$@" >&3`;
  expect(await run('bash', ['-c', script, 'bash', process.execPath, cliPath, 'serve', '--help'])).toMatchObject({
    code: 0,
    stderr: '',
  });
});

test('a full disk under the output of help is a failure', async () => {
  const { code, stderr } = await run('bash', ['-c', `${cliCommand} --help > /dev/full`]);
  expect(code).toBe(1);
  // Deno's error has no code, and is thrown by the call that writes.
  const problem = runtime === 'deno' ? 'No space left' : 'cannot write the output: ENOSPC';
  expect(stderr).toMatch(new RegExp(`^fdmux: ${problem}[^\\n]*\\n$`));
});

test.each(['/dev/full', '>(exec true)'])('a log on %s does not end the server', async (target) => {
  const server = await startServer(['--log-level', 'debug'], { shell: `exec 2> ${target}` });
  const ann = await join(server);
  const bob = await join(server, ann);
  await ann.write('still here\n');
  await bob.lineLike(/ say: still here$/);
});

test('help has examples and ends with 0', async () => {
  const { code, stdout } = await fdmux('serve', '--help');
  expect(code).toBe(0);
  expect(stdout).toContain('Examples:');
  for (const option of ['--host', '--plain-port', '--backend', '--trigger', '--max-clients', '--charset']) {
    expect(stdout).toContain(option);
  }
});

describeSignals([DEFAULT]);

test('a peer that reads nothing does not delay the end', async () => {
  const server = await startServer();
  const deaf = await connectPeer(server.plainPort);
  deaf.socket.pause();
  const ann = await join(server);
  for (let round = 0; round < 200; round += 1) await ann.write(`${'y'.repeat(8000)}\n`);
  const startedMs = performance.now();
  server.process.kill('SIGTERM');
  expect((await server.process.ended()).code).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(DEADLINE_MS);
});

test('the last place is given away, and the next peer learns that the server is full', async () => {
  const server = await startServer(['--max-clients', '2']);
  const ann = await join(server);
  await join(server, ann);
  const eve = await connectPeer(server.plainPort);
  expect((await eve.ended()).toString()).toMatch(/ server: the server is full\n$/);
});

test('a server that has no fds left goes on, and accepts the next peer once one has left', async () => {
  const server = await startServer([], { shell: 'ulimit -n 64' });
  const ann = await join(server);
  const bob = await join(server, ann);
  const peers: Peer[] = [];
  for (let count = 0; count < 80; count += 1) peers.push(await connectPeer(server.plainPort));
  await hearAll(ann, bob, 20);
  for (const peer of peers) peer.destroy();
  const eve = await connectPeer(server.plainPort);
  await eve.write('I am in\n');
  await ann.lineLike(/ say: I am in$/);
}, 30_000);

test('GBK and UTF-8 peers of an automatic listener understand each other', async () => {
  const server = await startServer(['--charset', 'auto']);
  const ann = await join(server);
  const bob = await join(server, ann);
  await bob.write(Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3, 0x0a));
  expect(await ann.line()).toMatch(/ say: 你好$/);
  await ann.write('你\n');
  await once(bob.socket, 'data');
  expect(bob.received.subarray(-3)).toEqual(Buffer.from([0xc4, 0xe3, 0x0a]));
});
