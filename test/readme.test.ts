import { existsSync, readFileSync } from 'node:fs';
import { stop, transform } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { codeBlocks } from './support/markdown.js';
import { connectPeer } from './support/peers.js';
import { projectPath, run, startCli } from './support/processes.js';

/** Everything in the README runs as it stands there. */

const readme = readFileSync(projectPath('README.md'), 'utf8');
const blocks = codeBlocks(readme);
const packageJson = readFileSync(projectPath('package.json'), 'utf8');

afterAll(() => stop());

describe('an example of the README', { tags: ['needs-module-eval'] }, () => {
  const examples = blocks.flatMap((block, index) =>
    block.language === 'ts' ? [{ ...block, index, next: blocks[index + 1] }] : [],
  );

  test('exists for each layer', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  test.each(examples)('prints what the README says (line $line)', async ({ text, next }) => {
    const { code } = await transform(text, { loader: 'ts', format: 'esm', target: 'node20' });
    const outcome = await run(process.execPath, ['--input-type=module', '-e', code]);
    expect(outcome).toMatchObject({ stderr: '', code: 0 });
    expect(next?.language).toBe('text');
    expect(outcome.stdout).toBe(next?.text);
  });

  test.each(examples.map((example) => ({ ...example, plain: blocks[example.index + 2] })))(
    'prints the same in plain JavaScript (line $line)',
    async ({ next, plain }) => {
      expect(plain?.language).toBe('js');
      const outcome = await run(process.execPath, ['--input-type=commonjs', '-e', plain?.text ?? '']);
      expect(outcome).toMatchObject({ stderr: '', code: 0, stdout: next?.text });
    },
  );

  test.each(examples)('is short (line $line)', ({ text }) => {
    expect(text.split('\n').length).toBeLessThanOrEqual(24);
  });
});

test('the conversation of the README takes place as it is shown', async () => {
  const [, ...shown] = (blocks.find(({ language }) => language === 'console')?.text ?? '').trim().split('\n');
  const server = startCli(['serve', '--plain-port', '0', '--no-irc']);
  const [, port] = await server.line(/plain lines +.*:(\d+)$/);
  const ann = await connectPeer(Number(port));
  const typed = (line: string) => !/^\d{4}-/.test(line);
  const words = (line: string) => /say: (.*)$/.exec(line)?.[1];

  const [joined = '', said = '', answer = '', left = ''] = shown;
  const bob = await connectPeer(Number(port));
  const seen = [await ann.line()];
  await bob.write(`${words(said) ?? ''}\n`);
  seen.push(await ann.line());
  await ann.write(`${answer}\n`);
  seen.push(answer);
  expect(words(await bob.lineLike(/ say: /))).toBe(answer);
  await bob.write('exit\n');
  seen.push(await ann.line());

  const anonymous = (line: string) => line.replace(/^[\d-]+ [\d:]+/, 'TIME').replace(/:\d+ /, ':PORT ');
  expect([joined, said, answer, left].filter(typed)).toEqual([answer]);
  expect(seen.map(anonymous)).toEqual(shown.map(anonymous));
});

describe('a command of the README', () => {
  const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trim().split('\n'));

  /** Where each is run: by this suite, or because it is how this suite came to run. */
  const runElsewhere = new Map([
    ['npm install fdmux', 'test/packaging/loading.long.test.ts'],
    ['npx fdmux serve', 'test/cli/serve.test.ts'],
    ['npx fdmux connect 127.0.0.1:33333', 'test/cli/connect.test.ts'],
    ['nc 127.0.0.1 33333', 'test/readme.test.ts'],
    ['npm start', 'package.json'],
    ['npm test', '.ci/run'],
  ]);

  test.each(commands)('is run: %s', (command) => {
    const [line = ''] = command.split('  #');
    const where = runElsewhere.get(line.trim());
    expect(where, `${line} is run by nothing`).toBeDefined();
    expect(existsSync(projectPath(where))).toBe(true);
  });

  test('that runs a script of the package names one that exists', () => {
    for (const [, script = ''] of readme.matchAll(/npm run ([\w:-]+)/g)) expect(packageJson).toContain(`"${script}":`);
  });
});

test('every file that the README links to exists', () => {
  for (const [, target = ''] of readme.matchAll(/\]\((?!https?:|\.\.\/\.\.\/)([^)#]+)/g)) {
    expect(existsSync(projectPath(target)), target).toBe(true);
  }
});

test('every badge of the README is of a workflow, and leads to its runs', () => {
  const badges = [...readme.matchAll(/\[!\[(.*?)\]\((.*?)\)\]\((.*?)\)/g)];
  expect(badges.length).toBeGreaterThanOrEqual(3);
  for (const [, name = '', picture, runs] of badges) {
    // Beside the files of a repository GitHub has the runs of its workflows.
    expect([picture, runs]).toEqual([
      `../../actions/workflows/${name}.yml/badge.svg`,
      `../../actions/workflows/${name}.yml`,
    ]);
    expect(readFileSync(projectPath(`.github/workflows/${name}.yml`), 'utf8')).toMatch(
      new RegExp(`^name: ${name}$`, 'm'),
    );
  }
});
