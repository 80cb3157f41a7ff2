import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { PRIVILEGES } from '../../src/chat/member.js';
import { ClassFinder } from '../../src/server/classes.js';
import { ConfigError } from '../../src/server/config/config-error.js';
import { loadConfig } from '../../src/server/config/load.js';
import type { ServeFlags } from '../../src/server/config/serve-flags.js';
import { readWholeFile } from '../../src/server/config/whole-file.js';
import { pipe } from '../../src/socket/descriptor.js';
import { projectPath } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

/** Writes a configuration file that is gone when the test ends. */
function fileWith(text: string): string {
  const path = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(path, text);
  return path;
}

const load = (data: unknown, flags: ServeFlags = {}) =>
  loadConfig({ ...flags, config: fileWith(JSON.stringify(data)) });

/** Returns the problems, without the file's name. */
async function complaint(text: string): Promise<string[]> {
  const path = fileWith(text);
  const error: unknown = await loadConfig({ config: path }).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw new Error('the configuration was taken');
  return error.message.split('\n').map((line) => line.replace(path, 'FILE'));
}

test('an address without a limit on its connections has none on their rate either, unless the file says so', async () => {
  const { classes } = await load({
    classes: [{ name: 'a' }, { name: 'b', maxPerAddress: 0 }, { name: 'c', maxPerAddress: 0, connectionsPerMinute: 7 }],
  });
  expect(classes.map(({ settings }) => settings.connectionsPerMinute)).toEqual([30, 0, 7]);
});

test('without a file and flags the defaults apply', { tags: ['needs-epoll'] }, async () => {
  const config = await loadConfig({});
  expect(config).toMatchObject({
    backend: 'epoll',
    trigger: 'level',
    maxClients: 0,
    lobby: '#lobby',
    log: { level: 'warning', format: 'text' },
  });
  expect(config.listeners.map(({ protocol, at, charset }) => ({ protocol, at, charset }))).toEqual([
    { protocol: 'plain', at: { host: '127.0.0.1', port: 33_333 }, charset: 'utf-8' },
    { protocol: 'irc', at: { host: '127.0.0.1', port: 6667 }, charset: 'utf-8' },
  ]);
  expect(config.irc.nickLength).toBeGreaterThanOrEqual(30);
});

test('the example file is valid, and the documentation has every key in it', async () => {
  const path = projectPath('docs/fdmux.example.json');
  const config = await loadConfig({ config: path });
  expect(config.listeners).toHaveLength(4);
  expect(config.irc.operators[0]?.host).toBe('staff.example.org');
  const documentation = readFileSync(projectPath('docs/chat.md'), 'utf8');
  const keys = new Set<string>();
  JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) => {
    if (key !== '' && !/^\d+$/.test(key)) keys.add(key);
    return value;
  });
  expect([...keys].filter((key) => !documentation.includes(`\`${key}\``))).toEqual([]);
});

