// Makes one native call that needs more memory than there is: node little-memory.cjs ADDON CALL
// Prints the code of its error. The memory is limited by prlimit(1).
'use strict';
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');

const [, , addon, name] = process.argv;
const native = require(addon);
const MIB = 2 ** 20;
/** What the engine needs, and the arena that the C library makes when its own memory is at its end. */
const HEADROOM_BYTES = 256 * MIB;

function leave(bytes) {
  // Starting a program takes memory for good, so the one that counts is the second.
  if (spawnSync('prlimit', ['--version']).error) say('no prlimit');
  const [, kib] = /^VmSize:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const { status } = spawnSync('prlimit', [`--pid=${process.pid}`, `--as=${Number(kib) * 1024 + bytes}:`]);
  if (status !== 0) throw new Error(`prlimit: ${status}`);
}

function codeOf(call) {
  try {
    call();
  } catch ({ code, syscall }) {
    return `${code} ${syscall}`;
  }
  return 'no error';
}

function say(text) {
  console.log(text);
  process.exit(0);
}

/** A call whose copy of this list is larger than what is left. Nothing writes to the list, so it takes no memory. */
function withLongList(call) {
  const fds = new Int32Array((3 * HEADROOM_BYTES) / 4);
  leave(HEADROOM_BYTES);
  say(codeOf(() => call(fds)));
}

const calls = {
  select: () => withLongList((fds) => native.select(fds, fds.length / 2, 0, 0, 0)),
  waitThreadArmPoll() {
    const thread = native.waitThreadOpen(() => undefined);
    withLongList((fds) => native.waitThreadArmPoll(thread, fds, fds.length / 2));
  },
  waitThreadArmSelect() {
    const thread = native.waitThreadOpen(() => undefined);
    withLongList((fds) => native.waitThreadArmSelect(thread, fds, fds.length, 0, 0));
  },
  /** There is memory for the copy of the list, but not for the helper's work on it, which takes twice as much. */
  helper() {
    const thread = native.waitThreadOpen(() => say(codeOf(() => native.waitThreadTake(thread))));
    native.waiterRef(thread);
    const fds = new Int32Array((96 * MIB) / 4);
    leave(180 * MIB);
    native.waitThreadArmPoll(thread, fds, fds.length / 2);
  },
};

calls[name]();
