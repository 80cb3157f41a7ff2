/** The rows of the matrix: what runs the suite, what it forces, and what it cannot do. */
import { join } from 'node:path';
import { fetched, fetchPackage } from './fetch.mjs';
import { arm64Node, muslBun, muslNode } from './foreign-node.mjs';

/** What runs a row's tests: a program, and what its environment needs. */
const nodeOf = (key) => async () => ({ program: join(await fetchPackage(key), 'bin/node') });

const forced = (id, title, env) => ({
  id: `node24-${id}`,
  title: `Node.js ${fetched.node24.version}, ${title}`,
  runtime: nodeOf('node24'),
  env,
});

/** The two layers on which all others stand: what a row runs that would take too long for the whole. */
export const CORE_SUITES = ['readiness', 'multiplexer'];

/**
 * - `runtime` fetches what runs the tests;
 * - `isForeign`: it is for another processor or C library, so this machine's Node.js runs vitest and the row the tests;
 * - `fileByFile`: each test file gets a vitest of its own, where a runtime does not survive many;
 * - `suites`: all that the row runs, where it does not run everything;
 * - `deadlineMs`: how long a test waits for what it expects.
 */
export const rows = [
  ...['node20', 'node22', 'node24', 'node26'].map((id) => ({
    id,
    title: `Node.js ${fetched[id].version}`,
    runtime: nodeOf(id),
  })),
  forced('select', 'select', { FDMUX_BACKEND: 'select' }),
  forced('poll', 'poll', { FDMUX_BACKEND: 'poll' }),
  forced('uv', 'epoll with `uv_poll`', { FDMUX_BACKEND: 'epoll', FDMUX_WAITER: 'uv' }),
  forced('thread', 'epoll with the helper thread', { FDMUX_BACKEND: 'epoll', FDMUX_WAITER: 'thread' }),
  {
    id: 'bun',
    title: `Bun ${fetched.bun.version}`,
    runtime: async () => ({ program: join(await fetchPackage('bun'), 'bin/bun'), args: ['--bun'] }),
    fileByFile: true,
  },
  {
    id: 'deno',
    title: `Deno ${fetched.deno.version}`,
    runtime: async () => ({ program: join(await fetchPackage('deno'), 'deno'), args: ['run', '-A'] }),
    fileByFile: true,
  },
  {
    id: 'node26-musl',
    title: 'Node.js 26.0.0, x64 musl',
    runtime: async () => ({ program: await muslNode() }),
    // Its libstdc++ was made for glibc, and a crash would take the rest of the file with it.
    env: { FDMUX_WITHOUT_TLS: '1' },
    libc: 'musl',
    isForeign: true,
  },
  {
    id: 'bun-musl',
    title: `Bun ${fetched['bun-musl'].version}, x64 musl`,
    runtime: muslBun,
    libc: 'musl',
    fileByFile: true,
  },
  {
    id: 'node24-arm64',
    title: `Node.js ${fetched['node24-arm64'].version}, arm64 (qemu)`,
    runtime: async () => ({ program: await arm64Node() }),
    // It aborts the process, and what else the file tests would be lost.
    env: { FDMUX_WITHOUT_LARGE_SELECT: '1' },
    arch: 'arm64',
    isForeign: true,
    deadlineMs: 60_000,
  },
];

/** Rows for `.ci/run`. */
export const QUICK_ROWS = ['node26', 'bun'];

const NO_UV_POLL = 'the runtime has no working uv_poll; asynchronous waits use the helper thread';

/**
 * What a row cannot do, by the name or the message of a test: such a failure counts as skipped, and the table gives the
 * reason. Everything else that fails has failed.
 */
