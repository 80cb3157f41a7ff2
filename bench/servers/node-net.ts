/** The peer that everybody has: node:net. `node-net MODE`; modes as in epoll.c, and fanout-corked. */
import { createServer, type Server, type Socket } from 'node:net';

const CHUNK = Buffer.alloc(65_536);
const SOURCE_BYTES = 2 ** 30;
const [mode] = process.argv.slice(2);

function pour(socket: Socket, left: number): void {
  while (left > 0) {
    left -= CHUNK.length;
    if (!socket.write(CHUNK) && left > 0) {
      socket.once('drain', () => pour(socket, left));
      return;
    }
  }
  socket.end();
}

function fanout(server: Server, isCorked: boolean): void {
  const members = new Set<Socket>();
  let areCorked = false;
  const uncork = () => {
    areCorked = false;
    for (const member of members) member.uncork();
  };
  server.on('connection', (socket) => {
    members.add(socket);
    socket.on('close', () => members.delete(socket));
    socket.on('data', (bytes) => {
      if (isCorked && !areCorked) {
        areCorked = true;
        for (const member of members) member.cork();
        setImmediate(uncork);
      }
      for (const member of members) if (member !== socket) member.write(bytes);
    });
  });
}

/** Joins every two connections. */
function relay(server: Server): void {
  let waiting: Socket | undefined;
  server.on('connection', (socket) => {
    if (waiting === undefined) {
      waiting = socket;
      return;
    }
    waiting.pipe(socket);
    socket.pipe(waiting);
    waiting = undefined;
  });
}

const server = createServer({ noDelay: true });
server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
if (mode === 'source') server.on('connection', (socket) => pour(socket, SOURCE_BYTES));
else if (mode === 'relay') relay(server);
else if (mode === 'fanout' || mode === 'fanout-corked') fanout(server, mode === 'fanout-corked');
else server.on('connection', (socket) => socket.on('data', (bytes) => socket.write(bytes)));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`port ${address.port}`);
});
