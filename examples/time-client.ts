/**
 * The client of time-server, in lock-step: it sends a line, waits for the answer, and asks for the next line. An empty
 * line or ctrl-D ends it.
 */
import { Socket } from 'fdmux';
import { print } from './support/print.js';
import { ask } from './support/terminal.js';

const socket = Socket.create({ blocking: true });
socket.connect({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 21567) });

for (let text = ask('> '); text !== null && text !== ''; text = ask('> ')) {
  socket.sendAll(text);
  // One receive is one answer only because each end waits for the other: with two messages under way it would not be.
  const answer = socket.recv(65_536);
  if (answer === null || answer.length === 0) {
    print('the server has closed the connection');
    break;
  }
  print(answer.toString().trimEnd());
}
socket.close();
