/**
 * A client of remote-command-server: it sends a command and prints what the command printed. ctrl-D ends it.
 *
 * An answer has neither a length nor an end, and may arrive in pieces. This client takes it to be over when nothing
 * more has arrived for a while; a protocol of your own should say how long its messages are.
 */
import { selectSync, Socket } from 'fdmux';
import { print } from './support/print.js';
import { ask } from './support/terminal.js';

const QUIET_MS = 100;

const socket = Socket.create({ blocking: true });
socket.connect({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 50007) });

/** Prints an answer. Returns false if the server has closed the connection. */
function printAnswer(): boolean {
  let bytes = socket.recv(4096);
  let answer = Buffer.alloc(0);
  while (bytes !== null && bytes.length > 0) {
    answer = Buffer.concat([answer, bytes]);
    if (selectSync([socket], [], [], QUIET_MS).readable.length === 0) break;
    bytes = socket.recv(4096);
  }
  if (answer.length > 0) print(answer.toString().trimEnd());
  return bytes !== null && bytes.length > 0;
}

for (let command = ask('command> '); command !== null; command = ask('command> ')) {
  if (command === '') continue;
  socket.sendAll(command);
  if (!printAnswer()) {
    print('the server has closed the connection');
    break;
  }
}
socket.close();
