/** UDP has no connections: each datagram says who sent it, and the answer goes there. One socket serves everybody. */
import { formatAddress, Socket } from 'fdmux';
import { print } from './support/print.js';

const socket = Socket.create({ type: 'dgram', blocking: true });
socket.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 7777) });
const here = formatAddress(socket.getsockname());
print(`listening on ${here}; type: npm run example udp-client ${here.replace('127.0.0.1:', '')} hello`);

for (let datagram = socket.recvFrom(65_535); datagram?.address; datagram = socket.recvFrom(65_535)) {
  print(`${formatAddress(datagram.address)}: ${datagram.data.toString()}`);
  socket.sendTo(datagram.data, datagram.address);
}
