/** `serve --record` and `replay`: the same again, the first difference, and what is in the file. */
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Outcome, replay } from '../../src/server/replay/replay.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { cliPath, run, start } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { join as joinLobby, type RunningServer, startServer } from './chat-server.js';

const SECRETS = {
  server: 'q7Wserver',
  oper: 'h4Zoper',
  typed: 'k9Ytyped',
  name: 'v2Xname',
  cloak: 'c5Wcloak'.repeat(4),
};

const settings = {
  server: { password: SECRETS.server, motd: ['old'] },
  operators: [{ name: 'chief', password: SECRETS.oper }],
  classes: [{ name: 'all', softSendQueueBytes: 4096, sendQueueBytes: 8192, pingIntervalMs: 1000, linesPerSecond: 0 }],
};

async function register(port: number, nick: string): Promise<Peer> {
  const peer = await connectPeer(port);
  // The password arrives in two pieces.
  await peer.write(`PASS ${SECRETS.server.slice(0, 4)}`);
  await peer.write(`${SECRETS.server.slice(4)}\r\nNICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\nJOIN #lobby\r\n`);
  await peer.lineLike(/ 366 /);
  return peer;
}

interface Recorded {
  readonly path: string;
  readonly config: string;
}

/** Records what happens on a server until it is stopped by a signal. */
async function record(
  happen: (server: RunningServer, config: string) => Promise<void>,
  { signal = 'SIGTERM', changes = {} }: { readonly signal?: NodeJS.Signals; readonly changes?: object } = {},
): Promise<Recorded> {
  const folder = temporaryFolder();
  const path = join(folder, 'recording');
  const config = join(folder, 'fdmux.json');
  writeFileSync(config, JSON.stringify({ ...settings, ...changes }));
  const server = await startServer(['--record', path, '--config', config]);
  await happen(server, config);
  server.process.kill(signal);
  await server.process.ended();
  return { path, config };
}

