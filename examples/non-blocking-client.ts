/**
 * A lock-step client that never waits in a call on its socket: each step happens when the multiplexer says that it can.
 * With a message on the command line it exchanges that one; without, it asks for one after the other, until "exit".
 */
import { getSystemErrorName } from 'node:util';
import { Multiplexer, SO_ERROR, Socket, SOL_SOCKET } from 'fdmux';
import { print } from './support/print.js';
import { ask } from './support/terminal.js';

const port = Number(process.argv[2] ?? 21567);
const message = process.argv[3];

const socket = Socket.create();
const mux = new Multiplexer();

// A connection takes a round trip. A non-blocking connect(2) says EINPROGRESS and goes on behind our back.
const isConnected = socket.connect({ family: 'inet', host: '127.0.0.1', port });
print(isConnected ? 'connected at once' : 'connect: EINPROGRESS');

// It is over when the socket is writable, and SO_ERROR says how it ended. Trying in a loop would burn the processor.
const registration = mux.register(socket, { interest: 'write' });
mux.waitSync();
const errno = socket.getsockopt(SOL_SOCKET, SO_ERROR);
print(`writable: SO_ERROR is ${errno === 0 ? '0, connected' : getSystemErrorName(-errno)}`);

function send(text: string): void {
  registration.modify({ interest: 'write' });
  for (let rest = Buffer.from(text); rest.length > 0;) {
    mux.waitSync();
    const sent = socket.send(rest) ?? 0;
    print(`writable: sent ${sent} bytes`);
    rest = rest.subarray(sent);
  }
}

/** Returns false if the server has ended. */
function receive(): boolean {
  registration.modify({ interest: 'read' });
  for (;;) {
    mux.waitSync();
    const bytes = socket.recv(65_536);
    if (bytes === null) continue; // Readiness is a hint: there may be nothing after all.
    if (bytes.length > 0) print(`readable: received ${bytes.length} bytes: ${bytes.toString().trimEnd()}`);
    else print('readable: the server has ended');
    return bytes.length > 0;
  }
}

if (errno !== 0) process.exitCode = 1;
else if (message !== undefined) {
  send(message);
  receive();
} else {
  for (let text = ask('> '); text !== null; text = ask('> ')) {
    send(text);
    if (text === 'exit' || (text !== '' && !receive())) break;
  }
}
socket.close();
mux.close();
