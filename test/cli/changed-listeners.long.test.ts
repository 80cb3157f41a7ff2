/** Listeners of a configuration that has changed, in whatever way processes meet it. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { present } from '../../src/errors.js';
import { freePort, listenPeer } from '../support/peers.js';
import { startCli } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { addressesOf, isOpen, killed, reached, stopped } from './control-clients.js';
import { enter, kill, upgraderOf } from './upgrades.js';
import { replaced, type RunningWorkers, startWorkers } from './workers.js';

const irc = { protocol: 'irc', host: '127.0.0.1', port: 0 };
const plain = { protocol: 'plain', host: '127.0.0.1', port: 0 };

/** A configuration file that says where to listen. */
class Configuration {
  readonly path = join(temporaryFolder(), 'fdmux.json');

  constructor(...listeners: readonly object[]) {
    this.listen(...listeners);
  }

  listen(...listeners: readonly object[]): void {
    writeFileSync(this.path, JSON.stringify({ listeners }));
  }
}

async function start(config: Configuration, folder = temporaryFolder()): Promise<RunningWorkers> {
  return startWorkers(['--config', config.path], folder, { places: false });
}

/** Connects until each worker has had its turn, in all likelihood: at these places, and nowhere else. */
async function expectOpen(running: RunningWorkers, ...places: readonly string[]): Promise<void> {
  expect(await addressesOf(running)).toEqual(places);
  for (const place of places) {
    const [protocol, at = ''] = place.split(' ');
    for (let count = 0; count < 8; count += 1) await (protocol === 'irc' ? reached : isOpen)(at);
  }
}

const refused = (at: string) => expect(reached(at)).rejects.toMatchObject({ code: 'ECONNREFUSED' });

test('workers listen after an upgrade as they would after a start', { timeout: 240_000 }, async () => {
  const [path, other] = [join(temporaryFolder(), 'a.sock'), join(temporaryFolder(), 'b.sock')];
  const config = new Configuration(irc);
  const running = await start(config);
  const [first = ''] = await addressesOf(running);
  // One is added before it, and a unix socket behind it.
  config.listen(plain, irc, { protocol: 'irc', path });
  await running.ctl('upgrade');
  const [added = ''] = await addressesOf(running);
  await expectOpen(running, added, first, `irc ${path}`);
  // They change their order, and the file has another name.
  config.listen({ protocol: 'irc', path: other }, irc, plain);
  await running.ctl('upgrade');
  await expectOpen(running, added, `irc ${other}`, first);
  expect(existsSync(path)).toBe(false);
  // One speaks another protocol, and one is gone.
  config.listen({ protocol: 'plain', path: other }, irc);
  await running.ctl('upgrade');
  await expectOpen(running, `plain ${other}`, first);
  await refused(added);
  // A port that somebody has is a reason not to begin.
  const { port } = await listenPeer();
  config.listen(irc, { ...plain, port });
  const before = await running.workers();
  await expect(running.ctl('upgrade')).rejects.toMatchObject({
    code: 'ERR_CONTROL_REFUSED',
    message: expect.stringMatching(/^the configuration stays as it was: .* in use/),
  });
  expect((await running.workers()).map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
  await expectOpen(running, `plain ${other}`, first);
});

test('a configuration that only the new version can read is met by the new processes', async () => {
  const config = new Configuration(irc, plain);
  const path = join(temporaryFolder(), 'a.sock');
  const next = new Configuration(plain, { protocol: 'irc', path });
  const script = join(temporaryFolder(), 'script.cjs');
  const variable = 'FDMUX_HAND_OVER_FD';
  writeFileSync(
    script,
    `if (process.env.${variable}) require('node:fs').copyFileSync(${JSON.stringify(next.path)}, ${JSON.stringify(config.path)});`,
  );
  const running = await startWorkers(['--config', config.path], temporaryFolder(), {
    places: false,
    options: { env: { NODE_OPTIONS: `--require ${script}` } },
  });
  const [stays = '', gone = ''] = await addressesOf(running);
  writeFileSync(config.path, '{"keyOfLater":true}');
  await running.ctl('upgrade');
  await expectOpen(running, stays, `irc ${path}`);
  await refused(gone);
});

test('a worker that meets another configuration when it is started again keeps its places', async () => {
  const config = new Configuration(irc);
  const running = await start(config);
  const places = await addressesOf(running);
  config.listen(plain, irc);
  for (const worker of await running.workers()) {
    kill(worker.pid, 'SIGKILL');
    await replaced(running, worker);
  }
  await expectOpen(running, ...places);
  await running.ctl('reload');
  const [added = ''] = await addressesOf(running);
  await expectOpen(running, added, ...places);
  // One that is gone is closed by a reload, too.
  config.listen(plain);
  const [worker] = await running.workers();
  kill(present(worker, 'a worker').pid, 'SIGKILL');
  await replaced(running, present(worker, 'a worker'));
  await running.ctl('reload');
  await expectOpen(running, added);
  await refused(places[0] ?? '');
});

test('a control process that is started again after a change has all workers listen as it says', async () => {
  const config = new Configuration(irc, plain);
  const folder = temporaryFolder();
  const first = await start(config, folder);
  const [gone = '', stays = ''] = await addressesOf(first);
  await killed(first.server.process.pid);
  const path = join(temporaryFolder(), 'plain.sock');
  config.listen({ protocol: 'plain', path }, irc);
  const second = await start(config, folder);
  await expectOpen(second, `plain ${path}`, stays);
  await refused(gone);
  await stopped(second);
});

test('one server listens after an upgrade as it would after a start', async () => {
  const folder = temporaryFolder();
  const [path, other] = [join(folder, 'a.sock'), join(folder, 'b.sock')];
  const { port } = await listenPeer();
  const taken = { ...plain, port };
  const free = await freePort();
  const config = new Configuration({ ...irc, port: free }, { protocol: 'irc', path });
  const server = startCli(['serve', '--config', config.path, '--log-level', 'info']);
  await server.line('Ctrl-C ends the server.');
  const upgrade = upgraderOf({ process: server, plainPort: 0, ircPort: free });
  const ann = await enter(free, 'ann');
  // A place that overlaps the one before it, and a file of another name.
  config.listen({ ...irc, host: '0.0.0.0', port: free }, { protocol: 'irc', path: other });
  await upgrade();
  await reached(`127.0.0.2:${free}`);
  await reached(other);
  expect(existsSync(path)).toBe(false);
  // Another protocol at the same place.
  config.listen({ ...irc, port: free, host: '0.0.0.0' }, { protocol: 'plain', path: other });
  await upgrade();
  await isOpen(other);
  await ann.write('PING still\r\n');
  await ann.lineLike(/ PONG \S+ :?still$/);
  config.listen({ ...irc, port: free, host: '0.0.0.0' }, taken);
  kill(Number(/upgraded pid=(\d+) (?![^]*upgraded)/.exec(server.stderr)?.[1]), 'SIGUSR2');
  await server.errorText(/not upgraded error=.* in use/);
  await ann.write('PING again\r\n');
  await ann.lineLike(/ PONG \S+ :?again$/);
});
