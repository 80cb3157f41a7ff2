import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';
import { defineConfig } from 'vitest/config';
import { foreignPool } from './test/support/foreign-pool.mjs';
import tags from './test/tags.json' with { type: 'json' };

/** The folder of an installed fdmux that the suite is to test (the matrix sets it); without it, the sources. */
const subject = process.env['FDMUX_TEST_SUBJECT'];
/** The program of the tests and its arguments, as JSON, if that is not the runtime of vitest (the matrix sets it). */
const worker = process.env['FDMUX_TEST_WORKER'];

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Gives every test that imports a module of src/ the same module of the installed package. */
const installedInsteadOfSources = (folder: string): Plugin => ({
  name: 'installed-instead-of-sources',
  enforce: 'pre',
  resolveId(specifier, importer) {
    if (specifier === 'fdmux') return { id: join(folder, 'dist/index.js'), external: true };
    if (!specifier.startsWith('.') || importer === undefined) return undefined;
    const path = relative(at('src'), resolve(dirname(importer), specifier));
    return path.startsWith('..') ? undefined : { id: join(folder, 'dist', path), external: true };
  },
});

/**
 * Each process of the suite runs many test files, one after the other, and they share its modules: to load all modules
 * anew takes longer than most tests. These need a process of their own: they put other modules in the place of some,
 * load them again, or measure the heap.
 */
const NEEDS_OWN_PROCESS = /\bvi\.(?:mock|doMock|resetModules)\(|\/support\/heap\.js'/;
/**
 * Files that call the kernel as they like. They share processes with each other only: a wait for readiness that another
 * file has under way is theirs to disturb.
 */
const RAW = ['test/readiness/', 'test/socket/', 'test/inspect.'];
/**
 * Raw files that leave a process unfit for any other: they block signals for good, and put another memory for events in
 * the place of the one that the multiplexers of the process have.
 */
const SPOILING = ['test/native/', 'test/socket/pollable-fds.'];

/** The test files of a mode, by the projects that have them. */
function testFiles(mode: string): Record<'shared' | 'raw' | 'alone', string[]> {
  const paths = readdirSync(at('test'), { recursive: true, encoding: 'utf8' }).map((path) => `test/${path}`);
  const wanted = paths.filter(
    (path) => path.endsWith('.test.ts') && path.endsWith('.long.test.ts') === (mode === 'long'),
  );
  const isIn = (folders: readonly string[], path: string): boolean => folders.some((each) => path.startsWith(each));
  const projectOf = (path: string): 'shared' | 'raw' | 'alone' => {
    // What takes minutes has loaded its modules in a moment, and leaves more behind.
    if (mode === 'long' || isIn(SPOILING, path)) return 'alone';
    if (NEEDS_OWN_PROCESS.test(readFileSync(at(path), 'utf8'))) return 'alone';
    return isIn(RAW, path) ? 'raw' : 'shared';
  };
  const filesOf = (project: string): string[] => wanted.filter((path) => projectOf(path) === project);
  return { shared: filesOf('shared'), raw: filesOf('raw'), alone: filesOf('alone') };
}

/**
 * Events have deadlines of their own; these end what hangs, and leave room for a busy machine. Each project is given
 * them: a project that extends this configuration does so in another mode.
 */
const deadlines = (mode: string) => ({ testTimeout: mode === 'long' ? 300_000 : 60_000, hookTimeout: 60_000 });

/** By default the daily suite; with `--mode long` the tests that take minutes, in *.long.test.ts. */
export default defineConfig(({ mode }) => ({
  plugins: subject === undefined ? [] : [installedInsteadOfSources(subject)],
  resolve: { alias: subject === undefined ? [{ find: /^fdmux$/, replacement: at('src/index.ts') }] : [] },
  test: {
    projects: [
      { extends: true, test: { name: 'shared', include: testFiles(mode).shared, isolate: false, ...deadlines(mode) } },
      { extends: true, test: { name: 'raw', include: testFiles(mode).raw, isolate: false, ...deadlines(mode) } },
      { extends: true, test: { name: 'alone', include: testFiles(mode).alone, ...deadlines(mode) } },
    ],
    globalSetup: ['test/support/build-first.ts'],
    setupFiles: ['test/support/preload.ts', 'test/support/fd-leak-check.ts'],
    // What some tests need that not every runtime or machine has; scripts/lib/matrix-rows.mjs says what each row lacks.
    tags,
    strictTags: true,
    pool: worker === undefined ? 'forks' : foreignPool(worker),
    // Daily tests wait for half of their time, so a third process fits on two cores. Long ones keep them busy.
    maxWorkers: mode === 'long' || worker !== undefined ? 2 : 3,
    coverage: { include: ['src/**'], reporter: ['text-summary', 'html', 'lcov'] },
  },
}));
