/** Accounts of a server that keeps data. */
import { expect, test } from 'vitest';
import { check, exportStore } from '../../src/store/archive.js';
import { startServer } from '../cli/chat-server.js';
import { connectPeer } from '../support/peers.js';
import { logInByPlain } from '../support/sasl.js';
import { temporaryFolder } from '../support/temporary.js';
import { ask, client, stop, textsIn } from './keeping.js';

test('an account that was made is there after kill -9 and another start', async () => {
  const data = temporaryFolder();
  const first = await startServer(['--data', data]);
  const ann = await connectPeer(first.ircPort);
  await ann.write('NICK ann\r\nUSER a 0 * :Ann\r\nREGISTER * * sesame\r\n');
  expect(await ann.lineLike(/ REGISTER SUCCESS /)).toBe(':fdmux.local REGISTER SUCCESS ann :Your account is ready');
  first.process.kill('SIGKILL');
  await first.process.ended();

  const second = await startServer(['--data', data]);
  const again = await connectPeer(second.ircPort);
  await logInByPlain(again, 'ann', 'sesame');
});

test('an account that is erased while three devices use it leaves nothing, whatever they say meanwhile', async () => {
  const data = temporaryFolder();
  const first = await startServer(['--data', data]);
  const ann = await client(first, 'ann');
  await ask(ann, 'NS REGISTER sesame', /logged in as ann$/);
  await ask(ann, 'NS SET ALWAYS-ON on', /You stay/);
  await ask(ann, 'JOIN #tea', / 366 /);
  const bob = await client(first, 'bob');
  await ask(bob, 'JOIN #tea', / 366 /);
  const devices = [ann];
  for (let count = 1; count < 3; count += 1) {
    const device = await connectPeer(first.ircPort);
    await logInByPlain(device, 'ann', 'sesame');
    await device.write('NICK ann\r\nUSER ann 0 * :x\r\nCAP END\r\n');
    await device.lineLike(/ (?:376|422) /);
    devices.push(device);
  }
  const texts = Array.from({ length: 20 }, (_, index) => `confession ${index}`);
  await ann.write(texts.map((text) => `PRIVMSG #tea :${text}\r\n`).join(''));
  await ann.write('PRIVMSG bob :confession in private\r\nNS DROP sesame\r\n');
  // Under way with the erasure, by another device.
  await devices[1]?.write(`MARKREAD #tea timestamp=2020-01-01T00:00:00.000Z\r\nPRIVMSG #tea :meanwhile\r\n`);
  for (const device of devices) await device.lineLike(/ 901 /);
  await ann.lineLike(/:The account ann is erased$/);
  await bob.lineLike(/ PRIVMSG bob :confession in private$/);
  // The answer to it follows everything that was written before.
  await ask(bob, 'NS REGISTER sesame', /logged in as bob$/);
  await stop(first, 'SIGKILL');

  expect(await check(data)).toMatchObject({ problems: [] });
  expect(await textsIn(data)).not.toContainEqual(expect.stringContaining('confession'));
  let exported = '';
  await exportStore(data, (lines) => {
    exported += lines;
    return Promise.resolve();
  });
  // Rooms learn of it at the next start; that somebody was in them goes with the age of their entries.
  const left = exported.split('\n').filter((line) => !/^\{"table":"(?:fact|log|pack)"/.test(line));
  // What the other device has said is a guest's if the erasure was faster.
  expect(left.filter((line) => line.includes('ann') && !/"account":null.*"text":"meanwhile"/.test(line))).toEqual([]);
  expect(exported).not.toContain('confession');
  const second = await startServer(['--data', data]);
  const again = await client(second, 'other');
  await ask(again, 'NS IDENTIFY ann sesame', /Wrong account or password$/);
  expect(await ask(again, 'JOIN #tea', / 353 /)).not.toMatch(/ann/);
  await ask(again, 'NICK ann', /NICK :?ann$/);
  await stop(second, 'SIGTERM');
});
