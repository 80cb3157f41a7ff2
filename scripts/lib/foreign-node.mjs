/** Runtimes for another processor or C library than this machine's, made so that they can be started here. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder, fetchPackage } from './fetch.mjs';
import { at } from './paths.mjs';
import { Problem } from './progress.mjs';
import { hasCommand, run } from './run.mjs';

/** Makes a file anew in one step: processes of another run may have started the program that is there. */
async function replace(path, make) {
  const part = `${path}.${process.pid}.part`;
  await make(part);
  renameSync(part, path);
  return path;
}

/** A script that can be started like `node`. */
function script(name, line) {
  const folder = join(cacheFolder, 'foreign');
  mkdirSync(folder, { recursive: true });
  const text = `#!/bin/sh\nexec ${line} "$@"\n`;
  return replace(join(folder, name), (path) => writeFileSync(path, text, { mode: 0o755 }));
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

/** Debian's keys, which sign every release. */
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Takes one of Debian's packages apart, without installing it: it may be for another processor or another release.
 *
 * @param {string} release a name such as `trixie`; by default this machine's
 * @returns {Promise<string>} the folder that has its files
 */
async function debianPackage(name, architecture, release) {
  const folder = join(cacheFolder, 'foreign', `${name}-${architecture}`);
  const files = join(folder, 'files');
  if (existsSync(files)) return files;
  for (const each of ['lists/partial', 'archives/partial']) mkdirSync(join(folder, each), { recursive: true });
  const places = [`Dir::State::Lists=${folder}/lists`, `Dir::Cache=${folder}`, 'Dir::State::Status=/dev/null'];
  if (release !== undefined) {
    writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYS}] ${await debianSite()} ${release} main\n`);
    places.push(`Dir::Etc::SourceList=${folder}/sources.list`, 'Dir::Etc::SourceParts=/dev/null');
  }
  const settings = [...places, `APT::Architecture=${architecture}`, `APT::Architectures=${architecture}`];
  const options = ['-qq', ...[...settings, 'APT::Sandbox::User=root'].flatMap((setting) => ['-o', setting])];
  await run('apt-get', [...options, 'update'], { cwd: folder });
  await run('apt-get', [...options, 'download', name], { cwd: folder });
  const archive = readdirSync(folder).find((each) => each.startsWith(`${name}_`) && each.endsWith('.deb'));
  if (archive === undefined) throw new Problem(`Debian's ${name} for ${architecture} cannot be fetched`);
  await run('dpkg-deb', ['--extract', join(folder, archive), `${files}.part`]);
  renameSync(`${files}.part`, files);
  return files;
}

/** The server from which this machine gets Debian's packages. */
async function debianSite() {
  const sites = (await run('apt-get', ['indextargets', '--format', '$(SITE)'])).split('\n');
  const site = sites.find((each) => /\/debian\/?$/.test(each));
  if (site === undefined) throw new Problem("this machine does not get Debian's packages");
  return site;
}

/** Debian's musl for arm64. @returns its file */
async function arm64Musl() {
  return join(await debianPackage('musl', 'arm64'), 'lib/aarch64-linux-musl/libc.so');
}

/**
 * Deno for arm64, under a newer qemu: that of Debian 12 takes minutes to reserve the terabytes of addresses that Deno's
 * V8 asks for. It can be started like `node`, with a file or with -e.
 */
export async function arm64Deno() {
  needArm64();
  const emulator = join(await debianPackage('qemu-user', 'amd64', 'trixie'), 'usr/bin/qemu-aarch64');
  const deno = join(await fetchPackage('deno-arm64'), 'deno');
  chmodSync(deno, 0o755);
  const start = `"${emulator}" -L ${ARM64_LIBRARIES} "${deno}"`;
  const evaluate = await script('deno-arm64-eval', `${start} eval --ext=cjs`);
  // The tests name a module by the file that it is compiled to.
  const file = await script('deno-arm64-run', `${start} run -A --unstable-sloppy-imports`);
  return script(
    'deno-arm64',
    `sh -c 'case "$1" in -e) shift; exec "${evaluate}" "$@";; esac; exec "${file}" "$@"' deno`,
  );
}

/** Bun for arm64 and musl, under qemu's user mode. */
export async function arm64MuslBun() {
  needArm64();
  const musl = await arm64Musl();
  const folder = join(cacheFolder, 'foreign/arm64-musl/lib');
  mkdirSync(folder, { recursive: true });
  const zig = join(await fetchPackage('zig'), 'zig');
  const target = ['-target', 'aarch64-linux-musl'];
  const shim = await replace(join(folder, 'shim.so'), (path) =>
    run(zig, ['cc', ...target, '-O2', '-shared', '-fPIC', '-o', path, at('scripts/musl/shim.c')]),
  );
  for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
    await replace(join(folder, name), (path) => copyFileSync(join(ARM64_LIBRARIES, 'lib', name), path));
  }
  await replace(join(folder, 'libc.musl-aarch64.so.1'), (path) => copyFileSync(musl, path));
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
  const options = ['-O2', '-shared', '-fPIC', '-Wl,-soname,ld-linux-x86-64.so.2'];
  await replace(join(folder, 'ld-linux-x86-64.so.2'), (shim) =>
    run('musl-gcc', [...options, '-o', shim, at('scripts/musl/shim.c')]),
  );
  for (const library of ['/usr/lib/x86_64-linux-gnu/libstdc++.so.6', '/lib/x86_64-linux-gnu/libgcc_s.so.1']) {
    await replace(join(folder, basename(library)), (path) => copyFileSync(library, path));
  }
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
  const node = await replace(join(cacheFolder, 'foreign/musl/node'), (path) =>
    writeFileSync(path, program, { mode: 0o755 }),
  );
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
