/** A server as one writes it with `ws` alone: each line of a client is sent to all others by `send`. */
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

const members = new Map<WebSocket, string>();
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 16_384 });

sockets.on('connection', (socket) => {
  let nick = '*';
  socket.on('message', (data: Buffer) => {
    const [command = '', ...parameters] = data.toString().split(' ');
    if (command === 'NICK') nick = parameters[0] ?? '*';
    if (command === 'USER') socket.send(`:ws 422 ${nick} :MOTD File is missing`);
    if (command === 'JOIN') {
      members.set(socket, nick);
      socket.send(`:ws 366 ${nick} #bench :End of /NAMES list`);
    }
    if (command !== 'PRIVMSG') return;
    const line = `:${nick}!u@127.0.0.1 ${data.toString()}`;
    for (const member of members.keys()) if (member !== socket) member.send(line);
  });
  socket.on('close', () => members.delete(socket));
  socket.on('error', () => undefined);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
