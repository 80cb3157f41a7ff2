import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundlers, tools } from './bundlers.mjs';
import { fetchPackage } from './fetch.mjs';
import { at } from './paths.mjs';
import { Problem, say } from './progress.mjs';
import { npm, run } from './run.mjs';

/** Uses the addon, a constant that is loaded late, and the chat server. CommonJS has no await outside of a function. */
const program = `import { Epoll, EPOLLIN, pipe, TTY } from 'fdmux';
import { startChatServer } from 'fdmux/chat';
async function main() {
  const [reader, writer] = pipe();
  const epoll = new Epoll();
  epoll.add(reader, EPOLLIN);
  writer.write('x');
  const server = await startChatServer({ host: '127.0.0.1', plainPort: 0, without: ['irc'] });
  console.log('works', epoll.waitSync(1000).length, TTY.TCGETS === 0x5401);
  await server.close();
}
main();
`;
const EXPECTED = 'works 1 true\n';

/**
 * Builds a program by each row of {@link bundlers}, and runs it in a place without an installed fdmux.
 *
 * @param {string} scratch an empty folder
 * @param {string} tarball the package
 */
export async function checkBundlers(scratch, tarball) {
  const page = readFileSync(at('docs/bundlers.md'), 'utf8');
  const project = join(scratch, 'bundlers');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true }));
  writeFileSync(join(project, 'app.mjs'), program);
  say(`installing ${tools.length} bundlers and their plugins`);
  await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball, ...tools], { cwd: project });
  const bun = join(await fetchPackage('bun'), 'bin/bun');
  for (const row of bundlers) {
    say(`bundled by ${row.name}`);
    if (!page.includes(row.setting)) throw new Problem(`docs/bundlers.md does not say ${row.setting}`);
    await checkBundler(row, { scratch, project, bun });
  }
}

async function checkBundler(
  { name, files = {}, build, run: start, needsPrebuilds = false },
  { scratch, project, bun },
) {
  const out = join(project, 'out');
  rmSync(out, { recursive: true, force: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(project, file), text);
  const programOf = (word) => ({ node: process.execPath, bun })[word] ?? join(project, 'node_modules/.bin', word);
  for (const [word, ...args] of build) await run(programOf(word), args, { cwd: project });

  const installed = join(project, 'node_modules/fdmux');
  const elsewhere = join(scratch, 'elsewhere');
  const away = join(scratch, 'away');
  if (needsPrebuilds) cpSync(join(installed, 'prebuilds'), join(out, 'prebuilds'), { recursive: true });
  rmSync(elsewhere, { recursive: true, force: true });
  renameSync(out, elsewhere);
  renameSync(installed, away);
  try {
    const [word, ...args] = start;
    const output = await run(word === 'node' ? process.execPath : join(elsewhere, word), args, {
      cwd: elsewhere,
      env: { NODE_NO_WARNINGS: '1' },
    });
    if (output !== EXPECTED) throw new Problem(`${name}: expected ${EXPECTED}, got ${output}`);
  } finally {
    renameSync(away, installed);
  }
}
