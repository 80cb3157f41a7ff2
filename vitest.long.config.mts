import { defineConfig } from 'vitest/config';
import daily from './vitest.config.mjs';

/** The tests that take minutes: the settings of the daily suite, with other files. */
export default defineConfig({
  ...daily,
  test: { ...daily.test, include: ['test/**/*.long.test.ts'], exclude: [], testTimeout: 300_000 },
});
