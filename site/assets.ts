/** Scripts and style sheets of the site. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const MODULES = ['site.ts', 'truth-table.ts', 'timeline.ts', 'site.css', 'timeline.css'];

/** Bundles site/page/ into a folder. */
export async function bundleAssets(root: string, out: string): Promise<void> {
  const folder = join(root, 'site/page');
  const common = {
    bundle: true,
    minify: true,
    outdir: out,
    target: 'es2022',
    charset: 'utf8',
    logLevel: 'warning',
  } as const;
  const tsconfig = join(folder, 'tsconfig.json');
  const entryPoints = MODULES.map((name) => join(folder, name)).filter((path) => existsSync(path));
  await build({ ...common, tsconfig, entryPoints, format: 'esm' });
  // It runs before the page is drawn, so that no page flashes in the other colours: not a module.
  await build({ ...common, tsconfig, entryPoints: [join(folder, 'theme.ts')], format: 'iife' });
  cpSync(join(folder, 'icon.svg'), join(out, 'icon.svg'));
}
