/**
 * A fixed number of threads accept on one listening fd. Each has an epoll of its own, and EPOLLEXCLUSIVE wakes one of
 * them for a new connection instead of all. A connection is short: one message, one answer.
 */
import { isMainThread, threadId, Worker } from 'node:worker_threads';
import { formatAddress, Multiplexer, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';

function serve(listeningFd: number): void {
  const listener = Socket.fromFd(listeningFd);
  const mux = new Multiplexer({ backend: 'epoll' });
  mux.register(listener, { interest: 'read', exclusive: true });
  for (;;) {
    mux.waitSync();
    // Exclusive means "at least one": another thread may have been faster, and then there is nothing to accept.
    const client = listener.accept();
    if (client === null) continue;
    try {
      client.socket.setTimeout(5000);
      const text = client.socket.recv(1024)?.toString().trimEnd();
      client.socket.sendAll(`worker ${threadId}: ${text}\n`);
    } catch (error) {
      console.error(`${formatAddress(client.address)}: ${String(error)}`);
    }
    client.socket.close();
  }
}

function main(): void {
  const listener = Socket.create();
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 8080) });
  listener.listen();
  const threads = Number(process.argv[3] ?? 4);
  const here = formatAddress(listener.getsockname());
  console.log(`${threads} workers on ${here}; type: echo hello | nc ${here.replace(':', ' ')}`);
  // Threads share the fds of their process, so a number is all that they need.
  for (let i = 0; i < threads; i++) new Worker(process.argv[1] ?? '', { argv: [listener.fd] });
}

if (isMainThread) main();
else serve(Number(process.argv[2]));
