import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';

/** No process has this many fds: a call that got through the checks says EBADF and harms nothing. */
const NO_FD = 2_000_000_000;

const thread = native.waitThreadOpen(() => undefined);
afterAll(() => native.waiterClose(thread));

/** What each kind of parameter takes: one value that is fine, and what is not. */
const notANumber = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom(undefined, null, Symbol('fd'), {}, [], () => 0, new Date(0), Object(3)),
);
const notAnInteger = fc.oneof(
  fc.constantFrom(
    NaN,
    Infinity,
    -Infinity,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 53,
    -(2 ** 31) - 1,
  ),
  fc.double({ noInteger: true }),
);
const negative = fc.integer({ max: -1 });
const notAnObject = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.bigInt(),
  fc.integer(),
  fc.constantFrom(undefined, Symbol('x'), () => 0),
);
const otherArrays = fc.constantFrom<unknown>(
  null,
  {},
  [],
  [1, 2],
  new ArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
  new Float64Array(8),
  new BigInt64Array(1),
);

interface Kind {
  readonly fine: unknown;
  readonly bad: fc.Arbitrary<unknown>;
}

const kinds = {
  fd: { fine: NO_FD, bad: fc.oneof(notANumber, notAnInteger, negative) },
  int: { fine: 1, bad: fc.oneof(notANumber, notAnInteger) },
  unsigned: { fine: 1, bad: fc.oneof(notANumber, notAnInteger, negative) },
  /** An index or a count, of something that holds eight. */
  index: { fine: 0, bad: fc.oneof(notANumber, notAnInteger, negative, fc.integer({ min: 9 })) },
  /** At least one, of something that holds eight. */
  size: { fine: 1, bad: fc.oneof(notANumber, notAnInteger, fc.integer({ max: 0 }), fc.integer({ min: 9 })) },
  /** A number of bytes that nothing here holds: at most 2^30. */
  byteLength: { fine: 0, bad: fc.oneof(notANumber, notAnInteger, negative, fc.integer({ min: 2 ** 30 + 1 })) },
  port: { fine: 0, bad: fc.oneof(notANumber, notAnInteger, negative, fc.integer({ min: 65_536 })) },
  timeout: { fine: 0, bad: fc.oneof(notANumber, fc.constantFrom(NaN, -Infinity, -2, -0.5)) },
  boolean: {
    fine: false,
    bad: fc.oneof(fc.string(), fc.integer(), fc.bigInt(), fc.constantFrom(undefined, null, {}, [])),
  },
  optionalBoolean: {
    fine: undefined,
    bad: fc.oneof(fc.string(), fc.integer(), fc.bigInt(), fc.constantFrom(null, {}, [])),
  },
  bytes: { fine: new Uint8Array(8), bad: fc.oneof(notAnObject, otherArrays, fc.constant(new Int32Array(8))) },
  int32s: { fine: new Int32Array(8), bad: fc.oneof(notAnObject, otherArrays, fc.constant(new Uint8Array(32))) },
  sharedInt32s: {
    fine: new Int32Array(new SharedArrayBuffer(8)),
    bad: fc.oneof(notAnObject, otherArrays, fc.constant(new Int32Array(2))),
  },
  address: {
    fine: new Uint8Array(16),
    bad: fc.oneof(notAnObject, otherArrays, fc.constantFrom(new Uint8Array(1), new Uint8Array(200))),
  },
  signals: {
    fine: undefined,
    bad: fc.oneof(
      notAnObject.filter((value) => value !== undefined),
      fc.constantFrom({}, { length: 1 }, new Int32Array(1)),
      fc.array(fc.oneof(notANumber, notAnInteger, negative, fc.constantFrom(0, 65, 1000)), { minLength: 1 }),
    ),
  },
  host: {
    fine: '127.0.0.1',
    bad: fc.oneof(
      notANumber.filter((value) => typeof value !== 'string'),
      fc.integer(),
    ),
  },
  milliseconds: { fine: 0, bad: fc.oneof(notANumber, fc.constantFrom(NaN, Infinity, -Infinity, -1, -0.5)) },
  /** An offset in a file. */
  position: {
    fine: 0,
    bad: fc.oneof(notANumber, fc.constantFrom(NaN, Infinity, -Infinity, 2 ** 53), fc.double({ noInteger: true })),
  },
  /** What one struct without pointers takes. */
  links: { fine: new Int32Array(0), bad: fc.oneof(notAnObject, otherArrays, fc.constant(new Int32Array(2))) },
  blocks: {
    fine: [new Uint8Array(8)],
    bad: fc.oneof(
      notAnObject,
      fc.constantFrom<unknown>(null, {}, [], new Uint8Array(1)),
      fc.array(fc.oneof(notAnObject, otherArrays), { minLength: 1, maxLength: 3 }),
    ),
  },
  path: {
    fine: '/nonexistent/fdmux',
    bad: fc.oneof(
      notANumber.filter((value) => typeof value !== 'string'),
      fc.constantFrom('a'.repeat(5000), new Uint8Array(5000), new Int8Array(1)),
    ),
  },
  pathOrNull: {
    fine: null,
    bad: fc.oneof(
      notANumber.filter((value) => typeof value !== 'string' && value !== null),
      fc.constantFrom('a'.repeat(5000), new Uint8Array(5000), new Int8Array(1)),
    ),
  },
  buffers: {
    fine: [],
    bad: fc.oneof(
      notAnObject,
      fc.constantFrom(null, {}, new Uint8Array(1)),
      fc.array(fc.oneof(notAnObject, otherArrays), { minLength: 1, maxLength: 3 }),
    ),
  },
  list: { fine: [], bad: fc.oneof(notAnObject, fc.constantFrom<unknown>(null, {}, new Int32Array(1))) },
  signalList: {
    fine: null,
    bad: fc.oneof(
      notAnObject,
      fc.constantFrom(null, {}, new Int32Array(1)),
      fc.array(fc.oneof(notANumber, notAnInteger, negative, fc.constantFrom(0, 65, 1000)), { minLength: 1 }),
    ),
  },
  thread: { fine: thread, bad: fc.oneof(notANumber, notAnInteger, negative, fc.constant(4e9)) },
  callback: {
    fine: () => undefined,
    bad: fc.oneof(fc.string(), fc.integer(), fc.constantFrom(undefined, null, {}, [])),
  },
} satisfies Record<string, Kind>;

