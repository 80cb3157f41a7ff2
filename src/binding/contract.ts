/**
 * The native contract: every function of the addon, typed in one place.
 *
 * Conventions that hold for all of them:
 * - An fd is a plain integer, at least 0. The caller owns and closes it; the addon closes only what a worker leaves
 *   open when it ends, see {@link DescriptorCalls.ownFds}.
 * - `timeoutMs` is in milliseconds, fractions honoured; -1 waits for ever, 0 looks and returns. Other negative numbers
 *   are refused.
 * - {@link WOULD_BLOCK} (-1) stands for EAGAIN and EWOULDBLOCK in every function that says so. Any other failure throws
 *   a Node-shaped error: `code` ('EBADF'), `errno` (negative), `syscall`, and `fd` if there is one.
 * - Arguments are checked natively: a wrong type throws a TypeError with `ERR_INVALID_ARG_TYPE`, a number that is not
 *   an integer of the parameter's range a RangeError with `ERR_OUT_OF_RANGE`.
 * - Every fd that the addon creates is close-on-exec.
 */

/** Returned instead of a count by a call that would have blocked. */
export const WOULD_BLOCK = -1;

/** The reason why {@link DescriptorCalls.spliceThrough} has returned. */
export const SpliceOutcome = {
  /** It has taken as much as it may. */
  SPENT: 0,
  SOURCE_EMPTY: 1,
  TARGET_FULL: 2,
  /** splice(2) has returned 0: the end, or urgent data of TCP. */
  SOURCE_ENDED: 3,
  SOURCE_FAILED: 4,
  TARGET_FAILED: 5,
} as const;

/** A sockaddr as the kernel knows it: raw bytes, as long as the address is. */
export type RawAddress = Uint8Array;

/** A raw address, decoded. `unknown` covers the families that are not decoded. */
export type DecodedAddress =
  | { readonly family: 'inet'; readonly host: string; readonly port: number }
  | {
      readonly family: 'inet6';
      readonly host: string;
      readonly port: number;
      readonly flowInfo: number;
      readonly scopeId: number;
    }
  | { readonly family: 'unix'; readonly path: Uint8Array }
  | { readonly family: 'unix'; readonly abstract: Uint8Array }
  | { readonly family: 'unix' }
  | { readonly family: 'unknown'; readonly familyNumber: number };

/**
 * select(2), poll(2), epoll(7). Omit the arguments that a wait does not need: each one costs.
 *
 * `retryOnSignal` (by default false) goes on to the original deadline after a signal; `signalMask` lists the signals to
 * block during the wait.
 */
interface ReadinessCalls {
  /**
   * select(2) on any fd numbers. `fds` holds the read fds, then the write fds, then the except fds, then room for as
   * many numbers again, to which it writes the places of the ready ones in that list, ascending. A closed fd is always
   * EBADF. Asking about the same fds as the last time costs less.
   *
   * @returns how many fds are ready, repetitions counted; 0 also after a signal unless `retryOnSignal`
   */
  select(
    fds: Int32Array,
    readCount: number,
    writeCount: number,
    exceptCount: number,
    timeoutMs: number,
    retryOnSignal?: boolean,
    signalMask?: readonly number[] | null,
  ): number;

  /**
   * select(2) on sets that the caller keeps. `sets` has six equal parts of whole longs: the read, the write and the
   * except set, a bit for each fd as in an `fd_set`, and then the kernel's answer in the same layout, valid if the
   * result is above 0. A closed fd is always EBADF.
   *
   * @param nfds one more than the highest fd of the sets
   * @returns how many bits the answer has; 0 also after a signal unless `retryOnSignal`
   */
  selectSets(
    sets: Int32Array,
    nfds: number,
    timeoutMs: number,
    retryOnSignal?: boolean,
    signalMask?: readonly number[] | null,
  ): number;

