/**
 * How long it takes from a byte's writing to the callback in the event loop: `latency.mjs WHO COUNT` prints the 50th,
 * the 99th and the 99.9th percentile in microseconds. WHO is node-net, mux, epoll or npm-epoll.
 */
import { createRequire } from 'node:module';
import { Socket as NetSocket } from 'node:net';
import { Epoll, EPOLLIN, Multiplexer, Socket } from 'fdmux';

const [, , who = '', countText = '20000', npmEpollPath = ''] = process.argv;
const count = Number(countText);
const WARM_UP = 2000;

const [reader, writer] = Socket.pair();
const buffer = Buffer.alloc(16);
const latencies = new Float64Array(count);
let rounds = -WARM_UP;
let sentAt = 0;

function send(): void {
  sentAt = performance.now();
  writer.send('x');
}

/**
 * The byte has been read. The next one is written after a turn of the event loop, so that each wake-up is a real one.
 */
function received(finish: () => void): void {
  if (rounds >= 0) latencies[rounds] = (performance.now() - sentAt) * 1000;
  rounds += 1;
  if (rounds < count) setImmediate(send);
  else {
    finish();
    latencies.sort();
    const at = (share: number): string => (latencies[Math.floor(count * share)] ?? 0).toFixed(2);
    console.log([0.5, 0.99, 0.999].map(at).join(' '));
    process.exit();
  }
}

/** The package `epoll`, which brings no types. */
interface NpmEpollModule {
  readonly Epoll: {
    readonly EPOLLIN: number;
    new (callback: () => void): { add(fd: number, events: number): unknown; close(): void };
  };
}

function isNpmEpoll(value: unknown): value is NpmEpollModule {
  return typeof value === 'object' && value !== null && 'Epoll' in value && typeof value.Epoll === 'function';
}

function loadNpmEpoll(path: string): NpmEpollModule {
  const loaded: unknown = createRequire(`${path}/package.json`)(path);
  if (!isNpmEpoll(loaded)) throw new Error(`${path} is not npm’s epoll`);
  return loaded;
}

switch (who) {
  case 'node-net': {
    const socket = new NetSocket({ fd: reader.fd });
    socket.on('data', () => {
      received(() => socket.destroy());
    });
    break;
  }
  case 'mux': {
    const mux = new Multiplexer();
    mux.register(reader, { interest: 'read' });
    void mux.run(() => {
      reader.recvInto(buffer);
      received(() => {
        mux.close();
      });
    });
    break;
  }
  case 'epoll': {
    const ep = new Epoll();
    ep.add(reader, EPOLLIN);
    const serve = async () => {
      for (;;) {
        await ep.wait();
        reader.recvInto(buffer);
        received(() => undefined);
      }
    };
    void serve();
    break;
  }
  case 'npm-epoll': {
    const { Epoll: NpmEpoll } = loadNpmEpoll(npmEpollPath);
    const epoll = new NpmEpoll(() => {
      reader.recvInto(buffer);
      received(() => {
        epoll.close();
      });
    });
    epoll.add(reader.fd, NpmEpoll.EPOLLIN);
    break;
  }
  default:
    throw new Error(`nobody is called ${who}`);
}
send();
