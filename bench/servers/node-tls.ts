/** node:tls: an echo server. `node-tls CERT KEY`. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';

const [cert = '', key = ''] = process.argv.slice(2);
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key), noDelay: true });
server.on('secureConnection', (socket) => {
  socket.on('data', (bytes: Buffer) => socket.write(bytes));
  socket.on('error', () => socket.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`port ${address.port}`);
});
