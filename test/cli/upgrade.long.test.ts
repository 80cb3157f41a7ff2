/** `fdmux serve` and SIGUSR2 with many clients, and with all that a room has in memory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { present } from '../../src/errors.js';
import { connectPeer } from '../support/peers.js';
import { startCli } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { startServer } from './chat-server.js';
import { dial } from './control-clients.js';
import { enter, register, upgraderOf } from './upgrades.js';

test('five upgrades under load: nobody is disconnected, and everybody gets every line once, in order', async () => {
  const server = await startServer(['--log-level', 'warning', '--max-clients', '0']);
  const upgrade = upgraderOf(server);
  const count = 500;
  const peers = await Promise.all(
    Array.from({ length: count }, (_, index) => enter(server.ircPort, `n${index}`, 'JOIN #a')),
  );
  const [speaker, ...hearers] = peers;
  const author = present(speaker, 'the first');
  let said = 0;
  let isOver = false;
  const speak = async (): Promise<void> => {
    while (!isOver) {
      // Half of a line is in one process, and the other half in the next.
      await author.write(`PRIVMSG #a :line `);
      await author.write(`${said}\r\nPING ${said}\r\n`);
      await author.lineLike(new RegExp(` PONG \\S+ :?${said}$`));
      said += 1;
      // All of it is read by everybody in the end, however long the upgrades take.
      await delay(20);
    }
  };
  const speaking = speak();
  for (let round = 0; round < 5; round += 1) await upgrade();
  isOver = true;
  await speaking;
  expect(said).toBeGreaterThan(5);
  for (const hearer of hearers) {
    for (let line = 0; line < said; line += 1) {
      expect(await hearer.lineLike(/ PRIVMSG | QUIT | PART |^ERROR/)).toMatch(new RegExp(` PRIVMSG #a :line ${line}$`));
    }
  }
  // Those who connect now find the others.
  const late = await connectPeer(server.ircPort);
  await late.write('NICK late\r\nUSER late 0 * :late\r\nJOIN #a\r\n');
  await late.lineLike(/ 366 late #a /);
  await author.write('LUSERS\r\n');
  expect(await author.lineLike(/ 251 /)).toContain(`There are ${count + 1} users`);
});

test('a room stays as it was: settings, topic, ranks, and those who could not enter now are inside', async () => {
  const server = await startServer(['--log-level', 'warning']);
  const upgrade = upgraderOf(server);
  const ann = await enter(server.ircPort, 'ann', 'JOIN #a', 'TOPIC #a :what it is about');
  const bob = await enter(server.ircPort, 'bob', 'JOIN #a');
  const plain = await connectPeer(server.plainPort);
  await plain.write('half of ');
  await ann.write('MODE #a +iklb key 2 bob!*@*\r\nPING set\r\n');
  await ann.lineLike(/ PONG \S+ :?set$/);
  await upgrade();
  await plain.write('a line\n');
  await bob.write('PRIVMSG ann :still here\r\n');
  expect(await ann.lineLike(/ PRIVMSG | JOIN | MODE | QUIT /)).toMatch(/ PRIVMSG ann :still here$/);
  await ann.write('MODE #a\r\nMODE #a +b\r\nMODE #a +e\r\nTOPIC #a\r\nNAMES #a\r\n');
  const modes = (await ann.lineLike(/ 324 /)).replace(/.* #a /, '');
  expect(modes).toMatch(/^\+[a-z]*i[a-z]* /);
  expect(modes.split(' ').slice(1).sort()).toEqual(['2', 'key']);
  expect(await ann.lineLike(/ 36[78] /)).toMatch(/ 367 ann #a bob!\*@\* /);
  expect(await ann.lineLike(/ 34[89] /)).toMatch(/ 349 /);
  expect(await ann.lineLike(/ 33[12] /)).toMatch(/ :what it is about$/);
  expect((await ann.lineLike(/ 353 /)).replace(/.*:/, '').split(' ').sort()).toEqual(['@ann', 'bob']);
});

test('slow readers take megabytes along that they have not read', { timeout: 120_000 }, async () => {
  const [LINES, BURST] = [7_000, 100];
  const folder = temporaryFolder();
  // The kernel takes less for a unix socket than for a port.
  const path = join(folder, 'irc.sock');
  const config = join(folder, 'fdmux.json');
  writeFileSync(config, JSON.stringify({ listeners: [{ protocol: 'irc', path }] }));
  const server = startCli(['serve', '--config', config, '--log-level', 'warning']);
  await server.line('Ctrl-C ends the server.');
  const upgrade = upgraderOf({ process: server, plainPort: 0, ircPort: 0 });
  const slow = await Promise.all(
    Array.from({ length: 4 }, async (_, n) => register(await dial(path), `slow${n}`, 'JOIN #a')),
  );
  const ann = await register(await dial(path), 'ann', 'JOIN #a');
  for (const { socket } of slow) socket.pause();
  for (let first = 0; first < LINES; first += BURST) {
    const lines = Array.from({ length: BURST }, (_, n) => `PRIVMSG #a :${first + n} ${'x'.repeat(400)}`);
    await ann.write(`${lines.join('\r\n')}\r\nPING ${first}\r\n`);
    await ann.lineLike(new RegExp(` PONG \\S+ :?${first}$`));
  }
  await upgrade();
  await ann.write('PRIVMSG #a :the last\r\n');
  for (const peer of slow) {
    peer.socket.resume();
    for (let n = 0; n < LINES; n += 1) expect(await peer.lineLike(/ PRIVMSG #a :/)).toMatch(` PRIVMSG #a :${n} x`);
    expect(await peer.lineLike(/ PRIVMSG #a :/)).toMatch(/ :the last$/);
  }
});

test('lines that wait for their turn when the store closes are said by the new process, once and in order', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  const classes = [{ name: 'paced', addresses: ['127.0.0.1'], linesPerSecond: 200, burstLines: 1 }];
  writeFileSync(config, JSON.stringify({ store: { path: 'data' }, classes }));
  const server = await startServer(['--config', config, '--log-level', 'warning']);
  const upgrade = upgraderOf(server);
  const ann = await enter(server.ircPort, 'ann', 'JOIN #a');
  const bob = await enter(server.ircPort, 'bob', 'JOIN #a');
  const lines = Array.from({ length: 400 }, (_, index) => `line ${index}`);
  await ann.write(lines.map((line) => `PRIVMSG #a :${line}\r\n`).join(''));
  const heard = [await bob.lineLike(/ PRIVMSG | QUIT |^ERROR/)];
  await upgrade();
  while (heard.length < lines.length) heard.push(await bob.lineLike(/ PRIVMSG | QUIT |^ERROR/));
  expect(heard.map((line) => line.replace(/.*:/, ''))).toEqual(lines);
});
