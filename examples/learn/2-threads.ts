/**
 * Step 2: a chat with a thread for each member. Each thread waits in `recv` for its own member, and hands the lines to
 * the main thread, which sends them to the others. docs/learn/2-a-thread-each.md
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Multiplexer, Socket } from 'fdmux';
import { LineSplitter } from '../support/line-splitter.js';
import { openListener } from '../support/listener.js';
import { print } from '../support/print.js';

/** What a thread does: waits for its member, and reports each line; null when the member has left. */
function hear(fd: number): void {
  const socket = Socket.fromFd(fd);
  const splitter = new LineSplitter();
  try {
    for (let bytes = socket.recv(4096); bytes !== null && bytes.length > 0; bytes = socket.recv(4096)) {
      for (const line of splitter.split(bytes)) parentPort?.postMessage(line);
    }
  } catch (error) {
    print(String(error)); // It has vanished, or its line is too long.
  }
  socket.detach(); // The main thread still sends to this fd, and closes it when it has read the null.
  parentPort?.postMessage(null);
}

async function main(): Promise<void> {
  const listener = openListener(Number(process.argv[2] ?? 7100));
  const members = new Map<number, Socket>();
  let joined = 0;

  function tell(from: number, text: string): void {
    print(text);
    for (const [number, socket] of members) {
      try {
        // The socket blocks, for all threads: a member that does not read holds up the whole room. Step 4 mends that.
        if (number !== from) socket.sendAll(`${text}\n`);
      } catch (error) {
        print(String(error)); // It has vanished, which its thread reports.
      }
    }
  }

  function welcome(socket: Socket): void {
    const number = (joined += 1);
    socket.setBlocking(true);
    members.set(number, socket);
    const thread = new Worker(process.argv[1] ?? '', { workerData: socket.fd });
    thread.unref(); // A daemon thread: it does not keep the process alive.
    thread.on('message', (line: string | null) => {
      if (line !== null) {
        tell(number, `${number}: ${line}`);
        return;
      }
      members.delete(number);
      socket.close();
      tell(number, `${number} has left`);
    });
    tell(number, `${number} has joined`);
  }

  const mux = new Multiplexer();
  mux.register(listener, { interest: 'read' });
  await mux.run(() => {
    for (let client = listener.accept(); client !== null; client = listener.accept()) welcome(client.socket);
  });
}

if (isMainThread) void main();
else hear(Number(workerData));
