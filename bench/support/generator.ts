/** A load generator: run on its core, while the cost of the server under it is counted. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { countInstructions } from './cost.js';
import type { ServerProcess } from './server.js';
import { LOAD_CORE } from './tools.js';

/** What warming up and opening many connections may take; a server that takes longer has not survived it. */
export const PATIENCE_MS = 40_000;

export interface Outcome {
  /** What the generator printed before it began to count. */
  readonly preface: readonly string[];
  /** A number of the JSON that it printed in the end. */
  readonly number: (name: string) => number;
  /** What the server has computed in between, in ns. */
  readonly cpuNs: number;
  /** Null where the machine does not count them. */
  readonly instructions: number | null;
}

/**
 * Puts `server` under a load that prints `start` when it has warmed up, and its numbers after `seconds`.
 *
 * @param onStart is called when the counting begins
 * @returns null where the load did not get to its numbers
 */
export async function putUnderLoad(
  server: ServerProcess,
  command: readonly string[],
  seconds: number,
  hasCounters: boolean,
  onStart?: () => Promise<void>,
): Promise<Outcome | null> {
  const generator = spawn('taskset', ['-c', LOAD_CORE, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 1000 * seconds + PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  const preface: string[] = [];
  let isCounting = false;
  let started: Promise<void> | undefined;
  let instructions: Promise<number> | null = null;
  let cpuNs = 0;
  let result: string | undefined;
  try {
    for await (const line of createInterface({ input: generator.stdout })) {
      if (line === 'start') {
        isCounting = true;
        cpuNs = server.cpuNs();
        started = onStart?.();
        if (hasCounters) instructions = countInstructions(server.pid, seconds);
      } else if (isCounting) {
        cpuNs = server.cpuNs() - cpuNs;
        result = line;
      } else {
        preface.push(line);
      }
    }
    await started;
  } finally {
    generator.kill('SIGKILL');
  }
  if (result === undefined) return null;
  return { preface, number: numbersIn(result), cpuNs, instructions: await instructions };
}

function numbersIn(line: string): (name: string) => number {
  const value: unknown = JSON.parse(line);
  return (name) => {
    const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (typeof field !== 'number') throw new Error(`the load generator printed '${line}'`);
    return field;
  };
}
