import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entries } from './build-javascript.mjs';
import { at } from './paths.mjs';
import { Problem, say } from './progress.mjs';
import { run } from './run.mjs';

/** Checks the types of src/ and writes the declarations to `dist`, for CommonJS and for ES modules. */
export async function buildDeclarations(dist = 'dist') {
  say('checking types and writing declarations (tsc)');
  await run(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', dist], {
    cwd: at(),
  });
  for (const entry of entries) writeFileSync(at(dist, `${entry}.d.mts`), `export * from './${entry}.js';\n`);
  const foreign = entries.flatMap((entry) => foreignTypes(at(dist, `${entry}.d.ts`)));
  if (foreign.length > 0) throw new Problem(`public types need packages that no user has:\n${foreign.join('\n')}`);
}

/**
 * The packages whose types one meets from a declaration on, each with the file that imports it. A user has none of
 * them: installing fdmux installs no dependency.
 */
export function foreignTypes(entry) {
  const met = new Set([entry]);
  const foreign = [];
  for (const file of met) {
    const text = readFileSync(file, 'utf8').replace(/^ *\/?\*.*$/gm, ''); // without comments
    for (const [, name] of text.matchAll(/(?:^(?:import|export)\b[^'"]*\bfrom |\bimport\()['"]([^'"]+)['"]/gm)) {
      if (name.startsWith('.')) met.add(join(dirname(file), name.replace(/\.js$/, '.d.ts')));
      else if (!name.startsWith('node:')) foreign.push(`${name} in ${file}`);
    }
  }
  return foreign;
}
