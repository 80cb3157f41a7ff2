/**
 * A TCP forwarder whose bytes never leave the kernel: splice(2) moves them from a socket into a pipe and from there to
 * the other socket.
 *
 * npm run example splice-forwarder 7011 127.0.0.1:80
 */
import { type Descriptor, Multiplexer, parseAddress, pipe, type Registration, Socket, splice } from 'fdmux';

const [port = '7011', target = '127.0.0.1:80'] = process.argv.slice(2);
const CHUNK_BYTES = 64 * 1024;

const mux = new Multiplexer<undefined>();

/** One direction: what it has taken from its source lies in the pipe until the sink takes it. */
interface Flow {
  readonly source: Socket;
  readonly sink: Socket;
  readonly pipe: [Descriptor, Descriptor];
  inPipe: number;
  ended: boolean;
}

const flow = (source: Socket, sink: Socket): Flow => ({ source, sink, pipe: pipe(), inPipe: 0, ended: false });

/** Moves what can be moved now. Returns false when the direction is over. */
function move(current: Flow): boolean {
  const [reader, writer] = current.pipe;
  for (;;) {
    if (current.inPipe > 0) {
      const sent = splice(reader, current.sink, current.inPipe);
      if (sent === null) return true;
      current.inPipe -= sent;
      continue;
    }
    if (current.ended) break;
    const taken = splice(current.source, writer, CHUNK_BYTES);
    if (taken === null) return true;
    current.inPipe = taken;
    current.ended = taken === 0;
  }
  current.sink.shutdown('write');
  return false;
}

function forward(client: Socket): void {
  const server = Socket.create();
  server.connect(parseAddress(target));
  const flows = [flow(client, server), flow(server, client)];
  const close = (): void => {
    for (const each of [client, server, ...flows.flatMap((one) => one.pipe)]) each.close();
  };
  const step = (registration: Registration<undefined>): void => {
    try {
      // Edge-triggered: each event moves everything that can be moved.
      for (const each of [...flows]) if (!move(each)) flows.splice(flows.indexOf(each), 1);
      if (flows.length === 0) close();
    } catch (error) {
      console.error(`fd ${registration.fd}: ${String(error)}`);
      close();
    }
  };
  for (const socket of [client, server]) {
    mux.register(socket, { interest: 'read-write', trigger: 'edge', onReady: step });
  }
}

const listener = Socket.create();
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(port) });
listener.listen();
const onReady = (): void => {
  for (let next = listener.accept(); next !== null; next = listener.accept()) forward(next.socket);
};
mux.register(listener, { interest: 'read', onReady });
const address = listener.getsockname();
console.log(`on 127.0.0.1:${address.family === 'inet' ? address.port : port}, to ${target}`);
void mux.run(() => undefined);
