/** The verbs of `fdmux ctl` for an operator of several workers, who asks all of them at once. */
import { toError } from '../errors.js';
import { BoundedList, leftOutOf } from './bounded-list.js';
import { ControlError, type Reply, type Verb, type Verbs } from './request.js';
import { type DataReadings, dataRow, statusRow } from './status-row.js';
import type { Supervisor, WorkerReply } from './supervisor.js';
import type { Wishes } from './wishes.js';
import type { Worker } from './worker.js';

/** The parts that the verbs act on. */
export interface GatheringDeskParts {
  readonly supervisor: Supervisor;
  readonly version: string;
  /** The state of the data that all share. */
  readonly data: () => DataReadings;
  /** The addresses that the workers listen on, with their protocols. */
  readonly listeners: readonly { readonly protocol: string; readonly isSecure: boolean; readonly address: string }[];
  /**
   * Reads the configuration again, and has all workers do so.
   *
   * @throws ControlError if there is a mistake in it
   */
  readonly reload: () => Promise<readonly WorkerReply[]>;
  readonly setLogLevel: (level: string) => void;
  /** The requests that a worker which is started again has to be told. */
  readonly wishes: Pick<Wishes, 'add' | 'forgetAll'>;
  /**
   * Has all listen as the configuration says now, if this version can read that.
   *
   * @throws ControlError if that cannot be
   */
  readonly meet: () => Promise<readonly WorkerReply[]>;
  /** Has a new control process go on. @returns once it does; rejects if this one goes on */
  readonly upgrade: () => Promise<{ readonly pid: number }>;
  /** How long a worker that drains may take, in milliseconds. */
  readonly endMs: () => number;
  /** Ends all workers once their clients have left or their time is over, and then this process. */
  readonly drain: () => void;
}

/** Returns the verbs. */
export function gatheringDesk(parts: GatheringDeskParts): Verbs {
  const { supervisor } = parts;
  /** A verb that any worker can answer, since all know the same. */
  const shared = (verb: string): Verb => {
    return (words) => supervisor.askAny({ verb, words });
  };
  return {
    status: () => describeAll(parts),
    clients: async (words) => listAll(await supervisor.askAll({ verb: 'clients', words })),
    members: shared('members'),
    rooms: shared('rooms'),
    drain: ([name, ...rest]) => {
      if (rest.length > 0) throw new ControlError('ERR_CONTROL_REQUEST', 'it takes 0 to 1 words');
      return name === undefined ? drainAll(parts) : drainOne(supervisor.worker(name), parts.endMs());
    },
    reload: async () => summary(await parts.reload()),
    upgrade: upgradeOnce(parts),
    backend: lasting('backend', parts),
    'log-level': lasting('log-level', parts, ([level = '']) => {
      parts.setLogLevel(level);
    }),
    kick: shared('kick'),
    ban: shared('ban'),
    unban: shared('unban'),
    bans: shared('bans'),
  };
}

/**
 * Returns a verb for all workers, also for those that are started later. Without words, it only looks.
 *
 * @param taken - called with the words if a worker has done it
 */
function lasting(
  verb: string,
  { supervisor, wishes }: GatheringDeskParts,
  taken: (words: readonly string[]) => void = () => undefined,
): Verb {
  return async (words) => {
    if (words.length === 0) return summary(await supervisor.askAll({ verb, words }));
    const answers = supervisor.askNowOrLater({ verb, words });
    // One that gets ready before all have answered is not among them.
    const takeBack = wishes.add(verb, words);
    const replies = await answers;
    if (replies.some(({ reply }) => !(reply instanceof Error) && reply.result !== null)) taken(words);
    else takeBack();
    return summary(replies);
  };
}

/** Upgrades the workers, and then the control process. */
function upgradeOnce({ supervisor, wishes, meet, upgrade }: GatheringDeskParts): Verb {
  let isUnderWay = false;
  return async () => {
    if (isUnderWay) throw new ControlError('ERR_CONTROL_REFUSED', 'the processes are being upgraded already');
    const draining = supervisor.workers.find(({ state }) => state === 'draining');
    if (draining !== undefined) {
      // One of a version before this one would not be found, and another one of its name would be started beside it.
      throw new ControlError('ERR_CONTROL_REFUSED', `worker ${draining.name} drains: upgrade when it has ended`);
    }
    isUnderWay = true;
    try {
      await supervisor.started();
      // A process is handed the sockets that the one before it has open.
      summary(await meet());
      const { text, result } = summary(await supervisor.upgrade());
      wishes.forgetAll();
      const { pid } = await upgrade().catch((error: unknown) => {
        throw new ControlError(
          'ERR_CONTROL_FAILED',
          `the workers are upgraded, the control process is not: ${toError(error).message}`,
          { cause: error },
        );
      });
      return {
        text: [...text, `control: process ${pid} goes on with the workers`],
        result: { ...fieldsOf(result), control: { pid } },
      };
    } finally {
      isUnderWay = false;
    }
  };
}