async function operate(server: RunningServer, config: string): Promise<void> {
  const ann = await register(server.ircPort, 'ann');
  await ann.write(`OPER chief ${SECRETS.typed}\r\nOPER ${SECRETS.name} x\r\nOPER chief ${SECRETS.oper}\r\n`);
  await ann.lineLike(/ 464 /);
  await ann.lineLike(/ 491 /);
  await ann.lineLike(/ 381 /);
  writeFileSync(config, JSON.stringify({ ...settings, server: { ...settings.server, motd: ['new'] } }));
  await ann.write('REHASH\r\nMOTD\r\n');
  await ann.lineLike(/ 372 ann :- new/);
  writeFileSync(config, '{');
  server.process.kill('SIGHUP');
  await server.process.errorText(/configuration not reloaded/);
  const bob = await connectPeer(server.plainPort);
  await ann.lineLike(/ JOIN #lobby$/);
  await bob.write(Buffer.from('bad \xff\0\x1b[2J bytes\nunfinished', 'latin1'));
  await ann.lineLike(/ :unfinished$/);
  const eve = await register(server.ircPort, 'eve');
  await ann.write('KILL eve :go away\r\n');
  await eve.ended();
  bob.reset();
  await ann.lineLike(/ QUIT /);
  await ann.lineLike(/ QUIT /);
  const foreign = await connectPeer(server.ircPort);
  await foreign.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await foreign.ended();
}

async function converse(server: RunningServer): Promise<void> {
  const ann = await joinLobby(server);
  const bob = await joinLobby(server, ann);
  for (let number = 0; number < 20; number += 1) {
    await ann.write(`hello ${number}\n`);
    await bob.lineLike(/ say: hello /);
    await bob.write(`good day ${number}\n`);
    await ann.lineLike(/ say: good day /);
  }
}

test('a server with passwords, operators, reloads, bad input and lost peers is replayed, without its secrets', async () => {
  const { path } = await record(operate);
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: true, counts: { connections: 4 } });
  const text = readFileSync(path, 'utf8');
  for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret.slice(0, 3));
  expect(text).toContain('bad ');
  expect(text).toMatch(/OPER chief x+/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a server on which people make accounts and log in is replayed, without their passwords and names', async () => {
  const secrets = ['p3Qpassword', 'w8Rwrong', 'n5Tcustom', 'e2Umail', 'c6Wcode'];
  const [password = '', wrong = '', custom = '', mail = '', code = ''] = secrets;
  const plain = (text: string): string => Buffer.from(`\0ann\0${text}`).toString('base64');
  let step = '';
  const { path } = await record(
    async (server) => {
      const ann = await register(server.ircPort, 'ann');
      await ann.write(`REGISTER ${custom} * ${password}\r\nREGISTER * ${mail} ${password}\r\nVERIFY ann ${code}\r\n`);
      for (const failure of [/ACCOUNT_NAME_MUST_BE_NICK/, /INVALID_EMAIL/, /INVALID_CODE/]) await ann.lineLike(failure);
      await ann.write(`REGISTER * * ${password}\r\n`);
      await ann.lineLike(/ 900 /);
      const bob = await register(server.ircPort, 'bob');
      const attempts = [wrong, password].flatMap((text) => ['AUTHENTICATE PLAIN', `AUTHENTICATE ${plain(text)}`]);
      const scram = ['AUTHENTICATE SCRAM-SHA-256', `AUTHENTICATE ${Buffer.from('n,,n=ann,r=x').toString('base64')}`];
      const others = ['AUTHENTICATE FOO', 'AUTHENTICATE *', ...scram];
      await bob.write([...attempts, ...others, ''].join('\r\n'));
      [, step = ''] = /^AUTHENTICATE (\S{9,})$/.exec(await bob.lineLike(/^AUTHENTICATE \S{9,}$/)) ?? [];
      await bob.write('AUTHENTICATE +\r\nPRIVMSG ann :hi\r\n');
      await ann.lineLike(/ PRIVMSG ann :hi$/);
    },
    { changes: { server: { motd: ['old'] } } },
  );
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: true, counts: { connections: 2 } });
  const text = readFileSync(path, 'utf8');
  for (const secret of [password, wrong, mail, code, plain(password), plain(wrong)]) expect(text).not.toContain(secret);
  // The salt and the nonces of SCRAM: with them, a password could be guessed.
  expect(Buffer.from(step, 'base64').toString()).toMatch(/^r=x.+,s=.+,i=\d+$/);
  expect(text).not.toContain(step);
  // What a client has named is in the answer that it got.
  expect(text.split(custom)).toHaveLength(3);
  expect(text).toContain(' 903 bob ');
});

/** Says long lines to somebody who does not read until the server has logged something. */
async function floodDeaf(server: RunningServer, until: string): Promise<Peer> {
  const deaf = await connectPeer(server.plainPort);
  deaf.socket.pause();
  const ann = await joinLobby(server);
  const lines = `${'z'.repeat(6000)}\n`.repeat(4);
  while (!server.process.stderr.includes(until)) {
    await ann.write(lines);
    await ann.write(`${'x'.repeat(10_000)}\n`);
    await ann.lineLike(/ server: that line was longer /);
  }
  return deaf;
}

test('a server whose slow reader has lost messages, and caught up, is replayed', async () => {
  const changes = { keptBytesPerRoom: 1_000_000 };
  const { path } = await record(
    async (server) => {
      const deaf = await floodDeaf(server, 'slow reader ');
      const bob = await joinLobby(server);
      for (let round = 0; round < 60; round += 1) {
        await bob.write(`${'y'.repeat(6000)}\n`.repeat(4));
        await bob.write(`${'x'.repeat(10_000)}\n`);
        await bob.lineLike(/ server: that line was longer /);
      }
      deaf.socket.resume();
      await deaf.lineLike(/ messages are missing: /);
      await deaf.write('back\n');
      await bob.lineLike(/ say: back$/);
    },
    { changes },
  );
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: true });
}, 30_000);

