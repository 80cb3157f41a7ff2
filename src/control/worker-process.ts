/** The worker processes: those that this process has started, and those that it has found. */
import { type ChildProcess, spawn } from 'node:child_process';
import { hasCode } from '../errors.js';
import { Multiplexer } from '../multiplexer/multiplexer.js';
import { PidFd } from '../socket/pid-fd.js';
import type { SocketOfListener } from './lent-sockets.js';

/** How a process has ended; both are null if that is unknown. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that runs, or has ended. */
export interface WorkerProcess {
  readonly pid: number;
  /** It does not reject. */
  readonly ended: Promise<WorkerEnd>;
  /** Sends it a signal, unless it has ended. */
  signal(name: NodeJS.Signals): void;
  /** Looks after it no more: this process may end before it. */
  letGo(): void;
}

/** A process that is being started. */
export interface StartedWorker extends WorkerProcess {
  /** Resolves to whether it serves: false if it has ended before that. */
  readonly ready: Promise<boolean>;
}

/** The command that starts a worker. */
export interface WorkerCommand {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Holds the fds that a worker inherits: the one through which it reports that it is ready, and those of its listeners.
 */
export const WORKER_FDS_VARIABLE = 'FDMUX_WORKER_FDS';
/** Says which listeners those are: the configuration may have changed since the control process has read it. */
const WORKER_PLACES_VARIABLE = 'FDMUX_WORKER_PLACES';
/** The first fd after the standard streams. */
const READY_FD = 3;

/** The fds that a worker inherits. */
export interface WorkerFds {
  readonly ready: number;
  readonly listeners: readonly SocketOfListener[];
}

/** Starts a worker with the Node.js that runs this process. @param sockets - those that it listens on */
export function startWorker({ args, env }: WorkerCommand, sockets: readonly SocketOfListener[]): StartedWorker {
  const fds = sockets.map(({ index }, number) => `${index}=${READY_FD + 1 + number}`);
  const variables = {
    [WORKER_FDS_VARIABLE]: [READY_FD, ...fds].join(' '),
    [WORKER_PLACES_VARIABLE]: JSON.stringify(sockets.map(({ place }) => place)),
  };
  const child = spawn(process.execPath, [...args], {
    env: { ...env, ...variables },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...sockets.map(({ fd }) => fd)],
  });
  const ended = new Promise<WorkerEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
    child.once('error', () => {
      resolve({ code: null, signal: null });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    ready: readyOf(child, ended),
    signal: (name) => {
      child.kill(name);
    },
    letGo: () => {
      child.unref();
    },
  };
}

/** The first byte reports that the worker is ready. */
async function readyOf(child: ChildProcess, ended: Promise<WorkerEnd>): Promise<boolean> {
  const stream = child.stdio[READY_FD];
  const said = new Promise<boolean>((resolve) => {
    stream?.once('data', () => {
      resolve(true);
    });
    stream?.on('error', () => undefined);
  });
  const isReady = await Promise.race([said, ended.then(() => false)]);
  stream?.destroy();
  return isReady;
}

/** Takes the fds of a worker out of its environment; null if this process was started by itself. */
export function takeWorkerFds(env: NodeJS.ProcessEnv): WorkerFds | null {
  const text = env[WORKER_FDS_VARIABLE];
  if (text === undefined) return null;
  // A control process of a version before this one does not say which listeners they are.
  const places: unknown = JSON.parse(env[WORKER_PLACES_VARIABLE] ?? '[]');
  // The variables are not meant for the processes that this one starts.
  for (const name of [WORKER_FDS_VARIABLE, WORKER_PLACES_VARIABLE]) Reflect.deleteProperty(env, name);
  const [ready = '', ...fds] = text.split(' ');
  const listeners = fds.map((words, number): SocketOfListener => {
    const [index = '', fd = ''] = words.split('=');
    return { index: Number(index), fd: Number(fd), place: Array.isArray(places) ? places[number] : undefined };
  });
  return { ready: Number(ready), listeners };
}

/** Looks after a process that this one has not started. @returns null if it has ended */
export function findProcess(pid: number): WorkerProcess | null {
  let fd: PidFd;
  try {
    fd = new PidFd(pid);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return null;
    throw error;
  }
  const watch = new AbortController();
  return {
    pid,
    ended: endOf(fd, watch.signal),
    signal: (name) => {
      if (!fd.closed) signalTo(fd, name);
    },
    letGo: () => {
      watch.abort();
    },
  };
}

function signalTo(fd: PidFd, name: NodeJS.Signals): void {
  try {
    fd.sendSignal(name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

/** @param signal - ends the watch early */
async function endOf(fd: PidFd, signal: AbortSignal): Promise<WorkerEnd> {
  using multiplexer = new Multiplexer();
  multiplexer.register(fd, { interest: 'read' });
  await multiplexer.wait(null, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  fd.close();
  return { code: null, signal: null };
}
