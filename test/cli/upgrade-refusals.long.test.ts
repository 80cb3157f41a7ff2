/** Upgrades that are refused, and rooms that keep those inside. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { startServer } from './chat-server.js';
import { enter, kill, upgraderOf } from './upgrades.js';

/** Asks who is in a room, until it is these. */
async function untilNames(peer: Peer, room: string, names: string): Promise<void> {
  for (let inside = ''; inside !== names;) {
    await peer.write(`NAMES ${room}\r\n`);
    const line = await peer.lineLike(/ 353 | 366 /);
    if (line.includes(' 353 ')) await peer.lineLike(/ 366 /);
    inside = line.replace(/.*:/, '').split(' ').sort().join(' ');
  }
}

test('rooms of a store that let nobody in keep those inside, with their ranks and settings', async () => {
  const server = await startServer(['--data', join(temporaryFolder(), 'data'), '--log-level', 'warning']);
  const upgrade = upgraderOf(server);
  const ann = await enter(server.ircPort, 'ann', 'JOIN #a', 'JOIN #b');
  const bob = await enter(server.ircPort, 'bob', 'JOIN #a', 'JOIN #b');
  await ann.write('MODE #a +ikb key bob!*@*\r\nPART #b\r\nPING set\r\n');
  await ann.lineLike(/ PONG \S+ :?set$/);
  await upgrade();
  // The rooms answer when the store does.
  await untilNames(bob, '#a', '@ann bob');
  await untilNames(bob, '#b', 'bob');
  await ann.write('MODE #a\r\nMODE #a +b\r\nMODE #a +e\r\n');
  expect(await ann.lineLike(/ 324 /)).toMatch(/ #a \+[a-z]*i[a-z]* key$/);
  expect(await ann.lineLike(/ 36[78] /)).toMatch(/ 367 ann #a bob!\*@\* /);
  expect(await ann.lineLike(/ 34[89] /)).toMatch(/ 349 /);
});

test('a new process that keeps no data, or in another form, is not handed what a store belongs to', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  const store = { path: join(temporaryFolder(), 'data') };
  writeFileSync(config, JSON.stringify({ store }));
  const server = await startServer(['--config', config, '--log-level', 'warning']);
  const ann = await enter(server.ircPort, 'ann', 'JOIN #a');
  writeFileSync(config, '{}');
  kill(server.process.pid, 'SIGUSR2');
  await server.process.errorText(/not upgraded: .*needs a restart/);
  await ann.write('PING after\r\n');
  await ann.lineLike(/ PONG \S+ :?after$/);
});

test('data in another place need a restart, and nobody is disturbed', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  const write = (folder: string): void => {
    writeFileSync(config, JSON.stringify({ store: { path: join(temporaryFolder(), folder) } }));
  };
  write('data');
  const server = await startServer(['--config', config, '--log-level', 'warning']);
  const ann = await enter(server.ircPort, 'ann', 'JOIN #a');
  write('other');
  kill(server.process.pid, 'SIGUSR2');
  await server.process.errorText(/not upgraded: .*needs a restart: by the configuration, data is kept somewhere else/);
  await ann.write('PING after\r\n');
  await ann.lineLike(/ PONG \S+ :?after$/);
});

test('if the new process could not open its port for metrics, nobody waits, and the old one goes on with the configuration that it has read last', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, '{}');
  const server = await startServer(['--config', config, '--log-level', 'warning']);
  const ann = await enter(server.ircPort, 'ann', 'JOIN #a');
  // An upgrade has it read by both.
  const admin = { host: '127.0.0.1', port: server.ircPort };
  writeFileSync(config, JSON.stringify({ admin, server: { motd: ['as read last'] } }));
  kill(server.process.pid, 'SIGUSR2');
  await server.process.errorText(/not upgraded error=.* in use/);
  await ann.write('MOTD\r\n');
  expect(await ann.lineLike(/ 372 | 422 /)).toMatch(/as read last$/);
});
