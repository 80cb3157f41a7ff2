/**
 * A thread for each connection: the simplest way to serve many at once, with code that just waits. What a thread costs
 * is in docs/learn/2-a-thread-each.md: enough that this is for a few long connections.
 */
import { isMainThread, Worker } from 'node:worker_threads';
import { formatAddress, Multiplexer, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';
import { ctime } from './support/ctime.js';
import { print } from './support/print.js';

const NEWLINE = 0x0a;

function serve(fd: number, number: number): void {
  const socket = Socket.fromFd(fd);
  socket.setBlocking(true);
  const address = formatAddress(socket.getpeername());
  print(`connection ${number} from ${address}`);
  try {
    for (let bytes = socket.recv(1024); bytes !== null && bytes.length > 0; bytes = socket.recv(1024)) {
      // A client that sends lines gets lines; one that sends bare text, as the Python client does, gets bare text.
      const isLine = bytes.at(-1) === NEWLINE;
      const text = isLine ? bytes.subarray(0, -1) : bytes;
      socket.sendAll(
        Buffer.concat([Buffer.from(`[${ctime()}] `), text, Buffer.from(` ${address}${isLine ? '\n' : ''}`)]),
      );
    }
  } catch (error) {
    print(String(error)); // This client has vanished; the others have threads of their own.
  }
  socket.close();
  print(`connection ${number} is over`);
}

async function main(): Promise<void> {
  const listener = Socket.create();
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 8081) });
  listener.listen();
  const port = formatAddress(listener.getsockname()).replace('127.0.0.1:', '');
  print(`listening on 127.0.0.1:${port}; type: npm run example time-client ${port}`);

  // This thread waits inside the event loop, which also joins the workers that have ended.
  const mux = new Multiplexer();
  mux.register(listener, { interest: 'read' });
  let number = 0;
  await mux.run(() => {
    for (let client = listener.accept(); client !== null; client = listener.accept()) {
      number += 1;
      // The worker has to close the fd now. Unreferenced, it is what Python calls a daemon thread: it does not keep the
      // process alive when this thread is done.
      new Worker(process.argv[1] ?? '', { argv: [client.socket.detach(), number] }).unref();
    }
  });
}

if (isMainThread) void main();
else serve(Number(process.argv[2]), Number(process.argv[3]));