const cannot = [
  {
    rows: ['node24-arm64'],
    name: /busy-polling/,
    reason: 'the emulator has no ioctl for busy polling',
  },
  {
    rows: ['node24-arm64'],
    name: /a wait of 100 microseconds/,
    reason: 'the emulator takes more than a millisecond for any call',
  },
  {
    rows: ['node24-arm64'],
    name: /leaks nothing with room for (15|16|19|20|23) bytes/,
    reason: 'the emulator does not tell of control messages that were cut short',
  },
  {
    rows: ['node24-arm64'],
    name: /carry when it came in, to nanoseconds/,
    reason: 'the emulator has no SO_TIMESTAMPNS',
  },
  {
    rows: ['node24-arm64'],
    name: /SignalFd reaches a thread that has everything blocked/,
    reason: 'real-time signals have other numbers in /proc than the emulator gives them',
  },
  {
    rows: ['bun', 'bun-musl', 'deno'],
    name: /waiter: 'uv'|the uv waiter|loop-watch|uv_poll/,
    reason: NO_UV_POLL,
  },
  {
    rows: ['bun', 'bun-musl'],
    name: /toDuplex .* carries TLS on both sides/,
    reason: "Bun's TLSSocket on a Duplex loses the end of what it carries, on node:net's sockets too",
  },
  {
    rows: ['deno'],
    name: /an example of the README prints/,
    reason: "Deno's -e takes no ES module",
  },
  {
    rows: ['deno'],
    name: /handler that throws ends the program/,
    reason: "Deno reports no exception of a signal's handler",
  },
  {
    rows: ['node26-musl', 'bun-musl'],
    name: /SOMAXCONN has the value of the headers/,
    reason: "musl's SOMAXCONN is 128",
  },
  {
    rows: ['node26-musl', 'bun-musl'],
    name: /refuses a control message with too many fds/,
    reason: "musl's sendmsg refuses a long control message before the kernel sees it",
  },
  {
    rows: ['bun', 'bun-musl', 'deno'],
    name: /under the permission model/,
    reason: 'the runtime has no permission model',
  },
  {
    rows: ['node24-poll', 'node24-select'],
    message: /ERR_UNSUPPORTED_TRIGGER|has no trigger|has no '?exclusive/,
    reason: 'the test asks the default backend for what only epoll has',
  },
];

/** Why a test cannot pass in this row, or undefined when it should. */
export function reasonAgainst({ id }, { name, message }) {
  return cannot.find(
    (rule) => rule.rows.includes(id) && (rule.name?.test(name) ?? true) && (rule.message?.test(message) ?? true),
  )?.reason;
}

/** Why a test leaves itself out, by its name: the reporter does not tell. */
const leftOut = [
  { name: /^the prebuilt binary for/, reason: 'no prebuilt binaries in this clone (npm run prebuild)' },
  {
    name: /is importable (on another|where there is)|takes the binary that/,
    reason: "tests of the sources' own loader",
  },
  { name: /carries TLS on both sides/, reason: 'the libstdc++ that this Node.js borrows crashes with TLS on a Duplex' },
  {
    name: /^select (one wait reports all that are ready of 15,000|an fd number of a million)|^one selectSync takes 15,000 fds|'select'.*(connections that are opened|byte-exact)/,
    reason: "the emulator's select takes no fd from 1024 on",
  },
  { name: /opens raw sockets/, reason: 'needs root' },
  { name: /a read-only file system/, reason: 'this machine gives no mount namespace' },
  { name: /may open no more/, reason: 'this machine lets a process open more fds than the test could' },
  { name: /is not installed/, reason: 'a chat client that is not installed' },
  { name: /^loopWatch/, reason: NO_UV_POLL },
  {
    name: /^SignalFd (takes signals that any thread|reaches a thread that has everything)/,
    reason: "Bun's event loop waits with no signal blocked",
  },
  {
    name: /in a worker ends with the worker|^listen (shares a port among workers|wakes one of several threads)|none of which is left behind/,
    reason: "Deno's worker.terminate() stops no busy thread",
  },
  { name: /Multiplexer\.waitSync/, reason: 'a case that a wait in its own thread cannot have' },
];

/** Why a test has left itself out; undefined for one that should have run (its preparation may have failed). */
export function reasonOfSkip(name) {
  return leftOut.find((rule) => rule.name.test(name))?.reason;
}
