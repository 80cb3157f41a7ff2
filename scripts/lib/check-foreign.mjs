/** The binaries for other processors and C libraries, each under a runtime of its kind. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetched } from './fetch.mjs';
import { arm64Bun, arm64Deno, arm64MuslBun, arm64Node, muslBun, muslNode } from './foreign-node.mjs';
import { at } from './paths.mjs';
import { Problem, say } from './progress.mjs';
import { tryRun } from './run.mjs';
import { smokeProgram } from './smoke-program.mjs';
import { binaryPath } from './targets.mjs';

/** An emulated runtime takes half a minute for work that takes this machine a second. */
const TIMEOUT_MS = 300_000;

const bun = (key) => `Bun ${fetched[key].version}`;
const runtimes = [
  { name: 'Node.js 26.0.0, x64 musl', arch: 'x64', libc: 'musl', get: async () => ({ program: await muslNode() }) },
  { name: `${bun('bun-musl')}, x64 musl`, arch: 'x64', libc: 'musl', get: muslBun },
  {
    name: `Node.js ${fetched['node24-arm64'].version}, arm64 (qemu)`,
    arch: 'arm64',
    libc: 'glibc',
    get: async () => ({ program: await arm64Node('node24-arm64') }),
  },
  {
    name: `${bun('bun-arm64')}, arm64 (qemu)`,
    arch: 'arm64',
    libc: 'glibc',
    get: async () => ({ program: await arm64Bun() }),
  },
  {
    name: `${bun('bun-arm64-musl')}, arm64 musl (qemu)`,
    arch: 'arm64',
    libc: 'musl',
    get: async () => ({ program: await arm64MuslBun() }),
  },
  {
    name: `Deno ${fetched['deno-arm64'].version}, arm64 (qemu)`,
    arch: 'arm64',
    libc: 'glibc',
    get: async () => ({ program: await arm64Deno() }),
  },
];

/**
 * Uses every layer once in each runtime, with the prebuilt binary that is for it.
 *
 * @param {string} project a folder in which fdmux is installed
 */
export async function checkForeign(project) {
  writeFileSync(join(project, 'smoke.cjs'), smokeProgram);
  for (const { name, arch, libc, get } of runtimes) {
    const binary = at(binaryPath({ arch, libc }));
    if (!existsSync(binary)) {
      say(`${name}: left out, there is no binary (npm run prebuild)`);
      continue;
    }
    const runtime = await get().catch((error) => {
      if (!(error instanceof Problem)) throw error;
      say(`${name}: left out, ${error.message}`);
    });
    if (runtime === undefined) continue;
    const outcome = await tryRun(runtime.program, ['smoke.cjs'], {
      cwd: project,
      env: { ...runtime.env, FDMUX_BINARY: binary },
      timeoutMs: TIMEOUT_MS,
    });
    if (!outcome.ok) throw new Problem(`${outcome.output}\n${name}: the program failed (${outcome.reason})`);
    say(`${name}: every layer works`);
  }
}
