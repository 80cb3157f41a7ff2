/** `npm run lint:tidy`: clang-tidy over native/, with the compiler's flags; .clang-tidy has the checks. */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { headersFolder } from './lib/build-native.mjs';
import { at } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';
import { hasCommand, tryRun } from './lib/run.mjs';

await runMain(async () => {
  if (!hasCommand('clang-tidy'))
    throw new Problem('clang-tidy is missing. Debian, Ubuntu:  apt-get install clang-tidy');
  const sources = readdirSync(at('native')).filter((name) => name.endsWith('.cc'));
  const flags = compilerFlags();
  say(`clang-tidy: ${sources.length} files`);
  const failures = [];
  const work = async () => {
    for (let name = sources.pop(); name !== undefined; name = sources.pop()) {
      const { ok, output } = await tryRun('clang-tidy', ['--quiet', at('native', name), '--', ...flags], { cwd: at() });
      if (!ok) failures.push(output);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  if (failures.length > 0) throw new Problem(failures.join('\n'));
  say('clang-tidy: clean');
});

/** The definitions of binding.gyp, so that clang-tidy reads the code that is compiled. */
function compilerFlags() {
  const gyp = readFileSync(at('binding.gyp'), 'utf8');
  const [, list = ''] = /"defines": \[(.*?)\]/s.exec(gyp) ?? [];
  const definitions = [...list.matchAll(/^\s*"([^"]+)"/gm)].map(([, definition]) => `-D${definition}`);
  const node = headersFolder();
  if (node === undefined)
    throw new Problem('This Node.js came without headers; name a folder: npm_config_nodedir=/usr');
  const headers = [join(node, 'include/node'), at('node_modules/node-addon-api')];
  return ['-std=gnu++17', ...definitions, ...headers.flatMap((folder) => ['-isystem', folder])];
}
