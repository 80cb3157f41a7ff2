/** More recordings than the daily suite replays: of slow readers, of changed files, of servers that fail. */
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replay } from '../../src/server/replay/replay.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { cliPath, start } from '../support/processes.js';
import { plainLines, plainResponse } from '../support/sasl.js';
import { temporaryFolder } from '../support/temporary.js';
import { join as joinLobby, type RunningServer } from './chat-server.js';
import { converse, placeOfLine, record, register, replayChanged, SECRETS } from './recordings.js';

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

test('a server on which people make accounts and log in is replayed, without their passwords and names', async () => {
  const secrets = ['p3Qpassword', 'w8Rwrong', 'n5Tcustom', 'e2Umail', 'c6Wcode'];
  const [password = '', wrong = '', custom = '', mail = '', code = ''] = secrets;
  let step = '';
  const { path } = await record(
    async (server) => {
      const ann = await register(server.ircPort, 'ann');
      await ann.write(`REGISTER ${custom} * ${password}\r\nREGISTER * ${mail} ${password}\r\nVERIFY ann ${code}\r\n`);
      for (const failure of [/ACCOUNT_NAME_MUST_BE_NICK/, /INVALID_EMAIL/, /INVALID_CODE/]) await ann.lineLike(failure);
      await ann.write(`REGISTER * * ${password}\r\n`);
      await ann.lineLike(/ 900 /);
      const bob = await register(server.ircPort, 'bob');
      const attempts = [wrong, password].flatMap((text) => plainLines('ann', text));
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
  const responses = [wrong, password].map((each) => plainResponse('ann', each));
  for (const secret of [password, wrong, mail, code, ...responses]) expect(text).not.toContain(secret);
  // The salt and the nonces of SCRAM: with them, a password could be guessed.
  expect(Buffer.from(step, 'base64').toString()).toMatch(/^r=x.+,s=.+,i=\d+$/);
  expect(text).not.toContain(step);
  // What a client has named is in the answer that it got.
  expect(text.split(custom)).toHaveLength(3);
  expect(text).toContain(' 903 bob ');
});

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
  test('a time', async () => {
    const { difference } = await replayChanged((lines) => {
      const from = lines
        .slice(0, placeOfLine(lines, /^\["in",2,"good day 7/))
        .findLastIndex(([kind]) => kind === 'turn');
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
      const [one, other] = [placeOfLine(lines, /^\["in",1,"hello 7/), placeOfLine(lines, /^\["in",2,"good day 7/)];
      [lines[one], lines[other]] = [lines[other] ?? [], lines[one] ?? []];
    });
    expect(difference).toMatchObject({
      expected: expect.stringContaining('a write to connection 2'),
      actual: expect.stringContaining('a write to connection 1'),
    });
  });

  test('something that the server did not do', async () => {
    const { difference } = await replayChanged((lines) => {
      lines.splice(placeOfLine(lines, /^\["in",1,"hello 7/) + 1, 0, ['destroy', 1]);
    });
    expect(difference).toMatchObject({ connection: 2, expected: 'the destruction of connection 1' });
  });

  test('something that the server did, and that is not recorded', async () => {
    const { difference } = await replayChanged((lines) => {
      lines.splice(placeOfLine(lines, /^\["out",\[1\],".*good day 7/), 1);
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