  /**
   * poll(2). `pollFds` is an array of `struct pollfd`: for entry i the fd is int32 number 2i, `events` the low and
   * `revents` the high 16 bits of int32 number 2i+1. Behind the `count` entries there is room for as many numbers,
   * to which it writes the places of the entries with a non-zero `revents`, ascending.
   *
   * @returns how many entries have a non-zero `revents`; 0 also after a signal unless `retryOnSignal`
   */
  poll(
    pollFds: Int32Array,
    count: number,
    timeoutMs: number,
    retryOnSignal?: boolean,
    signalMask?: readonly number[] | null,
  ): number;

  /** epoll_create1(2). */
  epollCreate(): number;

  /**
   * epoll_ctl(2). `events` may be signed, as `EPOLLIN | EPOLLET` is in JavaScript. `dataLow` and `dataHigh` (uint32)
   * return with each event. EPOLL_CTL_DEL ignores the last three.
   */
  epollCtl(epollFd: number, op: number, fd: number, events: number, dataLow: number, dataHigh: number): void;

  /**
   * epoll_pwait2(2), or epoll_pwait if the kernel has no pwait2. It writes the events to the environment's event
   * buffer, see {@link eventBuffer}; a nested wait of the same thread overwrites them.
   *
   * @param maxEvents from 1 to the capacity of the event buffer
   * @returns how many events there are; 0 also after a signal unless `retryOnSignal`
   */
  epollWait(
    epollFd: number,
    maxEvents: number,
    timeoutMs: number,
    retryOnSignal?: boolean,
    signalMask?: readonly number[] | null,
  ): number;

  /**
   * The buffer that {@link epollWait} fills, grown to hold at least `capacity` events. Growing detaches nothing: an old
   * buffer stays readable but is not filled any more, so use the new one. Never let it leave the readiness layer.
   */
  eventBuffer(capacity: number): ArrayBuffer;
  /** uint32 words from one event to the next (3 on x64, where the struct is packed, 4 elsewhere). */
  readonly eventStrideWords: number;
  /** uint32 words from an event's mask to its `dataLow`; `dataHigh` follows. */
  readonly eventDataWord: number;

  /**
   * The buffer as words. Code that makes the buffer larger must update it. The whole thread has one such object,
   * however often this JavaScript was loaded: a copy that remembered its own buffer would read memory that is not
   * written to any more.
   */
  readonly eventMemory: { words: Uint32Array };
}

/**
 * Waiting inside the event loop. A waiter is a small integer. When its fds may be ready, the addon calls the dispatcher
 * with that integer. That is only a hint: the caller then makes the real call with a timeout of zero.
 */
interface LoopCalls {
  /**
   * A uv_poll_t on a duplicate of an epoll fd (never on a user's fd: libuv sets O_NONBLOCK on it). Node.js only.
   *
   * @param dispatcher is called with the waiter's number, and with how many events are in the event buffer already (0
   *   unless {@link loopWatchDirect}); it must not throw
   */
  loopWatchOpen(epollFd: number, dispatcher: (waiter: number, found: number) => void): number;
  /** Reports, level-triggered, on every turn of the loop in which the epoll fd is readable, until stopped. */
  loopWatchStart(waiter: number): void;
  loopWatchStop(waiter: number): void;
  /**
   * Lets a started watch wait in the epoll instance itself while reports follow each other closely. It then hands over
   * the events that it has found, which are reported nowhere else. Meanwhile the instance contains fds whose events
   * have the low data 0xfffffffe: they are to be ignored.
   *
   * @param maxEvents how many events it may find at once, from 1 to the event buffer's capacity; 0 for none any more,
   *   which takes effect at once
   * @param spinUs how long it looks repeatedly before it blocks, in microseconds, 0 to 1,000
   */
  loopWatchDirect(waiter: number, maxEvents: number, spinUs: number): void;
  /**
   * Makes the next direct wait of a watch that has reported events, without leaving the report: the dispatcher may go
   * on as if it had been called again. It has to let ticks and promises run before.
   *
   * @returns how many events are in the event buffer; 0 if the dispatcher has to return
   */
  loopWatchNext(waiter: number): number;
  /** Emits `uncaughtException`, or ends the process, as for an error that a callback of the loop throws. */
  fatalException(error: unknown): void;
  /** How many waits the watches of this thread have made instead of the event loop. */
  directWaitCount(): number;
  /** How many looks those waits have made before they blocked. */
  directWaitSpins(): number;
  /** How long those waits have taken, in milliseconds. */
  directWaitMs(): number;

