import { existsSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSharedObject } from '../support/elf.js';
import { projectPath } from '../support/processes.js';

/** The properties that every binary needs to load on the systems that its name promises. */

/** The oldest glibc that Node.js's own binaries run on. */
const GLIBC_FLOOR = '2.28';
const MAX_BYTES = 512 * 1024;

/** The symbols by which Node-API finds a module. Any other could clash with another addon's libc++. */
const nodeApi = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

const glibc = [
  'libc.so.6',
  'libdl.so.2',
  'libm.so.6',
  'libpthread.so.0',
  'ld-linux-x86-64.so.2',
  'ld-linux-aarch64.so.1',
];
const musl = ['libc.so'];

test('the addon built here offers two functions, stays mapped and is bound at once', () => {
  expect(readSharedObject(projectPath('build/Release/fdmux.node'))).toMatchObject({
    exported: nodeApi,
    staysLoaded: true,
    bindsNow: true,
  });
});

const targets = ['x64', 'arm64'].flatMap((arch) => [
  { arch, libc: 'glibc', may: glibc },
  { arch, libc: 'musl', may: musl },
]);

describe.each(targets)(
  'the prebuilt binary for linux-$arch with $libc',
  { tags: ['needs-prebuilds'] },
  ({ arch, libc, may }) => {
    const path = projectPath(`prebuilds/linux-${arch}/fdmux.${libc}.node`);
    // `npm run prebuild` makes them and runs this file; a clone has none.
    const built = test.skipIf(!existsSync(path));

    built('is for that processor and offers the two functions of Node-API', () => {
      expect(readSharedObject(path)).toMatchObject({ machine: arch, exported: nodeApi });
    });

    built('needs nothing but the C library', () => {
      expect(readSharedObject(path).needed.filter((name) => !may.includes(name))).toEqual([]);
    });

    built(`asks for no glibc above ${GLIBC_FLOOR}`, () => {
      const versions = readSharedObject(path).requiredVersions.map((name) => name.replace('GLIBC_', ''));
      expect(versions.every((version) => /^[0-9.]+$/.test(version))).toBe(true);
      expect([GLIBC_FLOOR, ...versions].sort(byVersion).at(-1)).toBe(GLIBC_FLOOR);
      expect(versions.length > 0).toBe(libc === 'glibc');
    });

    built('stays mapped after dlclose, and is bound when it is loaded', () => {
      expect(readSharedObject(path)).toMatchObject({ staysLoaded: true, bindsNow: true });
    });

    built(`is stripped and below ${MAX_BYTES / 1024} kB`, () => {
      expect(readSharedObject(path).isStripped).toBe(true);
      expect(statSync(path).size).toBeLessThan(MAX_BYTES);
    });
  },
);

function byVersion(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
