/**
 * A fixed number of threads accept on one listening fd. Each has an epoll of its own, and EPOLLEXCLUSIVE wakes one of
 * them for a new connection instead of all. A thread serves its client for as long as the connection lasts: a client
 * that finds every thread taken waits in the listen queue.
 */
import { isMainThread, Worker } from 'node:worker_threads';
import { formatAddress, Multiplexer, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';
import { ctime } from './support/ctime.js';
import { print } from './support/print.js';

function serve({ socket, address }: NonNullable<ReturnType<Socket['accept']>>, number: number): void {
  print(`worker ${number} serves ${formatAddress(address)}`);
  try {
    socket.setBlocking(true);
    for (let bytes = socket.recv(1024); bytes !== null && bytes.length > 0; bytes = socket.recv(1024)) {
      socket.sendAll(Buffer.concat([Buffer.from(`[${ctime()}] `), bytes]));
    }
  } catch (error) {
    print(String(error)); // This client has vanished; the next one is served all the same.
  }
  socket.close();
}

function work(listeningFd: number, number: number): void {
  const listener = Socket.fromFd(listeningFd);
  const mux = new Multiplexer({ backend: 'epoll' });
  mux.register(listener, { interest: 'read', exclusive: true });
  for (;;) {
    mux.waitSync();
    // Exclusive means "at least one": another thread may have been faster, and then there is nothing to accept.
    const client = listener.accept();
    if (client !== null) serve(client, number);
  }
}

function main(): void {
  const listener = Socket.create();
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 8080) });
  listener.listen();
  const threads = Number(process.argv[3] ?? 4);
  const port = formatAddress(listener.getsockname()).replace('127.0.0.1:', '');
  print(`${threads} workers on 127.0.0.1:${port}; type: npm run example time-client ${port}`);
  // Threads share the fds of their process, so a number is all that they need.
  for (let number = 1; number <= threads; number++) {
    new Worker(process.argv[1] ?? '', { argv: [listener.fd, number] });
  }
}

if (isMainThread) main();
else work(Number(process.argv[2]), Number(process.argv[3]));
