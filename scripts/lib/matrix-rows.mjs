/** The rows of the matrix: the runtime of the suite, its forced settings, and its limits. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetched, fetchPackage } from './fetch.mjs';
import { arm64Bun, arm64Deno, arm64MuslBun, arm64Node, muslBun, muslNode } from './foreign-node.mjs';
import { at } from './paths.mjs';

/** The runtime of a row's tests: a program, and the settings that its environment needs. */
const nodeOf = (key) => async () => ({ program: join(await fetchPackage(key), 'bin/node') });

const NO_UV_POLL = {
  'needs-uv-poll': 'the runtime has no working uv_poll; asynchronous waits use the helper thread',
};
const ONLY_EPOLL = { 'needs-epoll': 'the test asks the default backend for what only epoll has' };
const NO_PERMISSIONS = { 'needs-permission-model': 'the runtime has no permission model' };
const MUSL = {
  'needs-linux-somaxconn': "musl's SOMAXCONN is 128",
  'needs-long-control': "musl's sendmsg refuses a long control message before the kernel sees it",
};
const BUN = {
  ...NO_UV_POLL,
  ...NO_PERMISSIONS,
  'needs-tls-on-duplex': "Bun's TLSSocket on a Duplex loses the end of what it carries, on node:net's sockets too",
  'needs-tls-names': "Bun's TLSSocket on a Duplex asks for no certificate by name",
  'needs-tls-sessions': "Bun's TLSSocket on a Duplex resumes no session",
  'needs-openssl': "Bun's BoringSSL has other codes, and no TLS before 1.2",
  'needs-blocked-signals': "Bun's event loop waits with no signal blocked",
  'needs-v8': 'Bun has another engine than V8',
};
const DENO = {
  ...NO_UV_POLL,
  ...NO_PERMISSIONS,
  'needs-module-eval': "Deno's -e takes no ES module",
  'needs-signal-exceptions': "Deno reports no exception of a signal's handler",
  'needs-tls-sessions': "Deno's TLSSocket on a Duplex resumes no session",
  'needs-openssl': 'Deno has other codes of TLS, and looks at a certificate when it is used',
  'needs-http-on-duplex': "Deno's node:http closes a Duplex after one answer",
  'needs-tls-pause': "Deno's TLSSocket reads on while it is paused",
  'needs-worker-terminate': "Deno's worker.terminate() stops no busy thread",
  'needs-level-sockets': "Deno's node:net has edge-triggered sockets",
  'needs-node-flags': "Deno's command line is another",
  'needs-signal-numbers': "Deno's process.kill takes no real-time signal",
  'needs-path-bytes': "Deno's node:fs reads every path as text",
  'needs-early-tls-checks': 'Deno looks at a certificate and its key when a handshake uses them',
  'needs-fs-of-fds': "Deno's node:fs knows only fds that it has opened itself",
  'needs-readline-rows': "Deno's readline forgets that a typed line has wrapped",
  'needs-v8': 'Deno takes the flags of V8 in another way',
};

const forced = (id, title, env, lacks = {}) => ({
  id: `node24-${id}`,
  title: `Node.js ${fetched.node24.version}, ${title}`,
  runtime: nodeOf('node24'),
  env,
  lacks,
});

const EMULATED = {
  'needs-large-select': "the emulator's select takes no fd of 1,024 or above",
  'needs-busy-poll': 'the emulator has no ioctl for busy polling',
  'needs-fast-calls': 'the emulator takes more than a millisecond for any call',
  'needs-control-truncation': 'the emulator does not report control messages that were cut short',
  'needs-timestampns': 'the emulator has no SO_TIMESTAMPNS',
};

/** The two layers that are the base of all others: a row runs only these if the whole would take too long. */
const CORE_SUITES = ['readiness', 'multiplexer'];

/** A row for arm64 in an emulator: the layers that touch the kernel. The others are the same on every processor. */
const emulated = (id, title, runtime, { lacks = {}, ...rest } = {}) => ({
  id,
  title: `${title} (qemu)`,
  runtime,
  // It aborts the process, and the other tests of the file would be lost.
  env: { FDMUX_WITHOUT_LARGE_SELECT: '1' },
  lacks: { ...EMULATED, ...lacks },
  arch: 'arm64',
  suites: ['native', ...CORE_SUITES, 'socket'],
  isForeign: true,
  isEmulated: true,
  deadlineMs: 60_000,
  ...rest,
});

/**
 * - `runtime` fetches the runtime of the tests;
 * - `isForeign`: it is for another processor or C library, so this machine's Node.js runs vitest and the row the tests;
 * - `isPooled`: it is foreign and no Node.js, so test/support/foreign-pool.mts starts it;
 * - `isEmulated`: it runs in an emulator and takes its time;
 * - `isDaily`: it leaves out the tests that take minutes;
 * - `filesAtOnce`: the most test files that a vitest gets, since the runtime does not survive very many;
 * - `suites`: all that the row runs, if it does not run everything;
 * - `lacks`: the missing features that some tests need, by their tags in test/tags.json, each with the reason;
 * - `deadlineMs`: how long a test waits for an expected event.
 */
