/**
 * Makes every kind of fd, registers and waits, over and over, while the kernel lacks fds or memory. Arguments: the
 * package, backend, rounds. Prints `clean` if every failure was a typed error with one of the kernel's reasons, what
 * was made could be used, and no fd is left.
 */
'use strict';
const { readdirSync } = require('node:fs');

const [, , packagePath, backend, rounds] = process.argv;
const { Descriptor, Epoll, EventFd, Inotify, Multiplexer, pipe, SignalFd, Socket, TimerFd } = require(packagePath);

const REASONS = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC']);
const problems = [];

/** What `action` gives, or undefined if the kernel lacked something. */
function attempt(name, action) {
  try {
    return action();
  } catch (error) {
    const isTyped = REASONS.has(error.code) && error.errno < 0 && typeof error.syscall === 'string';
    if (!isTyped) problems.push(`${name}: ${error.stack}`);
    return undefined;
  }
}

const MAKERS = {
  socket: () => [Socket.create()],
  socketpair: () => Socket.pair(),
  pipe: () => pipe(),
  eventFd: () => [new EventFd()],
  timerFd: () => [new TimerFd()],
  signalFd: () => [new SignalFd(['SIGUSR2'])],
  inotify: () => [new Inotify()],
  epoll: () => [new Epoll()],
  file: () => [Descriptor.open('/dev/null')],
};

function useMultiplexer() {
  const mux = attempt('multiplexer', () => new Multiplexer({ backend }));
  if (mux === undefined) return;
  const made = attempt('event', () => new EventFd(1));
  if (made !== undefined) {
    const registered = attempt('register', () => mux.register(made, { interest: 'read' }));
    if (mux.size !== (registered === undefined ? 0 : 1)) problems.push(`${mux.size} registered`);
    const batch = attempt('wait', () => mux.waitSync(0));
    if (registered !== undefined && batch !== undefined && [...batch].length !== 1) problems.push('not reported');
    made.close();
  }
  mux.close();
}

const countFds = () => readdirSync('/proc/self/fd').length;

function round() {
  for (const [name, make] of Object.entries(MAKERS)) for (const fd of attempt(name, make) ?? []) fd.close();
  useMultiplexer();
}

round(); // The first one opens what the process keeps.
const before = countFds();
for (let count = 0; count < Number(rounds); count += 1) round();
if (countFds() > before) problems.push(`${countFds() - before} fds left`);
console.log(problems.length === 0 ? 'clean' : problems.slice(0, 5).join('\n'));
