/**
 * A server of one or more workers on one port, each of which works for a while on every message: `workers COUNT`. The
 * work is what makes the cores of the server, and not the load's, the limit.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { listen } from 'fdmux';

/** Some 100 us. */
const ROUNDS = 100_000;
let state = 1;

function work(): void {
  for (let round = 0; round < ROUNDS; round += 1) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
}

async function serve(port: number): Promise<void> {
  const { address } = await listen({
    port,
    reusePort: true,
    backlog: 4096,
    socket: {
      data: (connection, bytes) => {
        work();
        connection.write(bytes);
      },
    },
  });
  parentPort?.postMessage(address.family === 'inet' ? address.port : 0);
}

async function start(count: number): Promise<void> {
  let port = 0;
  for (let started = 0; started < count; started += 1) {
    const worker = new Worker(__filename, { workerData: port });
    [port] = await once(worker, 'message');
  }
  console.log(`port ${port}`);
}

if (isMainThread) void start(Number(process.argv[2]));
else void serve(Number(workerData));
