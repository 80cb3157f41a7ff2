/**
 * The garbage that a wait leaves: `allocation.mjs WHO` prints the bytes of heap per event over 10^7 events, and per
 * wait; `allocation.mjs echo` those per turn of the socket layer, over 10^6 turns. Run it with a young generation large
 * enough that nothing is collected meanwhile.
 */
import { connect, type Connection, Epoll, EPOLLIN, EventFd, listen, Multiplexer } from 'fdmux';

const [, , who = ''] = process.argv;
const EVENTS_PER_WAIT = 64;
const WAITS = 156_250;
const WARM_UP = 20_000;
const TURNS = 1_000_000;

function measureWaits(): void {
  const fds = Array.from({ length: EVENTS_PER_WAIT }, () => new EventFd(1).fd);
  const mux = new Multiplexer<number>();
  const ep = new Epoll();
  fds.forEach((fd, data) => {
    mux.register(fd, { interest: 'read', data });
    ep.add(fd, EPOLLIN);
  });

  let sum = 0;
  const options = who === 'epoll-into' ? { into: [] } : undefined;
  const wait =
    who === 'mux'
      ? () => {
          for (const { data } of mux.waitSync(0)) sum += data;
        }
      : () => {
          for (const { events } of ep.waitSync(0, options)) sum += events;
        };

  for (let index = 0; index < WARM_UP; index += 1) wait();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < WAITS; index += 1) wait();
  const bytes = process.memoryUsage().heapUsed - before;
  if (sum === 0) throw new Error('no events');
  console.log(`${(bytes / (WAITS * EVENTS_PER_WAIT)).toFixed(3)} ${(bytes / WAITS).toFixed(1)}`);
}

/** Two connections send the same bytes to and fro: each message is a turn, which receives it and sends it on. */
async function measureTurns(): Promise<void> {
  let turns = 0;
  let before = 0;
  const returning = {
    data: (connection: Connection<undefined>, bytes: Buffer) => {
      turns += 1;
      if (turns === WARM_UP) {
        // Otherwise a collection of what came before would be subtracted.
        globalThis.gc?.();
        before = process.memoryUsage().heapUsed;
      }
      if (turns < WARM_UP + TURNS) connection.write(bytes);
      else {
        const perTurn = (process.memoryUsage().heapUsed - before) / TURNS;
        console.log(`${perTurn.toFixed(3)} ${perTurn.toFixed(1)}`);
        process.exit();
      }
    },
  };
  const { address } = await listen({ port: 0, socket: returning });
  if (address.family !== 'inet') throw new Error('no port');
  const connection = await connect({ port: address.port, socket: returning });
  connection.write(Buffer.alloc(64, 'x'));
}

if (who === 'echo') void measureTurns();
else measureWaits();
