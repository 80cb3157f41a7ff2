/** One run of the load generator against a server. */
import * as v from 'valibot';
import { putUnderLoad } from './generator.js';
import type { ServerProcess } from './server.js';
import { LOAD_CORE, SERVER_CORE } from './tools.js';

/** The arguments of load.c; see there. */
export interface Load {
  readonly mode: 'echo' | 'accept' | 'sink' | 'through' | 'fanout' | 'datagrams' | 'pings' | 'bursts' | 'received';
  readonly connections: number;
  readonly bytes: number;
  readonly depth: number;
  /** Connections that are open and silent. */
  readonly idle?: number;
}

/** Whether the generator speaks TLS. */
export type LoadTransport = 'tcp' | 'tls';

/** The results of one run. */
export interface Run {
  /** Messages; of a stream, MiB. */
  readonly messagesPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Results of an earlier time have none. */
  readonly p999Us?: number | undefined;
  /**
   * The share of one core. Near 1 the generator was the limit, and the rate says little about the server; its cost
   * still does.
   */
  readonly loadCpu: number;
  /** Server time, user and kernel, per message. */
  readonly cpuNsPerMessage: number;
  /** Null if the machine does not count them. */
  readonly instructionsPerMessage: number | null;
}

/** A run as it is published. */
export const runSchema: v.GenericSchema<unknown, Run> = v.strictObject({
  messagesPerSecond: v.number(),
  p50Us: v.number(),
  p99Us: v.number(),
  p999Us: v.optional(v.number()),
  loadCpu: v.number(),
  cpuNsPerMessage: v.number(),
  instructionsPerMessage: v.nullable(v.number()),
});

/**
 * Puts `server` under `load` for `seconds`, after a warm-up.
 *
 * @param onStart is called when that begins; everything is connected by then
 * @param transport of the connections, those that are idle included
 * @param core where the load runs; by default on its own
 */
export async function measure(
  program: string,
  server: ServerProcess,
  load: Load,
  seconds: number,
  hasCounters: boolean,
  {
    onStart,
    transport = 'tcp',
    core,
  }: { onStart?: () => Promise<void>; transport?: LoadTransport; core?: string } = {},
): Promise<Run> {
  const { mode, connections, bytes, depth, idle = 0 } = load;
  const numbers = [server.port, connections, bytes, depth, seconds, idle].map(String);
  const command = [program, mode, ...numbers, transport];
  const { number, cpuNs, instructions } = await putUnderLoad(server, command, {
    seconds,
    hasCounters,
    onStart,
    // A burst has arrived as a whole before the server runs.
    core: core ?? (mode === 'bursts' || mode === 'received' ? SERVER_CORE : LOAD_CORE),
  });
  const isStream = mode === 'sink' || mode === 'through';
  const messages = isStream ? number('bytes') / 2 ** 20 : number('messages');
  const perMessage = (total: number) => total / Math.max(1, messages);
  return {
    messagesPerSecond: messages / number('seconds'),
    p50Us: number('p50Ns') / 1000,
    p99Us: number('p99Ns') / 1000,
    p999Us: number('p999Ns') / 1000,
    loadCpu: number('loadCpu'),
    cpuNsPerMessage: perMessage(cpuNs),
    instructionsPerMessage: instructions === null ? null : perMessage(instructions),
  };
}
