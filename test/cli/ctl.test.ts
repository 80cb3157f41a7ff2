/** `fdmux ctl`, and what a server of `fdmux serve` does when it is asked. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, client } from '../server/keeping.js';
import { connectPeer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { serve, typed } from './asked.js';
import { startServer } from './chat-server.js';
import { pidOf } from './workers.js';

test('the status says who the server is and what it has to do, for people and for programs', async () => {
  const { server, folder } = await serve();
  const ann = await client(server, 'ann');
  await ask(ann, 'JOIN #tea', / 366 /);
  const [forPeople, forPrograms] = await Promise.all([
    typed('status', '--data', folder),
    typed('status', '--json', '--data', folder),
  ]);
  expect(forPeople).toMatchObject({ code: 0, stderr: '' });
  expect(forPeople.stdout).toMatch(/^fdmux [\d.]+, process \d+, ready for .*\n {2}clients +1 \(/);
  expect(JSON.parse(forPrograms.stdout)).toMatchObject({
    pid: server.process.pid,
    phase: 'ready',
    backend: 'epoll',
    logLevel: 'warning',
    clients: 1,
    members: 1,
    rooms: 1,
    bans: 0,
    listeners: [
      { protocol: 'plain', address: `127.0.0.1:${server.plainPort}` },
      { protocol: 'irc', address: `127.0.0.1:${server.ircPort}` },
    ],
    store: { isTakingWrites: true },
  });
});

test('who is connected, who is here and which rooms are open is listed', async () => {
  const { server, ctl } = await serve();
  const [ann, bob] = [await client(server, 'ann'), await client(server, 'bob')];
  await ask(ann, 'JOIN #tea', / 366 /);
  await ask(ann, 'TOPIC #tea :green', / TOPIC /);
  await ask(bob, 'JOIN #tea', / 366 /);
  const { text, result } = await ctl('clients');
  expect(text.at(-1)).toBe('2 clients');
  expect(result).toEqual([
    expect.objectContaining({ id: 1, protocol: 'irc', transport: 'tcp', host: '127.0.0.1', port: ann.port }),
    expect.objectContaining({ id: 2, port: bob.port }),
  ]);
  expect((await ctl('members')).text).toEqual([
    'ann  ann@127.0.0.1, in #tea',
    'bob  bob@127.0.0.1, in #tea',
    '2 members',
  ]);
  expect(await ctl('rooms')).toMatchObject({
    text: ['#lobby  0 inside', '#tea  2 inside, operators ann, topic green', '2 rooms'],
    result: [
      { name: '#lobby', size: 0 },
      { name: '#tea', size: 2, operators: ['ann'], founder: null, topic: 'green' },
    ],
  });
});

test('a server is reached by a configuration file with mistakes, which are reported', async () => {
  const folder = temporaryFolder();
  const [config, data] = [join(folder, 'fdmux.json'), join(folder, 'data')];
  const server = await startServer(['--data', data]);
  const status = async (text: string) => {
    writeFileSync(config, text);
    return typed('status', '--json', '--config', config);
  };
  for (const [text, problem] of [
    ['{"store":{"path":"data"},"maxClients":-1}', 'fdmux.json: maxClients: '],
    ['{"store":{"path":"data"},', 'fdmux.json:1:26: not JSON: '],
  ] as const) {
    const { code, stdout, stderr } = await status(text);
    expect(stderr).toMatch(/^fdmux: warning: [^\n]+\n$/);
    expect(stderr).toContain(problem);
    expect({ code, pid: pidOf({ text: [], result: JSON.parse(stdout) }) }).toEqual({
      code: 0,
      pid: server.process.pid,
    });
  }
  // Nobody knows what was meant.
  expect(await status('{"store":{"pfad":"data"}}')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('fdmux.json: store.pfad: '),
  });
});

test('somebody is kicked, banned and let in again', async () => {
  const { server, folder, ctl } = await serve();
  const [ann, bob] = await Promise.all([client(server, 'ann'), client(server, 'bob')]);
  await ask(bob, 'JOIN #tea', / 366 /);
  await ask(ann, 'JOIN #tea', / 366 /);
  await bob.lineLike(/JOIN #tea/);
  expect(await typed('kick', 'ann', 'please', 'stop', '--data', folder)).toMatchObject({
    code: 0,
    stdout: 'ann is out\n',
  });
  expect(String(await ann.ended())).toMatch(/ERROR :.*Killed \(fdmux\.local \(please stop\)\)/);
  await bob.lineLike(/^:ann!\S+ QUIT :Killed \(fdmux\.local \(please stop\)\)$/);
  await expect(ctl('kick', 'ann')).rejects.toMatchObject({
    code: 'ERR_CONTROL_REFUSED',
    message: 'nobody goes by the nick ann',
  });
  expect(await typed('ban', 'bob', '--minutes', '60', '--data', folder)).toMatchObject({
    code: 0,
    stdout: '127.0.0.1 is banned for 60 min, 1 put out\n',
  });
  expect(String(await bob.ended())).toContain('No reason given');
  expect((await ctl('bans')).text).toEqual([
    expect.stringMatching(/^127\.0\.0\.1 {2}until 20\S+, by fdmux\.local: No reason given$/),
  ]);
  expect(String(await (await connectPeer(server.ircPort)).ended())).toMatch(/No reason given/);
  for (const everybody of ['*', '*@*', '***', '0.0.0.0/0', '::/0']) {
    await expect(ctl('ban', everybody)).rejects.toMatchObject({
      code: 'ERR_CONTROL_REQUEST',
      message: expect.stringContaining(' is everybody: to end the server, drain it'),
    });
  }
  await ctl('unban', '127.0.0.1');
  await expect(ctl('unban', '127.0.0.1')).rejects.toMatchObject({ message: 'there is no ban 127.0.0.1' });
  await client(server, 'bob');
});

test('the backend is exchanged under those who are there, and the status has the new one', async () => {
  const { server, folder, ctl } = await serve();
  const ann = await client(server, 'ann');
  expect(await ctl('backend')).toEqual({ text: ['the server waits with epoll'], result: { backend: 'epoll' } });
  expect(await typed('backend', 'poll', '--data', folder)).toMatchObject({
    code: 0,
    stdout: 'the server waits with poll\n',
  });
  await server.process.errorText(/ switched the backend from=epoll to=poll connections=1\n/);
  expect(await ctl('status')).toMatchObject({ result: { backend: 'poll', clients: 1 } });
  await ask(ann, 'PING here', / PONG \S+ :?here/);
  await client(server, 'bob');
  await expect(ctl('backend', 'kqueue')).rejects.toMatchObject({
    code: 'ERR_CONTROL_REQUEST',
    message: 'the backend must be one of epoll, poll, select',
  });
  expect(await ctl('backend')).toMatchObject({ result: { backend: 'poll' } });
});

test('a server that drains takes nobody, and ends at once when that is asked for again', async () => {
  const { server, folder, ctl } = await serve('--drain-ms', '60000');
  const ann = await client(server, 'ann');
  expect(await ctl('drain')).toMatchObject({ result: { clients: 1, drainMs: 60_000 } });
  await expect(connectPeer(server.ircPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(await ctl('status')).toMatchObject({ result: { phase: 'draining', clients: 1 } });
  await ctl('drain');
  expect(String(await ann.ended())).toContain('shutting down');
  expect(await server.process.ended()).toMatchObject({ code: 0 });
  expect(await typed('status', '--data', folder)).toMatchObject({
    code: 1,
    stderr: `fdmux: ${folder}: no server runs with this data\n`,
  });
});

test('without a control socket, an operator learns which process has the data', async () => {
  const { server, folder } = await serve();
  rmSync(join(folder, 'control.sock'));
  const why = 'has this data, and takes no requests now: it starts, ends or is replaced';
  expect(await typed('status', '--data', folder)).toMatchObject({
    code: 1,
    stderr: `fdmux: ${folder}: process ${server.process.pid} ${why}\n`,
  });
});
