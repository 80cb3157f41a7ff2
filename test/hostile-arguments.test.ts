/** Every public call, given what no program should pass: each error has a code, and no fd is left open. */
import { Duplex } from 'node:stream';
import * as fdmux from 'fdmux';
import { expect, test } from 'vitest';
import { until } from './support/deadline.js';
import { openFds } from './support/fds.js';
import { callUntyped } from './support/untyped.js';

/** Bytes whose memory has gone to another thread. */
function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** A view of memory that has shrunk, so that none of it is left. */
function outside(kind: new (memory: ArrayBuffer, offset: number, length: number) => ArrayBufferView): unknown {
  const memory: unknown = Reflect.construct(ArrayBuffer, [16, { maxByteLength: 16 }]);
  if (!(memory instanceof ArrayBuffer)) throw new Error('no memory');
  const view = new kind(memory, 8, 8);
  callUntyped(memory, 'resize', 4);
  return view;
}

const throwing = {
  get fd(): number {
    throw Object.assign(new Error('from a getter'), { code: 'FROM_GETTER' });
  },
};

/** What is passed, in each place of a call. */
const hostile: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a symbol', Symbol('x')],
  ['a bigint', 10n ** 30n],
  ['NaN', NaN],
  ['an array', []],
  ['a function', () => undefined],
  ['an unknown option', { nonsense: Symbol('x') }],
  ['a detached array', detached()],
  ['an array outside of its memory', outside(Uint8Array)],
  ['a view outside of its memory', outside(DataView)],
  ['an object whose fd throws', throwing],
  ['a proxy', new Proxy({}, {})],
  ['an object without a prototype', Object.create(null)],
  ['a NUL in a string', 'x\0y'],
];

/** Calls it, closes what it gave, and says what is wrong with its error. */
async function attempt(name: string, call: () => unknown): Promise<string[]> {
  try {
    const result: unknown = await Promise.race([call(), new Promise((resolve) => setImmediate(resolve))]);
    const made: readonly unknown[] = Array.isArray(result) ? result : [result];
    for (const each of made) {
      if (each instanceof Duplex) each.destroy();
      const close: unknown = typeof each === 'object' && each !== null ? Reflect.get(each, 'close') : undefined;
      if (typeof close === 'function') Reflect.apply(close, each, []);
    }
    return [];
  } catch (error) {
    const hasCode = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
    return hasCode ? [] : [`${name}: ${String(error)}`];
  }
}

type Callable = (...args: never) => unknown;

/** Functions and classes by name; a class cannot be called, nor a function constructed. */
function exported(kind: 'class' | 'function'): [string, Callable][] {
  const found: [string, Callable][] = [];
  for (const [name, value] of Object.entries<unknown>({ ...fdmux })) {
    if (!isCallable(value)) continue;
    const isClass = Function.prototype.toString.call(value).startsWith('class');
    if (isClass === (kind === 'class')) found.push([name, value]);
  }
  return found;
}

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function';
}

/** Errors are made of whatever they are given. */
const classes = exported('class').filter(([name]) => !name.endsWith('Error'));

/** The static methods of a class. */
function makersOf(owner: Callable): [string, Callable][] {
  const makers: [string, Callable][] = [];
  for (const name of Object.getOwnPropertyNames(owner)) {
    const maker: unknown = name === 'prototype' ? undefined : Reflect.get(owner, name);
    if (isCallable(maker)) makers.push([name, maker]);
  }
  return makers;
}

const socketMethods = [
  'toDuplex',
  'send',
  'sendMsg',
  'recvMsg',
  'recvInto',
  'setsockopt',
  'bind',
  'connect',
  'shutdown',
  'ioctl',
  'fcntl',
  'joinGroup',
  'leaveGroup',
];
const descriptorMethods = ['toDuplex', 'pread', 'pwrite', 'lseek', 'ioctl', 'fcntl', 'read', 'readInto', 'write'];

test.each(hostile)('%s', async (_what, value) => {
  const faults: string[] = [];
  const before = openFds();
  for (const [name, callable] of exported('function')) {
    // The last argument is a timeout if there is one: nothing waits. This one's others are of the package itself.
    const args = name === 'encodeAddress' ? [value] : [value, value, value, 0];
    faults.push(...(await attempt(name, (): unknown => Reflect.apply(callable, undefined, args))));
  }
  for (const [className, target] of classes) {
    faults.push(...(await attempt(`new ${className}`, (): unknown => Reflect.construct(target, [value, value]))));
    for (const [name, maker] of makersOf(target)) {
      faults.push(
        ...(await attempt(`${className}.${name}`, (): unknown => Reflect.apply(maker, target, [value, value]))),
      );
    }
  }
  const [socket, other] = fdmux.Socket.pair();
  const [reader, writer] = fdmux.pipe();
  const others = [new fdmux.EventFd(), new fdmux.TimerFd(), new fdmux.Inotify(), fdmux.Pty.open()] as const;
  const [counter, timer, changes, terminal] = others;
  for (const [owner, methods] of [
    [socket, socketMethods],
    [writer, descriptorMethods],
    [counter, ['write']],
    [timer, ['set']],
    [changes, ['add', 'remove']],
    [terminal, ['resize']],
  ] as const) {
    for (const name of methods) {
      const method: unknown = Reflect.get(owner, name);
      if (typeof method !== 'function') throw new Error(`no method ${name}`);
      // The last argument stands for options, flags and pointers.
      for (const args of [
        [value, value, value],
        [1, Buffer.alloc(8), value],
        [1, 1, Buffer.alloc(8), value],
      ]) {
        faults.push(...(await attempt(name, (): unknown => Reflect.apply(method, owner, args))));
      }
    }
  }
  for (const each of [socket, other, reader, writer, ...others]) each.close();
  expect(faults).toEqual([]);
  // The fd that streams share is closed a tick after the last of them.
  await until(() => openFds().size === before.size, 'the end of what was opened');
});