/** Makes a FIFO that is gone when the test ends. */
function fifo(): string {
  const path = join(temporaryFolder(), 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

describe('a file that has no end is not read', () => {
  const large = (): string => {
    const path = fileWith('');
    truncateSync(path, 16 * 1024 * 1024 + 1);
    return path;
  };

  test.each([
    ['a device', () => '/dev/zero', 'it is a device, not a regular file'],
    ['a folder', temporaryFolder, 'it is a folder, not a regular file'],
    ['a file that is too large', large, 'it has more than 16777216 bytes'],
  ])('%s', async (_, make, problem) => {
    const path = make();
    await expect(loadConfig({ config: path })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: `${path} cannot be read: ${problem}`,
    });
    await expect(load({ server: { motdFile: path } })).rejects.toThrow(`server.motdFile cannot be read: ${problem}`);
    await expect(load({}, { tlsCert: path, tlsKey: path })).rejects.toThrow(`cannot be read: ${problem}`);
  });
});

test('a FIFO is read until those who write to it have closed it, as often as somebody does', async () => {
  const path = fifo();
  for (const name of ['a.b', 'c.d']) {
    const reading = loadConfig({ config: path });
    // When this is open, somebody reads already.
    const writer = await open(path, 'w');
    for (const part of ['{"server":', `{"name":"${name}"}`, '}']) await writer.write(part);
    await writer.close();
    expect((await reading).irc.serverName).toBe(name);
  }
});

test('a FIFO that nobody writes to, or not to the end, does not keep anybody waiting for ever', async () => {
  const path = fifo();
  await expect(readWholeFile(path, 20)).rejects.toThrow('nobody has written this FIFO to its end within 0.02 s');
  const reading = readWholeFile(path, 200);
  const writer = await open(path, 'w');
  await writer.write('{');
  await expect(reading).rejects.toThrow('nobody has written this FIFO to its end within 0.2 s');
  await writer.close();
});

test('a pipe, such as that of <(...) in a shell, is read once: after that, it says so at once', async () => {
  const [reader, writer] = pipe();
  writer.write(Buffer.from('{"server":{"name":"a.b"}}'));
  writer.close();
  const config = `/dev/fd/${reader.fd}`;
  expect((await loadConfig({ config })).irc.serverName).toBe('a.b');
  await expect(loadConfig({ config })).rejects.toThrow(
    `${config} cannot be read: it is a pipe that is empty: it can be read once`,
  );
  reader.close();
});

test('an operator has the privileges of its class, and all of them without one', async () => {
  const { irc } = await load({
    operClasses: [
      { name: 'helper', privileges: ['kill', 'ban'] },
      { name: 'watcher', privileges: [] },
    ],
    operators: [
      { name: 'ann', password: 'x', class: 'helper' },
      { name: 'bob', password: 'x', class: 'watcher' },
      { name: 'root', password: 'x' },
      { name: 'main', password: 'x', class: null },
    ],
  });
  expect(irc.operators.map(({ privileges }) => privileges)).toEqual([['kill', 'ban'], [], PRIVILEGES, PRIVILEGES]);
});

test('a flag overrides the file', async () => {
  const data = {
    backend: 'poll',
    listeners: [
      { protocol: 'plain', port: 1 },
      { protocol: 'irc', port: 2 },
    ],
    server: { name: 'a.b', network: 'N' },
  };
  const config = await load(data, { backend: 'select', plainPort: 5, serverName: 'c.d', charset: 'gbk' });
  expect(config.backend).toBe('select');
  expect(config.irc).toMatchObject({ serverName: 'c.d', networkName: 'N' });
  expect(config.listeners.map(({ at, charset }) => ({ at, charset }))).toEqual([
    { at: { host: '127.0.0.1', port: 5 }, charset: 'gbk' },
    { at: { host: '127.0.0.1', port: 2 }, charset: 'gbk' },
  ]);
  expect((await load(data, { without: ['irc'] })).listeners).toHaveLength(1);
});

test("a unix socket's mode is octal, and its group a number or a name of this machine", async () => {
  const [, named = '', number = ''] = /^(\w+):[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8')) ?? [];
  const data = {
    listeners: [
      { protocol: 'irc', path: '/a' },
      { protocol: 'irc', path: '/b', mode: '0666', group: 7 },
      { protocol: 'irc', path: '/c', group: named },
    ],
  };
  expect((await load(data)).listeners.slice(-3).map(({ at }) => at)).toEqual([
    { path: '/a', mode: 0o660, group: undefined },
    { path: '/b', mode: 0o666, group: 7 },
    { path: '/c', mode: 0o660, group: Number(number) },
  ]);
});

test('the web is served only if somebody asks for it', async () => {
  const web = async (data: object, flags: ServeFlags) =>
    (await load(data, flags)).listeners
      .filter(({ protocol }) => protocol === 'web')
      .map(({ at, isOptional, charset }) => ({ at, isOptional, charset }));
  const local = { host: '127.0.0.1', port: 8067 };
  expect(await web({}, {})).toEqual([]);
  expect(await web({}, { web: true, charset: 'gbk' })).toEqual([{ at: local, isOptional: true, charset: 'utf-8' }]);
  expect(await web({}, { webPort: 1 })).toEqual([{ at: { ...local, port: 1 }, isOptional: false, charset: 'utf-8' }]);
  expect(await web({}, { web: true, host: '::1' })).toMatchObject([{ at: { host: '::1', port: 8067 } }]);
  expect(await web({}, { webHost: '::1', host: '192.0.2.1' })).toMatchObject([{ at: { host: '::1', port: 8067 } }]);
  const file = { listeners: [{ protocol: 'web', port: 2 }] };
  expect(await web(file, {})).toMatchObject([{ at: { port: 2 }, isOptional: false }]);
  expect(await web(file, { web: true })).toMatchObject([{ at: { port: 2 } }]);
  expect(await web(file, { webPort: 3 })).toMatchObject([{ at: { port: 3 } }]);
  expect(await web({ listeners: [{ protocol: 'irc' }] }, { web: true })).toMatchObject([{ at: local }]);
});

test('an origin is kept as browsers write it', async () => {
  const origins = ['HTTPS://Chat.Example:443/', 'http://[::1]:80', 'http://10.0.0.1:8080'];
  const config = await load({ listeners: [{ protocol: 'web', origins }] });
  expect(config.listeners[0]?.origins).toEqual(['https://chat.example', 'http://[::1]', 'http://10.0.0.1:8080']);
});

describe('a problem is reported by its key, or its line', () => {
  test.each([
    [{ backend: 'kqueue' }, ['FILE: backend: must be one of select, poll, epoll']],
    [{ maxClients: -1 }, ['FILE: maxClients: must be at least 0']],
    [{ backlog: 0 }, ['FILE: backlog: must be at least 1']],
    [{ listeners: [{ protocol: 'plain', port: 70_000 }] }, ['FILE: listeners[0].port: must be at most 65535']],
    [
      { listeners: [{ protocol: 'web', origins: ['chat.example'] }] },
      ['FILE: listeners[0].origins[0]: must be an origin such as https://chat.example.org'],
    ],
    [
      { listeners: [{ protocol: 'web', origins: ['https://chat.example/page'] }] },
      ['FILE: listeners[0].origins[0]: must be an origin such as https://chat.example.org'],
    ],
    [
      { listeners: [{ protocol: 'irc', origins: [] }] },
      ['FILE: listeners[0]: must have the protocol web if it has origins'],
    ],
    [
      { listeners: [{ protocol: 'web', charset: 'gbk' }] },
      ['FILE: listeners[0]: must not have a charset if its protocol is web: it is UTF-8'],
    ],
    [{ listeners: [{ port: 1 }] }, ['FILE: listeners[0].protocol: must be given']],
    [
      { listeners: [{ protocol: 'irc', path: '/x', port: 1 }] },
      ['FILE: listeners[0]: must have a path, or a host and a port, not both'],
    ],
    [
      { listeners: [{ protocol: 'irc', path: '/x', mode: '0888' }] },
      ['FILE: listeners[0].mode: must be three octal digits such as "0660"'],
    ],
    [
      { listeners: [{ protocol: 'irc', port: 1, group: 0 }] },
      ['FILE: listeners[0]: must have a path if it has a mode or a group'],
    ],
    [
      { listeners: [{ protocol: 'irc', path: '/x', group: 'no-such-group' }] },
      ['listeners: /etc/group has no group no-such-group; a number will do'],
    ],
    [
      { listeners: [{ protocol: 'web', webSocketPath: 'irc' }] },
      ['FILE: listeners[0].webSocketPath: must be a path such as /irc'],
    ],
    [
      { listeners: [{ protocol: 'web', webSocketPath: '/config.json' }] },
      ['FILE: listeners[0].webSocketPath: must not be /config.json or below /assets'],
    ],
    [
      { listeners: [{ protocol: 'irc', webSocketPath: '/irc' }] },
      ['FILE: listeners[0]: must have the protocol web if it has a webSocketPath'],
    ],
    [{ cloak: { key: 'short' } }, ['FILE: cloak.key: must be at least 32 long']],
    [{ cloak: { key: 'k'.repeat(32), suffix: 'not.a host' } }, ['FILE: cloak.suffix: must be the end of a host name']],
    [{ operators: [{ name: 'root' }] }, ['FILE: operators[0].password: must be given']],
    [
      {
        operClasses: [{ name: 'helper', privileges: ['kill'] }],
        operators: [
          { name: 'ann', password: 'x', class: 'helper' },
          { name: 'bob', password: 'x', class: 'helpers' },
        ],
      },
      ['operators[1].class: operClasses has no helpers'],
    ],
    [
      { operClasses: [{ name: 'helper', privileges: ['kil'] }] },
      [
        'FILE: operClasses[0].privileges[0]: must be one of kill, ban, rehash, die, wallops, global, stats, see-hosts, ' +
          'see-hidden, override',
      ],
    ],
    [
      { classes: [{ name: 'a', addresses: ['nonsense'] }] },
      ['FILE: classes[0].addresses[0]: must be an address or a network such as 192.0.2.0/24'],
    ],
    [
      { classes: [{ name: 'a', addresses: ['10.0.0.0/33'] }] },
      ['FILE: classes[0].addresses[0]: must be an address or a network such as 192.0.2.0/24'],
    ],
    [{ server: { name: 'nodot' } }, ['FILE: server.name: must have a dot in it']],
    [{ server: { motd: ['two\nlines'] } }, ['FILE: server.motd[0]: must be one line']],
    [
      { colour: 'red', server: { nam: 'x' } },
      ['FILE: server.nam: there is no such key', 'FILE: colour: there is no such key'],
    ],
    [[], ['FILE: the file: must be an object']],
    [{ backend: 'poll', trigger: 'edge' }, ['trigger edge needs backend epoll: poll has no edge-triggered mode']],
    [{ listeners: [] }, ['there is nothing to listen on']],
  ])('%j', async (data, lines) => {
    expect(await complaint(JSON.stringify(data))).toEqual(lines);
  });

  test.each([
    ['{\n  "backend": "poll",\n  oops\n}', /^FILE:3:\d+: not JSON: /],
    ['{\n  "backend": oops\n}', /^FILE:2:14: not JSON: /],
    ['{"a": 1', /^FILE:1:\d+: not JSON: /],
    ['', /^FILE:1:1: not JSON: /],
  ])('%j', async (text, pattern) => {
    const [line] = await complaint(text);
    expect(line).toMatch(pattern);
  });
});

test('the first class that takes an address counts', async () => {
  const { classes } = await load({
    classes: [
      { name: 'one', addresses: ['192.0.2.1'] },
      { name: 'net', addresses: ['192.0.2.0/24', '2001:db8::/32'] },
      { name: 'rest' },
    ],
  });
  const finder = new ClassFinder(classes);
  expect(
    ['192.0.2.1', '192.0.2.7', '2001:db8::5', '198.51.100.1', '::1', 'localhost'].map((host) => finder.find(host).name),
  ).toEqual(['one', 'net', 'net', 'rest', 'rest', 'rest']);
});

describe('FDMUX_BACKEND', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('names the backend if neither flag nor file does', async () => {
    vi.stubEnv('FDMUX_BACKEND', 'poll');
    expect(await loadConfig({})).toMatchObject({ backend: 'poll' });
    expect(await loadConfig({ backend: 'select' })).toMatchObject({ backend: 'select' });
    expect(await loadConfig({ config: fileWith('{ "backend": "epoll" }') })).toMatchObject({ backend: 'epoll' });
  });

  test('with an unknown backend is an error of the configuration', async () => {
    vi.stubEnv('FDMUX_BACKEND', 'kqueue');
    await expect(loadConfig({})).rejects.toThrow(ConfigError);
    await expect(loadConfig({})).rejects.toThrow('FDMUX_BACKEND');
  });
});
