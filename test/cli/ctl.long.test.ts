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

test('a server that is edge-triggered refuses another backend', async () => {
  const { ctl } = await serve('--trigger', 'edge');
  await expect(ctl('backend', 'select')).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_TRIGGER' });
  expect(await ctl('status')).toMatchObject({ result: { backend: 'epoll' } });
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
