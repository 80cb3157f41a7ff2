/**
 * npm runs this in the clone that it makes for `npm install git+https://...`: it builds the JavaScript, and the addon
 * for this machine in the place where the package looks for it. It needs a compiler, and says so if there is none. In a
 * developer's clone npm does not run it (.npmrc).
 */
import { ensure } from './lib/ensure.mjs';
import { copyBuiltBinary } from './lib/pack.mjs';
import { root } from './lib/paths.mjs';
import { runMain } from './lib/progress.mjs';

await runMain(async () => {
  await ensure();
  copyBuiltBinary(root);
});
