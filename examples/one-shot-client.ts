/** The client of one-shot-server: it sends one message and reads until the server has said good bye. */
import { Socket } from 'fdmux';
import { print } from './support/print.js';
import { ask } from './support/terminal.js';

const port = Number(process.argv[2] ?? 9999);

const socket = Socket.create({ blocking: true });
socket.connect({ family: 'inet', host: '127.0.0.1', port });
const message = process.argv[3] ?? ask('message> ');
if (message !== null) {
  socket.sendAll(message);

  // TCP carries a stream of bytes, not messages: one answer may arrive in several pieces, so the loop looks at what
  // there is so far.
  let answer = '';
  while (!answer.includes('good bye')) {
    const piece = socket.recv(8);
    if (piece === null || piece.length === 0) break;
    answer += piece.toString();
    print(`so far: ${answer}`);
  }
  print(`the server said: ${answer}`);
}
socket.close();
