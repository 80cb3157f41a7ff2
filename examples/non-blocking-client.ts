/** A client that never waits in a socket call: every step happens when the multiplexer says that it can. */
import { getSystemErrorName } from 'node:util';
import { Multiplexer, SO_ERROR, Socket, SOL_SOCKET } from 'fdmux';

const port = Number(process.argv[2] ?? 21567);
const message = process.argv[3] ?? 'hello';

const socket = Socket.create();
const mux = new Multiplexer();

// A connection takes a round trip. A non-blocking connect(2) says EINPROGRESS and goes on behind our back.
const isConnected = socket.connect({ family: 'inet', host: '127.0.0.1', port });
console.log(isConnected ? 'connected at once' : 'connect: EINPROGRESS');

// It is over when the socket is writable, and SO_ERROR says how it ended. Trying in a loop would burn the processor.
const registration = mux.register(socket, { interest: 'write' });
mux.waitSync();
const errno = socket.getsockopt(SOL_SOCKET, SO_ERROR);
console.log(`writable: SO_ERROR is ${errno === 0 ? '0, connected' : getSystemErrorName(-errno)}`);

if (errno === 0) {
  let rest = Buffer.from(message);
  while (rest.length > 0) {
    mux.waitSync();
    const sent = socket.send(rest) ?? 0;
    console.log(`writable: sent ${sent} bytes`);
    rest = rest.subarray(sent);
  }
  socket.shutdown('write');

  registration.modify({ interest: 'read' });
  for (;;) {
    mux.waitSync();
    const bytes = socket.recv(1024);
    if (bytes === null) continue; // Readiness is a hint: there may be nothing after all.
    if (bytes.length === 0) break;
    console.log(`readable: received ${bytes.length} bytes: ${bytes.toString().trimEnd()}`);
  }
  console.log('readable: the server has ended');
} else {
  process.exitCode = 1;
}
socket.close();
mux.close();
