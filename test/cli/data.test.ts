/** `fdmux data`, as it is typed. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { StoredAccounts } from '../../src/store/stored-accounts.js';
import { Answers } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { until } from '../support/deadline.js';
import { cliCommand, cliPath, run, startCli } from '../support/processes.js';
import { openStore } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

const data = (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  run(process.execPath, [cliPath, 'data', ...args]);

/** Makes a folder with data. */
async function filled(): Promise<string> {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  for (let n = 1; n <= 50; n += 1) log.append('r:#a', [mark(`${n}`)], new Answers());
  await store.close();
  return folder;
}

test('data goes from one folder to another, by a file or by pipes', async () => {
  const folder = await filled();
  const scratch = temporaryFolder();
  const [file, one, other] = [join(scratch, 'all.jsonl'), join(scratch, 'one'), join(scratch, 'other')];
  expect(await data('export', folder, file)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await data('import', one, file)).toMatchObject({ code: 0, stdout: expect.stringMatching(/: 5\d rows\n$/) });
  const command = `${cliCommand} data export --data ${one} | ${cliCommand} data import --data ${other}`;
  expect(await run('bash', ['-c', command])).toMatchObject({ code: 0 });
  expect(await data('check', other)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/: ok\n.* pack +50\n/s),
  });
  // An export never overwrites a file.
  const before = readFileSync(file);
  expect(await data('export', folder, file)).toMatchObject({ code: 1, stderr: expect.stringContaining('EEXIST') });
  expect(readFileSync(file)).toEqual(before);
});

test('an import that was killed leaves nothing in the way of the next one', async () => {
  const [folder, scratch] = [temporaryFolder(), temporaryFolder()];
  const file = join(scratch, 'all.jsonl');
  await data('export', await filled(), file);
  const lines = readFileSync(file, 'utf8').split('\n');
  const killed = startCli(['data', 'import', folder]);
  // It reads on while the pipe is open.
  killed.write(`${lines.slice(0, 30).join('\n')}\n`);
  await until(() => readdirSync(folder).includes('fdmux.db.import'), 'the import has begun');
  killed.kill('SIGKILL');
  expect(await killed.ended()).toMatchObject({ signal: 'SIGKILL' });
  expect(await data('check', folder)).toMatchObject({ code: 0, stdout: expect.not.stringContaining('pack') });
  expect(await data('import', folder, file)).toMatchObject({ code: 0 });
  expect(await data('check', folder)).toMatchObject({ code: 0, stdout: expect.stringMatching(/ pack +50\n/) });
  expect(readdirSync(folder).sort()).toEqual(['fdmux.db', 'lock']);
});

test('a reader of an export may go away', async () => {
  const command = `${cliCommand} data export ${await filled()} | head -c 10; exit "\${PIPESTATUS[0]}"`;
  const { code, stdout, stderr } = await run('bash', ['-c', command]);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '{"fdmux":"', stderr: '' });
});

test('the folder may be that of a configuration file', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  const folder = await filled();
  writeFileSync(config, JSON.stringify({ store: { path: folder } }));
  expect(await data('check', '--config', config)).toMatchObject({ code: 0, stdout: expect.stringContaining(folder) });
  writeFileSync(config, '{}');
  expect(await data('check', '--config', config)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/names no folder for data/),
  });
});

test('what is damaged is said, with exit code 1', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'fdmux.db'), 'a letter to my aunt '.repeat(100));
  expect(await data('check', folder)).toEqual(
    expect.objectContaining({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^fdmux: [^\n]*not a database[^\n]*\n$/),
    }),
  );
});

test('an account that is there is erased, however its name is spelled', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const ann = { name: 'Ann', folded: 'ann', createdMs: 1, email: null, confirmation: null, suspendedMs: null };
  await new StoredAccounts(store).add({ ...ann, settings: {}, credentials: [] }, 9);
  await store.close();
  expect(await data('erase-account', folder, 'ANN')).toMatchObject({ code: 0, stdout: `${folder}: ANN is erased\n` });
  expect(await data('erase-account', folder, 'ANN')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('no account'),
  });
});

describe('what makes no sense ends with exit code 2 and one line', () => {
  test.each([
    [['check'], /name the folder/],
    [['check', '--data', 'a', '--config', 'b'], /only once/],
    [['erase-account', 'a'], /name the account/],
    [['destroy', 'a'], /must be one of/],
  ])('%j', async (args, complaint) => {
    const { code, stdout, stderr } = await data(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(complaint);
    expect(existsSync('a')).toBe(false);
  });
});
