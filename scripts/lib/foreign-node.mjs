/** Runtimes for another processor or C library than this machine's, made so that they can be started here. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, fetchPackage } from './fetch.mjs';
import { at } from './paths.mjs';
import { Problem } from './progress.mjs';
import { hasCommand, run } from './run.mjs';

/** A script that can be started like `node`. */
function script(name, line) {
  const folder = join(cacheFolder, 'foreign');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\nexec ${line} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Node.js for arm64, under qemu's user mode. */
export async function arm64Node() {
  const packages = 'qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross';
  if (!hasCommand('qemu-aarch64-static') || !existsSync('/usr/aarch64-linux-gnu/lib/libstdc++.so.6')) {
    throw new Problem(`needs ${packages} (apt-get install)`);
  }
  const node = join(await fetchPackage('node24-arm64'), 'bin/node');
  return script('node-arm64', `qemu-aarch64-static -L /usr/aarch64-linux-gnu "${node}"`);
}

/**
 * The C++ libraries that programs for musl need: Debian's own, which do with the help of musl/shim.c. @returns their
 * folder
 */
async function muslLibraries() {
  if (!hasCommand('musl-gcc')) throw new Problem('needs musl musl-dev musl-tools (apt-get install)');
  const folder = join(cacheFolder, 'foreign/musl/lib');
  mkdirSync(folder, { recursive: true });
  const shim = join(folder, 'ld-linux-x86-64.so.2');
  const options = ['-O2', '-shared', '-fPIC', '-Wl,-soname,ld-linux-x86-64.so.2'];
  await run('musl-gcc', [...options, '-o', shim, at('scripts/musl/shim.c')]);
  copyFileSync('/usr/lib/x86_64-linux-gnu/libstdc++.so.6', join(folder, 'libstdc++.so.6'));
  copyFileSync('/lib/x86_64-linux-gnu/libgcc_s.so.1', join(folder, 'libgcc_s.so.1'));
  return folder;
}

/**
 * Node.js for musl. npm has none as such; it has a program with a Node.js inside that is linked against musl (a single
 * executable application). Without the mark that says so it is a plain Node.js.
 */
export async function muslNode() {
  const libraries = await muslLibraries();
  const program = readFileSync(join(await fetchPackage('node26-musl'), 'pnpm'));
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';
  const index = program.indexOf(`${fuse}1`);
  if (index < 0 || program.indexOf(`${fuse}1`, index + 1) >= 0)
    throw new Problem('the program with a Node.js for musl has changed');
  program.write('0', index + fuse.length);
  const node = join(cacheFolder, 'foreign/musl/node');
  writeFileSync(node, program, { mode: 0o755 });
  return script('node-musl', `/lib/ld-musl-x86_64.so.1 --library-path "${libraries}" "${node}"`);
}

/** Bun for musl, which runs vitest itself: so vitest's own addon has to be one for musl, too. */
export async function muslBun() {
  const rolldown = await fetchPackage('rolldown-musl');
  return {
    program: join(await fetchPackage('bun-musl'), 'bin/bun'),
    args: ['--bun'],
    env: {
      LD_LIBRARY_PATH: await muslLibraries(),
      NAPI_RS_NATIVE_LIBRARY_PATH: join(rolldown, 'rolldown-binding.linux-x64-musl.node'),
    },
  };
}
