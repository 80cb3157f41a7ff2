/** The command with IRC: configuration, signals, and the same answers on every backend. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectPeer, type Peer } from '../support/peers.js';
import { cliPath, run, start } from '../support/processes.js';
import { startServer, VARIANTS } from './chat-server.js';

function configFile(data: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-cli-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'fdmux.json');
  writeFileSync(path, JSON.stringify(data));
  return path;
}

const fdmux = (args: readonly string[], input = '') => run(process.execPath, [cliPath, ...args], { input });

async function register(port: number, nick: string): Promise<Peer> {
  const peer = await connectPeer(port);
  await peer.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\n`);
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}

describe.each(VARIANTS)('on $backend, $trigger-triggered', ({ backend, trigger }) => {
  test('IRC and plain users talk, and both get a notice of a signal', async () => {
    const server = await startServer(['--backend', backend, '--trigger', trigger]);
    const ann = await register(server.ircPort, 'ann');
    await ann.write('JOIN #lobby\r\n');
    await ann.lineLike(/ 366 /);
    const bob = await connectPeer(server.plainPort);
    await ann.lineLike(/ JOIN #lobby$/);
    await bob.write('hello from plain\n');
    expect(await ann.line()).toBe(`:plain-${bob.port}!plain@127.0.0.1 PRIVMSG #lobby :hello from plain`);
    await ann.write('PRIVMSG #lobby :hello from IRC\r\n');
    expect(await bob.line()).toMatch(/ ann say: hello from IRC$/);
    server.process.kill('SIGTERM');
    expect(await bob.lineLike(/ server: /)).toMatch(/ server: the server is shutting down$/);
    expect(await ann.lineLike(/^ERROR/)).toBe('ERROR :Closing Link: 127.0.0.1 (the server is shutting down)');
    expect((await server.process.ended()).code).toBe(0);
  });
});

test('--check-config reports that a file is valid, or what is wrong with it', async () => {
  const good = configFile({ server: { name: 'irc.example.org' } });
  expect(await fdmux(['serve', '--config', good, '--check-config'])).toMatchObject({
    code: 0,
    stdout: `${good}: ok\n`,
    stderr: '',
  });
  const bad = configFile({ server: { name: 'nodot' }, typo: 1 });
  const { code, stderr } = await fdmux(['serve', '--config', bad, '--check-config']);
  expect(code).toBe(2);
  expect(stderr).toBe(`fdmux: ${bad}: server.name: must have a dot in it\nfdmux: ${bad}: typo: there is no such key\n`);
});

test('SIGHUP applies a changed file without dropping anybody', async () => {
  const path = configFile({ server: { motd: ['old'] } });
  const server = await startServer(['--config', path]);
  const ann = await register(server.ircPort, 'ann');
  writeFileSync(path, JSON.stringify({ server: { motd: ['new'] } }));
  server.process.kill('SIGHUP');
  await server.process.errorText(/configuration reloaded/);
  await ann.write('MOTD\r\n');
  expect(await ann.lineLike(/ 372 /)).toBe(':fdmux.local 372 ann :- new');
  writeFileSync(path, '{');
  server.process.kill('SIGHUP');
  await server.process.errorText(/configuration not reloaded.*not JSON/);
  await ann.write('MOTD\r\n');
  expect(await ann.lineLike(/ 372 /)).toBe(':fdmux.local 372 ann :- new');
});

test('hash-password makes a hash whose password lets a client in', async () => {
  const { code, stdout } = await fdmux(['hash-password'], 'secret\n');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$/);
  const server = await startServer(['--password', stdout.trim()]);
  const ann = await connectPeer(server.ircPort);
  await ann.write('PASS secret\r\nNICK ann\r\nUSER a 0 * :Ann\r\n');
  await ann.lineLike(/ 001 /);
  expect((await fdmux(['hash-password'])).code).toBe(2);
});

test('the log is quiet by default, and structured when asked for', async () => {
  const server = await startServer(['--log-level', 'debug', '--log-format', 'json']);
  const ann = await register(server.ircPort, 'ann');
  ann.destroy();
  const [line = ''] = await server.process.errorText(/^.*"closed".*$/m);
  const record: unknown = JSON.parse(line);
  expect(record).toMatchObject({ message: 'closed', host: '127.0.0.1' });
});

test('goes on with plain lines if nobody asked for IRC and its port is taken', async () => {
  const other = createServer();
  other.listen(6667, '127.0.0.1');
  onTestFinished(() => void other.close());
  // If another process has the port already, that serves just as well.
  await Promise.race([once(other, 'listening'), once(other, 'error').then(() => undefined)]).catch(() => undefined);
  const server = start(process.execPath, [cliPath, 'serve', '--plain-port', '0']);
  const [, port] = await server.line(/plain lines +.*:(\d+)$/);
  await server.errorText(/127\.0\.0\.1:6667 is in use, so there is no IRC; --irc-port names another port/);
  const ann = await connectPeer(Number(port));
  const bob = await connectPeer(Number(port));
  await ann.lineLike(/ joined$/);
  await ann.write('hello\n');
  expect(await bob.lineLike(/ say: /)).toMatch(/ say: hello$/);
});
