import { afterEach } from 'vitest';
import { native } from '../../src/binding/load.js';

/** A constant of the kernel; a name that does not exist fails the test. */
export function constant(name: string): number {
  const value = native.constants[name];
  if (value === undefined) throw new Error(`no constant ${name}`);
  return value;
}

/** Makes fds and closes them after each test. To be called once, at the top of a test file. */
export function useFds() {
  const open = new Set<number>();
  const track = (fd: number): number => {
    open.add(fd);
    return fd;
  };
  const close = (fd: number): void => {
    open.delete(fd);
    native.close(fd);
  };
  afterEach(() => {
    for (const fd of open) native.close(fd);
    open.clear();
  });
  const both = (pair: [number, number]): [number, number] => [track(pair[0]), track(pair[1])];
  return {
    track,
    /** Closes now what {@link track} has taken. */
    close,
    /** [read end, write end], non-blocking. */
    pipe: () => both(native.pipe(true)),
    /** Connected stream sockets, non-blocking. */
    socketPair: () => both(native.socketPair(constant('AF_UNIX'), constant('SOCK_STREAM'), 0, true)),
    epoll: () => track(native.epollCreate()),
    socket: (family: string, type: string) => track(native.socket(constant(family), constant(type), 0, true)),
    /** The next connection of a listening socket, which has one. */
    accept: (listener: number, nonBlocking = true): number => {
      const accepted = native.acceptFrom(listener, nonBlocking);
      if (accepted === null) throw new Error('no connection to accept');
      return track(accepted.fd);
    },
    /** A number that no fd has. */
    closedFd: (): number => {
      const fd = native.eventFd(0);
      native.close(fd);
      return fd;
    },
  };
}

/** The bytes of a text. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Writes all of `text`, which must fit. */
export function fill(fd: number, text: string): void {
  const data = bytes(text);
  native.write(fd, data, 0, data.length);
}

/** What `call` throws. */
export function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
