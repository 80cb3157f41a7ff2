/**
 * An iterative server: one client at a time, and every message is sent back with the time. Start two clients: the
 * second connects at once, since the kernel accepts for us, but nobody reads what it says before the first one leaves.
 */
import { formatAddress, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';
import { ctime } from './support/ctime.js';
import { print } from './support/print.js';

const listener = Socket.create({ blocking: true });
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 21567) });
// The listen queue: Linux lets one more than this wait. A further client is not answered, and tries again by itself.
listener.listen(5);
const here = formatAddress(listener.getsockname());
print(`listening on ${here}; type: npm run example time-client ${here.replace('127.0.0.1:', '')}`);

for (let client = listener.accept(); client !== null; client = listener.accept()) {
  const { socket, address } = client;
  print(`${formatAddress(address)} is served`);
  try {
    for (let bytes = socket.recv(1024); bytes !== null && bytes.length > 0; bytes = socket.recv(1024)) {
      // The bytes go back as they are: a text in pieces of 1024 bytes may have half a character at its end.
      socket.sendAll(Buffer.concat([Buffer.from(`[${ctime()}] `), bytes]));
    }
  } catch (error) {
    print(String(error)); // This client has vanished; the next one is served all the same.
  }
  socket.close();
  print(`${formatAddress(address)} has left`);
}
