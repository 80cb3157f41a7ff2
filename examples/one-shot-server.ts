/**
 * A TCP server that gives each client one answer: it prints what it got, answers, closes, and waits for the next. Every
 * call waits for its turn.
 */
import { formatAddress, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';
import { print } from './support/print.js';

const listener = Socket.create({ family: 'inet', type: 'stream', blocking: true });
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 9999) });
listener.listen(5);
const here = formatAddress(listener.getsockname());
print(`listening on ${here}; type: npm run example one-shot-client ${here.replace('127.0.0.1:', '')} hello`);

for (let client = listener.accept(); client !== null; client = listener.accept()) {
  const { socket, address } = client;
  try {
    print(`${formatAddress(address)} says: ${socket.recv(1024)?.toString()}`);
    socket.sendAll('server receive your messages, good bye.');
  } catch (error) {
    print(String(error)); // This client has vanished; the next one is served all the same.
  }
  socket.close();
}
