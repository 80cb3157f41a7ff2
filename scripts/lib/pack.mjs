import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildDeclarations } from './build-declarations.mjs';
import { buildJavaScript } from './build-javascript.mjs';
import { copyHeaders } from './node-addon-api.mjs';
import { at, changedMs, newestMs, root } from './paths.mjs';
import { Problem, say } from './progress.mjs';
import { publishedGyp, publishedManifest, publishedReadme, repositoryUrl } from './published.mjs';
import { npm } from './run.mjs';
import { binaryPath, targets } from './targets.mjs';

/**
 * Makes the tarball that users install, from the sources as they are now, in a folder of its own.
 *
 * @param {string} folder the folder to build in; emptied first
 * @param {boolean} hereOnly takes the addon of build/Release instead of a prebuilt one for this machine's system
 * @returns {Promise<string>} the tarball's path
 */
export async function packPackage(folder, hereOnly) {
  const stage = join(folder, 'stage');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  const dist = relative(root, join(stage, 'dist'));
  await Promise.all([buildJavaScript(dist), buildDeclarations(dist)]);
  const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const { files, name: packageName, version } = manifest;
  const plain = files.filter((name) => !name.startsWith('!') && name !== 'dist' && name !== 'prebuilds');
  const url = repositoryUrl();
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(publishedManifest(manifest, url), null, 2)}\n`);
  writeFileSync(join(stage, 'README.md'), publishedReadme(readFileSync(at('README.md'), 'utf8'), url, version));
  for (const name of ['LICENSE', ...plain]) {
    if (!existsSync(at(name))) throw new Problem(`the package lacks ${name}`);
    cpSync(at(name), join(stage, name), { recursive: true });
  }
  writeFileSync(join(stage, 'native/binding.gyp'), publishedGyp(readFileSync(at('binding.gyp'), 'utf8')));
  copyHeaders(stage);
  copyBinaries(stage, hereOnly);
  say('packing');
  await npm(['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: stage });
  return join(folder, `${packageName}-${version}.tgz`);
}

/** Copies the addon that was built here to the place in which a package in `folder` looks for it. */
export function copyBuiltBinary(folder) {
  const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  cpSync(at('build/Release/fdmux.node'), join(folder, binaryPath({ arch: process.arch, libc })));
}

function copyBinaries(stage, hereOnly) {
  if (hereOnly) {
    copyBuiltBinary(stage);
    return;
  }
  const sourcesMs = newestMs([at('native'), at('binding.gyp')]);
  const stale = targets.map(binaryPath).filter((path) => changedMs(at(path)) < sourcesMs);
  if (stale.length > 0)
    throw new Problem(`missing or older than native/: ${stale.join(', ')}\nBuild them: npm run prebuild`);
  for (const path of targets.map(binaryPath)) cpSync(at(path), join(stage, path));
}
