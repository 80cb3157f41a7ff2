/** Several workers under test, with the process that looks after them. */
import { onTestFinished } from 'vitest';
import { type CtlVerb, readRequest } from '../../src/cli/ctl-arguments.js';
import { askServer } from '../../src/control/ask.js';
import { processThatLends } from '../../src/control/lent-sockets.js';
import type { Reply } from '../../src/control/request.js';
import { lendingFileOf, workersIn } from '../../src/control/worker-files.js';
import { until } from '../support/deadline.js';
import { type ProcessOptions, startCli } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { type RunningServer, startServer } from './chat-server.js';
import { kill } from './upgrades.js';

/** What is known of a worker. */
export interface WorkerStatus {
  readonly name: string;
  readonly pid: number;
  readonly state: string;
  readonly restarts: number;
}

export interface RunningWorkers {
  readonly server: RunningServer;
  readonly folder: string;
  /** Asks as `fdmux ctl` does. */
  readonly ctl: (verb: CtlVerb, ...words: readonly string[]) => Promise<Reply>;
  readonly workers: () => Promise<readonly WorkerStatus[]>;
}

/** Starts it, on free ports unless a configuration says where to listen. */
async function start(
  args: readonly string[],
  { places, options }: { readonly places: boolean; readonly options: ProcessOptions },
): Promise<RunningServer> {
  if (places) return startServer(args, options);
  const process = startCli(['serve', ...args], options);
  await process.line('Ctrl-C ends the server.');
  return { process, plainPort: 0, ircPort: 0 };
}

/**
 * Starts two workers. They are gone when the test is over.
 *
 * @param options.places - whether they listen on free ports; a configuration says where otherwise
 */
export async function startWorkers(
  args: readonly string[] = [],
  folder = temporaryFolder(),
  { places = true, options = {} }: { readonly places?: boolean; readonly options?: ProcessOptions } = {},
): Promise<RunningWorkers> {
  const flags = ['--workers', '2', '--data', folder, '--log-level', 'info'];
  const server = await start([...flags, ...args], { places, options });
  onTestFinished(async () => {
    // The control process first, which may be another one by now: it would start them again.
    const status = await askServer(folder, { verb: 'status', words: [] }, { timeoutMs: 5_000 }).catch(() => null);
    for (const pid of [server.process.pid, pidOf(status)]) if (pid > 0) kill(pid, 'SIGKILL');
    for (const pid of pidsOf(folder)) kill(pid, 'SIGKILL');
    await server.process.dispose();
  });
  const ctl = (verb: CtlVerb, ...words: readonly string[]): Promise<Reply> =>
    askServer(folder, readRequest(verb, words, {}));
  return { server, folder, ctl, workers: async () => statusOf(await ctl('status')) };
}

/** The process that an answer names; 0 if it names none. */
export function pidOf(reply: Reply | null): number {
  const pid: unknown = Reflect.get(Object(reply?.result), 'pid');
  return typeof pid === 'number' ? pid : 0;
}

function pidsOf(folder: string): readonly number[] {
  return workersIn(folder).flatMap((name) => {
    const pid = processThatLends(folder, lendingFileOf(name));
    return pid === null ? [] : [pid];
  });
}

function statusOf({ result }: Reply): readonly WorkerStatus[] {
  // As it is written in JSON: the tests say what is in it.
  const { workers = [] }: { readonly workers?: readonly WorkerStatus[] } = Object(result);
  return workers;
}

/** Waits until another process serves as a worker. */
export async function replaced({ workers }: RunningWorkers, before: WorkerStatus): Promise<WorkerStatus> {
  let found: WorkerStatus | undefined;
  let isAsking = false;
  await until(() => {
    if (!isAsking && found === undefined) {
      isAsking = true;
      void workers()
        .then((all) => {
          found = all.find(({ name, pid, state }) => name === before.name && pid !== before.pid && state === 'ready');
        })
        .catch(() => undefined)
        .finally(() => {
          isAsking = false;
        });
    }
    return found !== undefined;
  }, `another process as ${before.name}`);
  return found ?? before;
}
