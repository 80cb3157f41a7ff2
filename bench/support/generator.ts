/** A load generator: run on its core, while the cost of the server under it is counted. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { countInstructions } from './cost.js';
import { ErrorOutput, howItEnded } from './ending.js';
import { isGuest } from './machine.js';
import type { ServerProcess } from './server.js';
import { LOAD_CORE } from './tools.js';

/** The longest time for warming up and opening many connections; a server that takes longer has not survived it. */
export const PATIENCE_MS = 40_000;

export interface Outcome {
  /** The output of the generator before it began to count. */
  readonly preface: readonly string[];
  /** A number of the JSON that it printed in the end. */
  readonly number: (name: string) => number;
  /** The processor time of the server in between, in ns. */
  readonly cpuNs: number;
  /** Null if the machine does not count them. */
  readonly instructions: number | null;
}

export interface Counting {
  readonly seconds: number;
  /** Whether the machine counts instructions. */
  readonly hasCounters: boolean;
  /** Is called when the counting begins. */
  readonly onStart?: (() => Promise<void>) | undefined;
  /** Where the generator runs. By default: a core that the server does not use. */
  readonly core?: string;
}

/**
 * Puts `server` under a load that prints `start` when it has warmed up, and its numbers after `seconds`.
 *
 * @throws if the load did not get to its numbers: how load and server ended
 */
export async function putUnderLoad(
  server: ServerProcess,
  command: readonly string[],
  counting: Counting,
): Promise<Outcome> {
  const { seconds, core = LOAD_CORE } = counting;
  const errorOutput = new ErrorOutput();
  const timeout = 1000 * seconds + PATIENCE_MS;
  const generator = spawn('taskset', ['-c', core, ...command], {
    stdio: ['ignore', 'pipe', errorOutput.fd],
    timeout,
    killSignal: 'SIGKILL',
  });
  try {
    return await readOutcome(generator.stdout, server, counting);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const load = `load generator: ${await howItEnded(generator, errorOutput)}, at most ${timeout / 1000} s`;
    throw new Error(`did not survive: ${reason}; server: ${await server.howItEnded()}; ${load}`, { cause: error });
  } finally {
    generator.kill('SIGKILL');
    errorOutput.close();
  }
}

async function readOutcome(
  output: Readable | null,
  server: ServerProcess,
  { seconds, hasCounters, onStart }: Counting,
): Promise<Outcome> {
  if (output === null) throw new Error('its output is not read');
  const preface: string[] = [];
  let isCounting = false;
  let started: Promise<void> | undefined;
  let instructions: Promise<number> | null = null;
  let cpuNs = 0;
  let result: string | undefined;
  for await (const line of createInterface({ input: output })) {
    if (line === 'start') {
      isCounting = true;
      cpuNs = server.cpuNs();
      started = onStart?.();
      if (hasCounters && !isGuest) instructions = countInstructions(server.pid, seconds);
    } else if (isCounting) {
      cpuNs = server.cpuNs() - cpuNs;
      result = line;
    } else {
      preface.push(line);
    }
  }
  await started;
  if (result === undefined) throw new Error(isCounting ? 'the load broke off' : 'the load did not begin');
  return { preface, number: numbersIn(result), cpuNs, instructions: isGuest ? cpuNs : await instructions };
}

function numbersIn(line: string): (name: string) => number {
  const value: unknown = JSON.parse(line);
  return (name) => {
    const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (typeof field !== 'number') throw new Error(`the load generator printed '${line}'`);
    return field;
  };
}
