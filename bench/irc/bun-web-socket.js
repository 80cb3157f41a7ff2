// Bun.serve: each line of a client is published to all others, as in ws-alone.ts. `bun-web-socket PORT`.
/* global Bun */
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch(request, server) {
    return server.upgrade(request, { data: { nick: '*' } }) ? undefined : new Response('', { status: 426 });
  },
  websocket: {
    maxPayloadLength: 16_384,
    message(socket, data) {
      const text = String(data);
      const [command = '', ...parameters] = text.split(' ');
      if (command === 'NICK') socket.data.nick = parameters[0] ?? '*';
      if (command === 'USER') socket.send(`:bun 422 ${socket.data.nick} :MOTD File is missing`);
      if (command === 'JOIN') {
        socket.subscribe('#bench');
        socket.send(`:bun 366 ${socket.data.nick} #bench :End of /NAMES list`);
      }
      if (command === 'PRIVMSG') socket.publish('#bench', `:${socket.data.nick}!u@127.0.0.1 ${text}`);
    },
  },
});
