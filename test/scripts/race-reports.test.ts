import { describe, expect, test } from 'vitest';
import { projectPath, run } from '../support/processes.js';

/** Which reports of ThreadSanitizer fail `npm run sanitize:tsan`. */
async function countsEach(...stanzas: readonly string[]): Promise<unknown> {
  const source = `
    import { isRaceOfOurs } from '${projectPath('scripts/lib/race-reports.mjs')}';
    process.stdout.write(JSON.stringify(${JSON.stringify(stanzas)}.map(isRaceOfOurs)));
  `;
  const { code, stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', source]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const OURS = [
  '    #0 close ../../../../src/libsanitizer/tsan/tsan_interceptors_posix.cpp:1729 (libtsan.so.2+0x5ba10)',
  '    #1 fdmux::UniqueFd::~UniqueFd() native/unique_fd.h:21 (fdmux.node+0x2c11f)',
];
const LIBUVS = [
  '    #0 epoll_create1 ../../../../src/libsanitizer/tsan/tsan_interceptors_posix.cpp:1896 (libtsan.so.2+0x5c0aa)',
  '    #1 uv__platform_loop_init ../deps/uv/src/unix/linux.c:527 (node+0x1a2b3c4)',
];
const ENGINES = ['    #0 v8::internal::Heap::CollectGarbage() <null> (node+0x1234567)'];

/** A report of a race between two accesses, to what was made by the last stack. */
const race = (one: readonly string[], other: readonly string[], location: readonly string[] = []): string =>
  [
    'WARNING: ThreadSanitizer: data race (pid=4711)',
    '  Write of size 8 at 0x7b8000001030 by thread T21:',
    ...one,
    '',
    '  Previous write of size 8 at 0x7b8000001030 by main thread:',
    ...other,
    '',
    ...(location.length === 0 ? [] : ['  Location is file descriptor 19 created by thread T12 at:', ...location, '']),
    '  Thread T21 (tid=4733, running) created by main thread at:',
    '    #0 pthread_create <null> (libtsan.so.2+0x62de6)',
  ].join('\n');

describe('a report', () => {
  test('of a race counts when our code makes one of the accesses', async () => {
    const counted = await countsEach(
      race(OURS, ENGINES),
      race(ENGINES, OURS),
      race(OURS, OURS, OURS),
      race(ENGINES, ENGINES),
    );
    expect(counted).toEqual([true, true, true, false]);
  });

  test('does not count when its fd was one of libuv, which has closed it unseen', async () => {
    expect(await countsEach(race(OURS, LIBUVS, LIBUVS))).toEqual([false]);
  });

  test('of another kind counts when it names our code', async () => {
    const of = (stack: readonly string[]): string =>
      ['WARNING: ThreadSanitizer: heap-use-after-free (pid=4711)', '  Read of size 8:', ...stack].join('\n');
    expect(await countsEach(of(OURS), of(ENGINES), OURS.join('\n'))).toEqual([true, false, false]);
  });
});
