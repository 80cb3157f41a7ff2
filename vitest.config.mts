import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';
import { defineConfig } from 'vitest/config';
import tags from './test/tags.json' with { type: 'json' };

/** The folder of an installed fdmux that the suite is to test (the matrix sets it); without it, the sources. */
const subject = process.env['FDMUX_TEST_SUBJECT'];

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
 * The folders whose files share the modules of one process, one file after the other. Each of these many small files
 * would load all modules for itself otherwise, which takes longer than its tests. The other folders have files that
 * load modules again, measure the heap, or change what a process does with signals.
 */
const SHARING = ['test/protocol/irc/commands/', 'test/protocol/irc/features/'];

/** Whether a test file may find modules that another one has loaded: not if it puts others in their place. */
const isSharing = (path: string): boolean =>
  SHARING.some((folder) => path.startsWith(folder)) && !/^vi\.(mock|doMock)\(/m.test(readFileSync(at(path), 'utf8'));

/** The test files of a mode: those that share modules, and the others. */
function testFiles(mode: string): { readonly shared: string[]; readonly alone: string[] } {
  const paths = readdirSync(at('test'), { recursive: true, encoding: 'utf8' }).map((path) => `test/${path}`);
  const wanted = paths.filter(
    (path) => path.endsWith('.test.ts') && path.endsWith('.long.test.ts') === (mode === 'long'),
  );
  return { shared: wanted.filter(isSharing), alone: wanted.filter((path) => !isSharing(path)) };
}

/** By default the daily suite; with `--mode long` the tests that take minutes, in *.long.test.ts. */
export default defineConfig(({ mode }) => ({
  plugins: subject === undefined ? [] : [installedInsteadOfSources(subject)],
  resolve: { alias: subject === undefined ? [{ find: /^fdmux$/, replacement: at('src/index.ts') }] : [] },
  test: {
    projects: [
      { extends: true, test: { name: 'shared', include: testFiles(mode).shared, isolate: false } },
      { extends: true, test: { name: 'alone', include: testFiles(mode).alone } },
    ],
    globalSetup: ['test/support/build-first.ts'],
    setupFiles: ['test/support/preload.ts', 'test/support/fd-leak-check.ts'],
    // What some tests need that not every runtime or machine has; scripts/lib/matrix-rows.mjs says what each row lacks.
    tags,
    strictTags: true,
    pool: 'forks',
    maxWorkers: 2,
    // Events have deadlines of their own; these end what hangs, and leave room for a busy machine.
    testTimeout: mode === 'long' ? 300_000 : 60_000,
    hookTimeout: 60_000,
    coverage: { include: ['src/**'], reporter: ['text-summary', 'html', 'lcov'] },
  },
}));
