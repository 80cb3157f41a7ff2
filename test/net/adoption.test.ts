/** No constructor takes over a bare fd number: only `fromFd` does. */
import * as fdmux from 'fdmux';
import { expect, test } from 'vitest';
import { disposedAtEnd, openFds } from '../support/fds.js';

/** Constructs as a program without types may do, with `fd` in each place. @returns the objects that were made */
function constructWith(target: unknown, fd: number): { close(): void }[] {
  if (typeof target !== 'function') throw new Error('not a class');
  const attempts: readonly (readonly unknown[])[] = [[fd], [{}, fd], [undefined, fd], [0, {}, fd], [fd, 'x', 'y', 'z']];
  return attempts.flatMap((args) => {
    try {
      const made: unknown = Reflect.construct(target, args);
      return isClosable(made) ? [made] : [];
    } catch {
      return [];
    }
  });
}

function isClosable(value: unknown): value is { close(): void } {
  return typeof value === 'object' && value !== null && 'close' in value;
}

const names = ['Descriptor', 'Epoll', 'EventFd', 'Inotify', 'Multiplexer', 'PidFd', 'Poll', 'SignalFd', 'Socket'];

test.each([...names, 'TimerFd'])('%s does not take over a number that its constructor is given', (name) => {
  const [reader, writer] = fdmux.pipe();
  disposedAtEnd(reader);
  disposedAtEnd(writer);
  const before = openFds();
  for (const made of constructWith(Reflect.get(fdmux, name), reader.fd)) {
    expect(Reflect.get(made, 'fd')).not.toBe(reader.fd);
    made.close();
  }
  expect(openFds()).toEqual(before);
});

test('nor does the constructor of a class that extends OwnedFd', () => {
  class Thief extends fdmux.OwnedFd {}
  expect(() => void Reflect.construct(Thief, [1, 'Thief', 'the thief'])).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
  );
});