test('a server that has cut off a slow reader is replayed', async () => {
  const { path } = await record((server) => floodDeaf(server, 'slow reader closed').then(() => undefined), {
    changes: { keptEntriesPerRoom: 0 },
  });
  expect(readFileSync(path, 'utf8')).toMatch(/^\["full",1\]$/m);
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: true });
}, 30_000);

describe('what has been changed is found', () => {
  type Line = readonly unknown[];

  /** Changes the lines of a recording, and replays it. */
  async function replayChanged(change: (lines: Line[]) => void): Promise<Outcome> {
    const { path } = await record(converse);
    const [header = '', ...rest] = readFileSync(path, 'utf8').trimEnd().split('\n');
    const lines = rest.map((line): Line => {
      const value: unknown = JSON.parse(line);
      return Array.isArray(value) ? value : [];
    });
    change(lines);
    writeFileSync(path, `${[header, ...lines.map((line) => JSON.stringify(line))].join('\n')}\n`);
    return replay(path);
  }

  const find = (lines: readonly Line[], pattern: RegExp): number => {
    return lines.findIndex((line) => pattern.test(JSON.stringify(line)));
  };

  test('a byte that was sent', async () => {
    const { difference } = await replayChanged((lines) => {
      const at = find(lines, /^\["out",\[1\],".*good day 7/);
      const [kind, ids, text] = lines[at] ?? [];
      lines[at] = [kind, ids, String(text).replace('day 7', 'dax 7')];
    });
    expect(difference).toMatchObject({ connection: 1 });
    expect(difference?.position).toBeGreaterThan(300);
    expect(difference?.expected).toContain('good dax 7');
    expect(difference?.actual).toContain('good day 7');
  });

  test('a time', async () => {
    const { difference } = await replayChanged((lines) => {
      const from = lines.slice(0, find(lines, /^\["in",2,"good day 7/)).findLastIndex(([kind]) => kind === 'turn');
      for (const [index, [kind, ...rest]] of lines.entries()) {
        const [one, other, last] = rest.map(Number);
        if (index >= from && kind === 'turn') lines[index] = [kind, one, Number(other) + 86_400_000, last];
        if (index >= from && kind === 'clock') lines[index] = [kind, Number(one) + 86_400_000, other, last];
      }
    });
    expect(difference).toMatchObject({ connection: 1 });
    expect(difference?.expected.slice(0, 12)).not.toBe(difference?.actual.slice(0, 12));
  });

  test('an order', async () => {
    const { difference } = await replayChanged((lines) => {
      const [one, other] = [find(lines, /^\["in",1,"hello 7/), find(lines, /^\["in",2,"good day 7/)];
      [lines[one], lines[other]] = [lines[other] ?? [], lines[one] ?? []];
    });
    expect(difference).toMatchObject({
      expected: expect.stringContaining('a write to connection 2'),
      actual: expect.stringContaining('a write to connection 1'),
    });
  });

  test('something that the server did not do', async () => {
    const { difference } = await replayChanged((lines) => {
      lines.splice(find(lines, /^\["in",1,"hello 7/) + 1, 0, ['destroy', 1]);
    });
    expect(difference).toMatchObject({ connection: 2, expected: 'the destruction of connection 1' });
  });

  test('something that the server did, and that is not recorded', async () => {
    const { difference } = await replayChanged((lines) => {
      lines.splice(find(lines, /^\["out",\[1\],".*good day 7/), 1);
    });
    expect(difference).toMatchObject({ connection: 1, expected: 'nothing more in this turn' });
  });
});

test('the recording of a server that was killed is replayed up to its end', async () => {
  const { path } = await record(converse, { signal: 'SIGKILL' });
  const { size } = statSync(path);
  for (const cut of [0, 1, 100, 333]) {
    truncateSync(path, size - cut);
    expect(await replay(path)).toMatchObject({ difference: null, isComplete: false });
  }
});

const fdmux = (...args: string[]) => run(process.execPath, [cliPath, ...args]);

test('the command says what was the same, or what is wrong with the file and where', async () => {
  const { path } = await record(converse);
  expect(await fdmux('replay', path)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/: the same, in \d+ turns, 2 connections and \d+ bytes\n$/),
    stderr: '',
  });
  const text = readFileSync(path, 'utf8');
  const replayText = async (changed: string) => {
    writeFileSync(path, changed);
    return fdmux('replay', path);
  };
  expect(await replayText(text.replace('good day 7', 'good dax 7'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /the replay differs in turn \d+, connection \d, at byte \d+ of what it was sent \(line \d+\)\n {2}recorded: .*\n {2}replayed: /,
    ),
  });
  expect(await replayText(text.replace('"fdmuxRecording":1', '"fdmuxRecording":99'))).toMatchObject({
    code: 1,
    stderr: `fdmux: ${path}: it is a recording of version 99; this program reads version 1\n`,
  });
  expect(await replayText('{}\n')).toMatchObject({ code: 1, stderr: `fdmux: ${path}: it is no recording of fdmux\n` });
  const lines = text.split('\n');
  const start = Buffer.byteLength(lines.slice(0, 5).join('\n')) + 1;
  expect(await replayText(lines.toSpliced(5, 1, '["in",').join('\n'))).toMatchObject({
    code: 1,
    stderr: `fdmux: ${path}: line 6 (at byte ${start}) is damaged: it is not JSON\n`,
  });
  expect(await replayText(lines.toSpliced(5, 1, '["in","x"]').join('\n'))).toMatchObject({
    code: 1,
    stderr: `fdmux: ${path}: line 6 (at byte ${start}) is damaged: it is no line of a recording\n`,
  });
  expect(await fdmux('replay', `${path}.none`)).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOENT') });
});

test('a server that cannot start leaves no recording', async () => {
  const path = join(temporaryFolder(), 'recording');
  const holder = await startServer();
  expect(await fdmux('serve', '--plain-port', String(holder.plainPort), '--no-irc', '--record', path)).toMatchObject({
    code: 1,
  });
  expect(existsSync(path)).toBe(false);
});

test('a server that an exception has ended has recorded what led to it', async () => {
  const path = join(temporaryFolder(), 'recording');
  const program = `
    const { trim } = String.prototype;
    String.prototype.trim = function () {
      if (this.includes('last words')) throw new Error('a fault');
      return trim.call(this);
    };
    process.argv.push('serve', '--plain-port', '0', '--no-irc', '--record', ${JSON.stringify(path)});
    require(${JSON.stringify(cliPath)});
  `;
  const server = start(process.execPath, ['-e', program]);
  const [, port] = await server.line(/plain lines +.*:(\d+)$/);
  const ann = await connectPeer(Number(port));
  await ann.write('last words\n');
  expect((await server.ended()).stderr).toContain('a fault');
  expect(readFileSync(path, 'utf8')).toContain('last words');
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: false, counts: { connections: 1 } });
});

test('a recording is never overwritten', async () => {
  const path = join(temporaryFolder(), 'recording');
  writeFileSync(path, 'mine');
  expect(await fdmux('serve', '--plain-port', '0', '--no-irc', '--record', path)).toMatchObject({
    code: 1,
    stderr: `fdmux: ${path} exists; a recording needs a new file\n`,
  });
  expect(readFileSync(path, 'utf8')).toBe('mine');
});

test('hidden addresses are the same again, and the recording does not have the key', async () => {
  const meet = async ({ ircPort }: RunningServer): Promise<void> => {
    const ann = await register(ircPort, 'ann');
    await register(ircPort, 'bob');
    expect(await ann.lineLike(/^:bob!\S+ JOIN/)).not.toContain('127.0.0.1');
  };
  const { path } = await record(meet, { changes: { cloak: { key: SECRETS.cloak } } });
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: true });
  expect(readFileSync(path, 'utf8')).not.toContain(SECRETS.cloak);
});
