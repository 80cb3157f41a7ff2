/**
 * Step 1: a call that waits. One client is heard at a time, because `recv` blocks the thread: while it waits for this
 * client, nobody looks at the others. docs/learn/1-a-call-that-waits.md
 */
import { formatAddress, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';
import { print } from '../support/print.js';

const listener = Socket.create({ blocking: true });
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 7100) });
listener.listen();
const here = formatAddress(listener.getsockname());
print(`listening on ${here}; type in two other terminals: nc ${here.replace(':', ' ')}`);

let number = 0;
for (let client = listener.accept(); client !== null; client = listener.accept()) {
  number += 1;
  print(`client ${number} is here`);
  try {
    // Empty bytes are the end of the stream: the client will send no more.
    for (let bytes = client.socket.recv(4096); bytes !== null && bytes.length > 0; bytes = client.socket.recv(4096)) {
      print(`client ${number}: ${bytes.toString().trimEnd()}`);
    }
  } catch (error) {
    print(String(error)); // It has vanished; the next one is heard all the same.
  }
  client.socket.close();
  print(`client ${number} has left`);
}