  /**
   * A helper thread that blocks in the call itself. Works in every runtime. It reports once per arming.
   *
   * @param dispatcher is called with the waiter's number, and with 0: take its findings then; it must not throw
   */
  waitThreadOpen(dispatcher: (waiter: number, found: 0) => void): number;
  /** Blocks in poll(2) until one of the entries (as in {@link ReadinessCalls.poll}, copied) has something to report. */
  waitThreadArmPoll(waiter: number, pollFds: Int32Array, count: number): void;
  /** Blocks in select(2); arguments as in {@link ReadinessCalls.select}, copied. A bad fd reports too. */
  waitThreadArmSelect(
    waiter: number,
    fds: Int32Array,
    readCount: number,
    writeCount: number,
    exceptCount: number,
  ): void;
  /**
   * Blocks in epoll_wait(2) itself, for up to `maxEvents` events: unlike a poll of the epoll fd, that loses no event
   * ({@link mayLoseEvents}). The first arming decides which instance it is.
   */
  waitThreadArmEpoll(waiter: number, epollFd: number, maxEvents: number): void;
  /**
   * Returns the findings of the thread's calls since the last time, three numbers for each. poll: the place of the
   * entry, its fd, its `revents`; select: the place in `fds`, the fd, the set (0 read, 1 write, 2 except); epoll: the
   * events, the low and the high half of the data. Findings survive disarming. Throws if the thread's call has failed,
   * except because an fd is not open.
   */
  waitThreadTake(waiter: number): Int32Array;
  /** Drops the findings about an fd. */
  waitThreadForget(waiter: number, fd: number): void;
  /**
   * Whether polling the file may consume an event, so that a second poll finds nothing. False if the fd is not open. In
   * doubt it is true: for regular files (/proc, /sys), devices, epoll instances, perf events.
   */
  mayLoseEvents(fd: number): boolean;
  /**
   * Takes the arming back: it is not reported any more, not even if the report is on its way already. Arming again
   * replaces the previous arming. Both return at once; an eventfd makes the thread leave its call.
   */
  waitThreadDisarm(waiter: number): void;

  /** For both kinds. A waiter is unref'd at first; it keeps the loop alive only while it is ref'd. */
  waiterRef(waiter: number): void;
  waiterUnref(waiter: number): void;
  /** Ends the waiter: joins its thread or closes its handle. No report follows. Idempotent. */
  waiterClose(waiter: number): void;
}

/**
 * Many sends in one native call. The sender's `operations` hold `count` triples (fd, start, end), each a range of its
 * bytes. Neighbouring triples with the same fd leave in one sendmsg(2). The result of such a run replaces the fd of its
 * first triple: the bytes sent, or the errno, negative (-EAGAIN included). The other triples keep theirs.
 */
export type Send = (count: number) => void;

/**
 * Many receives in one native call. The receiver's `operations` hold `count` fds. Their bytes are laid end to end from
 * the start of its bytes, at most `maxBytes` from each. The result replaces the fd: the count, 0 at end of file, or the
 * errno, negative (-EAGAIN included).
 *
 * @returns how many operations were done: it stops when there is less room left than `maxBytes`
 */
export type Receive = (count: number) => number;

