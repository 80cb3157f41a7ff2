/**
 * A thread for each connection: the simplest way to serve many at once, with code that just waits. A thread costs about
 * 11 MB and 60 ms of CPU time (Node.js 20 on x64), so this is for a few long connections.
 */
import { isMainThread, Worker } from 'node:worker_threads';
import { formatAddress, Multiplexer, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';

/** As ctime(3) writes it: Sat Nov 21 09:00:00 2026. */
function ctime(): string {
  const [weekday, month, day, year, time] = Date().split(' ');
  return `${weekday} ${month} ${day} ${time} ${year}`;
}

function serve(fd: number, number: number): void {
  const socket = Socket.fromFd(fd);
  socket.setBlocking(true);
  const address = formatAddress(socket.getpeername());
  console.log(`connection ${number} from ${address}`);
  try {
    for (let bytes = socket.recv(1024); bytes !== null && bytes.length > 0; bytes = socket.recv(1024)) {
      socket.sendAll(`[${ctime()}] ${bytes.toString().trimEnd()} ${address}\n`);
    }
  } catch (error) {
    console.error(String(error)); // This client has vanished; the others have threads of their own.
  }
  socket.close();
  console.log(`connection ${number} is over`);
}

async function main(): Promise<void> {
  const listener = Socket.create();
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 8081) });
  listener.listen();
  const here = formatAddress(listener.getsockname());
  console.log(`listening on ${here}; type: nc ${here.replace(':', ' ')}`);

  // This thread waits inside the event loop: what the workers print passes through it.
  const mux = new Multiplexer();
  mux.register(listener, { interest: 'read' });
  let number = 0;
  await mux.run(() => {
    for (let client = listener.accept(); client !== null; client = listener.accept()) {
      number += 1;
      // The worker has to close the fd now.
      new Worker(process.argv[1] ?? '', { argv: [client.socket.detach(), number] });
    }
  });
}

if (isMainThread) void main();
else serve(Number(process.argv[2]), Number(process.argv[3]));
