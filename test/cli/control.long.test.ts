/** More of `fdmux serve --workers`: reloads, metrics, unix sockets, starts that fail. */
import { cpSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lendingFileOf } from '../../src/control/worker-files.js';
import { present } from '../../src/errors.js';
import { ask } from '../server/keeping.js';
import { DEADLINE_MS, nextEvent } from '../support/deadline.js';
import { freePort, listenPeer } from '../support/peers.js';
import { cliPath, run, startCli } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import type { RunningServer } from './chat-server.js';
import {
  addressesOf,
  clientsOfBoth,
  DATA,
  dial,
  filesIn,
  isOpen,
  killed,
  reached,
  stopped,
} from './control-clients.js';
import { kill } from './upgrades.js';
import { pidOf, replaced, startWorkers } from './workers.js';

test('workers outlive their control process, and the next one goes on with them', async () => {
  const folder = temporaryFolder();
  const first = await startWorkers([], folder);
  const clients = await clientsOfBoth(first);
  for (const peer of clients.values()) await ask(peer, 'JOIN #tea', / 366 /);
  const before = await first.workers();
  await killed(first.server.process.pid);
  for (const peer of clients.values()) await ask(peer, 'PING alone', / PONG \S+ :?alone/);
  const [one, other] = [present(clients.get('w1'), 'a client'), present(clients.get('w2'), 'a client')];
  await one.write('PRIVMSG #tea :is anybody there?\r\n');
  const second = await startWorkers([], folder);
  expect((await second.workers()).map(({ name, pid }) => ({ name, pid }))).toEqual(
    before.map(({ name, pid }) => ({ name, pid })),
  );
  // What was said meanwhile has waited.
  await other.lineLike(/ PRIVMSG #tea :is anybody there\?$/);
  // The ports are those that the workers have.
  expect(second.server.ircPort).toBe(first.server.ircPort);
  for (const peer of clients.values()) await ask(peer, 'PING again', / PONG \S+ :?again/);
  // One of them is started again by the new one, on the same port.
  const worker = present(before[0], 'a worker');
  kill(worker.pid, 'SIGKILL');
  await replaced(second, worker);
  expect((await clientsOfBoth(second)).size).toBe(2);
  await stopped(second);
});

test('workers whose data are those of a backup begin anew, and can be found meanwhile', async () => {
  const folder = temporaryFolder();
  const first = await startWorkers([], folder);
  const clients = await clientsOfBoth(first);
  for (const peer of clients.values()) await ask(peer, 'JOIN #tea', / 366 /);
  const [one, other] = [present(clients.get('w1'), 'a client'), present(clients.get('w2'), 'a client')];
  const backup = join(temporaryFolder(), 'backup');
  const endAndCopy = async ({ server }: typeof first, from: string, to: string): Promise<void> => {
    await killed(server.process.pid);
    cpSync(from, to, { recursive: true, force: true, filter: (path) => !/\.(?:sock|fds)$/.test(path) });
  };
  await endAndCopy(first, folder, backup);
  const second = await startWorkers([], folder);
  await ask(one, 'PRIVMSG #tea :not in the backup', /:ann\d+!\S+ PRIVMSG #tea :not in the backup/);
  await other.lineLike(/ PRIVMSG #tea :not in the backup$/);
  const found = statSync(join(folder, lendingFileOf('w1')));
  await endAndCopy(second, backup, folder);
  const third = await startWorkers([], folder);
  await first.server.process.errorText(/this node begins anew[^]*this node begins anew/);
  await ask(one, 'PRIVMSG #tea :and on', /:ann\d+!\S+ PRIVMSG #tea :and on/);
  expect(statSync(join(folder, lendingFileOf('w1')))).toMatchObject({ ino: found.ino, ctimeMs: found.ctimeMs });
  const states = async () => (await third.workers()).map(({ state, restarts }) => ({ state, restarts }));
  const served = { state: 'ready', restarts: 0 };
  await expect.poll(states, { timeout: DEADLINE_MS }).toEqual([served, served]);
  await stopped(third);
});

test('one worker is drained, and another process takes its place', async () => {
  const running = await startWorkers(['--drain-ms', '600000']);
  const clients = await clientsOfBoth(running);
  const [worker] = await running.workers();
  expect((await running.ctl('drain', 'w1')).text).toEqual([expect.stringContaining('worker w1 ends when')]);
  expect(await running.workers()).toMatchObject([{ state: 'draining' }, { state: 'ready' }]);
  await running.server.process.errorText(/draining worker=w1/);
  // Its clients are served, and new ones are at once, by the other.
  const leaving = present(clients.get('w1'), 'a client');
  await ask(leaving, 'PING here', / PONG \S+ :?here/);
  for (let count = 0; count < 8; count += 1) await reached(`127.0.0.1:${running.server.ircPort}`);
  await running.ctl('reload');
  for (let count = 0; count < 8; count += 1) await reached(`127.0.0.1:${running.server.ircPort}`);
  await expect(running.ctl('upgrade')).rejects.toMatchObject({
    code: 'ERR_CONTROL_REFUSED',
    message: 'worker w1 drains: upgrade when it has ended',
  });
  // Asked again, it ends at once.
  await running.ctl('drain', 'w1');
  await leaving.ended();
  expect(await replaced(running, present(worker, 'a worker'))).toMatchObject({ restarts: 0 });
  await running.server.process.errorText(/INF worker has drained: another one is started worker=w1/);
  expect(running.server.process.stderr).not.toMatch(/ERR/);
  expect((await clientsOfBoth(running)).size).toBe(2);
  await expect(running.ctl('drain', 'w3')).rejects.toMatchObject({
    code: 'ERR_CONTROL_REQUEST',
    message: 'there is no worker w3; there are w1, w2',
  });
});

test('a worker can be found at any time, also while it reloads or drains', async () => {
  const running = await startWorkers(['--drain-ms', '600000']);
  const { folder, ctl, server } = running;
  await clientsOfBoth(running);
  // A control process that did not find it would start another worker of this name.
  const found = () =>
    ['w1', 'w2'].map((name) => {
      const { ino, ctimeMs } = statSync(join(folder, lendingFileOf(name)));
      return { name, ino, ctimeMs };
    });
  const before = found();
  await ctl('reload');
  expect(found()).toEqual(before);
  await ctl('drain', 'w1');
  await server.process.errorText(/draining worker=w1/);
  expect(found()).toEqual(before);
});

test('a worker that does not answer the next control process at first leaves nobody waiting', async () => {
  const folder = temporaryFolder();
  const first = await startWorkers([], folder);
  const before = await first.workers();
  const [worker] = before;
  await killed(first.server.process.pid);
  kill(present(worker, 'a worker').pid, 'SIGSTOP');
  const second = await startWorkers([], folder);
  kill(present(worker, 'a worker').pid, 'SIGCONT');
  await second.ctl('reload');
  expect((await second.workers()).map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
  // A socket on which no worker accepts would have its share of them.
  for (let count = 0; count < 16; count += 1) await reached(`127.0.0.1:${second.server.ircPort}`);
  await stopped(second);
});

test('if no worker answers the next control process, it starts beside them, and says which ports wait for whom', async () => {
  const folder = temporaryFolder();
  const ircPort = await freePort();
  const ports = ['--plain-port', String(await freePort()), '--irc-port', String(ircPort)];
  const first = await startWorkers([...ports, '--workers', '1'], folder);
  const [worker] = await first.workers();
  const { pid } = present(worker, 'a worker');
  await killed(first.server.process.pid);
  kill(pid, 'SIGSTOP');
  const second = await startWorkers([...ports, '--workers', '2'], folder);
  const { process: control } = second.server;
  await control.errorText(new RegExp(`ERR a worker does not answer: .* worker=w1 pid=${pid}`));
  await control.errorText(
    new RegExp(`WRN new connections .* address=127\\.0\\.0\\.1:${ircPort} .*w1 \\(process ${pid}\\)`),
  );
  expect(await second.workers()).toMatchObject([
    { name: 'w1', pid },
    { name: 'w2', state: 'ready' },
  ]);
  kill(pid, 'SIGCONT');
  await second.ctl('reload');
  for (let count = 0; count < 16; count += 1) await reached(`127.0.0.1:${ircPort}`);
  await stopped(second);
});

test('a unix socket of a worker that does not answer is nobody else’s: a control process says whom to end', async () => {
  const folder = temporaryFolder();
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, JSON.stringify({ listeners: [{ protocol: 'irc', path: join(folder, 'irc.sock') }] }));
  const running = await startWorkers(['--workers', '1', '--config', config], folder, { places: false });
  const [worker] = await running.workers();
  const { pid } = present(worker, 'a worker');
  await killed(running.server.process.pid);
  kill(pid, 'SIGSTOP');
  const next = startCli(['control', '--workers', '1', '--data', folder, '--config', config]);
  const { code, stderr } = await next.ended();
  expect(code).toBe(1);
  expect(stderr).toContain(`it may be at a worker that does not answer, w1 (process ${pid}): if it is there, let it`);
});

test('a reload reaches all workers, and one that makes no sense changes nothing', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, '{"maxClients":100}');
  const running = await startWorkers(['--config', config]);
  writeFileSync(config, '{"maxClients":200,"server":{"name":"other.example"}}');
  expect((await running.ctl('reload')).text).toEqual([
    `w1: ${config} is read`,
    'w1: these keys wait for a restart: server.name',
    `w2: ${config} is read`,
    'w2: these keys wait for a restart: server.name',
  ]);
  writeFileSync(config, '{"maxClients":-1}');
  await expect(running.ctl('reload')).rejects.toMatchObject({ code: 'ERR_CONTROL_REFUSED' });
  expect((await running.ctl('log-level', 'error')).text).toEqual([
    'w1: the log has level error',
    'w2: the log has level error',
  ]);
  expect((await running.ctl('backend', 'poll')).text).toEqual([
    'w1: the server waits with poll',
    'w2: the server waits with poll',
  ]);
});

test('a reload opens and closes ports of all workers, and nobody is dropped', async () => {
  const folder = temporaryFolder();
  const [path, config] = [join(temporaryFolder(), 'irc.sock'), join(temporaryFolder(), 'fdmux.json')];
  const listen = (...listeners: readonly object[]): void => {
    writeFileSync(config, JSON.stringify({ listeners }));
  };
  const [port, file] = [
    { protocol: 'irc', port: 0 },
    { protocol: 'irc', path },
  ];
  listen(port);
  const first = await startWorkers(['--config', config], folder, { places: false });
  const [address = ''] = await addressesOf(first);
  const early = await Promise.all(Array.from({ length: 8 }, () => reached(address)));
  // The numbers of places are others from now on.
  listen({ ...port, protocol: 'plain' }, file, port);
  expect((await first.ctl('reload')).text).toEqual([`w1: ${config} is read`, `w2: ${config} is read`]);
  const [added = '', ...others] = await addressesOf(first);
  expect(added).toMatch(/^plain 127/);
  expect(others).toEqual([`irc ${path}`, address]);
  for (const peer of early) {
    await peer.write('PING still\r\n');
    await peer.lineLike(/ 451 | PONG /);
  }
  for (let count = 0; count < 8; count += 1) {
    await reached(path);
    await isOpen(added);
  }
  // A worker that is started again, and a control process that is, have all of them.
  const [worker] = await first.workers();
  kill(present(worker, 'a worker').pid, 'SIGKILL');
  await replaced(first, present(worker, 'a worker'));
  await killed(first.server.process.pid);
  const second = await startWorkers(['--config', config], folder, { places: false });
  expect(await addressesOf(second)).toEqual([added, ...others]);
  for (let count = 0; count < 8; count += 1) await isOpen(added);
  // One that is removed is closed everywhere.
  listen(file);
  await second.ctl('reload');
  expect(await addressesOf(second)).toEqual([`irc ${path}`]);
  for (const gone of [added, address]) await expect(isOpen(gone)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await reached(path);
  // A port that somebody else has changes nothing.
  const other = await listenPeer();
  listen(file, { ...port, port: other.port });
  await expect(second.ctl('reload')).rejects.toMatchObject({
    code: 'ERR_CONTROL_REFUSED',
    message: expect.stringMatching(/^the configuration stays as it was: .* in use/),
  });
  expect(await addressesOf(second)).toEqual([`irc ${path}`]);
  await stopped(second);
});

test('a control process with other flags says which ports its workers do not listen on: nobody waits there', async () => {
  const folder = temporaryFolder();
  const first = await startWorkers([], folder);
  await killed(first.server.process.pid);
  const ircPort = await freePort();
  const second = await startWorkers(['--irc-port', `${ircPort}`], folder);
  const said = (worker: string) =>
    second.server.process.errorText(
      new RegExp(`a worker does not listen on a port: .* worker=${worker} address="?127.0.0.1:${ircPort}`),
    );
  await Promise.all([said('w1'), said('w2')]);
  // The ports of the flags that they have stay.
  await isOpen(`127.0.0.1:${second.server.plainPort}`);
  await expect(dial(`127.0.0.1:${ircPort}`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  for (const worker of await second.workers()) {
    await second.ctl('drain', worker.name);
    await replaced(second, worker);
  }
  await reached(`127.0.0.1:${ircPort}`);
  await stopped(second);
});

test('a worker that is being started during a reload listens on what that adds', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  const port = { protocol: 'irc', port: 0 };
  const listen = (...listeners: readonly object[]): void => {
    writeFileSync(config, JSON.stringify({ listeners }));
  };
  listen(port);
  const running = await startWorkers(['--config', config], temporaryFolder(), { places: false });
  const [worker] = await running.workers();
  kill(present(worker, 'a worker').pid, 'SIGKILL');
  await running.server.process.errorText(/ERR worker lost: another one is started worker=w1/);
  const state = async () => (await running.workers())[0]?.state;
  await expect.poll(state, { interval: 10, timeout: 10_000 }).toMatch(/starting|ready/);
  listen({ ...port, protocol: 'plain' }, port);
  await running.ctl('reload');
  const listeners = [{ protocol: 'plain' }, { protocol: 'irc' }];
  expect(await running.ctl('status')).toMatchObject({
    result: { workers: [{ status: { listeners } }, { status: { listeners } }] },
  });
});

test('a control process whose successor fails goes on with the configuration that it has read last', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  const port = { protocol: 'irc', port: 0 };
  const write = (text: object): void => {
    writeFileSync(config, JSON.stringify(text));
  };
  write({ listeners: [port] });
  const running = await startWorkers(['--config', config], temporaryFolder(), { places: false });
  const listeners = [{ ...port, protocol: 'plain' }, port];
  write({ listeners });
  await running.ctl('reload');
  const addresses = await addressesOf(running);
  const other = await listenPeer();
  // Workers have no such port.
  write({ listeners, admin: { port: other.port } });
  await expect(running.ctl('upgrade')).rejects.toMatchObject({ code: 'ERR_CONTROL_FAILED' });
  await running.server.process.errorText(/goes on for another process workers=2/);
  expect(await addressesOf(running)).toEqual(addresses);
  for (const address of addresses) await (address.startsWith('plain') ? isOpen : reached)(address);
});

/** The address of the metrics. */
const metricsOf = ({ process: { stdout } }: RunningServer): string => /admin +(\S+)/.exec(stdout)?.[1] ?? '';

test('the metrics of all workers are in one answer', async () => {
  const running = await startWorkers(['--admin-port', '0']);
  const url = metricsOf(running.server);
  const metrics = await (await fetch(url)).text();
  expect(metrics).toContain('fdmux_worker_up{worker="w1"} 1\nfdmux_worker_up{worker="w2"} 1\n');
  expect(metrics).toMatch(/^fdmux_members\{worker="w1"\} 0\nfdmux_members\{worker="w2"\} 0$/m);
  expect(metrics).toMatch(/^process_cpu_seconds_total\{worker="control"\} /m);
  expect(metrics.match(/^# TYPE fdmux_members /gm)).toHaveLength(1);
  expect(await (await fetch(url.replace('metrics', 'readyz'))).text()).toBe('ready\n');
});

test('a unix socket is one that all workers have, whatever is killed', async () => {
  const folder = temporaryFolder();
  const path = join(temporaryFolder(), 'irc.sock');
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, JSON.stringify({ listeners: [{ protocol: 'irc', path }] }));
  const reached = async (): Promise<void> => {
    const socket = connect(path);
    await nextEvent(socket, 'connect');
    socket.write('CAP LS\r\n');
    await nextEvent(socket, 'data');
    socket.destroy();
  };
  const flags = ['--config', config];
  const first = await startWorkers(flags, folder, { places: false });
  await reached();
  await killed(first.server.process.pid);
  await reached();
  const second = await startWorkers(flags, folder, { places: false });
  for (const worker of await second.workers()) {
    kill(worker.pid, 'SIGKILL');
    await replaced(second, worker);
  }
  await reached();
  await stopped(second);
  expect(existsSync(path)).toBe(false);
});

test('a worker that drains is found by the next control process, which waits for its end', async () => {
  const folder = temporaryFolder();
  const flags = ['--drain-ms', '600000'];
  const first = await startWorkers(flags, folder);
  const clients = await clientsOfBoth(first);
  const worker = present((await first.workers())[0], 'a worker');
  await first.ctl('drain', 'w1');
  await first.server.process.errorText(/draining worker=w1/);
  await killed(first.server.process.pid);
  const second = await startWorkers(flags, folder);
  expect(await second.workers()).toMatchObject([{ pid: worker.pid, state: 'draining' }, { state: 'ready' }]);
  const client = present(clients.get('w1'), 'a client');
  await ask(client, 'PING still', / PONG \S+ :?still/);
  client.socket.destroy();
  expect(await replaced(second, worker)).toMatchObject({ restarts: 0 });
  expect(second.server.process.stderr).not.toContain('worker lost');
});

test('a second control process on the same data is refused, and disturbs nobody', async () => {
  const { folder, workers } = await startWorkers();
  const pids = async () => (await workers()).map(({ pid }) => pid);
  const before = await pids();
  const second = await run(process.execPath, [cliPath, 'control', '--data', folder, '--plain-port', '0', '--no-irc']);
  expect(second).toMatchObject({ code: 1, stderr: `fdmux: ${folder}: another process uses this store\n` });
  expect(await pids()).toEqual(before);
});

test('a server by itself is refused beside workers, with their control process and without it', async () => {
  const running = await startWorkers();
  const { server, folder, workers } = running;
  const pids = (await workers()).map(({ name, pid }) => `${name} (process ${pid})`).join(', ');
  const serve = () => run(process.execPath, [cliPath, 'serve', '--data', folder, '--plain-port', '0', '--no-irc']);
  const stderr = `fdmux: ${folder}: workers run with this data, which fdmux control goes on with: ${pids}\n`;
  expect(await serve()).toMatchObject({ code: 1, stderr });
  await killed(server.process.pid);
  expect(await serve()).toMatchObject({ code: 1, stderr });
  const next = await startWorkers([], folder);
  expect((await next.workers()).map(({ name, pid }) => `${name} (process ${pid})`).join(', ')).toBe(pids);
});

test('while one worker hangs, the operator is served by the other, and can have it replaced', async () => {
  const running = await startWorkers(['--admin-port', '0']);
  const { server, ctl } = running;
  const [worker] = await running.workers();
  kill(present(worker, 'a worker').pid, 'SIGSTOP');
  expect((await ctl('ban', '192.0.2.1')).text).toEqual(['192.0.2.1 is banned, 0 put out']);
  await expect(ctl('kick', 'nobody')).rejects.toMatchObject({ message: 'nobody goes by the nick nobody' });
  // Prometheus waits for 10 s.
  const answer = await fetch(metricsOf(server), { signal: AbortSignal.timeout(9_500) });
  expect(await answer.text()).toMatch(/^fdmux_members\{worker="w2"\} 0$/m);
  await ctl('drain', 'w1');
  await server.process.errorText(/ERR worker does not end: it is killed worker=w1/);
  expect(await replaced(running, present(worker, 'a worker'))).toMatchObject({ restarts: 0 });
}, 60_000);

test('a worker that is started again does what was asked of all, and a reload waits for it', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, '{}');
  const running = await startWorkers(['--config', config]);
  const { ctl } = running;
  const [worker] = await running.workers();
  await ctl('backend', 'poll');
  await expect(ctl('backend', 'kqueue')).rejects.toMatchObject({ code: 'ERR_CONTROL_REQUEST' });
  await ctl('log-level', 'debug');
  kill(present(worker, 'a worker').pid, 'SIGKILL');
  const next = await replaced(running, present(worker, 'a worker'));
  const both = (answer: object) => ({ result: { w1: answer, w2: answer } });
  await expect.poll(() => ctl('backend'), { timeout: 10_000 }).toMatchObject(both({ backend: 'poll' }));
  await expect.poll(() => ctl('log-level'), { timeout: 10_000 }).toMatchObject(both({ level: 'debug' }));
  kill(next.pid, 'SIGKILL');
  await running.server.process.errorText(/worker lost[^]*ERR worker lost: another one is started worker=w1/);
  // The worker may be waiting, starting or ready by now.
  expect(await ctl('backend', 'select')).toMatchObject({ result: { w2: { backend: 'select' } } });
  expect(await ctl('reload')).toMatchObject({ result: { w2: { waitingKeys: [] } } });
  await replaced(running, next);
  await expect.poll(() => ctl('log-level'), { timeout: 10_000 }).toMatchObject(both({ level: 'info' }));
  await expect.poll(() => ctl('backend'), { timeout: 10_000 }).toMatchObject(both({ backend: 'select' }));
}, 60_000);

test('what cannot work is said at once, and nothing is left', async () => {
  const { server } = await startWorkers();
  const folder = temporaryFolder();
  const serve = (...args: readonly string[]) =>
    run(process.execPath, [cliPath, 'serve', '--workers', '2', '--data', folder, ...args]);
  expect(await serve('--no-plain', '--irc-port', String(server.ircPort))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/in use.*--irc-port names another/),
  });
  expect(filesIn(folder)).toEqual(DATA);
  writeFileSync(join(folder, 'control.sock'), '');
  expect(await serve('--plain-port', '0', '--no-irc', '--admin-port', '0')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/control\.sock/),
  });
  expect(await run(process.execPath, [cliPath, 'serve', '--workers', '2'])).toMatchObject({
    code: 2,
    stderr: 'fdmux: workers need a folder that they share: --data <folder>\n',
  });
  expect(await run(process.execPath, [cliPath, 'serve', '--worker', 'w1', '--data', folder])).toMatchObject({
    code: 2,
    stderr: 'fdmux: --worker is for the processes that fdmux control starts\n',
  });
});

