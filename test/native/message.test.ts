import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecodedControl, WOULD_BLOCK } from '../../src/binding/contract.js';
import { native } from '../../src/binding/load.js';
import { bytes, constant, errorOf, fill, useFds } from './fds.js';

const fds = useFds();

function received(fd: number): string {
  const buffer = new Uint8Array(1_000_000);
  return new TextDecoder().decode(buffer.subarray(0, native.recv(fd, buffer, 0, buffer.length, 0)));
}

describe('sender', () => {
  test('sends the ranges of each run in order and leaves the result in its first triple', () => {
    const [one, oneEnd] = fds.socketPair();
    const [two, twoEnd] = fds.socketPair();
    const operations = Int32Array.of(one, 0, 2, one, 2, 4, one, 6, 8, two, 0, 10, one, 9, 10);
    native.sender(bytes('0123456789'), operations)(5);
    expect([...operations]).toEqual([6, 0, 2, one, 2, 4, one, 6, 8, 10, 0, 10, 1, 9, 10]);
    expect(received(oneEnd)).toBe('0123679');
    expect(received(twoEnd)).toBe('0123456789');
  });

  test('sends a run of many ranges whole, beyond what one call takes', () => {
    const [one, end] = fds.socketPair();
    const count = 5000;
    const operations = Int32Array.from(Array.from({ length: count }, () => [one, 3, 4]).flat());
    native.sender(bytes('0123'), operations)(count);
    expect(operations[0]).toBe(count);
    expect(received(end)).toBe('3'.repeat(count));
  });

  test('gives the errno, negative, and goes on with the next run', () => {
    const [one, oneEnd] = fds.socketPair();
    const [two, twoEnd] = fds.socketPair();
    fds.close(oneEnd);
    const closed = fds.closedFd();
    const operations = Int32Array.of(one, 0, 1, closed, 0, 1, two, 0, 1);
    native.sender(bytes('x'), operations)(3);
    expect([operations[0], operations[3], operations[6]]).toEqual([-constant('EPIPE'), -constant('EBADF'), 1]);
    expect(received(twoEnd)).toBe('x');
  });

  test('counts what a full socket took, and says EAGAIN if it took nothing', () => {
    const [one] = fds.socketPair();
    const data = new Uint8Array(4_000_000);
    const operations = Int32Array.of(one, 0, data.length);
    native.sender(data, operations)(1);
    expect(operations[0]).toBeGreaterThan(0);
    expect(operations[0]).toBeLessThan(data.length);
    operations[0] = one;
    native.sender(data, operations)(1);
    expect(operations[0]).toBe(-constant('EAGAIN'));
  });

  test('sends nothing for empty ranges', () => {
    const [one] = fds.socketPair();
    const operations = Int32Array.of(one, 1, 1);
    native.sender(bytes('xy'), operations)(1);
    expect(operations[0]).toBe(0);
  });

  test('refuses a list with a range outside of the bytes before anything is sent', () => {
    const [one, end] = fds.socketPair();
    for (const bad of [
      [one, 0, 3],
      [one, 2, 1],
      [one, -1, 1],
      [-1, 0, 1],
    ]) {
      const operations = Int32Array.of(one, 0, 1, ...bad);
      expect(errorOf(() => native.sender(bytes('xy'), operations)(2))).toMatchObject({
        code: 'ERR_OUT_OF_RANGE',
      });
    }
    expect(native.recv(end, new Uint8Array(1), 0, 1, 0)).toBe(WOULD_BLOCK);
  });

  test('sends what the ranges say, whatever they are', () => {
    const range = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }));
    const text = '0123456789';
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 50 }), (ranges) => {
        const [one, end] = native.socketPair(constant('AF_UNIX'), constant('SOCK_STREAM'), 0, true);
        const sorted = ranges.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
        native.sender(bytes(text), Int32Array.from(sorted.flatMap(([a, b]) => [one, a, b])))(sorted.length);
        native.close(one);
        const sent = received(end);
        native.close(end);
        expect(sent).toBe(sorted.map(([a, b]) => text.slice(a, b)).join(''));
      }),
    );
  });
});