/** socket(2) and its family. Sockets are created and accepted non-blocking unless said otherwise. */
interface SocketCalls {
  socket(family: number, type: number, protocol: number, nonBlocking: boolean): number;
  socketPair(family: number, type: number, protocol: number, nonBlocking: boolean): [number, number];
  bind(fd: number, address: RawAddress): void;
  listen(fd: number, backlog: number): void;
  /**
   * accept4(2), at most `count` times, each fd non-blocking. For connection i, the fd and the length of the peer's
   * address become numbers 2i and 2i+1 of `results`, and the address is written to `addresses` at byte 128i.
   *
   * @param dontWait does not block, regardless of the fd's flags
   * @returns how many were accepted. If that is less than `count`, number 2i after the last holds the errno that ended
   *   the call, negative (-EAGAIN included)
   */
  acceptMany(fd: number, results: Int32Array, addresses: Uint8Array, count: number, dontWait?: boolean): number;
  /**
   * connect(2).
   *
   * @param dontWait does not block, regardless of the fd's flags
   * @returns 0 when connected, or the errno as a positive value (EINPROGRESS, ECONNREFUSED ...)
   */
  connect(fd: number, address: RawAddress, dontWait?: boolean): number;
  /** recv(2) into `bytes[offset, offset + length)`. @returns the count, 0 at end of file, or WOULD_BLOCK */
  recv(fd: number, bytes: Uint8Array, offset: number, length: number, flags: number): number;
  /** send(2) with MSG_NOSIGNAL. @returns the count, or WOULD_BLOCK */
  send(fd: number, bytes: Uint8Array, offset: number, length: number, flags: number): number;
  /** Makes a function that sends from `bytes`: see {@link Send}. The memory of either array must not be transferred. */
  sender(bytes: Uint8Array, operations: Int32Array): Send;
  /**
   * Makes a function that receives into `bytes`: see {@link Receive}. It throws ERR_OUT_OF_RANGE once their memory has
   * been transferred. The memory of `operations` must not be transferred.
   */
  receiver(bytes: Uint8Array, operations: Int32Array, maxBytes: number): Receive;
  shutdown(fd: number, how: number): void;
  getSockOpt(fd: number, level: number, name: number): number;
  getSockOptBytes(fd: number, level: number, name: number, maxBytes: number): Uint8Array;
  setSockOpt(fd: number, level: number, name: number, value: number | Uint8Array): void;
  /** setsockopt(2) with a struct that holds pointers: see {@link DeviceCalls.ioctlPointers}. */
  setSockOptPointers(fd: number, level: number, name: number, links: Int32Array, blocks: readonly Uint8Array[]): void;
  getSockName(fd: number): RawAddress;
  getPeerName(fd: number): RawAddress;

  /** inet_pton(3) and the sockaddr around it. `host` must be a literal of that family (4 or 6), not a name. */
  encodeInet(version: 4 | 6, host: string, port: number, flowInfo: number, scopeId: number): RawAddress;
  /**
   * A sockaddr_un. The function adds the leading zero byte of abstract names. A path longer than sun_path: RangeError.
   */
  encodeUnix(path: Uint8Array, isAbstract: boolean): RawAddress;
  decodeAddress(address: RawAddress): DecodedAddress;
}

/** A control message as received: its raw parts and, if the type is known, their meaning. */
export type DecodedControl = {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
} & (
  | { readonly kind: 'rights'; readonly fds: readonly number[] }
  | { readonly kind: 'credentials'; readonly pid: number; readonly uid: number; readonly gid: number }
  | {
      readonly kind: 'packet-info';
      readonly interfaceIndex: number;
      readonly localHost: string;
      readonly destinationHost: string;
    }
  | { readonly kind: 'packet-info6'; readonly interfaceIndex: number; readonly destinationHost: string }
  | { readonly kind: 'ttl'; readonly ttl: number }
  | { readonly kind: 'tos'; readonly tos: number }
  | { readonly kind: 'timestamp'; readonly seconds: number; readonly nanoseconds: number }
  | { readonly kind: 'segment-size'; readonly sizeBytes: number }
  | { readonly kind: 'pidfd'; readonly fd: number }
  | { readonly kind: 'raw' }
);

/** The result of a receive besides the bytes. `address` is null if the kernel names no sender. */
interface Received {
  /** How many bytes arrived; with MSG_TRUNC perhaps more than there was room for. */
  readonly bytes: number;
  readonly address: RawAddress | null;
}

/** The same with the kernel's `msg_flags` and the control messages. */
interface ReceivedWithControl extends Received {
  readonly flags: number;
  readonly control: readonly DecodedControl[];
}

