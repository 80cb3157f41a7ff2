/** Runtimes for another processor or C library than this machine's, made so that they can be started here. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu';

function needArm64() {
  const packages = 'qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross';
  if (hasCommand('qemu-aarch64-static') && existsSync(join(ARM64_LIBRARIES, 'lib/libstdc++.so.6'))) return;
  throw new Problem(`needs ${packages} (apt-get install)`);
}

/** Node.js for arm64, under qemu's user mode. */
export async function arm64Node(key) {
  needArm64();
  const node = join(await fetchPackage(key), 'bin/node');
  return script(key, `qemu-aarch64-static -L ${ARM64_LIBRARIES} "${node}"`);
}

/** Bun for arm64, under qemu's user mode. */
export async function arm64Bun() {
  needArm64();
  const bun = join(await fetchPackage('bun-arm64'), 'bin/bun');
  return script('bun-arm64', `qemu-aarch64-static -L ${ARM64_LIBRARIES} "${bun}"`);
}

/**
 * Debian's musl for arm64, taken out of its package, since this machine's own packages are for x64. @returns its file
 */
async function arm64Musl() {
  const folder = join(cacheFolder, 'foreign/arm64-musl');
  const libc = join(folder, 'root/lib/aarch64-linux-musl/libc.so');
  if (existsSync(libc)) return libc;
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'archives/partial'), { recursive: true });
  const places = [`Dir::State::Lists=${folder}/lists`, `Dir::Cache=${folder}`, 'Dir::State::Status=/dev/null'];
  const settings = [...places, 'APT::Architecture=arm64', 'APT::Architectures=arm64', 'APT::Sandbox::User=root'];
  const options = ['-qq', ...settings.flatMap((setting) => ['-o', setting])];
  await run('apt-get', [...options, 'update'], { cwd: folder });
  await run('apt-get', [...options, 'download', 'musl'], { cwd: folder });
  const [archive] = readdirSync(folder).filter((name) => /^musl_.*_arm64\.deb$/.test(name));
  if (archive === undefined) throw new Problem("Debian's musl for arm64 cannot be fetched");
  await run('dpkg-deb', ['--extract', join(folder, archive), join(folder, 'root')]);
  return libc;
}

/** Bun for arm64 and musl, under qemu's user mode. */
export async function arm64MuslBun() {
  needArm64();
  const musl = await arm64Musl();
  const folder = join(cacheFolder, 'foreign/arm64-musl/lib');
  mkdirSync(folder, { recursive: true });
  const shim = join(folder, 'shim.so');
  const zig = join(await fetchPackage('zig'), 'zig');
  await run(zig, [
    'cc',
    '-target',
    'aarch64-linux-musl',
    '-O2',
    '-shared',
    '-fPIC',
    '-o',
    shim,
    at('scripts/musl/shim.c'),
  ]);
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    copyFileSync(join(ARM64_LIBRARIES, 'lib', name), join(folder, name));
  }
  copyFileSync(musl, join(folder, 'libc.musl-aarch64.so.1'));
  const bun = join(await fetchPackage('bun-arm64-musl'), 'bin/bun');
  // musl's libc.so is its loader as well.
  const loader = `"${musl}" --library-path "${folder}" --preload "${shim}"`;
  return script('bun-arm64-musl', `qemu-aarch64-static ${loader} "${bun}"`);
}

/**
 * The C++ libraries that programs for musl need: Debian's own, which work with the help of musl/shim.c. @returns their
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
