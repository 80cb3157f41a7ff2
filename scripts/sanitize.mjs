/**
 * Runs tests on an instrumented addon, to find memory errors and data races:
 *
 *   npm run sanitize            AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
 *   npm run sanitize:tsan       ThreadSanitizer
 *   npm run sanitize:valgrind   valgrind's memcheck, on one program that makes every native call
 *
 * Paths after `--` choose the test files; by default those of the layers next to the kernel. The instrumented addon is
 * built below .cache/, so that build/ stays as it is.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildNative } from './lib/build-native.mjs';
import { ensure } from './lib/ensure.mjs';
import { at } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';
import { isRaceOfOurs, OURS } from './lib/race-reports.mjs';
import { hasCommand, run, tryRun } from './lib/run.mjs';

const TESTS = ['test/native', 'test/readiness', 'test/multiplexer', 'test/socket', 'test/net'].filter((path) =>
  existsSync(at(path)),
);
const TEST_TIMEOUT_MS = 120_000;
const DEADLINE_MS = 60_000;

const isLeak = (stanza) => /(Direct|Indirect) leak/.test(stanza);
/**
 * Node.js itself leaks some memory at its end. Only frames inside the innermost call of JavaScript count: memory that
 * JavaScript, or Node.js for an exception, allocates while our code calls it is not our leak.
 */
const isOurs = (stanza) =>
  OURS.test(stanza.split(/\n.* (?:Builtins_|napi_call_function|napi_make_callback|napi_fatal_exception)/)[0]);

/**
 * Whether the engine allocated the memory for its own heap, which it frees with the heap: a process that exits does not
 * wait for that.
 */
const isEngines = (stanza) =>
  /^ +#\d+ 0x\w+ in (?!operator new|(?:__interceptor_)?(?:malloc|calloc|realloc|posix_memalign|aligned_alloc)\b)(.*)/m
    .exec(stanza)?.[1]
    .startsWith('v8::internal::');

/** For each tool: how it reports, which stanzas of its reports are problems, and which needs of tests it lacks. */
const sanitizers = {
  address: {
    library: 'libasan.so',
    // Leaks get no exit code of their own: the report says whose they are.
    environment: (report) => ({
      ASAN_OPTIONS: `detect_leaks=1:exitcode=0:abort_on_error=1:log_path=${report}`,
      UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:abort_on_error=1:log_path=${report}`,
    }),
    separator: /\n\n+/,
    isProblem: (stanza) =>
      /ERROR: AddressSanitizer|runtime error:/.test(stanza) || (isLeak(stanza) && isOurs(stanza) && !isEngines(stanza)),
  },
  thread: {
    library: 'libtsan.so',
    environment: (report) => ({
      TSAN_OPTIONS: `exitcode=0:log_path=${report}:suppressions=${at('scripts/lib/thread-sanitizer.supp')}`,
    }),
    separator: /^={18}\n/m,
    // The report judges here, too.
    isProblem: isRaceOfOurs,
    // It holds signals back until the program makes a call that it knows to block, and Node.js makes none. It opens
    // its report at any time, and ends a process that has no fd left for it.
    lacks: ['needs-signals', 'needs-quiet-fds'],
  },
};

const { values, positionals } = parseArgs({
  options: { tool: { type: 'string', default: 'address' } },
  allowPositionals: true,
});

await runMain(async () => {
  await ensure();
  if (values.tool === 'valgrind') await runValgrind();
  else if (Object.hasOwn(sanitizers, values.tool)) await runSanitizer(values.tool);
  else throw new Problem(`--tool is address, thread or valgrind, not ${values.tool}`);
});

async function runSanitizer(name) {
  const { library, environment, separator, isProblem, lacks = [] } = sanitizers[name];
  const preload = await preloadable(library);
  const addon = await buildWatched(name);
  const reports = emptyFolder(name, 'reports');
  const tests = positionals.length > 0 ? positionals : TESTS;
  const chosen = lacks.length === 0 ? [] : [`--tagsFilter=${lacks.map((tag) => `!${tag}`).join(' && ')}`];
  say(`running ${tests.join(', ')}`);
  const vitest = at('node_modules/vitest/vitest.mjs');
  const outcome = await tryRun(
    process.execPath,
    [vitest, 'run', `--testTimeout=${TEST_TIMEOUT_MS}`, `--hookTimeout=${TEST_TIMEOUT_MS}`, ...chosen, ...tests],
    {
      cwd: at(),
      live: true,
      env: {
        FDMUX_BINARY: addon,
        FDMUX_DEADLINE_MS: String(DEADLINE_MS),
        FDMUX_PRELOAD: preload,
        FDMUX_REPORTS: reports,
        LD_PRELOAD: preload,
        ...environment(join(reports, 'report')),
      },
    },
  );
  judge(reports, separator, isProblem);
  if (!outcome.ok) throw new Problem(`The tests failed under the ${name} sanitizer (${outcome.reason}).`);
  say(`${name}: clean`);
}

async function runValgrind() {
  if (!hasCommand('valgrind')) throw new Problem('valgrind is missing. Debian, Ubuntu:  apt-get install valgrind');
  const addon = await buildWatched('none');
  const reports = emptyFolder('valgrind', 'reports');
  say('running test/native/children/every-call.cjs in valgrind');
  // Valgrind is slow to follow the code that V8's compilers generate; the interpreter avoids it.
  const outcome = await tryRun('valgrind', [
    '--leak-check=full',
    '--show-leak-kinds=definite',
    '--track-origins=no',
    // A child whose exec fails exits without freeing the engine's memory.
    '--child-silent-after-fork=yes',
    `--log-file=${join(reports, 'report.%p')}`,
    process.execPath,
    '--jitless',
    at('test/native/children/every-call.cjs'),
    addon,
  ]);
  judge(reports, /^==\d+== \n/m, (stanza) => !/^==\d+== Command:/m.test(stanza) && isOurs(stanza));
  if (!outcome.ok) throw new Problem(`${outcome.output}\nThe program failed in valgrind (${outcome.reason}).`);
  say('valgrind: clean');
}

/** Builds the addon with a sanitizer in it, in a folder that shows the same sources. */
async function buildWatched(name) {
  const folder = at('.cache/sanitize', name);
  mkdirSync(folder, { recursive: true });
  for (const source of ['binding.gyp', 'native', 'package.json']) {
    if (!existsSync(join(folder, source))) symlinkSync(at(source), join(folder, source));
  }
  await buildNative({ folder, env: { GYP_DEFINES: `sanitize=${name}` } });
  return join(folder, 'build/Release/fdmux.node');
}

/** The library that has to be loaded before everything else, since Node.js was not built with it. */
async function preloadable(library) {
  const path = (await run(process.env.CC ?? 'gcc', [`-print-file-name=${library}`])).trim();
  if (!isAbsolute(path)) throw new Problem(`This compiler has no ${library}.`);
  return path;
}

function emptyFolder(...parts) {
  const folder = at('.cache/sanitize', ...parts);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Fails with the stanzas of all reports that describe a problem. */
function judge(reports, separator, isProblem) {
  const problems = readdirSync(reports)
    .flatMap((name) => readFileSync(join(reports, name), 'utf8').split(separator))
    .filter(isProblem);
  if (problems.length > 0) throw new Problem(`${problems.join('\n\n')}\n\n${problems.length} problems found.`);
}
