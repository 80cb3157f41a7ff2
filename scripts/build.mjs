/** `npm run build`: everything, from nothing: the addon, JavaScript and the type declarations. */
import { parseArgs } from 'node:util';
import { buildDeclarations } from './lib/build-declarations.mjs';
import { buildJavaScript } from './lib/build-javascript.mjs';
import { buildNative } from './lib/build-native.mjs';
import { removeAllButBuilds } from './lib/earlier-builds.mjs';
import { at } from './lib/paths.mjs';
import { runMain, say } from './lib/progress.mjs';

const { values } = parseArgs({ options: { native: { type: 'boolean' }, ts: { type: 'boolean' } } });
const all = !values.native && !values.ts;

await runMain(async () => {
  if (all || values.native) await buildNative();
  if (all || values.ts) {
    removeAllButBuilds(at('dist'));
    await Promise.all([buildJavaScript(), buildDeclarations()]);
  }
  say('built');
});
