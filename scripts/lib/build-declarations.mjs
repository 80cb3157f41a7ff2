import { writeFileSync } from 'node:fs';
import { entries } from './build-javascript.mjs';
import { at } from './paths.mjs';
import { say } from './progress.mjs';
import { run } from './run.mjs';

/** Checks the types of src/ and writes the declarations to `dist`, for CommonJS and for ES modules. */
export async function buildDeclarations(dist = 'dist') {
  say('checking types and writing declarations (tsc)');
  await run(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', dist], {
    cwd: at(),
  });
  for (const entry of entries) writeFileSync(at(dist, `${entry}.d.mts`), `export * from './${entry}.js';\n`);
}
