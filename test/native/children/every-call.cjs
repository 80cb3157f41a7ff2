// Makes every native call at least once, some in vain, and ends with nothing left open: a program for memory checkers.
//   node every-call.cjs ADDON
// Fails when a call was left out.
'use strict';
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { constants, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { Worker, isMainThread, workerData } = require('node:worker_threads');

const addon = isMainThread ? process.argv[2] : workerData;
const exported = require(addon);
const C = exported.constants;

const uncalled = new Set(Object.keys(exported).filter((name) => typeof exported[name] === 'function'));
const native = new Proxy(exported, {
  get(target, name) {
    uncalled.delete(name);
    return target[name];
  },
});
/** Calling what they only claim to have ends Bun and Deno. */
const hasLoopWatch = process.versions.bun === undefined && process.versions.deno === undefined;
if (!hasLoopWatch)
  for (const name of [
    'loopWatchOpen',
    'loopWatchStart',
    'loopWatchDirect',
    'loopWatchNext',
    'loopWatchStop',
    'fatalException',
  ])
    uncalled.delete(name);
if (!hasLoopWatch) for (const name of ['directWaitCount', 'directWaitSpins', 'directWaitMs']) uncalled.delete(name);
const NO_FD = 1_000_000_000;
const bytes = Buffer.alloc(64);

function readiness() {
  const [reader, writer] = native.pipe(true);
  native.write(writer, Buffer.from('hello'), 0, 5);
  assert.equal(native.select(Int32Array.of(reader, writer, 0, 0), 1, 1, 0, 0, false, null), 2);
  const sets = new Int32Array(6 * 32);
  for (const fd of [reader, writer]) sets[fd === reader ? fd >> 5 : 32 + (fd >> 5)] |= 1 << (fd & 31);
  assert.equal(native.selectSets(sets, Math.max(reader, writer) + 1, 0, false, null), 2);
  assert.throws(() => native.selectSets(new Int32Array(5), 1, 0), { code: 'ERR_OUT_OF_RANGE' });
  assert.throws(() => native.selectSets(sets, 1025, 0), { code: 'ERR_OUT_OF_RANGE' });
  assert.throws(() => native.select(Int32Array.of(NO_FD, 0), 1, 0, 0, 0, false, null), { code: 'EBADF' });
  assert.equal(native.poll(Int32Array.of(reader, C.POLLIN, 0), 1, 5, true, [C.SIGUSR1]), 1);
  const epoll = native.epollCreate();
  native.epollCtl(epoll, C.EPOLL_CTL_ADD, reader, C.EPOLLIN, 1, 2);
  for (const capacity of [1, 64, 1000]) {
    native.eventBuffer(capacity);
    assert.equal(native.epollWait(epoll, capacity, 0.5, false, null), 1);
  }
  assert.equal(native.read(reader, bytes, 0, 5), 5);
  assert.equal(native.epollWait(epoll, 1, 0.5, true, [C.SIGUSR1]), 0);
  assert.throws(() => native.epollCtl(epoll, 99, reader, 0, 0, 0), { code: 'EINVAL' });
  // A disowned fd is left open at the end of an environment, but here it is closed.
  native.ownFds();
  native.disownFd(writer);
  // One shared fd is closed here, the other at the end of the environment.
  const shared = [native.eventFd(0), native.eventFd(0)];
  for (const fd of shared) native.shareFd(fd, new Int32Array(new SharedArrayBuffer(8)));
  native.shareFd(shared[1], new Int32Array(new SharedArrayBuffer(8))); // Called twice, it keeps the first.
  const tooShort = new Int32Array(new SharedArrayBuffer(4));
  assert.throws(() => native.shareFd(shared[0], tooShort), { code: 'ERR_OUT_OF_RANGE' });
  assert.throws(() => native.shareFd(shared[0], new Int32Array(2)), { code: 'ERR_INVALID_ARG_TYPE' });
  native.close(shared[0]);
  for (const fd of [reader, writer, epoll]) native.close(fd);
  assert.throws(() => native.close(epoll), { code: 'EBADF' });
}

async function waiting() {
  const reports = [];
  let wake = () => undefined;
  const dispatch = (waiter) => {
    reports.push(waiter);
    wake();
  };
  const report = async () => {
    while (reports.length === 0) await new Promise((resolve) => (wake = resolve));
    return reports.shift();
  };
  const [reader, writer] = native.pipe(true);
  native.write(writer, bytes, 0, 1);
  const epoll = native.epollCreate();
  native.epollCtl(epoll, C.EPOLL_CTL_ADD, reader, C.EPOLLIN, 0, 0);
  if (hasLoopWatch) {
    const watch = native.loopWatchOpen(epoll, dispatch);
    native.waiterRef(watch);
    native.loopWatchStart(watch);
    assert.equal(await report(), watch);
    native.eventBuffer(1);
    native.loopWatchDirect(watch, 1, 10);
    // Reports that follow each other closely are made by the watch's own wait.
    for (let i = 0; i < 100; i++) assert.equal(await report(), watch);
    assert.ok(native.directWaitCount() > 0);
    assert.ok(native.directWaitSpins() >= 0);
    assert.ok(native.directWaitMs() >= 0);
    assert.ok(native.loopWatchNext(watch) >= 0);
    native.loopWatchDirect(watch, 0, 0);
    native.loopWatchStop(watch);
    reports.length = 0;
    native.waiterClose(watch);
    const thrown = once(process, 'uncaughtException');
    native.fatalException(new Error('said to be uncaught'));
    assert.equal((await thrown)[0].message, 'said to be uncaught');
  }
  const thread = native.waitThreadOpen(dispatch);
  native.waiterRef(thread);
  for (let i = 0; i < 20; i++) {
    native.waitThreadArmPoll(thread, Int32Array.of(reader, C.POLLIN), 1);
    assert.equal(await report(), thread);
    native.waitThreadArmSelect(thread, Int32Array.of(reader, NO_FD), 2, 0, 0);
    assert.equal(await report(), thread);
    native.waitThreadArmSelect(thread, Int32Array.of(writer), 1, 0, 0);
    native.waitThreadDisarm(thread);
    native.waitThreadForget(thread, reader);
    native.waitThreadTake(thread);
    native.waitThreadArmEpoll(thread, epoll, 1);
    assert.equal(await report(), thread);
    assert.deepEqual([...native.waitThreadTake(thread)], [C.EPOLLIN, 0, 0]);
  }
  assert.equal(native.mayLoseEvents(reader), false);
  assert.equal(native.mayLoseEvents(epoll), true);
  native.waiterUnref(thread);
  native.waiterClose(thread);
  for (const fd of [reader, writer, epoll]) native.close(fd);
}

function sockets() {
  const listener = native.socket(C.AF_INET, C.SOCK_STREAM, 0, true);
  native.setSockOpt(listener, C.SOL_SOCKET, C.SO_REUSEADDR, 1);
  native.setSockOpt(listener, C.SOL_SOCKET, C.SO_REUSEADDR, new Uint8Array(4));
  native.bind(listener, native.encodeInet(4, '127.0.0.1', 0, 0, 0));
  native.listen(listener, 5);
  assert.equal(native.acceptFrom(listener, true), null);
  const address = native.getSockName(listener);
  assert.equal(native.decodeAddress(address).host, '127.0.0.1');
  const clients = [0, 1].map(() => native.socket(C.AF_INET, C.SOCK_STREAM, 0, false));
  for (const client of clients) assert.equal(native.connect(client, address), 0);
  const served = [native.acceptFrom(listener, true).fd, native.acceptFrom(listener, true).fd];
  assert.equal(native.acceptMany(listener, new Int32Array(2), new Uint8Array(128), 1), 0);
  native.getPeerName(clients[0]);
  native.send(clients[0], bytes, 0, 64, 0);
  const operations = Int32Array.of(clients[1], 0, 8, clients[1], 16, 24, NO_FD, 0, 1);
  native.sender(bytes, operations)(3);
  assert.equal(operations[0], 16);
  assert.equal(native.recv(served[1], bytes, 0, 8, C.MSG_DONTWAIT), 8);
  const receives = Int32Array.of(served[0], served[1], NO_FD);
  assert.equal(native.receiver(Buffer.alloc(300), receives, 100)(3), 3);
  assert.deepEqual([...receives], [64, 8, -C.EBADF]);
  assert.equal(native.getSockOpt(listener, C.SOL_SOCKET, C.SO_ERROR), 0);
  native.getSockOptBytes(listener, C.SOL_SOCKET, C.SO_LINGER, 8);
  native.shutdown(clients[0], C.SHUT_RDWR);
  native.setNonBlocking(clients[0], true);
  native.isNonBlocking(clients[0]);
  assert.equal(native.fileType(clients[0]), constants.S_IFSOCK);
  for (const fd of [listener, ...clients, ...served]) native.close(fd);
  assert.throws(() => native.decodeAddress(1), { code: 'ERR_INVALID_ARG_TYPE' });
  native.decodeAddress(native.encodeInet(6, '::1', 1, 2, 3));
  native.decodeAddress(native.encodeUnix(Buffer.from('a'), true));
}

function messages() {
  const [one, two] = native.socketPair(C.AF_UNIX, C.SOCK_DGRAM, 0, true);
  const passed = Buffer.from(Int32Array.of(one, two).buffer);
  native.sendMsg(one, [bytes, bytes], Int32Array.of(0, C.SOL_SOCKET, C.SCM_RIGHTS), [passed], 0, null);
  const { control } = native.recvMsg(two, [Buffer.alloc(10), Buffer.alloc(10)], 64, 0);
  for (const { fds } of control) for (const fd of fds) native.close(fd);
  native.sendMsg(one, [bytes], Int32Array.of(0, C.SOL_SOCKET, C.SCM_RIGHTS), [passed], 0, null);
  native.recvMsg(two, [Buffer.alloc(10)], 0, 0);
  assert.throws(() => native.sendTo(one, bytes, 0, 1, 0, native.encodeUnix(Buffer.from('/nonexistent'), false)));
  assert.equal(native.sendMmsg(one, [bytes, bytes], [null, null], new Int32Array(0), [], 0), 2);
  assert.equal(native.recvMmsg(two, Buffer.alloc(256), 128, 64, 0).length, 2);
  assert.equal(native.recvFrom(two, bytes, 0, 1, 0), null);
  const words = new Int32Array(6);
  const controls = [];
  const receive = () =>
    native.recvDatagrams(two, Buffer.alloc(256), 128, Buffer.alloc(256), Buffer.alloc(128), 64, words, controls);
  assert.equal(receive(), -C.EAGAIN);
  native.sendMsg(one, [bytes], Int32Array.of(0, C.SOL_SOCKET, C.SCM_RIGHTS), [passed], 0, null);
  assert.equal(receive(), 1);
  for (const { fds } of controls[0]) for (const fd of fds) native.close(fd);
  const sends = Int32Array.of(0, 4, 0, 0, 4, 0, 0, 0);
  assert.equal(native.sendDatagrams(one, bytes, sends, 0, 2, false), 2);
  assert.equal(native.sendDatagrams(NO_FD, bytes, sends, 1, 1, true), -C.EBADF);
  assert.throws(() => native.sendDatagrams(one, bytes, Int32Array.of(60, 8, 0, 0), 0, 1, true), {
    code: 'ERR_OUT_OF_RANGE',
  });
  native.close(one);
  native.close(two);
}

function devices() {
  const fds = [native.eventFd(1), native.eventFdSemaphore(2), native.open('/dev/null', C.O_RDWR, 0)];
  fds.push(native.duplicate(fds[0]));
  assert.throws(() => native.open('/nonexistent', 0, 0), { code: 'ENOENT' });
  assert.equal(native.fifoHasHadWriter(fds[0]), true);
  assert.throws(() => native.ioctl(fds[2], 0x5401, Buffer.alloc(64)), { code: 'ENOTTY' });
  const timer = native.timerFd(C.CLOCK_MONOTONIC);
  native.timerFdSet(timer, 1000, 10, 0);
  native.timerFdGet(timer);
  const signals = native.signalFd([C.SIGUSR2]);
  const notify = native.inotify();
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-'));
  const watch = native.inotifyAdd(notify, folder, C.IN_CREATE);
  writeFileSync(join(folder, 'x'), '');
  assert.ok(native.read(notify, Buffer.alloc(512), 0, 512) > 0);
  native.inotifyRemove(notify, watch);
  watchAccesses(folder);
  rmSync(folder, { recursive: true });
  for (const fd of [...fds, timer, signals, notify]) native.close(fd);
  try {
    const self = native.pidFd(process.pid);
    native.pidFdSendSignal(self, 0);
    native.close(self);
  } catch (error) {
    if (error.code !== 'ENOSYS') throw error; // Emulators are older than the call.
    uncalled.delete('pidFdSendSignal');
  }
}

function watchAccesses(folder) {
  const [FAN_REPORT_FID, FAN_MARK_ADD, FAN_OPEN] = [0x200, 1, 0x20];
  assert.throws(() => native.fanotify(0xffffffff, 0)); // EINVAL, or EPERM without privileges
  assert.throws(() => native.fanotifyMark(NO_FD, FAN_MARK_ADD, FAN_OPEN, folder)); // EBADF, ENOSYS
  try {
    const accesses = native.fanotify(FAN_REPORT_FID, C.O_RDONLY);
    native.fanotifyMark(accesses, FAN_MARK_ADD, FAN_OPEN, folder);
    native.close(accesses);
  } catch (error) {
    // Older kernels, containers and file systems without handles refuse it.
    if (!['EPERM', 'EINVAL', 'ENOSYS', 'ENODEV', 'EOPNOTSUPP', 'EXDEV'].includes(error.code)) throw error;
  }
}

function files() {
  const file = native.memfd('every-call', 0);
  assert.equal(native.pwrite(file, bytes, 0, 64, 0), 64);
  assert.equal(native.pread(file, bytes, 0, 64, 60), 4);
  assert.equal(native.lseek(file, 0, 2), 64);
  assert.equal(native.fcntl(file, 1, 0), 1);
  assert.equal(native.flock(file, 2 | 4), true); // LOCK_EX, LOCK_NB
  assert.equal(native.lockRange(file, 1, 0, 0), true); // F_WRLCK
  assert.equal(native.testRange(file, 1, 0, 0), true);
  const [reader, writer] = native.pipe(true);
  const [otherReader, otherWriter] = native.pipe(true);
  assert.equal(native.splice(file, writer, 8, 0, -1, 0), 8);
  assert.equal(native.tee(reader, otherWriter, 8, -1, -1, 0), 8);
  const [one, two] = native.socketPair(C.AF_UNIX, C.SOCK_STREAM, 0, true);
  const counts = new Int32Array(3);
  assert.equal(native.spliceThrough(two, one, reader, writer, 8, 4, counts), 0);
  assert.deepEqual([...counts], [4, 12, 0]); // The 8 that lay in the pipe, and 4 of them once more.
  assert.equal(native.read(two, bytes, 0, 64), 8);
  assert.throws(() => native.spliceThrough(two, one, reader, writer, 0, 8, new Int32Array(2)), {
    code: 'ERR_OUT_OF_RANGE',
  });
  assert.equal(native.sendfile(file, one, 8, 0, -1, 0), 8);
  const index = native.ifNameToIndex('lo');
  assert.equal(native.ifIndexToName(index), 'lo');
  // A filter that lets everything pass: struct sock_fprog, then its one struct sock_filter.
  const program = Buffer.alloc(16);
  program.writeUInt16LE(1, 0);
  const links = Int32Array.of(0, 8);
  native.setSockOptPointers(one, C.SOL_SOCKET, C.SO_ATTACH_FILTER, links, [
    program,
    Buffer.from('06000000ffffffff', 'hex'),
  ]);
  assert.throws(() => native.ioctlPointers(file, 0x5401, links, [program, Buffer.alloc(8)]), { code: 'ENOTTY' });
  for (const fd of [file, reader, writer, otherReader, otherWriter, one, two]) native.close(fd);
}

/** Starts a program, and one that is not there, on a terminal of their own. */
async function programs() {
  const master = native.open('/dev/ptmx', C.O_RDWR | C.O_NOCTTY, 0);
  native.ioctl(master, 0x40045431, Buffer.alloc(4)); // TIOCSPTLCK: unlock it
  const number = Buffer.alloc(4);
  native.ioctl(master, 0x80045430, number); // TIOCGPTN: which one it is
  const terminal = native.open(`/dev/pts/${number.readUInt32LE(0)}`, C.O_RDWR | C.O_NOCTTY, 0);
  const text = (string) => Buffer.from(string);
  const start = (path) => native.spawnOnTerminal(terminal, [text(path)], [text(path)], [], text('/'), -1, -1);
  assert.throws(() => start('/nonexistent'), { code: 'ENOENT', syscall: 'execve' });
  const pid = start('/bin/true');
  try {
    const process = native.pidFd(pid);
    let status = null;
    while (status === null) {
      status = native.pidFdWait(process);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(status[1], 0);
    native.close(process);
  } catch (error) {
    if (error.code !== 'ENOSYS') throw error; // Emulators are older than the calls.
    uncalled.delete('pidFdWait');
  }
  native.close(terminal);
  native.close(master);
}

async function main() {
  assert.deepEqual(native.describeErrno(C.EBADF), ['EBADF', 'bad file descriptor']);
  readiness();
  await waiting();
  sockets();
  messages();
  devices();
  files();
  await programs();
  if (!isMainThread) return;
  const worker = new Worker(__filename, { workerData: addon });
  await once(worker, 'exit');
  assert.deepEqual([...uncalled], []);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
