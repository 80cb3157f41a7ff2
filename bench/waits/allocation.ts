/**
 * The garbage that a wait leaves: `allocation.mjs WHO` prints the bytes of heap per event over 10^7 events, and per
 * wait. Run it with a young generation large enough that nothing is collected meanwhile.
 */
import { Epoll, EPOLLIN, EventFd, Multiplexer } from 'fdmux';

const [, , who = ''] = process.argv;
const EVENTS_PER_WAIT = 64;
const WAITS = 156_250;

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

for (let index = 0; index < 20_000; index += 1) wait();
const before = process.memoryUsage().heapUsed;
for (let index = 0; index < WAITS; index += 1) wait();
const bytes = process.memoryUsage().heapUsed - before;
if (sum === 0) throw new Error('no events');
console.log(`${(bytes / (WAITS * EVENTS_PER_WAIT)).toFixed(3)} ${(bytes / WAITS).toFixed(1)}`);
