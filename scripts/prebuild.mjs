/**
 * `npm run prebuild`: the addon for every target, on one x64 machine, into prebuilds/. Zig is the cross compiler: one
 * npm package with the headers and libraries of every target, so nothing is taken from this machine's own system.
 * `--only arm64-musl,x64-glibc` makes these and leaves the others as they are.
 */
import { chmodSync, cpSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder, fetchPackage } from './lib/fetch.mjs';
import { copyHeaders } from './lib/node-addon-api.mjs';
import { at } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';
import { run } from './lib/run.mjs';
import { binaryPath, targets } from './lib/targets.mjs';
import { withZigCaches } from './lib/zig.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' } } });

await runMain(async () => {
  const picked = pick();
  const zig = join(await fetchPackage('zig'), 'zig');
  const headers = await fetchPackage('node20'); // Node-API is stable upwards: an addon for the oldest fits all.
  if (picked === targets) rmSync(at('prebuilds'), { recursive: true, force: true });
  for (const target of picked) {
    say(`compiling for linux-${target.arch} ${target.libc}`);
    await withZigCaches(join(cacheFolder, 'zig-caches'), (caches) => compile(target, zig, headers, caches));
    say(`${binaryPath(target)}: ${(statSync(at(binaryPath(target))).size / 1024).toFixed(0)} kB`);
  }
  if (picked === targets) await check();
  say('done');
});

function pick() {
  const names = targets.map(({ arch, libc }) => `${arch}-${libc}`);
  const wanted = values.only?.split(',');
  const unknown = wanted?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Problem(`there is no target '${unknown}'; they are ${names.join(', ')}`);
  return wanted === undefined ? targets : wanted.map((name) => targets[names.indexOf(name)]);
}

/** This test wants the binaries of all targets. */
async function check() {
  say('checking what they need and offer');
  const vitest = at('node_modules/vitest/vitest.mjs');
  await run(process.execPath, [vitest, 'run', 'test/packaging/binaries.test.ts'], { cwd: at() });
}

/** Compiles in a folder of its own, so that build/ keeps the addon of this machine. */
async function compile({ arch, libc, zig: triple }, zig, headers, caches) {
  const folder = join(cacheFolder, 'prebuild', `${arch}-${libc}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['native', 'binding.gyp', 'package.json']) {
    cpSync(at(name), join(folder, name), { recursive: true });
  }
  copyHeaders(folder);
  const tool = (name, args) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\nexec "${zig}" ${args} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const prebuildify = [at('node_modules/prebuildify/bin.js'), '--napi', '--tag-libc', '--target', '20.20.2'];
  await run(process.execPath, [...prebuildify, '--arch', arch, '--cwd', folder, '--out', at()], {
    cwd: folder,
    env: {
      ...caches,
      CC: tool('cc', `cc -target ${triple}`),
      CXX: tool('cxx', `c++ -target ${triple}`),
      AR: tool('ar', 'ar'),
      CFLAGS: '-ffunction-sections -fdata-sections',
      CXXFLAGS: '-ffunction-sections -fdata-sections',
      LDFLAGS: '-s -Wl,--gc-sections', // Stripped by the linker: this machine's strip knows no other processor.
      JOBS: String(availableParallelism()),
      PREBUILD_LIBC: libc,
      PREBUILD_NODE_GYP: at('node_modules/.bin/node-gyp'),
      npm_config_nodedir: headers,
    },
  });
}
