/** A server that keeps data: what is back after it has stopped, however that was. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { STORE_FILE } from '../../src/store/folder.js';
import { join as joinRoom, startServer } from '../cli/chat-server.js';
import { cliPath, packagePath, run } from '../support/processes.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { ask, client, configuration, expectNothingLost, stop, textsIn } from './keeping.js';
import { describeKeeping } from './kept-by.js';

describeKeeping('a folder', () => ({ path: temporaryFolder() }), ['SIGKILL']);

test('a room of no days is not kept, and those that are kept go on beside it', async () => {
  const data = temporaryFolder();
  const config = configuration({ store: { path: data }, history: { rooms: { '#Secret': 0 } } });
  const server = await startServer(['--config', config]);
  const ann = await client(server, 'ann');
  for (const room of ['#secret', '#open']) {
    await ask(ann, `JOIN ${room}`, / 366 /);
    await ask(ann, `PRIVMSG ${room} :said in ${room}`, /PRIVMSG/);
  }
  await stop(server, 'SIGKILL');
  expect(await textsIn(data)).toEqual(['said in #open']);
});

test('no line that was echoed is missing or doubled after kill -9 under load', async () => {
  await expectNothingLost(1);
});

test('whoever says much at once says all of it: lines wait while the store is busy', async () => {
  const server = await startServer(['--data', temporaryFolder()]);
  const texts = Array.from({ length: 300 }, (_, index) => `line ${index}`);
  const ann = await client(server, 'ann');
  await ask(ann, 'JOIN #tea', / 366 /);
  await ann.write(texts.map((text) => `PRIVMSG #tea :${text}\r\n`).join(''));
  for (const text of texts) expect(await ann.line()).toMatch(new RegExp(` PRIVMSG #tea :${text}$`));
  const listener = await joinRoom(server);
  const talker = await joinRoom(server, listener);
  await talker.write(`${texts.join('\n')}\nexit\n`);
  for (const text of texts) expect(await listener.line()).toMatch(new RegExp(` say: ${text}$`));
  expect(await listener.line()).toMatch(/ left$/);
  await stop(server, 'SIGTERM');
});

test('what the store never takes is refused to the one who says it, and reported once; the others talk on', async () => {
  const data = temporaryFolder();
  const server = await startServer(['--data', data]);
  const ann = await client(server, 'ann');
  await ask(ann, 'JOIN #tea', / 366 /);
  // The entry of one message, the line of another.
  (await openFile(data)).exec(`
    CREATE TRIGGER no_pack BEFORE INSERT ON pack WHEN instr(CAST(NEW.body AS TEXT), 'poison')
      BEGIN SELECT RAISE(ABORT, 'no poison'); END;
    CREATE TRIGGER no_line BEFORE INSERT ON line WHEN NEW.text = 'mildew'
      BEGIN SELECT RAISE(ABORT, 'no mildew'); END`);
  for (let time = 0; time < 2; time += 1) {
    await ask(ann, 'PRIVMSG #tea :poison', / FAIL PRIVMSG STORE_UNAVAILABLE #tea /);
    await ask(ann, 'PRIVMSG #tea :mildew', /PRIVMSG #tea :mildew/);
    await ask(ann, 'PRIVMSG #tea :milk', /PRIVMSG #tea :milk/);
  }
  expect(await ask(ann, 'HISTORY #tea 9', /PRIVMSG #tea :\[/)).toMatch(/\] milk$/);
  expect(await ann.line()).toMatch(/\] milk$/);
  await stop(server, 'SIGTERM');
  const reports = server.process.stderr.split('\n').filter((line) => line.includes('it is given up'));
  expect(reports).toEqual([
    expect.stringMatching(/ERR .*=pack .*ERR_STORE_REFUSED.*no poison/),
    expect.stringMatching(/ERR .*=line .*ERR_STORE_REFUSED.*no mildew/),
  ]);
  expect(server.process.stderr).not.toContain('the store takes no writes');
});

test('a second server on the same folder is refused, with one line', async () => {
  const data = temporaryFolder();
  const server = await startServer(['--data', data]);
  const second = await run(process.execPath, [cliPath, 'serve', '--data', data, '--plain-port', '0', '--no-irc']);
  expect(second).toMatchObject({ code: 1, stdout: '', stderr: `fdmux: ${data}: another process uses this store\n` });
  await stop(server, 'SIGTERM');
});

test('a file that is no store ends the start with one line', async () => {
  const data = temporaryFolder();
  writeFileSync(join(data, STORE_FILE), 'something else '.repeat(1000));
  const { code, stdout, stderr } = await run(process.execPath, [cliPath, 'serve', '--data', data, '--plain-port', '0']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(
    /^fdmux: \/.*fdmux\.db: [^\n]*; it has been left as it is: restore a backup, or move it away\n$/,
  );
});

test('a start says where data is kept, or that none is', async () => {
  const data = temporaryFolder();
  const [kept, none] = await Promise.all([startServer(['--data', data]), startServer()]);
  expect(kept.process.stdout).toContain(`\n  kept data    ${data}\n`);
  expect(none.process.stdout).toMatch(/\n {2}kept data {4}none: [^\n]*--data/);
  await Promise.all([stop(kept, 'SIGTERM'), stop(none, 'SIGTERM')]);
});

test('without a folder, nothing of the store is loaded', async () => {
  const script = join(temporaryFolder(), 'server.cjs');
  writeFileSync(
    script,
    `const { readFileSync } = require('node:fs');
    const { startChatServer } = require(process.argv[2]);
    const loaded = () => Object.keys(require.cache).filter((path) =>
      path !== __filename && /fdmux\\.db|PRAGMA|better-sqlite3/.test(readFileSync(path, 'latin1'))).length;
    (async () => {
      const ports = { plainPort: 0, ircPort: 0 };
      await (await startChatServer(ports)).close();
      console.log(loaded());
      await (await startChatServer({ ...ports, data: process.argv[3] })).close();
      console.log(loaded() > 0);
    })();`,
  );
  const { stdout, stderr } = await run(process.execPath, [
    script,
    packagePath('dist/chat-server.js'),
    temporaryFolder(),
  ]);
  expect({ stdout, stderr }).toEqual({ stdout: '0\ntrue\n', stderr: '' });
});
