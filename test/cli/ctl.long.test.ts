/** More of what `fdmux ctl` is asked, and refuses. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRequest } from '../../src/cli/ctl-arguments.js';
import { connectPeer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { serve, typed } from './asked.js';

test('the level of the log holds until the configuration is read again', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, '{"log":{"level":"error"}}');
  const { server, ctl } = await serve('--config', config);
  expect(await ctl('log-level', 'debug')).toMatchObject({ text: ['the log has level debug'] });
  await connectPeer(server.ircPort);
  await server.process.errorText(/ INF connected /);
  expect(await ctl('reload')).toMatchObject({ text: [`${config} is read`], result: { waitingKeys: [] } });
  expect(await ctl('log-level')).toMatchObject({ result: { level: 'error' } });
  writeFileSync(config, '{"log":{"level":"loud"}}');
  await expect(ctl('reload')).rejects.toThrow(/stays as it was.*log\.level/s);
});

test('a configuration with several faults is refused with all of them, in one line', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, '{}');
  const { folder } = await serve('--config', config);
  writeFileSync(config, '{"drainMs":-1,"log":{"level":"loud"}}');
  const ended = await typed('reload', '--data', folder);
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^fdmux: the configuration stays[^\n]*\n$/) });
  const faults = ended.stderr.split(`; ${config}: `);
  expect(faults).toHaveLength(2);
  for (const key of ['drainMs', 'log.level']) expect(ended.stderr).toContain(key);
});

test('a server that is edge-triggered waits with another backend', async () => {
  const { ctl } = await serve('--trigger', 'edge');
  expect(await ctl('backend', 'select')).toMatchObject({ result: { backend: 'select' } });
  expect(await ctl('status')).toMatchObject({ result: { backend: 'select' } });
});

test('a server refuses what makes no sense to it', async () => {
  const { ctl } = await serve();
  await expect(ctl('log-level', 'loud')).rejects.toThrow(/must be one of debug/);
  await expect(ctl('ban', 'nobody')).rejects.toThrow(/nobody goes by that nick/);
  await expect(ctl('ban', 'a@b.example', 'x'.repeat(201))).rejects.toThrow(/at most 200 bytes/);
  await expect(ctl('kick', 'ann', 'a\nb')).rejects.toThrow(/control characters/);
  await expect(ctl('ban', 'a@\u0007')).rejects.toThrow(/control characters/);
});

test('a command without a folder, and one with an unknown verb, end with exit code 2', async () => {
  const [withoutFolder, unknown] = await Promise.all([typed('status'), typed('dance', '--data', 'a')]);
  expect(withoutFolder).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/name the folder/) });
  expect(unknown).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/must be one of/) });
});

test.each([
  ['an empty folder', ['status', '--data', ''], 2, /--data.*It must not be empty/],
  ['no folder', ['status', '--data', '/nowhere'], 1, /\/nowhere: there is no such folder/],
  ['a file', ['status', '--data', '/dev/null'], 1, /\/dev\/null: this is no folder/],
  ['a verb with control characters', ['a\nb\x1b[31m', '--data', '/'], 2, /'a b\\u001b\[31m' is invalid.*one of status/],
  ['a very long verb', ['x'.repeat(100_000), '--data', '/'], 2, /^.{600,700}$/],
  ['no time at all', ['status', '--timeout', '0', '--data', '/'], 2, /must be a number from 1/],
] as const)('%s is one line that says what is wrong', async (_, args, code, complaint) => {
  const ended = await typed(...args);
  expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^fdmux: [^\n]*\n$/) });
  expect(ended.stderr.trimEnd()).toMatch(complaint);
});

test('a word that the server does not know is one line, and the exit code says whose mistake it is', async () => {
  const { folder } = await serve();
  for (const [words, code, message] of [
    [['log-level', 'loud'], 2, 'the level must be one of debug, info, warning, error'],
    [['backend', ''], 2, 'the backend must be one of epoll, poll, select'],
    [['drain', 'w1'], 2, 'there is no worker w1: this server is one process'],
    [['kick', ''], 1, 'nobody goes by the nick ""'],
    [['kick', 'a\nb\x1b[31m'], 1, 'nobody goes by the nick "a\\nb\\u001b[31m"'],
    [['kick', 'x'.repeat(50_000)], 1, `nobody goes by the nick "${'x'.repeat(100)}..."`],
    [['kick', 'x'.repeat(100_000)], 2, 'a request has at most 65536 bytes'],
    [['ban', ''], 1, '"" is no address, no user@host, and nobody goes by that nick'],
    [['unban', 'a b'], 1, 'there is no ban "a b"'],
  ] as const) {
    const ended = await typed(...words, '--data', folder);
    expect(ended).toEqual({ code, signal: null, stdout: '', stderr: `fdmux: ${message}\n` });
  }
}, 120_000);

test('a server that stands still is given up after the time that the command is given', async () => {
  const { folder, server } = await serve();
  server.process.kill('SIGSTOP');
  const path = join(folder, 'control.sock');
  expect(await typed('status', '--timeout', '1', '--data', folder)).toMatchObject({
    code: 1,
    stderr: `fdmux: ${path}: no answer in 1000 ms\n`,
  });
  server.process.kill('SIGCONT');
  expect(await typed('status', '--data', folder)).toMatchObject({ code: 0 });
}, 30_000);

test.each([
  ['status', ['x'], {}, /fdmux ctl status$/],
  ['kick', [], {}, /fdmux ctl kick NICK/],
  ['kick', ['ann'], { minutes: 5 }, /--minutes is for ban only/],
] as const)('%s %j %j is no command', (verb, words, flags, complaint) => {
  expect(() => readRequest(verb, words, flags)).toThrow(complaint);
});

test('a configuration that keeps data in PostgreSQL is answered with why there is nobody to ask', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, '{"store":{"kind":"postgres","url":"postgres://127.0.0.1:1/none"}}');
  const { code, stderr } = await typed('status', '--config', config);
  expect(code).toBe(2);
  expect(stderr).toContain('a server whose data is in PostgreSQL has no control socket');
});
