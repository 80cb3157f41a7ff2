/** Files that earlier builds have left, and the processes that may still load them. */
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FOLDER_START } from './own-folder.mjs';

/**
 * Removes the folders of earlier builds, unless a process runs that may load files of one.
 *
 * @param dist the absolute path of the folder that they are in
 * @param current the folder of this build
 */
export function removeEarlierBuilds(dist, current) {
  const earlier = foldersIn(dist).filter((folder) => folder !== current);
  if (earlier.length === 0 || isInUse(dirname(dist))) return;
  for (const folder of earlier) rmSync(folder, { recursive: true });
}

/** Removes everything in `dist` except the folders of builds. */
export function removeAllButBuilds(dist) {
  const builds = foldersIn(dist);
  for (const name of namesIn(dist)) {
    if (!builds.includes(join(dist, name))) rmSync(join(dist, name), { recursive: true });
  }
}

const foldersIn = (dist) =>
  namesIn(dist)
    .filter((name) => name.startsWith(FOLDER_START))
    .map((name) => join(dist, name));

function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Whether another process runs with the package in a folder: it has mapped the addon, or is about to. */
function isInUse(folder) {
  return readdirSync('/proc').some(
    (name) => /^\d+$/.test(name) && name !== String(process.pid) && (hasAddon(name, folder) || runsCli(name, folder)),
  );
}

/** The kernel lists a file that has been replaced by its old path, with a mark behind it. */
function hasAddon(pid, folder) {
  const maps = contents(`/proc/${pid}/maps`);
  return maps.includes(` ${folder}/build/Release/fdmux.node`) || maps.includes(` ${folder}/prebuilds/`);
}

function runsCli(pid, folder) {
  const [, ...words] = contents(`/proc/${pid}/cmdline`).split('\0');
  return words.some((word) => word.endsWith('cli.js') && resolve(workingFolder(pid), word) === `${folder}/dist/cli.js`);
}

function workingFolder(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '/';
  }
}

/** Empty for a process that has ended, or is another user's. */
function contents(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