/** Messages with addresses and ancillary data. `null` stands for WOULD_BLOCK if the result is an object. */
interface MessageCalls {
  /**
   * accept4(2) with the peer's address.
   *
   * @param nonBlocking whether the new socket is non-blocking
   * @param dontWait does not block, regardless of the fd's flags
   */
  acceptFrom(
    fd: number,
    nonBlocking: boolean,
    dontWait?: boolean,
  ): { readonly fd: number; readonly address: RawAddress } | null;
  /** recvfrom(2) into `bytes[offset, offset + length)`. */
  recvFrom(fd: number, bytes: Uint8Array, offset: number, length: number, flags: number): Received | null;
  /** sendto(2) with MSG_NOSIGNAL. @returns the count, or WOULD_BLOCK */
  sendTo(fd: number, bytes: Uint8Array, offset: number, length: number, flags: number, address: RawAddress): number;
  /**
   * recvmsg(2) with MSG_CMSG_CLOEXEC into `buffers` in turn. Received fds are the caller's, even if MSG_CTRUNC says
   * that more arrived than `controlBytes` had room for (the kernel has closed those).
   */
  recvMsg(fd: number, buffers: readonly Uint8Array[], controlBytes: number, flags: number): ReceivedWithControl | null;
  /**
   * sendmsg(2) with MSG_NOSIGNAL. `controlKinds` holds three numbers for each element of `controlData`: 0, its level
   * and its type.
   *
   * @returns the count, or WOULD_BLOCK
   */
  sendMsg(
    fd: number,
    buffers: readonly Uint8Array[],
    controlKinds: Int32Array,
    controlData: readonly Uint8Array[],
    flags: number,
    address: RawAddress | null,
  ): number;
  /**
   * recvmmsg(2) with MSG_WAITFORONE and MSG_CMSG_CLOEXEC, for at most 1024 messages: message i is written to `bytes` at
   * `i * messageBytes`. `controlBytes`, at most 65,536, is the room for the control messages of each.
   */
  recvMmsg(
    fd: number,
    bytes: Uint8Array,
    messageBytes: number,
    controlBytes: number,
    flags: number,
  ): readonly ReceivedWithControl[] | null;
  /**
   * recvmmsg(2) with MSG_DONTWAIT, MSG_TRUNC and MSG_CMSG_CLOEXEC, for at most 64 messages, into memory of the caller.
   * Message i is written to `bytes` at `i * messageBytes`, its sender's sockaddr to `addresses` at `i * 128`, and three
   * numbers to `words`: its whole length, its flags, the length of the sockaddr (0 without one). `control` has
   * `controlBytes`, 0 for none, for the control messages of each; the elements of `controls` are set if a message
   * has any, and their fds are the caller's.
   *
   * @returns how many were received, or the errno, negative (-EAGAIN included)
   */
  recvDatagrams(
    fd: number,
    bytes: Uint8Array,
    messageBytes: number,
    addresses: Uint8Array,
    control: Uint8Array,
    controlBytes: number,
    words: Int32Array,
    controls: (readonly DecodedControl[] | undefined)[],
  ): number;
  /**
   * sendmmsg(2) with MSG_DONTWAIT and MSG_NOSIGNAL for at most 256 messages, which lie in `bytes`. `words` holds four
   * numbers for each: start and length of its bytes, and of its sockaddr (length 0 without one). The first one to send
   * is the one with index `first`.
   *
   * @param segments hands messages in a row that are for the same sockaddr, equally long and at most 1,200 bytes to the
   *   kernel as one, which it cuts (UDP_SEGMENT, udp(7)); the last of them may be shorter
   * @returns how many were sent, or the errno, negative (-EAGAIN included), which is about the first message
   */
  sendDatagrams(
    fd: number,
    bytes: Uint8Array,
    words: Int32Array,
    first: number,
    count: number,
    segments: boolean,
  ): number;
  /**
   * sendmmsg(2) with MSG_NOSIGNAL; at most 1024 messages. `controlKinds` holds three numbers for each element of
   * `controlData`: the number of its message, its level and its type.
   *
   * @returns how many were sent, or WOULD_BLOCK
   */
  sendMmsg(
    fd: number,
    buffers: readonly Uint8Array[],
    addresses: readonly (RawAddress | null)[],
    controlKinds: Int32Array,
    controlData: readonly Uint8Array[],
    flags: number,
  ): number;
}

