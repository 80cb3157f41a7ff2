import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as binding from '../../src/binding/load.js';
import { native } from '../../src/binding/load.js';
import { testOfSources } from '../support/of-sources.js';
import { errorOf } from './fds.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  vi.resetModules();
});

/** Loads the module again, as another process would. */
async function loadAgain(): Promise<typeof binding> {
  vi.resetModules();
  return await import('../../src/binding/load.js');
}

describe('native', () => {
  test('is the addon itself: its functions need no detour', () => {
    expect(Object.hasOwn(native, 'epollWait')).toBe(true);
    expect(native.epollWait.name).toBe('epollWait');
  });

  // test/packaging/loading.test.ts asks an installed package the same.
  testOfSources('is importable on another platform, where every call throws', { tags: ['needs-sources'] }, async () => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue('win32');
    const { native: again } = await loadAgain();
    expect(again.constants).toEqual({});
    expect(errorOf(() => again.epollCreate())).toMatchObject({
      code: 'ERR_UNSUPPORTED_PLATFORM',
      message: 'fdmux needs Linux; this is win32',
    });
  });

  // A bundler's way to the binary is a literal require, which finds what `npm run prebuild` has made.
  const itWithoutBinary = existsSync('prebuilds') ? test.skip : testOfSources;
  itWithoutBinary('is importable if there is no binary, and says what to do', { tags: ['needs-sources'] }, async () => {
    vi.stubEnv('FDMUX_BINARY', '');
    vi.doMock('node:fs', () => ({ existsSync: () => false }));
    const { native: again } = await loadAgain();
    vi.doUnmock('node:fs');
    const error = errorOf(() => again.pipe(true));
    expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_PLATFORM' });
    expect(String(error)).toMatch(
      /linux-\w+ with (glibc|musl).*build\/Release\/fdmux\.node.*prebuilds.*node-gyp rebuild/,
    );
  });

  testOfSources(
    'takes the binary that FDMUX_BINARY names, and says why it cannot',
    { tags: ['needs-sources'] },
    async () => {
      vi.stubEnv('FDMUX_BINARY', '/nonexistent/fdmux.node');
      const { native: again } = await loadAgain();
      const error = errorOf(() => again.epollCreate());
      expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_PLATFORM' });
      expect(String(error)).toContain('/nonexistent/fdmux.node');
      expect(error).toHaveProperty('cause');
    },
  );
});
