/** Structs that hold pointers, and what the kernel may do with them. */
import { PidFd, type Pointer, SO_ATTACH_FILTER, SO_DETACH_FILTER, Socket, SOL_SOCKET } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../native/fds.js';
import { disposedAtEnd } from '../support/fds.js';
import { unixPair } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

/** struct sock_filter: return so many bytes of the packet. */
function returning(byteCount: number): Buffer {
  const instruction = Buffer.alloc(8);
  instruction.writeUInt16LE(0x06, 0);
  instruction.writeUInt32LE(byteCount, 4);
  return instruction;
}

/** struct sock_fprog: how many instructions, and at offset 8 where they are. */
function filterProgram(instructions: number): Buffer {
  const program = Buffer.alloc(16);
  program.writeUInt16LE(instructions, 0);
  return program;
}

describe('setsockopt with a pointer', () => {
  test('attaches a filter, which cuts what arrives', () => {
    const [left, right] = unixPair({ type: 'dgram' });
    right.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, filterProgram(1), { pointers: [[8, returning(3)]] });
    left.send('abcdef');
    expect(right.recv(100)?.toString()).toBe('abc');
    right.setsockopt(SOL_SOCKET, SO_DETACH_FILTER, 0);
    left.send('abcdef');
    expect(right.recv(100)?.toString()).toBe('abcdef');
  });

  test('gives EFAULT if the struct says that the buffer is longer than it is', () => {
    const [left] = unixPair({ type: 'dgram' });
    const attach = (instructions: number, buffer: Buffer): void =>
      left.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, filterProgram(instructions), { pointers: [[8, buffer]] });
    expect(errorOf(() => attach(2, returning(1)))).toMatchObject({ code: 'EFAULT', syscall: 'setsockopt' });
    expect(errorOf(() => attach(1, Buffer.alloc(0)))).toMatchObject({ code: 'EFAULT' });
  });

  test('refuses pointers that the struct has no room for', () => {
    const [left] = unixPair();
    for (const pointers of [[[9, returning(1)]], [[-1, returning(1)]], [[2 ** 31 - 1, returning(1)]]]) {
      const error = errorOf(() =>
        callUntyped(left, 'setsockopt', SOL_SOCKET, SO_ATTACH_FILTER, filterProgram(1), { pointers }),
      );
      expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    }
    for (const pointers of [1, [1], [['8', returning(1)]], [[8, 'text']], [[8, returning(1), 1]]]) {
      const error = errorOf(() =>
        callUntyped(left, 'setsockopt', SOL_SOCKET, SO_ATTACH_FILTER, filterProgram(1), { pointers }),
      );
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    }
  });

  test('refuses pointers that lead back to themselves', () => {
    const [left] = unixPair();
    const pointers: unknown[] = [];
    pointers.push([0, Buffer.alloc(8), pointers]);
    expect(
      errorOf(() => callUntyped(left, 'setsockopt', SOL_SOCKET, SO_ATTACH_FILTER, Buffer.alloc(16), { pointers })),
    ).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('refuses more pointers than the addon takes', () => {
    const [left] = unixPair();
    const attach = (pointers: readonly Pointer[]): void =>
      left.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, filterProgram(1), { pointers });
    attach(Array<Pointer>(1023).fill([8, returning(1)]));
    expect(errorOf(() => attach(Array<Pointer>(1024).fill([8, returning(1)])))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
    // They would be followed for years, one by one.
    let nested: readonly Pointer[] = [];
    for (let depth = 0; depth < 8; depth += 1) nested = Array<Pointer>(1000).fill([0, returning(1), nested]);
    expect(errorOf(() => attach(nested))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});

describe('ioctl with a pointer', () => {
  /** struct ifconf: how long the buffer is, and at offset 8 where it is. */
  const SIOCGIFCONF = 0x8912;

  test('fills the buffer on a socket, and hides the address', () => {
    using socket = Socket.create({ type: 'dgram' });
    const list = Buffer.alloc(40 * 64);
    const struct = Buffer.alloc(16, 0xaa);
    struct.writeInt32LE(list.length, 0);
    socket.ioctl(SIOCGIFCONF, struct, { pointers: [[8, list]] });
    const length = struct.readInt32LE(0);
    expect([length > 0, length % 40]).toEqual([true, 0]);
    const names = Array.from({ length: length / 40 }, (_, i) => list.toString('latin1', 40 * i, 40 * i + 16));
    expect(names.map((name) => name.replaceAll('\0', ''))).toContain('lo');
    expect(struct.subarray(8).every((byte) => byte === 0xaa)).toBe(true);
  });

  test('gives EFAULT for a buffer that is too short, and writes nothing beyond it', () => {
    using socket = Socket.create({ type: 'dgram' });
    const struct = Buffer.alloc(16);
    struct.writeInt32LE(4000, 0);
    const memory = Buffer.alloc(64, 0x55);
    expect(errorOf(() => socket.ioctl(SIOCGIFCONF, struct, { pointers: [[8, memory.subarray(0, 8)]] }))).toMatchObject({
      code: 'EFAULT',
    });
    expect(memory.every((byte) => byte === 0x55)).toBe(true);
  });

  test('refuses a struct that is shorter than the request says', () => {
    const process = disposedAtEnd(new PidFd(globalThis.process.pid));
    // _IOWR('a', 1, 32 bytes)
    expect(errorOf(() => process.ioctl(0xc0206101, Buffer.alloc(16), { pointers: [] }))).toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
  });
});