/** The setting of a timer. */
interface TimerSetting {
  /** The time until it expires next; 0 if it is not armed. */
  readonly remainingMs: number;
  /** The time from one expiry to the next; 0 if it expires once. */
  readonly intervalMs: number;
}

/** Devices, and the kinds of fds that exist to be waited for. */
interface DeviceCalls {
  /** open(2). A path is at most 4095 bytes long. */
  open(path: string | Uint8Array, flags: number, mode: number): number;
  /** Whether a FIFO that was opened for reading with O_NONBLOCK has a writer, or has had one since. */
  fifoHasHadWriter(fd: number): boolean;
  /** fcntl(2) with F_DUPFD_CLOEXEC. */
  duplicate(fd: number): number;
  /**
   * ioctl(2). Bytes are passed by address and changed in place; if they are shorter than the request's number says:
   * RangeError. A number, from 0 to 65535, is passed by value.
   */
  ioctl(fd: number, request: number, argument: number | Uint8Array): number;
  /**
   * ioctl(2) with a struct that holds pointers.
   *
   * @param links for each pointer [owner, offset]: owner 0 is the struct, n the n-th buffer
   * @param blocks the struct, then the buffer of each pointer. All are changed in place; more than a buffer has room
   *   for is EFAULT
   */
  ioctlPointers(fd: number, request: number, links: Int32Array, blocks: readonly Uint8Array[]): number;

  /**
   * Starts a program in a session of its own, with the terminal as its controlling terminal and standard streams.
   * Strings have no NUL.
   *
   * @param paths are tried in this order, as execvp(3) does
   * @param uid and `gid`: -1 for this process's own
   * @returns its pid
   * @throws the errors of execve(2), chdir(2), setuid(2) ... in the child
   */
  spawnOnTerminal(
    terminal: number,
    paths: readonly Uint8Array[],
    args: readonly Uint8Array[],
    environment: readonly Uint8Array[],
    folder: Uint8Array | null,
    uid: number,
    gid: number,
  ): number;

  /** if_nametoindex(3). */
  ifNameToIndex(name: string): number;
  /** if_indextoname(3). */
  ifIndexToName(index: number): string;

  /** eventfd(2) with EFD_SEMAPHORE, non-blocking. */
  eventFdSemaphore(initialValue: number): number;

  /** timerfd_create(2), non-blocking. */
  timerFd(clock: number): number;
  /** timerfd_settime(2); an `initialMs` of 0 disarms. @returns the setting before */
  timerFdSet(fd: number, initialMs: number, intervalMs: number, flags: number): TimerSetting;
  /** timerfd_gettime(2). */
  timerFdGet(fd: number): TimerSetting;

  /** signalfd(2), non-blocking, after blocking the signals in every thread of the process. */
  signalFd(signals: readonly number[]): number;

  /** inotify_init1(2), non-blocking. */
  inotify(): number;
  /** inotify_add_watch(2). @returns the watch descriptor */
  inotifyAdd(fd: number, path: string | Uint8Array, mask: number): number;
  /** inotify_rm_watch(2). */
  inotifyRemove(fd: number, watch: number): void;

  /** fanotify_init(2), non-blocking. */
  fanotify(flags: number, eventFlags: number): number;
  /** fanotify_mark(2). */
  fanotifyMark(fd: number, flags: number, mask: number, path: string | Uint8Array): void;

  /** pidfd_open(2). */
  pidFd(pid: number): number;
  /** pidfd_send_signal(2). */
  pidFdSendSignal(fd: number, signal: number): void;
  /** waitid(2) with P_PIDFD: `null` while it runs, then once [CLD_EXITED ..., exit code or signal]. */
  pidFdWait(fd: number): [how: number, status: number] | null;
}

