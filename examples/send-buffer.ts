/**
 * What happens when one end writes and the other does not read: the buffers fill, the writer would block, and an edge
 * reports when it can go on.
 */
import { Multiplexer, SO_RCVBUF, SO_SNDBUF, Socket, SOL_SOCKET } from 'fdmux';

const listener = Socket.create({ blocking: true });
// Buffers are set before connecting: TCP agrees on window sizes then. The kernel doubles the number for its own
// bookkeeping.
listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 64 * 1024);
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 0) });
listener.listen();
const writer = Socket.create();
writer.setsockopt(SOL_SOCKET, SO_SNDBUF, 64 * 1024);
writer.connect(listener.getsockname());
const reader = listener.accept()?.socket;
if (reader === undefined) throw new Error('no connection arrived');
reader.setBlocking(false);
console.log(
  `SO_SNDBUF ${writer.getsockopt(SOL_SOCKET, SO_SNDBUF)}, SO_RCVBUF ${reader.getsockopt(SOL_SOCKET, SO_RCVBUF)}`,
);

const mux = new Multiplexer();
mux.register(writer, { interest: 'write', trigger: 'edge' });
console.log(`edge: writable at first: ${mux.waitSync(1000).length === 1}`);

const chunk = Buffer.alloc(16 * 1024);
let sent = 0;
do {
  for (let count = writer.send(chunk); count !== null; count = writer.send(chunk)) sent += count;
  // The kernel still moves bytes on into the reader's buffer, which may make room once more.
} while (mux.waitSync(50).length > 0);
console.log(`sent ${sent} bytes, then would block`);

let received = 0;
while (received < sent) {
  received += reader.recv(16 * 1024)?.length ?? 0;
  if (mux.waitSync(1).length > 0) console.log(`edge: writable again after ${received} bytes were read`);
}
console.log(`received all ${received} bytes`);
for (const socket of [writer, reader, listener]) socket.close();
mux.close();
