import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What `import 'fdmux'` means in the tests: the sources, or an installed package (the matrix sets it). */
const subject = process.env['FDMUX_TEST_SUBJECT'];

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias:
      subject === undefined
        ? [
            { find: /^fdmux$/, replacement: at('src/index.ts') },
            { find: /^fdmux\/chat$/, replacement: at('src/chat.ts') },
          ]
        : [],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-first.ts'],
    setupFiles: ['test/support/fd-leak-check.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
