/** The peer that everybody has: node:dgram. `node-dgram [datagrams|answers]`: answers every 32nd datagram, or each. */
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
let received = 0;
const answersAll = process.argv[2] === 'answers';
socket.on('message', (bytes, sender) => {
  if (answersAll) {
    socket.send(bytes, sender.port, sender.address);
    return;
  }
  received += 1;
  if (received % 32 === 0) socket.send('x', sender.port, sender.address);
});
socket.bind(0, '127.0.0.1', () => console.log(`port ${socket.address().port}`));
