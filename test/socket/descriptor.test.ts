/** Rules for every fd, however it was opened. */
import { describe, expect, test } from 'vitest';
import { pipe, setNonBlocking } from '../../src/index.js';
import { errorOf } from '../native/fds.js';
import { callUntyped } from '../support/untyped.js';

describe('setNonBlocking', () => {
  test('sets O_NONBLOCK by default and clears it when asked, on the description that duplicates share', () => {
    const [reader, writer] = pipe({ blocking: true });
    const duplicate = reader.dup();
    try {
      setNonBlocking(reader);
      expect([reader.blocking, duplicate.blocking, writer.blocking]).toEqual([false, false, true]);
      expect(reader.read(1)).toBeNull();
      setNonBlocking(duplicate.fd, false);
      expect(reader.blocking).toBe(true);
    } finally {
      for (const one of [reader, writer, duplicate]) one.close();
    }
  });

  test('refuses what is no fd', () => {
    expect(errorOf(() => setNonBlocking(2 ** 31 - 1))).toMatchObject({ code: 'EBADF' });
    expect(errorOf(() => setNonBlocking(-1))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => callUntyped({ setNonBlocking }, 'setNonBlocking', 0, 1))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
  });
});
