/** Edge and one-shot triggers in detail, as docs/semantics.md describes them. Measured on Linux 6.18. */
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import type { Trigger } from '../../src/multiplexer/backend.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { POLLIN, POLLOUT } from '../../src/readiness/constants.js';
import { constant, fill, useFds } from '../native/fds.js';
import { awaitReady, tcpListener } from '../readiness/sockets.js';
import { disposedAtEnd } from '../support/fds.js';

const fds = useFds();

const watch = (fd: number, trigger: Trigger, interest: 'read' | 'write' | 'read-write' = 'read') => {
  const mux = disposedAtEnd(new Multiplexer());
  const registration = mux.register(fd, { interest, trigger });
  return { mux, registration };
};

describe('edge', { tags: ['needs-epoll'] }, () => {
  test('reports every new arrival, drained or not, with the whole state', () => {
    const [a, b] = fds.socketPair();
    const { mux, registration } = watch(a, 'edge', 'read-write');
    expect(mux.waitSync(0)).toHaveLength(1);
    for (let arrival = 0; arrival < 3; arrival += 1) {
      fill(b, 'x');
      expect(mux.waitSync(0)).toHaveLength(1);
      expect(registration.events).toBe(POLLIN | POLLOUT);
    }
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('a partial read alone never fires again', () => {
    const [reader, writer] = fds.pipe();
    const { mux } = watch(reader, 'edge');
    fill(writer, 'abc');
    expect(mux.waitSync(0)).toHaveLength(1);
    native.read(reader, new Uint8Array(1), 0, 1);
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('modifying or rearming an fd that is ready fires once more', () => {
    const [reader, writer] = fds.pipe();
    const { mux, registration } = watch(reader, 'edge');
    fill(writer, 'x');
    expect(mux.waitSync(0)).toHaveLength(1);
    registration.modify({ interest: 'read' });
    expect(mux.waitSync(0)).toHaveLength(1);
    registration.rearm();
    expect(mux.waitSync(0)).toHaveLength(1);
    expect(mux.waitSync(0)).toHaveLength(0);
  });

  test('writability fires again after a substantial drain, not after a byte', () => {
    const [a, b] = fds.socketPair();
    const chunk = new Uint8Array(65_536);
    while (native.write(a, chunk, 0, chunk.length) > 0);
    const { mux } = watch(a, 'edge', 'write');
    expect(mux.waitSync(0)).toHaveLength(0);
    native.read(b, chunk, 0, 1);
    expect(mux.waitSync(0)).toHaveLength(0);
    while (native.read(b, chunk, 0, chunk.length) > 0);
    expect(mux.waitSync(0)).toHaveLength(1);
  });

  test('three pending connections are one event: accepting only one loses two', () => {
    const { listener, address } = tcpListener(fds);
    const { mux } = watch(listener, 'edge');
    for (let index = 0; index < 3; index += 1) native.connect(fds.socket('AF_INET', 'SOCK_STREAM'), address);
    awaitReady(listener, POLLIN);
    expect(mux.waitSync(0)).toHaveLength(1);
    fds.accept(listener);
    expect(mux.waitSync(0)).toHaveLength(0);
    fds.accept(listener);
    fds.accept(listener);
    expect(native.acceptFrom(listener, true)).toBe(null);
  });

  test('a periodic timer that is never read is one event', () => {
    const timer = fds.track(native.timerFd(constant('CLOCK_MONOTONIC')));
    const { mux } = watch(timer, 'edge');
    native.timerFdSet(timer, 1, 1, 0);
    expect(mux.waitSync(1000)).toHaveLength(1);
    expect(mux.waitSync(20)).toHaveLength(0);
  });
});

describe('one-shot', { tags: ['needs-epoll'] }, () => {
  test.each(['oneshot', 'edge-oneshot'] as const)(
    '%s: after an event a peer’s close is silent until rearmed',
    (trigger) => {
      const [a, b] = fds.socketPair();
      const { mux, registration } = watch(a, trigger);
      fill(b, 'x');
      expect(mux.waitSync(0)).toHaveLength(1);
      expect(registration.active).toBe(false);
      fds.close(b);
      expect(mux.waitSync(0)).toHaveLength(0);
      registration.rearm();
      expect(mux.waitSync(0)).toHaveLength(1);
      expect(registration.isHangup).toBe(true);
    },
  );

  test('pausing and resuming arms the fd, too', () => {
    const [, writer] = fds.pipe();
    const { mux, registration } = watch(writer, 'oneshot', 'write');
    expect(mux.waitSync(0)).toHaveLength(1);
    registration.pause();
    registration.rearm();
    expect(mux.waitSync(0)).toHaveLength(0);
    registration.resume();
    expect(mux.waitSync(0)).toHaveLength(1);
  });
});

describe('time', () => {
  test('a wait of 100 microseconds does not last a millisecond', { tags: ['needs-fast-calls'] }, () => {
    const { mux } = watch(fds.pipe()[0], 'level');
    const times = Array.from({ length: 51 }, () => {
      const start = performance.now();
      expect(mux.waitSync(0.1)).toHaveLength(0);
      return performance.now() - start;
    });
    const shortest = Math.min(...times);
    expect(shortest).toBeGreaterThanOrEqual(0.1);
    // The shortest counts: others may meet another process.
    expect(shortest).toBeLessThan(1);
  });
});
