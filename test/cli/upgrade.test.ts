/** `fdmux serve` and an upgrade: the program on the disk goes on in the place of the one that runs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { askServer } from '../../src/control/ask.js';
import { present } from '../../src/errors.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { startServer } from './chat-server.js';
import { enter, kill, register, upgraderOf } from './upgrades.js';

const certificates = new CertificateFolder();

const ctl = (folder: string, verb: string): ReturnType<typeof askServer> => askServer(folder, { verb, words: [] });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function pidOf(result: unknown): number {
  return Number(Reflect.get(Object(result), 'pid'));
}

test('nobody is disconnected, what a store keeps moves along, and the answer names the new process', async () => {
  const folder = join(temporaryFolder(), 'data');
  const server = await startServer(['--data', folder, '--log-level', 'warning']);
  const caps = 'CAP REQ :batch draft/chathistory server-time message-tags';
  const ann = await enter(server.ircPort, 'ann', caps, 'CAP END', 'JOIN #a', 'PRIVMSG #a :before');
  const bob = await enter(server.ircPort, 'bob', 'JOIN #a');
  // Half of a line is in one process, and the other half in the next.
  await bob.write('PRIVMSG ann :half ');
  const { text, result } = await ctl(folder, 'upgrade');
  const pid = pidOf(result);
  onTestFinished(() => {
    kill(pid, 'SIGKILL');
  });
  expect(pid).not.toBe(server.process.pid);
  expect({ text, result }).toEqual({
    text: [`process ${pid} goes on with its clients (2)`],
    result: { pid, clients: 2 },
  });
  expect(pidOf((await ctl(folder, 'status')).result)).toBe(pid);
  await bob.write('and half\r\n');
  expect(await ann.lineLike(/ PRIVMSG | QUIT |^ERROR/)).toMatch(/ PRIVMSG ann :half and half$/);
  await enter(server.ircPort, 'late', 'JOIN #a');
  await ann.write('PRIVMSG #a :after\r\nPING said\r\n');
  await ann.lineLike(/ PONG \S+ :?said$/);
  await ann.write('CHATHISTORY LATEST #a * 10\r\n');
  expect(await ann.lineLike(/ PRIVMSG #a /)).toMatch(/ :before$/);
  expect(await ann.lineLike(/ PRIVMSG #a | BATCH -/)).toMatch(/ :after$/);
  expect(await ann.lineLike(/ PRIVMSG #a | BATCH -/)).toMatch(/ BATCH -/);
  await until(() => !isAlive(server.process.pid), 'the end of the old process');
});

test.skipIf(!hasOpenssl)(
  'those whom TLS keeps from moving find their room as it was, and a hang-up ends nothing',
  async () => {
    const { certFile, keyFile } = certificates.make({ name: '127.0.0.1' });
    const tls = ['--tls-cert', certFile, '--tls-key', keyFile, '--tls-port', '0'];
    const server = await startServer([...tls, '--log-level', 'warning']);
    const upgrade = upgraderOf(server);
    const [, port] = present(/IRC over TLS +.*:(\d+)$/m.exec(server.process.stdout), 'the port for TLS');
    const connect = (): Peer =>
      new Peer(connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }));
    const before = await register(connect(), 'ann', 'JOIN #s', 'TOPIC #s :what it is about');
    const upgraded = upgrade();
    await before.lineLike(/^ERROR .*upgraded/);
    kill(server.process.pid, 'SIGHUP');
    await upgraded;
    const after = await register(connect(), 'ann');
    await after.write('JOIN #s\r\n');
    expect(await after.lineLike(/ 33[12] | 353 /)).toMatch(/ 332 ann #s :what it is about$/);
    expect(await after.lineLike(/ 353 /)).toMatch(/ :@ann$/);
  },
);

test('if the new process does not start, the old one goes on with everybody, and says why', async () => {
  const [folder, config] = [join(temporaryFolder(), 'data'), join(temporaryFolder(), 'fdmux.json')];
  writeFileSync(config, '{}');
  const server = await startServer(['--config', config, '--data', folder, '--log-level', 'warning']);
  const peer = await enter(server.ircPort, 'ann', 'JOIN #a');
  writeFileSync(config, '{ "noSuchKey": 1 }');
  await expect(ctl(folder, 'upgrade')).rejects.toMatchObject({
    code: 'ERR_CONTROL_FAILED',
    message: expect.stringMatching(
      /^not upgraded: the new process has not started: .* has ended \(exit code 2\): what it says is in the log$/,
    ),
  });
  await server.process.errorText(/not upgraded: the new process has not started/);
  await enter(server.ircPort, 'bob', 'JOIN #a');
  await peer.lineLike(/^:bob!\S+ JOIN /);
  expect(pidOf((await ctl(folder, 'status')).result)).toBe(server.process.pid);
});