/** Calls for every kind of fd; pipes and eventfds. */
interface DescriptorCalls {
  /** Whether this is the thread that the process began with, which no worker is. */
  readonly isFirstThread: boolean;
  /**
   * From now on, the end of this environment closes every fd that the environment has opened and neither closed nor
   * disowned. For workers: a terminated one runs no JavaScript that could close it. Received fds and those made
   * elsewhere do not count.
   */
  ownFds(): void;
  /** Gives the fd away: the end of this environment leaves it open. */
  disownFd(fd: number): void;
  /**
   * Lets other threads use this fd: the first of `words` holds its number, the second how many threads are about to use
   * it. If the end of this environment closes the fd, it first replaces the number by -1 and waits for those threads.
   */
  shareFd(fd: number, words: Int32Array<SharedArrayBuffer>): void;
  /** close(2). EINTR counts as closed (Linux has closed it by then). */
  close(fd: number): void;
  /**
   * read(2), write(2): the count, or WOULD_BLOCK.
   *
   * @param dontWait does not block, regardless of the fd's flags, except for a file on a disk
   */
  read(fd: number, bytes: Uint8Array, offset: number, length: number, dontWait?: boolean): number;
  write(fd: number, bytes: Uint8Array, offset: number, length: number, dontWait?: boolean): number;
  setNonBlocking(fd: number, nonBlocking: boolean): void;
  isNonBlocking(fd: number): boolean;
  /** fstat(2): the type of the file, S_IFSOCK and others. The fs of Deno refuses fds that it has not opened itself. */
  fileType(fd: number): number;
  /** pipe2(2): [read end, write end]. */
  pipe(nonBlocking: boolean): [number, number];
  /** eventfd(2), non-blocking. */
  eventFd(initialValue: number): number;
  /** pread(2), pwrite(2): the count, or WOULD_BLOCK. */
  pread(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  pwrite(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  /** lseek(2). @returns the position from the start */
  lseek(fd: number, offset: number, whence: number): number;
  /** splice(2), tee(2), sendfile(2): the count, or WOULD_BLOCK. A position of -1 is the fd's own. */
  splice(from: number, to: number, maxBytes: number, fromPosition: number, toPosition: number, flags: number): number;
  tee(from: number, to: number, maxBytes: number, fromPosition: number, toPosition: number, flags: number): number;
  sendfile(from: number, to: number, maxBytes: number, fromPosition: number, toPosition: number, flags: number): number;
  /**
   * Moves bytes from one fd into a pipe and from there to another, with splice(2), until one of them makes it wait. It
   * never waits for the pipe, nor for an fd that is non-blocking.
   *
   * @param pendingBytes how many bytes lie in the pipe; they leave first. 0 to 2^30-1
   * @param maxBytes how many it takes from the source at most, all of which it gives before it takes more: 0 to 2^30
   * @param counts gets three numbers: the bytes taken from the source, those given to the target, and the errno of a
   *   failure, positive
   * @returns one of {@link SpliceOutcome}
   */
  spliceThrough(
    from: number,
    to: number,
    reader: number,
    writer: number,
    pendingBytes: number,
    maxBytes: number,
    counts: Int32Array,
  ): number;
  /** fcntl(2), with a command that takes a number or nothing. */
  fcntl(fd: number, command: number, argument: number): number;
  /** flock(2). @returns false if another holder has the lock and `operation` has LOCK_NB */
  flock(fd: number, operation: number): boolean;
  /** fcntl(2) with F_OFD_SETLK and F_OFD_GETLK: whether the lock was, or would be, given. A length of 0 is all. */
  lockRange(fd: number, type: number, start: number, length: number): boolean;
  testRange(fd: number, type: number, start: number, length: number): boolean;
  /** memfd_create(2). */
  memfd(name: string, flags: number): number;
}

/** All exports of the addon. */
export interface NativeBinding
  extends ReadinessCalls, LoopCalls, SocketCalls, MessageCalls, DescriptorCalls, DeviceCalls {
  /** The kernel's constants by name (EPOLLIN, POLLHUP, SOL_SOCKET, EAGAIN ...), from this system's headers. */
  readonly constants: Readonly<Record<string, number>>;
  /** The name and the text of an errno: `['EBADF', 'bad file descriptor']`. */
  describeErrno(errno: number): readonly [code: string, reason: string];
}