test('a worker that cannot start ends all of them', async () => {
  const folder = temporaryFolder();
  const args = ['serve', '--workers', '2', '--data', folder, '--plain-port', '0', '--irc-port', '0'];
  const script = join(temporaryFolder(), 'script.cjs');
  writeFileSync(script, "if (process.argv.includes('--worker')) process.exit(1);");
  const ended = await run(process.execPath, ['--require', script, cliPath, ...args]);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/fdmux: worker w\d has not started \(exit code 1\): what it says is above\n$/);
  expect(filesIn(folder)).toEqual(DATA);
});

test('if the new control process fails when it takes over, the old one goes on with its workers', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, '{}');
  const running = await startWorkers(['--config', config]);
  const clients = await clientsOfBoth(running);
  const before = await running.workers();
  // Workers have no such port.
  writeFileSync(config, JSON.stringify({ admin: { port: running.server.ircPort } }));
  await expect(running.ctl('upgrade')).rejects.toMatchObject({
    code: 'ERR_CONTROL_FAILED',
    message: expect.stringMatching(/^the workers are upgraded, the control process is not: /),
  });
  await running.server.process.errorText(/goes on for another process workers=2/);
  const status = await running.ctl('status');
  expect(pidOf(status)).toBe(running.server.process.pid);
  expect(status.result).toMatchObject({ phase: 'ready' });
  const after = await running.workers();
  expect(after.map(({ restarts }) => restarts)).toEqual([0, 0]);
  expect(before.some(({ pid }) => after.some((each) => each.pid === pid))).toBe(false);
  for (const peer of clients.values()) await ask(peer, 'PING here', / PONG \S+ :?here/);
  await stopped(running);
});
