/** A TCP server for one client: it prints what it got, answers, and is done. Every call waits for its turn. */
import { formatAddress, Socket } from 'fdmux';

const listener = Socket.create({ family: 'inet', type: 'stream', blocking: true });
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 9999) });
listener.listen(1);
const here = formatAddress(listener.getsockname());
console.log(`listening on ${here}; type: npm run example one-shot-client ${here.replace('127.0.0.1:', '')} hello`);

const client = listener.accept();
if (client !== null) {
  console.log(`${formatAddress(client.address)} says: ${client.socket.recv(1024)?.toString()}`);
  client.socket.sendAll('server receive your messages, good bye.');
  client.socket.close();
}
listener.close();
