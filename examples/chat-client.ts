/**
 * A client for a room of plain lines: it sends what is typed while it listens, with select(2) on the keyboard and the
 * socket. The room: npx fdmux serve --backend select --plain-port 33333
 */
import { readSync } from 'node:fs';
import { selectSync, Socket } from 'fdmux';

const KEYBOARD = 0;
const socket = Socket.create({ blocking: true });
socket.connect({ family: 'inet', host: process.argv[3] ?? '127.0.0.1', port: Number(process.argv[2] ?? 33333) });
console.log('connected; type lines, or end with ctrl-D');

const typed = Buffer.alloc(4096);
let watched: (number | Socket)[] = [KEYBOARD, socket];
while (watched.includes(socket)) {
  for (const ready of selectSync(watched, [], []).readable) {
    if (ready === KEYBOARD) {
      const count = readSync(KEYBOARD, typed);
      if (count > 0) socket.sendAll(typed.subarray(0, count));
      else {
        // Nothing more will be typed; what the room still says is read to its end.
        socket.shutdown('write');
        watched = [socket];
      }
    } else {
      const bytes = socket.recv(4096);
      if (bytes === null || bytes.length === 0) watched = [];
      else process.stdout.write(bytes);
    }
  }
}
socket.close();
console.log('the room has closed the connection');
