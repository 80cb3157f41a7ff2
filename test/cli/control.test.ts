/** `fdmux serve --workers`: several processes that serve one chat, and the process that looks after them. */
import { expect, test } from 'vitest';
import { present } from '../../src/errors.js';
import { BACKEND_NAMES } from '../../src/multiplexer/backend.js';
import { ask } from '../server/keeping.js';
import { until } from '../support/deadline.js';
import { clientsOfBoth, DATA, filesIn, isAlive, stopped } from './control-clients.js';
import { kill } from './upgrades.js';
import { pidOf, replaced, startWorkers } from './workers.js';

test('clients arrive at all workers on one port, the status has each, and all end together', async () => {
  const running = await startWorkers();
  const { server, ctl } = running;
  const clients = await clientsOfBoth(running);
  expect([...clients.keys()].toSorted()).toEqual(['w1', 'w2']);
  const { text, result } = await ctl('status');
  expect(text[0]).toMatch(/^fdmux [\d.]+, control process \d+, ready, 2 workers$/);
  expect(text.slice(-3)).toEqual([
    expect.stringMatching(/^ {2}data +\d+ bytes, \d+ writes wait$/),
    expect.stringMatching(/^ {2}w1 +process \d+, ready, \d+ clients$/),
    expect.stringMatching(/^ {2}w2 +process \d+, ready, \d+ clients$/),
  ]);
  expect(result).toMatchObject({
    pid: server.process.pid,
    phase: 'ready',
    store: { isTakingWrites: true },
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

test('all workers go over to another backend again and again, and nobody misses a word', async () => {
  const running = await startWorkers();
  const clients = await clientsOfBoth(running);
  const [one, other] = [present(clients.get('w1'), 'a client'), present(clients.get('w2'), 'a client')];
  for (const peer of [one, other]) await ask(peer, 'JOIN #tea', / 366 /);
  for (let round = 0; round < 9; round += 1) {
    const backend = present(BACKEND_NAMES[round % BACKEND_NAMES.length], 'the next');
    // Half of a line arrives before the switch, and the other half after it.
    await one.write('PRIVMSG #tea :num');
    expect((await running.ctl('backend', backend)).text).toEqual([
      `w1: the server waits with ${backend}`,
      `w2: the server waits with ${backend}`,
    ]);
    await one.write(`ber ${round}\r\n`);
    expect(await other.lineLike(/ PRIVMSG | QUIT |^ERROR/)).toMatch(new RegExp(` :number ${round}$`));
  }
});

test('all workers are upgraded, and then the control process: nobody is disconnected', async () => {
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
    expect.stringMatching(/^control: process \d+ goes on with the workers$/),
  ]);
  const control = pidOf(await running.ctl('status'));
  expect(control).not.toBe(running.server.process.pid);
  await until(() => !isAlive(running.server.process.pid), 'the end of the control process before');
  const after = await running.workers();
  expect(after.map(({ name, state, restarts }) => ({ name, state, restarts }))).toEqual([
    { name: 'w1', state: 'ready', restarts: 0 },
    { name: 'w2', state: 'ready', restarts: 0 },
  ]);
  for (const [index, { pid }] of after.entries()) expect(pid).not.toBe(before[index]?.pid);
  await running.server.process.errorText(/the next control process is there worker=w1/);
  await running.server.process.errorText(/the next control process is there worker=w2/);
  expect(running.server.process.stderr).not.toMatch(/ ERR /);
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
  // The new control process looks after workers that it has not started.
  const worker = present(after[0], 'a worker');
  kill(worker.pid, 'SIGKILL');
  await replaced(running, worker);
  kill(control, 'SIGTERM');
  await until(() => !isAlive(control), 'the end of the control process');
  expect(filesIn(running.folder)).toEqual(DATA);
});
