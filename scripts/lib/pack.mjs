import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildDeclarations } from './build-declarations.mjs';
import { buildJavaScript } from './build-javascript.mjs';
import { at, changedMs, newestMs, root } from './paths.mjs';
import { Problem, say } from './progress.mjs';
import { copyHeaders } from './node-addon-api.mjs';
import { npm } from './run.mjs';
import { binaryPath, targets } from './targets.mjs';

/**
 * Makes the tarball that users install, from the sources as they are now, in a folder of its own.
 *
 * @param {string} folder where to build; emptied first
 * @param {boolean} hereOnly takes the addon of build/Release in place of a prebuilt one for this machine's system
 * @returns {Promise<string>} the tarball's path
 */
export async function packPackage(folder, hereOnly) {
  const stage = join(folder, 'stage');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  const dist = relative(root, join(stage, 'dist'));
  await Promise.all([buildJavaScript(dist), buildDeclarations(dist)]);
  const { files } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const plain = files.filter((name) => !name.startsWith('!') && name !== 'dist' && name !== 'prebuilds');
  for (const name of ['package.json', 'README.md', 'LICENSE', ...plain]) {
    if (!existsSync(at(name))) throw new Problem(`the package lacks ${name}`);
    cpSync(at(name), join(stage, name), { recursive: true });
  }
  copyHeaders(stage);
  copyBinaries(stage, hereOnly);
  say('packing');
  await npm(['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: stage });
  const { name, version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  return join(folder, `${name}-${version}.tgz`);
}

function copyBinaries(stage, hereOnly) {
  if (hereOnly) {
    const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
    cpSync(at('build/Release/fdmux.node'), join(stage, binaryPath({ arch: process.arch, libc })));
    return;
  }
  const sourcesMs = newestMs([at('native'), at('binding.gyp')]);
  const stale = targets.map(binaryPath).filter((path) => changedMs(at(path)) < sourcesMs);
  if (stale.length > 0)
    throw new Problem(`missing or older than native/: ${stale.join(', ')}\nBuild them: npm run prebuild`);
  for (const path of targets.map(binaryPath)) cpSync(at(path), join(stage, path));
}