type Call = readonly [name: keyof typeof native, ...parameters: (keyof typeof kinds)[]];

/** Every call of the contract that takes arguments, and of what kind they are. */
const calls: readonly Call[] = [
  ['select', 'int32s', 'index', 'index', 'index', 'timeout', 'optionalBoolean', 'signals'],
  ['selectSets', 'int32s', 'index', 'timeout', 'optionalBoolean', 'signals'],
  ['poll', 'int32s', 'index', 'timeout', 'optionalBoolean', 'signals'],
  ['epollCtl', 'fd', 'int', 'fd', 'int', 'unsigned', 'unsigned'],
  ['epollWait', 'fd', 'unsigned', 'timeout', 'optionalBoolean', 'signals'],
  ['eventBuffer', 'fd'],
  ['loopWatchOpen', 'fd', 'callback'],
  ['loopWatchStart', 'fd'],
  ['loopWatchStop', 'fd'],
  ['loopWatchDirect', 'fd', 'fd', 'unsigned'],
  ['loopWatchNext', 'fd'],
  ['waitThreadArmPoll', 'thread', 'int32s', 'index'],
  ['waitThreadArmSelect', 'thread', 'int32s', 'index', 'index', 'index'],
  ['waitThreadArmEpoll', 'thread', 'fd', 'unsigned'],
  ['waitThreadTake', 'thread'],
  ['waitThreadForget', 'thread', 'fd'],
  ['mayLoseEvents', 'fd'],
  ['waitThreadOpen', 'callback'],
  ['waitThreadDisarm', 'thread'],
  ['waiterRef', 'thread'],
  ['waiterUnref', 'thread'],
  ['waiterClose', 'thread'],
  ['socket', 'int', 'int', 'int', 'boolean'],
  ['socketPair', 'int', 'int', 'int', 'boolean'],
  ['bind', 'fd', 'address'],
  ['listen', 'fd', 'int'],
  ['connect', 'fd', 'address'],
  ['recv', 'fd', 'bytes', 'index', 'index', 'int'],
  ['send', 'fd', 'bytes', 'index', 'index', 'int'],
  ['sender', 'bytes', 'int32s'],
  ['shutdown', 'fd', 'int'],
  ['getSockOpt', 'fd', 'int', 'int'],
  ['getSockOptBytes', 'fd', 'int', 'int', 'unsigned'],
  ['getSockName', 'fd'],
  ['getPeerName', 'fd'],
  ['encodeInet', 'int', 'host', 'port', 'unsigned', 'unsigned'],
  ['encodeUnix', 'bytes', 'boolean'],
  ['decodeAddress', 'bytes'],
  ['close', 'fd'],
  ['disownFd', 'fd'],
  ['shareFd', 'fd', 'sharedInt32s'],
  ['read', 'fd', 'bytes', 'index', 'index'],
  ['write', 'fd', 'bytes', 'index', 'index'],
  ['setNonBlocking', 'fd', 'boolean'],
  ['isNonBlocking', 'fd'],
  ['pipe', 'boolean'],
  ['eventFd', 'unsigned'],
  ['acceptFrom', 'fd', 'boolean'],
  ['acceptMany', 'fd', 'int32s', 'bytes', 'index'],
  ['receiver', 'bytes', 'int32s', 'size'],
  ['recvFrom', 'fd', 'bytes', 'index', 'index', 'int'],
  ['sendTo', 'fd', 'bytes', 'index', 'index', 'int', 'address'],
  ['recvMsg', 'fd', 'buffers', 'unsigned', 'int'],
  ['recvMmsg', 'fd', 'bytes', 'size', 'unsigned', 'int'],
  ['recvDatagrams', 'fd', 'bytes', 'size', 'bytes', 'bytes', 'index', 'int32s', 'list'],
  ['sendDatagrams', 'fd', 'bytes', 'int32s', 'index', 'index', 'boolean'],
  ['sendMmsg', 'fd', 'buffers', 'buffers', 'int32s', 'buffers', 'int'],
  ['open', 'path', 'int', 'unsigned'],
  ['duplicate', 'fd'],
  ['eventFdSemaphore', 'unsigned'],
  ['timerFd', 'int'],
  ['timerFdSet', 'fd', 'milliseconds', 'milliseconds', 'int'],
  ['timerFdGet', 'fd'],
  ['signalFd', 'signalList'],
  ['inotifyAdd', 'fd', 'path', 'unsigned'],
  ['inotifyRemove', 'fd', 'int'],
  ['fanotify', 'unsigned', 'unsigned'],
  ['fanotifyMark', 'fd', 'unsigned', 'unsigned', 'path'],
  ['pidFd', 'int'],
  ['pidFdSendSignal', 'fd', 'int'],
  ['pidFdWait', 'fd'],
  ['pread', 'fd', 'bytes', 'index', 'index', 'position'],
  ['pwrite', 'fd', 'bytes', 'index', 'index', 'position'],
  ['lseek', 'fd', 'position', 'int'],
  ['splice', 'fd', 'fd', 'unsigned', 'position', 'position', 'unsigned'],
  ['tee', 'fd', 'fd', 'unsigned', 'position', 'position', 'unsigned'],
  ['sendfile', 'fd', 'fd', 'unsigned', 'position', 'position', 'unsigned'],
  ['spliceThrough', 'fd', 'fd', 'fd', 'fd', 'byteLength', 'byteLength', 'int32s'],
  ['fcntl', 'fd', 'int', 'int'],
  ['flock', 'fd', 'int'],
  ['lockRange', 'fd', 'unsigned', 'position', 'position'],
  ['testRange', 'fd', 'unsigned', 'position', 'position'],
  ['memfd', 'host', 'unsigned'],
  ['ifIndexToName', 'unsigned'],
  ['ioctlPointers', 'fd', 'unsigned', 'links', 'blocks'],
  ['setSockOptPointers', 'fd', 'int', 'int', 'links', 'blocks'],
  ['spawnOnTerminal', 'fd', 'buffers', 'buffers', 'buffers', 'pathOrNull', 'int', 'int'],
];

/** Calls by name with whatever arguments, and gives the code of what it threw. */
function codeOf(name: keyof typeof native, args: readonly unknown[]): unknown {
  const call: unknown = Reflect.get(native, name);
  if (typeof call !== 'function') throw new Error(`${name} is no function`);
  try {
    Reflect.apply(call, native, args);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) return error;
    const kind = error.code === 'ERR_INVALID_ARG_TYPE' ? TypeError : RangeError;
    return error instanceof kind ? error.code : error;
  }
  return 'nothing was thrown';
}

describe.each(calls.map(([name, ...parameters]) => ({ name, parameters })))('$name', ({ name, parameters }) => {
  test('refuses every bad argument with a typed error, whatever the others are', () => {
    const fine: readonly unknown[] = parameters.map((kind) => kinds[kind].fine);
    parameters.forEach((kind, position) => {
      fc.assert(
        fc.property<[unknown]>(kinds[kind].bad, (bad) => {
          const code = codeOf(name, fine.with(position, bad));
          expect(['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE']).toContain(code);
        }),
        { numRuns: 60 },
      );
    });
  });

  test('refuses missing arguments', () => {
    expect(codeOf(name, [])).toBe('ERR_INVALID_ARG_TYPE');
  });
});
