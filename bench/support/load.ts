/** One run of the load generator against a server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { countInstructions } from './cost.js';
import type { ServerProcess } from './server.js';

const LOAD_CORE = 1;
/** What warming up and opening many connections may take besides. */
const PATIENCE_MS = 30_000;

/** What load.c is told; see there. */
export interface Load {
  readonly mode: 'echo' | 'accept' | 'sink' | 'fanout';
  readonly connections: number;
  readonly bytes: number;
  readonly depth: number;
  /** Connections that are open and silent. */
  readonly idle?: number;
}

/** What one run gave. */
export interface Run {
  /** Messages; of a stream, MiB. */
  readonly messagesPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of one core. Near 1 the generator was the limit, and the rate says little about the server; its cost still does. */
  readonly loadCpu: number;
  /** Server time, user and kernel, per message. */
  readonly cpuNsPerMessage: number;
  /** Where the machine counts them. */
  readonly instructionsPerMessage: number | null;
}

interface Counted {
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly loadCpu: number;
}

/**
 * Puts `server` under `load` for `seconds`, after a warm-up.
 *
 * @param onStart is called when that begins; everything is connected by then
 */
export async function measure(
  program: string,
  server: ServerProcess,
  load: Load,
  seconds: number,
  hasCounters: boolean,
  onStart?: () => Promise<void>,
): Promise<Run> {
  const { mode, connections, bytes, depth, idle = 0 } = load;
  const numbers = [server.port, connections, bytes, depth, seconds, idle].map(String);
  const child = spawn('taskset', ['-c', String(LOAD_CORE), program, mode, ...numbers], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 1000 * seconds + PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  const exit = once(child, 'exit');
  let before = 0;
  let cpuNs = 0;
  let instructions: Promise<number> | null = null;
  let counted: Counted | undefined;
  let started: Promise<void> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'start') {
      before = server.cpuNs();
      started = onStart?.();
      if (hasCounters) instructions = countInstructions(server.pid, seconds);
    } else {
      cpuNs = server.cpuNs() - before;
      counted = parseCounted(line);
    }
  }
  await exit;
  await started;
  if (counted === undefined) throw new Error(`the load generator failed: ${mode} ${numbers.join(' ')}`);
  const messages = mode === 'sink' ? counted.bytes / 2 ** 20 : counted.messages;
  const perMessage = (total: number) => total / Math.max(1, messages);
  return {
    messagesPerSecond: messages / counted.seconds,
    p50Us: counted.p50Ns / 1000,
    p99Us: counted.p99Ns / 1000,
    loadCpu: counted.loadCpu,
    cpuNsPerMessage: perMessage(cpuNs),
    instructionsPerMessage: instructions === null ? null : perMessage(await instructions),
  };
}

function parseCounted(line: string): Counted {
  const value: unknown = JSON.parse(line);
  const number = (name: string): number => {
    const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (typeof field !== 'number') throw new Error(`the load generator printed '${line}'`);
    return field;
  };
  return {
    messages: number('messages'),
    bytes: number('bytes'),
    seconds: number('seconds'),
    p50Ns: number('p50Ns'),
    p99Ns: number('p99Ns'),
    loadCpu: number('loadCpu'),
  };
}
