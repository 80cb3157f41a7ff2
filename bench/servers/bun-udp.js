// Bun.udpSocket: `bun-udp.js [datagrams|answers|counts]`, as node-dgram.ts. Prints `port N`.
/* global Bun */
const [, , mode = 'datagrams'] = process.argv;
const QUESTION = '?'.charCodeAt(0);
let received = 0;
const server = await Bun.udpSocket({
  hostname: '127.0.0.1',
  port: 0,
  binaryType: 'buffer',
  socket: {
    data(socket, bytes, port, address) {
      if (mode === 'answers') {
        socket.send(bytes, port, address);
        return;
      }
      received += 1;
      if (mode === 'counts') {
        if (bytes[0] === QUESTION) socket.send(String(received), port, address);
      } else if (received % 32 === 0) socket.send('x', port, address);
    },
  },
});

console.log(`port ${server.port}`);