export const rows = [
  ...['node20', 'node22', 'node24', 'node26'].map((id) => ({
    id,
    title: `Node.js ${fetched[id].version}`,
    runtime: nodeOf(id),
  })),
  forced('select', 'select', { FDMUX_BACKEND: 'select' }, ONLY_EPOLL),
  forced('poll', 'poll', { FDMUX_BACKEND: 'poll' }, ONLY_EPOLL),
  forced('uv', 'epoll with `uv_poll`', { FDMUX_BACKEND: 'epoll', FDMUX_WAITER: 'uv' }),
  forced('thread', 'epoll with the helper thread', { FDMUX_BACKEND: 'epoll', FDMUX_WAITER: 'thread' }),
  {
    id: 'bun',
    title: `Bun ${fetched.bun.version}`,
    runtime: async () => ({ program: join(await fetchPackage('bun'), 'bin/bun'), args: ['--bun'] }),
    lacks: BUN,
    filesAtOnce: 20,
  },
  {
    id: 'deno',
    title: `Deno ${fetched.deno.version}`,
    runtime: async () => ({ program: join(await fetchPackage('deno'), 'deno'), args: ['run', '-A'] }),
    lacks: DENO,
    filesAtOnce: 20,
  },
  {
    id: 'node26-musl',
    title: 'Node.js 26.0.0, x64 musl',
    runtime: async () => ({ program: await muslNode() }),
    // Its libstdc++ was made for glibc, and a crash would take the rest of the file with it.
    env: { FDMUX_WITHOUT_TLS: '1' },
    lacks: {
      ...MUSL,
      'needs-tls-on-duplex': 'the libstdc++ that this Node.js borrows crashes with TLS on a Duplex',
    },
    libc: 'musl',
    isForeign: true,
  },
  {
    id: 'bun-musl',
    title: `Bun ${fetched['bun-musl'].version}, x64 musl`,
    runtime: muslBun,
    lacks: { ...BUN, ...MUSL },
    libc: 'musl',
    filesAtOnce: 20,
  },
  emulated(
    'node24-arm64',
    `Node.js ${fetched['node24-arm64'].version}, arm64`,
    async () => ({
      program: await arm64Node('node24-arm64'),
    }),
    { suites: undefined },
  ),
  emulated('node26-arm64', `Node.js ${fetched['node26-arm64'].version}, arm64`, async () => ({
    program: await arm64Node('node26-arm64'),
  })),
  emulated('bun-arm64', `Bun ${fetched['bun-arm64'].version}, arm64`, async () => ({ program: await arm64Bun() }), {
    lacks: BUN,
    isPooled: true,
    isDaily: true,
  }),
  emulated(
    'bun-arm64-musl',
    `Bun ${fetched['bun-arm64-musl'].version}, arm64 musl`,
    async () => ({ program: await arm64MuslBun() }),
    { libc: 'musl', lacks: { ...BUN, ...MUSL }, isPooled: true, isDaily: true },
  ),
  emulated('deno-arm64', `Deno ${fetched['deno-arm64'].version}, arm64`, async () => ({ program: await arm64Deno() }), {
    lacks: DENO,
    isPooled: true,
    isDaily: true,
  }),
];

/** The name of the result of a row that has been run in part. */
export const partsOfRow = (id) => `${id} in part`;

/** The names of all results, in the order of the table. */
export const resultIds = rows.flatMap(({ id }) => [id, partsOfRow(id)]);

/**
 * Rows for `.ci/run`, with the suites that each runs there. Node.js 26 has an SQLite, which this machine's Node.js may
 * lack.
 */
export const QUICK_ROWS = { node26: [...CORE_SUITES, 'store'], bun: CORE_SUITES };

/** The need that each tag of a test stands for. */
const needs = new Map(JSON.parse(readFileSync(at('test/tags.json'), 'utf8')).map((tag) => [tag.name, tag.description]));

/**
 * The reason why a test that failed or skipped itself in a row does not count: it needs something that the row or this
 * machine lacks.
 *
 * @param tags the tags of the test, see test/tags.json
 * @param hasFailed a failure is excused only by a known gap of the row
 * @returns undefined for a test that should have passed
 */
export function reasonAgainst({ lacks = {} }, { tags, hasFailed }) {
  const lacking = tags.find((tag) => lacks[tag] !== undefined);
  if (lacking !== undefined) return lacks[lacking];
  const [need] = hasFailed ? [] : tags;
  return need === undefined ? undefined : `this machine lacks ${needs.get(need)}`;
}
