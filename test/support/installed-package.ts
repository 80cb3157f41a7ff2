import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Ended } from './processes.js';
import { projectPath, TestProcess } from './processes.js';

/** How long packing, installing and removing may take on a busy machine. */
const INSTALL_DEADLINE_MS = 120_000;

/** A project that has fdmux installed from its tarball, as a user's has. */
export interface InstalledPackage {
  /** The project's folder. */
  readonly project: string;
  /** node_modules/fdmux in it. */
  readonly folder: string;
  /** A copy of the project, for a test that breaks something. */
  copy(): InstalledPackage;
  /** Runs a program in the project: `.cjs`, `.mjs`. */
  run(name: string, source: string, options?: RunOptions): Promise<Ended>;
  /** Runs npm in the project. */
  npm(...args: string[]): Promise<Ended>;
}

/** How a program in the project is run. */
export interface RunOptions {
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The runtime of the program; by default that of the test, with `nodeArgs`. */
  readonly runtime?: readonly string[];
  /** A command that starts the one in its arguments. */
  readonly through?: readonly string[];
}

/**
 * Installs fdmux once for the test file that calls this; everything is removed after it.
 *
 * @param isPacked - whether npm installs a tarball that is made for it, which takes long; otherwise it is a copy of
 *   this project's build. If there is a tarball already, it is installed in any case.
 */
export function installedPackage({ isPacked = true } = {}): () => InstalledPackage {
  let scratch = '';
  let installed: InstalledPackage | undefined;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'fdmux-package-'));
    const project = join(scratch, 'project');
    const made = process.env['FDMUX_TEST_TARBALL'];
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', version: '1.0.0', private: true }));
    installed = inProject(project, scratch);
    if (made === undefined && !isPacked) {
      copyBuilt(installed.folder);
      return;
    }
    const tarball = made ?? (await pack(join(scratch, 'pack')));
    const npmArgs = ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', tarball];
    // A PATH with nothing but Node.js on it: no compiler, no make, no Python.
    await must('npm', npmArgs, project, { PATH: pathWithNodeOnly(join(scratch, 'bin')) });
  }, INSTALL_DEADLINE_MS);
  afterAll(() => rmSync(scratch, { recursive: true, force: true }), INSTALL_DEADLINE_MS);
  return () => {
    if (installed === undefined) throw new Error('fdmux was not installed');
    return installed;
  };
}

/** Lays this project's build out as in the package, but without the type declarations. */
function copyBuilt(folder: string): void {
  for (const path of ['dist', 'package.json']) cpSync(projectPath(path), join(folder, path), { recursive: true });
  cpSync(
    projectPath('build/Release/fdmux.node'),
    join(folder, `prebuilds/linux-${process.arch}/fdmux.${libcName()}.node`),
  );
}

/** Which binary of the package is for this machine. */
export function libcName(): 'glibc' | 'musl' {
  return JSON.stringify(process.report.getReport()).includes('"glibcVersionRuntime"') ? 'glibc' : 'musl';
}

async function pack(folder: string): Promise<string> {
  const { stdout } = await must(
    process.execPath,
    [projectPath('scripts/pack.mjs'), '--here', '--out', folder],
    projectPath(),
  );
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** A folder that contains only links to the programs that installing needs. */
function pathWithNodeOnly(folder: string): string {
  mkdirSync(folder);
  for (const name of ['node', 'npm', 'sh', 'env']) {
    const found = (process.env['PATH'] ?? '').split(':').find((entry) => readdirQuietly(entry).includes(name));
    if (found !== undefined)
      writeFileSync(join(folder, name), `#!/bin/sh\nexec ${join(found, name)} "$@"\n`, { mode: 0o755 });
  }
  return folder;
}

function readdirQuietly(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

let copies = 0;

function inProject(project: string, scratch: string): InstalledPackage {
  return {
    project,
    folder: join(project, 'node_modules/fdmux'),
    copy() {
      const to = join(scratch, `copy-${++copies}`);
      cpSync(project, to, { recursive: true });
      return inProject(to, scratch);
    },
    run(name, source, { nodeArgs = [], env = {}, through = [], runtime = [process.execPath, ...nodeArgs] } = {}) {
      writeFileSync(join(project, name), source);
      const words: readonly string[] = [...through, ...runtime, name];
      const [command = '', ...args] = words;
      return ended(command, args, project, env);
    },
    npm: (...args) => must('npm', args, project),
  };
}

async function must(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<Ended> {
  const outcome = await ended(command, args, cwd, env);
  if (outcome.code !== 0) throw new Error(`${command} ${args.join(' ')}\n${outcome.stdout}${outcome.stderr}`);
  return outcome;
}

async function ended(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ended> {
  const child = new TestProcess(command, args, {
    cwd,
    env: { FDMUX_BINARY: undefined, ...env },
    deadlineMs: INSTALL_DEADLINE_MS,
  });
  child.end();
  try {
    return await child.ended();
  } finally {
    await child.dispose();
  }
}

/** A file of the package, parsed. */
export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