describe('receiver', () => {
  test('lays what each fd gives end to end and leaves each result in its place', () => {
    const [one, oneEnd] = fds.socketPair();
    const [two, twoEnd] = fds.socketPair();
    const [, quiet] = fds.socketPair();
    const [gone, ended] = fds.socketPair();
    fill(one, 'abc');
    fill(two, 'defgh');
    fds.close(gone);
    const buffer = new Uint8Array(64);
    const operations = Int32Array.of(oneEnd, quiet, twoEnd, ended, fds.closedFd(), twoEnd);
    expect(native.receiver(buffer, operations, 4)(6)).toBe(6);
    expect([...operations]).toEqual([3, -constant('EAGAIN'), 4, 0, -constant('EBADF'), 1]);
    expect(new TextDecoder().decode(buffer.subarray(0, 8))).toBe('abcdefgh');
  });

  test('ends if there is less room than one receive may take', () => {
    const [one, end] = fds.socketPair();
    fill(one, 'abcdef');
    const operations = Int32Array.of(end, end, end);
    expect(native.receiver(new Uint8Array(8), operations, 3)(3)).toBe(2);
    expect([...operations]).toEqual([3, 3, end]);
  });

  test('refuses to receive nothing, which would read as the end of the stream', () => {
    const call = () => native.receiver(new Uint8Array(8), Int32Array.of(0), 0)(1);
    expect(errorOf(call)).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});

describe('recvDatagrams', () => {
  /** Three datagrams with an fd each have arrived at the socket. */
  function socketWithFds(): number {
    const [socket, peer] = native.socketPair(constant('AF_UNIX'), constant('SOCK_DGRAM'), 0, true);
    for (const fd of [socket, peer]) fds.track(fd);
    const passed = new Uint8Array(Int32Array.of(socket).buffer);
    const rights = Int32Array.of(0, constant('SOL_SOCKET'), constant('SCM_RIGHTS'));
    for (let i = 0; i < 3; i++) native.sendMsg(peer, [bytes('x')], rights, [passed], 0, null);
    return socket;
  }

  const receive = (socket: number, control: Uint8Array, controls: DecodedControl[][]): number =>
    native.recvDatagrams(
      socket,
      new Uint8Array(3),
      1,
      new Uint8Array(3 * 128),
      control,
      64,
      new Int32Array(9),
      controls,
    );

  const fdsOf = (control: readonly DecodedControl[] = []): readonly number[] =>
    control.flatMap((message) => (message.kind === 'rights' ? message.fds : []));

  test('closes no fd that JavaScript has got when a later one cannot be handed over', () => {
    const socket = socketWithFds();
    const controls: DecodedControl[][] = [];
    Object.defineProperty(controls, 1, {
      set() {
        throw new Error('not this one');
      },
    });
    expect(errorOf(() => receive(socket, new Uint8Array(192), controls))).toMatchObject({ message: 'not this one' });
    const [first = -1] = fdsOf(controls[0]);
    expect(native.fileType(fds.track(first))).toBe(native.fileType(socket));
  });

  test('reads no memory that a setter of the list has given away', () => {
    const socket = socketWithFds();
    const control = new Uint8Array(192);
    const controls: DecodedControl[][] = [];
    let first: DecodedControl[] | undefined;
    Object.defineProperty(controls, 0, {
      set(value: DecodedControl[]) {
        first = value;
        new Uint8Array(structuredClone(control.buffer, { transfer: [control.buffer] })).fill(255);
      },
    });
    expect(receive(socket, control, controls)).toBe(3);
    const received = [first, controls[1], controls[2]].flatMap(fdsOf);
    for (const fd of received) fds.track(fd);
    expect(received).toHaveLength(3);
    // The content is the number of the fd in this process, as in `fds`.
    expect(controls[2]?.[0]?.data).toEqual(new Uint8Array(Int32Array.of(received[2] ?? -1).buffer));
  });
});
