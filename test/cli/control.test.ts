/** `fdmux serve --workers`: several processes that serve one chat, and the process that looks after them. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { present } from '../../src/errors.js';
import { ask, client } from '../server/keeping.js';
import { nextEvent, until } from '../support/deadline.js';
import type { Peer } from '../support/peers.js';
import { cliPath, run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { kill } from './upgrades.js';
import { replaced, type RunningWorkers, startWorkers } from './workers.js';

/** What is left in the folder of data that nobody uses. */
const DATA = ['fdmux.db', 'lock'];

let nicks = 0;

/** Connects clients until each worker has some. @returns one of each, by worker */
async function clientsOfBoth({ server, ctl }: RunningWorkers): Promise<ReadonlyMap<string, Peer>> {
  const found = new Map<string, Peer>();
  while (found.size < 2) {
    nicks += 1;
    const peer = await client(server, `ann${nicks}`);
    const { result } = await ctl('clients');
    const entries: readonly unknown[] = Array.isArray(result) ? result : [];
    const entry = entries.find((each) => Reflect.get(Object(each), 'port') === peer.port);
    found.set(String(Reflect.get(Object(entry), 'worker')), peer);
  }
  return found;
}

async function stopped({ server, folder }: RunningWorkers): Promise<void> {
  server.process.kill('SIGTERM');
  expect(await server.process.ended()).toMatchObject({ code: 0 });
  expect(readdirSync(folder)).toEqual(DATA);
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

test('clients arrive at all workers on one port, the status has each, and all end together', async () => {
  const running = await startWorkers();
  const { server, ctl } = running;
  const clients = await clientsOfBoth(running);
  expect([...clients.keys()].toSorted()).toEqual(['w1', 'w2']);
  const { text, result } = await ctl('status');
  expect(text[0]).toMatch(/^fdmux [\d.]+, control process \d+, ready, 2 workers$/);
  expect(text.slice(-2)).toEqual([
    expect.stringMatching(/^ {2}w1 +process \d+, ready, \d+ clients$/),
    expect.stringMatching(/^ {2}w2 +process \d+, ready, \d+ clients$/),
  ]);
  expect(result).toMatchObject({
    pid: server.process.pid,
    phase: 'ready',
    listeners: [
      { protocol: 'plain', address: `127.0.0.1:${server.plainPort}` },
      { protocol: 'irc', address: `127.0.0.1:${server.ircPort}` },
    ],
    workers: [
      { name: 'w1', restarts: 0, status: { phase: 'ready' } },
      { name: 'w2', restarts: 0, status: { phase: 'ready' } },
    ],
  });
  expect((await ctl('clients')).text[0]).toMatch(/^w1 {2}\d+ {2}irc over tcp/);
  const pids = (await running.workers()).map(({ pid }) => pid);
  await stopped(running);
  expect(pids.filter(isAlive)).toEqual([]);
});

test('members of all workers are in the same rooms, and a nick is one member’s', async () => {
  const running = await startWorkers();
  const clients = await clientsOfBoth(running);
  const [one, other] = [present(clients.get('w1'), 'a client'), present(clients.get('w2'), 'a client')];
  await ask(one, 'NICK bob', / NICK :?bob$/);
  await ask(one, 'JOIN #tea', / 366 /);
  await ask(other, 'JOIN #tea', / 366 /);
  await one.lineLike(/ JOIN :?#tea$/);
  await ask(other, 'PRIVMSG #tea :from the other', / PRIVMSG #tea :from the other$/);
  await one.lineLike(/^(?:@\S+ )?:ann\d+!\S+ PRIVMSG #tea :from the other$/);
  await ask(one, 'PRIVMSG #tea :back', / PRIVMSG #tea :back$/);
  await other.lineLike(/^(?:@\S+ )?:bob!\S+ PRIVMSG #tea :back$/);
  await ask(other, 'NICK bob', / 433 /);
  await ask(other, 'WHOIS bob', / 318 /);
  expect((await running.ctl('rooms')).text).toContainEqual(expect.stringMatching(/^#tea {2}2 inside/));
  expect((await running.ctl('kick', 'bob', 'enough')).text).toEqual(['bob is out']);
  await other.lineLike(/^(?:@\S+ )?:bob!\S+ QUIT /);
});

test('a worker that is killed is started again, and the clients of the other one stay', async () => {
  const running = await startWorkers();
  const clients = await clientsOfBoth(running);
  const [first] = await running.workers();
  const worker = present(first, 'a worker');
  const [lost, other] = [present(clients.get('w1'), 'a client'), present(clients.get('w2'), 'a client')];
  await ask(other, 'JOIN #tea', / 366 /);
  await ask(lost, 'NICK bob', / NICK :?bob$/);
  await ask(lost, 'JOIN #tea', / 366 /);
  await other.lineLike(/^(?:@\S+ )?:bob!\S+ JOIN :?#tea/);
  kill(worker.pid, 'SIGKILL');
  await lost.ended();
  // Nobody waits for that.
  await ask(other, 'PRIVMSG #tea :on', / PRIVMSG #tea :on$/);
  await other.lineLike(/^(?:@\S+ )?:bob!\S+ QUIT :?.*node lost$/);
  await running.server.process.errorText(/ERR worker lost: another one is started worker=w1 code=null signal=SIGKILL/);
  expect(await replaced(running, worker)).toMatchObject({ name: 'w1', restarts: 1 });
  await ask(other, 'PING here', / PONG \S+ :?here/);
  expect((await clientsOfBoth(running)).size).toBe(2);
});

test('workers outlive their control process, and the next one goes on with them', async () => {
  const folder = temporaryFolder();
  const first = await startWorkers([], folder);
  const clients = await clientsOfBoth(first);
  for (const peer of clients.values()) await ask(peer, 'JOIN #tea', / 366 /);
  const before = await first.workers();
  kill(first.server.process.pid, 'SIGKILL');
  await until(() => !isAlive(first.server.process.pid), 'the end of the control process');
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

test('all workers are upgraded, one after the other, and keep their clients', async () => {
  const running = await startWorkers();
  const clients = await clientsOfBoth(running);
  const [one, other] = [present(clients.get('w1'), 'a client'), present(clients.get('w2'), 'a client')];
  for (const [nick, peer] of [
    ['bob', one],
    ['eve', other],
  ] as const) {
    await ask(peer, `NICK ${nick}`, new RegExp(` NICK :?${nick}$`));
    await ask(peer, 'JOIN #tea', / 366 /);
  }
  await ask(one, 'TOPIC #tea :green', / TOPIC #tea :green$/);
  const before = await running.workers();
  const { text } = await running.ctl('upgrade');
  expect(text).toEqual([
    expect.stringMatching(/^w1: process \d+ goes on with its clients/),
    expect.stringMatching(/^w2: process \d+ goes on with its clients/),
  ]);
  const after = await running.workers();
  expect(after.map(({ name, state, restarts }) => ({ name, state, restarts }))).toEqual([
    { name: 'w1', state: 'ready', restarts: 0 },
    { name: 'w2', state: 'ready', restarts: 0 },
  ]);
  for (const [index, { pid }] of after.entries()) expect(pid).not.toBe(before[index]?.pid);
  await until(() => !before.some(({ pid }) => isAlive(pid)), 'the end of the processes before');
  // For the others, the members of a node that goes on have been away for a moment.
  await other.lineLike(/^(?:@\S+ )?:bob!\S+ QUIT /);
  await other.lineLike(/^(?:@\S+ )?:bob!\S+ JOIN :?#tea/);
  await one.lineLike(/^(?:@\S+ )?:eve!\S+ JOIN :?#tea/);
  await ask(one, 'PRIVMSG #tea :still here', / PRIVMSG #tea :still here$/);
  await other.lineLike(/ PRIVMSG #tea :still here$/);
  await ask(other, 'TOPIC #tea', / 332 eve #tea :green$/);
  await ask(one, 'NAMES #tea', / 353 bob . #tea :.*@bob/);
  expect((await clientsOfBoth(running)).size).toBe(2);
  await stopped(running);
});

test('one worker is drained, and another process takes its place', async () => {
  const running = await startWorkers();
  const [worker] = await running.workers();
  expect((await running.ctl('drain', 'w1')).text).toEqual([expect.stringContaining('worker w1 ends when')]);
  await replaced(running, present(worker, 'a worker'));
  await expect(running.ctl('drain', 'w3')).rejects.toMatchObject({
    code: 'ERR_CONTROL_REQUEST',
    message: 'there is no worker w3; there are w1, w2',
  });
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

test('the metrics of all workers are in one answer', async () => {
  const running = await startWorkers(['--admin-port', '0']);
  const { stdout } = running.server.process;
  const url = /admin +(\S+)/.exec(stdout)?.[1] ?? '';
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
  kill(first.server.process.pid, 'SIGKILL');
  await until(() => !isAlive(first.server.process.pid), 'the end of the control process');
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

test('a second control process on the same data is refused, and disturbs nobody', async () => {
  const { folder, workers } = await startWorkers();
  const pids = async () => (await workers()).map(({ pid }) => pid);
  const before = await pids();
  const second = await run(process.execPath, [cliPath, 'control', '--data', folder, '--plain-port', '0', '--no-irc']);
  expect(second).toMatchObject({ code: 1, stderr: `fdmux: ${folder}: another process uses this store\n` });
  expect(await pids()).toEqual(before);
});

test('what cannot work is said at once, and nothing is left', async () => {
  const { server } = await startWorkers();
  const folder = temporaryFolder();
  const serve = (...args: readonly string[]) =>
    run(process.execPath, [cliPath, 'serve', '--workers', '2', '--data', folder, ...args]);
  expect(await serve('--no-plain', '--irc-port', String(server.ircPort))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/in use.*--irc-port names another/),
  });
  expect(readdirSync(folder)).toEqual(DATA);
  expect(await run(process.execPath, [cliPath, 'serve', '--workers', '2'])).toMatchObject({
    code: 2,
    stderr: 'fdmux: workers need a folder that they share: --data <folder>\n',
  });
});

test('a worker that cannot start ends all of them', async () => {
  const folder = temporaryFolder();
  const args = ['serve', '--workers', '2', '--data', folder, '--plain-port', '0', '--irc-port', '0'];
  // A worker takes it for the channel to a process before it.
  const ended = await run(process.execPath, [cliPath, ...args], { env: { FDMUX_HAND_OVER_FD: '99' } });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/fdmux: worker w\d has not started \(exit code 1\): what it says is above\n$/);
  expect(readdirSync(folder)).toEqual(DATA);
});
