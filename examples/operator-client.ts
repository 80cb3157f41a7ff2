/**
 * A client of operator-chat, in lock-step: you say something, wait for the operator's answer, and only then say more.
 * "exit" or ctrl-D leaves.
 */
import { Socket } from 'fdmux';
import { print } from './support/print.js';
import { ask } from './support/terminal.js';

const socket = Socket.create({ blocking: true });
socket.connect({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 8020) });
print('connected; say something, or "exit"');

for (;;) {
  const text = ask('> ') ?? 'exit';
  if (text === '') continue; // No bytes arrive nowhere: nobody would answer.
  socket.sendAll(text);
  if (text === 'exit') break;
  const answer = socket.recv(65_536);
  if (answer === null || answer.length === 0) {
    print('the operator has closed the connection');
    break;
  }
  print(`operator: ${answer.toString().trimEnd()}`);
}
socket.close();