/** Merges answers, a line each, or throws the first error if there is one. @throws that error */
function summary(replies: readonly WorkerReply[]): Reply {
  const failed = replies.find(({ reply }) => reply instanceof Error);
  if (failed !== undefined && failed.reply instanceof Error) throw named(failed.worker, failed.reply);
  const answers = replies.flatMap(({ worker, reply }) => (reply instanceof Error ? [] : [{ worker, reply }]));
  return {
    text: answers.flatMap(({ worker, reply }) => reply.text.map((line) => `${worker.name}: ${line}`)),
    result: Object.fromEntries(answers.map(({ worker, reply }) => [worker.name, reply.result])),
  };
}

/** An error that says which worker it belongs to. */
function named({ name }: Worker, error: Error): Error {
  const code: unknown = Reflect.get(error, 'code');
  const { message } = error;
  return Object.assign(new Error(message.startsWith(`worker ${name} `) ? message : `worker ${name}: ${message}`), {
    code: typeof code === 'string' ? code : 'ERR_CONTROL_FAILED',
  });
}

function drainAll({ supervisor, drain }: GatheringDeskParts): Reply {
  drain();
  const workers = supervisor.workers.length;
  return {
    text: [`the workers (${workers}) end when their clients have left, or drainMs is over`],
    result: { workers },
  };
}

function drainOne(worker: Worker, endMs: number): Reply {
  if (!worker.canAnswer) {
    throw new ControlError('ERR_CONTROL_REFUSED', `worker ${worker.name} does not run now`);
  }
  const { name, pid } = worker;
  worker.drain(endMs);
  const text = [`worker ${name} ends when its clients have left, or drainMs is over; another one is started then`];
  return { text, result: { worker: name, pid } };
}

/** Merges the lists of all workers, each line with the name of its worker; the last line counts. */
function listAll(replies: readonly WorkerReply[]): Reply {
  const list = new BoundedList();
  const problems: string[] = [];
  let count = 0;
  for (const { worker, reply } of replies) {
    if (reply instanceof Error) {
      problems.push(`${worker.name}  ${reply.message}`);
      continue;
    }
    const entries: readonly unknown[] = Array.isArray(reply.result) ? reply.result : [];
    count += entries.length + leftOutOf(reply);
    for (const [index, entry] of entries.entries()) {
      if (list.isFull) break;
      list.add(`${worker.name}  ${reply.text[index] ?? ''}`, { worker: worker.name, ...fieldsOf(entry) });
    }
  }
  const merged = list.reply(count, 'client');
  return { ...merged, text: [...problems, ...merged.text] };
}

const fieldsOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});

/** The facts of a worker that are merged here. */
interface WorkerFacts {
  readonly clients: number;
  readonly members: number;
  readonly rooms: number;
  readonly bans: number;
}

function factsOf(result: unknown): WorkerFacts {
  const number = (key: string): number => {
    const value: unknown = Reflect.get(Object(result), key);
    return typeof value === 'number' ? value : 0;
  };
  return { clients: number('clients'), members: number('members'), rooms: number('rooms'), bans: number('bans') };
}

async function describeAll({ supervisor, version, listeners, data }: GatheringDeskParts): Promise<Reply> {
  const store = data();
  const replies = await supervisor.askAll({ verb: 'status', words: [] });
  const workers = replies.map(({ worker: { name, pid, state, restarts }, reply }) => ({
    name,
    pid,
    state,
    restarts,
    status: reply instanceof Error ? null : reply.result,
    problem: reply instanceof Error ? reply.message : null,
  }));
  const facts = workers.filter(({ status }) => status !== null).map(({ status }) => factsOf(status));
  const clients = facts.reduce((sum, each) => sum + each.clients, 0);
  // All know of all members, rooms and bans.
  const { members = 0, rooms = 0, bans = 0 } = facts[0] ?? {};
  const uptimeMs = Math.round(process.uptime() * 1000);
  const phase = supervisor.isReady ? 'ready' : 'degraded';
  return {
    text: [
      `fdmux ${version}, control process ${process.pid}, ${phase}, ${workers.length} workers`,
      statusRow('clients', String(clients)),
      statusRow('members', String(members)),
      statusRow('rooms', String(rooms)),
      statusRow('bans', String(bans)),
      ...listeners.map(({ protocol, isSecure, address }) =>
        statusRow(`${protocol}${isSecure ? ' (TLS)' : ''}`, address),
      ),
      dataRow(store),
      ...workers.map(describeWorker),
    ],
    result: { version, pid: process.pid, phase, uptimeMs, clients, members, rooms, bans, listeners, store, workers },
  };
}

function describeWorker(worker: {
  readonly name: string;
  readonly pid: number | null;
  readonly state: string;
  readonly restarts: number;
  readonly status: unknown;
  readonly problem: string | null;
}): string {
  const { name, pid, state, restarts, status, problem } = worker;
  const facts = [
    pid === null ? 'no process' : `process ${pid}`,
    state,
    ...(problem === null ? [`${factsOf(status).clients} clients`] : [problem]),
    ...(restarts === 0 ? [] : [`started again ${restarts} time${restarts === 1 ? '' : 's'}`]),
  ];
  return statusRow(name, facts.join(', '));
}
