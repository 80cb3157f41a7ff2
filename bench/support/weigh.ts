/** How much a server grows by holding idle connections, for each of them. */
import { type Load, type LoadTransport, measure } from './load.js';
import { startServer, weighed } from './server.js';

/** How a server is weighed. */
export interface Weighing {
  /** How many connections it holds. */
  readonly connections: number;
  /**
   * The load that it serves before its memory is measured, so that code that is loaded and compiled on first use is not
   * counted.
   */
  readonly before: Load;
  readonly transport?: LoadTransport;
}

/** @param program - the load generator */
export async function weigh(
  line: readonly string[],
  program: string,
  { connections, before, transport = 'tcp' }: Weighing,
): Promise<number> {
  const server = await startServer(weighed(line));
  const held: Load = { mode: 'echo', connections: 1, bytes: 64, depth: 1, idle: connections };
  try {
    await measure(program, server, before, 0.3, false, { transport });
    const emptyBytes = await server.residentBytes();
    let fullBytes = emptyBytes;
    const onStart = async (): Promise<void> => {
      await server.holds(connections);
      fullBytes = await server.residentBytes();
    };
    await measure(program, server, held, 3, false, { transport, onStart });
    return (fullBytes - emptyBytes) / connections;
  } finally {
    await server.stop();
  }
}
