import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { at } from './paths.mjs';
import { Problem, say } from './progress.mjs';
import { hasCommand, run } from './run.mjs';

/** Compiles the addon of `folder` into its build/Release, with whatever compiler this machine has. */
export async function buildNative({ folder = at(), env = {} } = {}) {
  say('compiling the addon (node-gyp)');
  await compileAddon({ folder, env });
}

/** Compiles the addon of any package into its build/Release. */
export async function compileAddon({ folder, env = {} }) {
  checkToolchain();
  await run(process.execPath, [at('node_modules/node-gyp/bin/node-gyp.js'), 'configure', 'build'], {
    cwd: folder,
    env: { JOBS: String(availableParallelism()), ...headersEnv(), ...env },
  });
}

function checkToolchain() {
  const compiler = process.env.CXX?.split(' ')[0];
  const missing = [
    [compiler ? [compiler] : ['g++', 'c++', 'clang++'], 'a C++ compiler (g++)'],
    [['make'], 'make'],
    [process.env.PYTHON ? [process.env.PYTHON] : ['python3', 'python'], 'python3'],
  ].filter(([names]) => !names.some((name) => (name.includes('/') ? existsSync(name) : hasCommand(name))));
  if (missing.length === 0) return;
  throw new Problem(
    `The addon has to be compiled, and this machine lacks ${missing.map(([, what]) => what).join(', ')}.\n` +
      'Debian, Ubuntu:  apt-get install g++ make python3\n' +
      'Fedora, RHEL:    dnf install gcc-c++ make python3\n' +
      'Alpine:          apk add g++ make python3',
  );
}

/**
 * The folder with this Node.js's headers in `include/node/`. Most installations bring them, in `include/` beside
 * `bin/`; node-gyp does not look there and would download them. A `nodedir` that the user has set is preferred.
 *
 * @returns {string | undefined} undefined if there are none of the same major version
 */
export function headersFolder() {
  if (process.env.npm_config_nodedir !== undefined) return process.env.npm_config_nodedir;
  const prefix = join(dirname(process.execPath), '..');
  const versionHeader = join(prefix, 'include/node/node_version.h');
  if (!existsSync(versionHeader)) return undefined;
  const major = /#define NODE_MAJOR_VERSION (\d+)/.exec(readFileSync(versionHeader, 'utf8'))?.[1];
  return major === process.versions.node.split('.')[0] ? prefix : undefined;
}

function headersEnv() {
  const folder = headersFolder();
  return folder === undefined ? {} : { npm_config_nodedir: folder };
}
