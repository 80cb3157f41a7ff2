/**
 * The peer that everybody has: node:dgram. `node-dgram [datagrams|answers|counts]`: answers every 32nd datagram, each,
 * or those that ask how many there have been.
 */
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
const [, , mode = 'datagrams'] = process.argv;
const QUESTION = '?'.charCodeAt(0);
let received = 0;
socket.on('message', (bytes, sender) => {
  if (mode === 'answers') {
    socket.send(bytes, sender.port, sender.address);
    return;
  }
  received += 1;
  if (mode === 'counts') {
    if (bytes[0] === QUESTION) socket.send(String(received), sender.port, sender.address);
  } else if (received % 32 === 0) socket.send('x', sender.port, sender.address);
});
socket.bind(0, '127.0.0.1', () => console.log(`port ${socket.address().port}`));
