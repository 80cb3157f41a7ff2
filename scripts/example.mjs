/**
 * Runs a program of examples/ from a clone, compiled first: npm run example NAME [arguments]. Without a name it lists
 * them.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ensure } from './lib/ensure.mjs';
import { at, changedMs, filesBelow } from './lib/paths.mjs';
import { Problem, runMain } from './lib/progress.mjs';

/** The programs of examples/, and of examples/learn/ as learn/NAME. */
const names = ['', 'learn/'].flatMap((folder) =>
  readdirSync(at('examples', folder)).flatMap((file) => (file.endsWith('.ts') ? [folder + file.slice(0, -3)] : [])),
);

/** Compiles one program beside the others in build/, from which `fdmux` resolves to this package. */
async function compile(name) {
  const source = at('examples', `${name}.ts`);
  const compiled = at('build', 'examples', `${name}.js`);
  const sources = [source, ...filesBelow('examples/support').map((path) => at(path))];
  if (sources.some((each) => changedMs(each) > changedMs(compiled))) {
    const { build } = await import('esbuild');
    const options = { platform: 'node', target: 'node20', format: 'cjs', bundle: true, external: ['fdmux'] };
    await build({ ...options, entryPoints: [source], outfile: compiled, logLevel: 'warning' });
  }
  return compiled;
}

await runMain(async () => {
  const [name, ...args] = process.argv.slice(2);
  if (!names.includes(name))
    throw new Problem(`npm run example NAME [arguments], where NAME is one of: ${names.join(', ')}`);
  await ensure();
  const program = await compile(name);
  process.argv = [process.execPath, program, ...args];
  createRequire(import.meta.url)(program);
});
