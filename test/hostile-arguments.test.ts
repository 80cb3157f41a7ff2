/** Every public call, given what no program should pass: each error has a code, and no fd is left open. */
import { Duplex } from 'node:stream';
import * as fdmux from 'fdmux';
import { expect, test } from 'vitest';
import { until } from './support/deadline.js';
import { openFds } from './support/fds.js';

/** Bytes whose memory has gone to another thread. */
function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
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

const functions = ['connect', 'decodeAddress', 'listen', 'parseAddress', 'pipe', 'poll', 'pollSync', 'setNonBlocking'];
const fileFunctions = ['canLockRange', 'flock', 'lockRange', 'sendFile', 'splice', 'tee'];
const terminalFunctions = [
  'drainOutput',
  'flushQueues',
  'getModemLines',
  'getWindowSize',
  'sendBreak',
  'setExclusive',
  'setModemLines',
  'setWindowSize',
];
const structFunctions = [
  'canAddress',
  'decodeCanFrame',
  'decodeGpioLineEvents',
  'decodeInputEvents',
  'decodeInterfaceRequest',
  'decodeNetlink',
  'decodeNetlinkAttributes',
  'decodeNetlinkLink',
  'encodeCanFrame',
  'encodeGpioLineRequest',
  'encodeInputEvents',
  'encodeInterfaceRequest',
  'encodeNetlink',
  'encodeNetlinkAttribute',
  'gpioLineFd',
  'netlinkAddress',
  'sizedRequest',
];
const networkFunctions = ['ifIndexToName', 'ifNameToIndex', 'inetAton'];
const classes = ['Epoll', 'EventFd', 'Fanotify', 'Multiplexer', 'PidFd', 'SharedBytes', 'SignalFd', 'TimerFd'];
const owners = [
  fdmux.Socket,
  fdmux.Descriptor,
  fdmux.Epoll,
  fdmux.EventFd,
  fdmux.PidFd,
  fdmux.Pty,
  fdmux.SerialPort,
  fdmux.Termios,
];
const makers = ['create', 'pair', 'fromFd', 'open', 'pipe', 'memfd', 'spawn', 'get', 'set', 'raw', 'cbreak', 'save'];
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
  const names = [...functions, ...fileFunctions, ...terminalFunctions, ...networkFunctions, ...structFunctions];
  for (const name of [...names, 'resolveHost', 'select', 'selectSync', 'wakeup']) {
    const callable: unknown = Reflect.get(fdmux, name);
    if (typeof callable !== 'function') throw new Error(`no function ${name}`);
    // The last argument is a timeout if there is one: nothing waits.
    faults.push(...(await attempt(name, (): unknown => Reflect.apply(callable, undefined, [value, value, value, 0]))));
  }
  for (const name of classes) {
    const target: unknown = Reflect.get(fdmux, name);
    if (typeof target !== 'function') throw new Error(`no class ${name}`);
    faults.push(...(await attempt(`new ${name}`, (): unknown => Reflect.construct(target, [value, value]))));
  }
  for (const owner of owners) {
    for (const name of makers) {
      const maker: unknown = Reflect.get(owner, name);
      if (typeof maker !== 'function') continue;
      faults.push(
        ...(await attempt(`${owner.name}.${name}`, (): unknown => Reflect.apply(maker, owner, [value, value]))),
      );
    }
  }
  const [socket, other] = fdmux.Socket.pair();
  const [reader, writer] = fdmux.pipe();
  for (const [owner, methods] of [
    [socket, socketMethods],
    [writer, descriptorMethods],
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
  for (const each of [socket, other, reader, writer]) each.close();
  expect(faults).toEqual([]);
  // The fd that streams share is closed a tick after the last of them.
  await until(() => openFds().size === before.size, 'the end of what was opened');
});
