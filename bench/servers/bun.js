// Bun.listen: an echo server. Prints `port N`.
/* global Bun */
const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    data(socket, bytes) {
      socket.write(bytes);
    },
  },
});
console.log(`port ${server.port}`);
