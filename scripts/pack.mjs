/**
 * `npm run package`: the tarball that users install, with all prebuilt binaries. `--here` takes the addon that is built
 * for this machine instead; `--out FOLDER` sets the target folder. The tarball's path is the last thing on stdout.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder } from './lib/fetch.mjs';
import { packPackage } from './lib/pack.mjs';
import { runMain } from './lib/progress.mjs';

const { values } = parseArgs({ options: { here: { type: 'boolean', default: false }, out: { type: 'string' } } });

await runMain(async () => {
  const folder = values.out === undefined ? join(cacheFolder, 'package') : resolve(values.out);
  process.stdout.write(`${await packPackage(folder, values.here)}\n`);
});
