/** `serve --record` and `replay`: the same again, the first difference, and what is in the file. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replay } from '../../src/server/replay/replay.js';
import { connectPeer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { type RunningServer, startServer } from './chat-server.js';
import { converse, fdmux, placeOfLine, record, register, replayChanged, SECRETS, settings } from './recordings.js';

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

test('a server with passwords, operators, reloads, bad input and lost peers is replayed, without its secrets', async () => {
  const { path } = await record(operate);
  expect(await replay(path)).toMatchObject({ difference: null, isComplete: true, counts: { connections: 4 } });
  const text = readFileSync(path, 'utf8');
  for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret.slice(0, 3));
  expect(text).toContain('bad ');
  expect(text).toMatch(/OPER chief x+/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

describe('what has been changed is found', () => {
  test('a byte that was sent', async () => {
    const { difference } = await replayChanged((lines) => {
      const at = placeOfLine(lines, /^\["out",\[1\],".*good day 7/);
      const [kind, ids, text] = lines[at] ?? [];
      lines[at] = [kind, ids, String(text).replace('day 7', 'dax 7')];
    });
    expect(difference).toMatchObject({ connection: 1 });
    expect(difference?.position).toBeGreaterThan(300);
    expect(difference?.expected).toContain('good dax 7');
    expect(difference?.actual).toContain('good day 7');
  });

  test('an answer that lacks what its kind has, which the server trips over while nobody waits for it', async () => {
    const { difference } = await replayChanged((lines) => {
      const at = placeOfLine(lines, /^\["answered",1,\{"kind":"names"/);
      lines[at] = ['answered', 1, { kind: 'names' }];
    });
    expect(difference).toMatchObject({ expected: 'no exception', actual: expect.stringContaining('TypeError') });
  });
});

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
  expect(await replayText(text.replace(/"fdmuxRecording":\d+/, '"fdmuxRecording":99'))).toMatchObject({
    code: 1,
    stderr: `fdmux: ${path}: it is a recording of version 99; this program reads version 2\n`,
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
  const halfBan = '["ban",{"kind":"users","mask":"*@x"},"bye"]';
  expect(await replayText(lines.toSpliced(5, 1, halfBan).join('\n'))).toMatchObject({
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

test('a recording is never overwritten', async () => {
  const path = join(temporaryFolder(), 'recording');
  writeFileSync(path, 'mine');
  expect(await fdmux('serve', '--plain-port', '0', '--no-irc', '--record', path)).toMatchObject({
    code: 1,
    stderr: `fdmux: ${path} exists; a recording needs a new file\n`,
  });
  expect(readFileSync(path, 'utf8')).toBe('mine');
});
