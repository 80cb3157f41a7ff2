/** The declarations of the package stand alone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectPath, run } from '../support/processes.js';

test('a public type that needs a package is found, however it is reached', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-types-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = {
    'entry.d.ts':
      "import type { A } from './a.js';\nimport { Duplex } from 'node:stream';\n/** import('x') from 'y' */\n",
    'a.d.ts': "export { B } from './b.js';\nexport * from './entry.js';\n",
    'b.d.ts': 'import * as v from \'valibot\';\nexport type C = import("pg").Client;\n',
    'unused.d.ts': "import 'nothing';\nexport * from 'unseen';\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const source = `import { foreignTypes } from '${projectPath('scripts/lib/build-declarations.mjs')}';
    console.log(foreignTypes('${join(folder, 'entry.d.ts')}').join());`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source]);
  expect(stdout).toBe(`valibot in ${join(folder, 'b.d.ts')},pg in ${join(folder, 'b.d.ts')}\n`);
});
