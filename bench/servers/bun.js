// Bun.listen: an echo server, over TLS if it is given a certificate and its key. Prints `port N`.
/* global Bun */
const [, , cert, key] = process.argv;
const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  ...(key === undefined ? {} : { tls: { cert: Bun.file(cert), key: Bun.file(key) } }),
  socket: {
    data(socket, bytes) {
      send(socket, bytes);
    },
    drain(socket) {
      const { rest } = socket;
      socket.rest = undefined;
      if (rest !== undefined) send(socket, rest);
    },
  },
});

/** A write may take less than all; a program that does not keep the rest loses it. */
function send(socket, bytes) {
  if (socket.rest !== undefined) {
    socket.rest = Buffer.concat([socket.rest, bytes]);
    return;
  }
  const written = Math.max(socket.write(bytes), 0);
  if (written < bytes.length) socket.rest = Buffer.from(bytes.subarray(written));
}

console.log(`port ${server.port}`);
