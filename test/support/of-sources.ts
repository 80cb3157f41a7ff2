/** For tests that replace modules: those of an installed package load each other by themselves. */
import { test } from 'vitest';

/** A test of the sources alone; it needs the tag `needs-sources`. */
export const testOfSources = test.skipIf(process.env['FDMUX_TEST_SUBJECT'] !== undefined);
