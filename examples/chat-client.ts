/**
 * A client for a room of plain lines: it sends what is typed while it listens, with select(2) on the keyboard and the
 * socket. "exit" or ctrl-D leaves. The room: npx fdmux serve --backend select --plain-port 33333
 */
import { readSync } from 'node:fs';
import { selectSync, Socket } from 'fdmux';
import { print, write } from './support/print.js';

const KEYBOARD = 0;
const NEWLINE = 0x0a;
const socket = Socket.create({ blocking: true });
socket.connect({ family: 'inet', host: process.argv[3] ?? '127.0.0.1', port: Number(process.argv[2] ?? 33333) });
print('connected; type lines, or end with "exit"');

const typed = Buffer.alloc(4096);
let watched: (number | Socket)[] = [KEYBOARD, socket];
while (watched.includes(socket)) {
  for (const ready of selectSync(watched, [], []).readable) {
    if (ready === KEYBOARD) {
      const count = readSync(KEYBOARD, typed);
      const isExit = /^exit\r?\n?$/i.test(typed.toString('utf8', 0, count));
      if (count > 0 && !isExit) socket.sendAll(typed.subarray(0, count));
      else {
        // Nothing more will be typed; what the room still says is read to its end.
        socket.shutdown('write');
        watched = [socket];
      }
    } else {
      const bytes = socket.recv(4096);
      if (bytes === null || bytes.length === 0) watched = [];
      // A room that ends no line (the usual Python one) would have all its messages in one.
      else write(bytes.at(-1) === NEWLINE ? bytes : `${bytes.toString()}\n`);
    }
  }
}
socket.close();
print('the room has closed the connection');
