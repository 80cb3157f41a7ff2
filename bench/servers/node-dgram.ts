/** The peer that everybody has: node:dgram. It receives datagrams, and answers every 32nd one, as in epoll.c. */
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
let received = 0;
socket.on('message', (_bytes, sender) => {
  received += 1;
  if (received % 32 === 0) socket.send('x', sender.port, sender.address);
});
socket.bind(0, '127.0.0.1', () => console.log(`port ${socket.address().port}`));
