/**
 * The cost of a wait in fdmux: `waits.mjs CALL COUNT SECONDS`, as waits.c, with the multiplexer (`mux-...`) besides.
 */
import { type BackendName, Epoll, EPOLLIN, EventFd, Multiplexer, Poll, POLLIN, selectSync } from 'fdmux';

const [, , call = '', countText = '0', secondsText = '1'] = process.argv;
const count = Number(countText);
const seconds = Number(secondsText);

const allReady = call.endsWith('ready');
const fds = Array.from({ length: count }, (_, index) => new EventFd(allReady || index === count - 1 ? 1 : 0).fd);

const BACKEND_OF: Readonly<Record<string, BackendName>> = {
  'mux-ready': 'epoll',
  'mux-epoll': 'epoll',
  'mux-poll': 'poll',
  'mux-select': 'select',
};

function makeWait(): () => number {
  const backend = BACKEND_OF[call];
  if (backend !== undefined) {
    const mux = new Multiplexer<number>({ backend });
    fds.forEach((fd, index) => mux.register(fd, { interest: 'read', data: index + 1 }));
    return () => {
      let sum = 0;
      for (const registration of mux.waitSync(0)) if (registration.isReadable) sum += registration.data;
      return sum;
    };
  }
  switch (call) {
    case 'ready':
    case 'epoll': {
      const ep = new Epoll();
      const data: number[] = [];
      fds.forEach((fd, index) => {
        ep.add(fd, EPOLLIN);
        data[fd] = index + 1;
      });
      return () => {
        let sum = 0;
        for (const { fd, events } of ep.waitSync(0)) if ((events & EPOLLIN) !== 0) sum += data[fd] ?? 0;
        return sum;
      };
    }
    case 'poll': {
      const poller = new Poll();
      for (const fd of fds) poller.register(fd, POLLIN);
      return () => {
        let sum = 0;
        for (const { fd } of poller.waitSync(0)) sum += fd;
        return sum;
      };
    }
    case 'select':
      return () => {
        let sum = 0;
        for (const fd of selectSync(fds, [], [], 0).readable) sum += fd;
        return sum;
      };
    default:
      throw new Error(`no call ${call}`);
  }
}

const wait = makeWait();
const warmUntil = performance.now() + 200;
while (performance.now() < warmUntil) wait();

const usageBefore = process.cpuUsage();
const until = performance.now() + seconds * 1000;
let calls = 0;
while (performance.now() < until) {
  for (let index = 0; index < 100; index += 1) wait();
  calls += 100;
}
const { user, system } = process.cpuUsage(usageBefore);
console.log((((user + system) * 1000) / calls).toFixed(1));
