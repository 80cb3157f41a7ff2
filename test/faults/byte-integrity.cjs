/**
 * Sends pseudo-random bytes both ways over many connections between fdmux and node:net, and compares every byte with
 * what belongs at its place. Arguments: the package, which side fdmux is (server, client), backend, trigger,
 * connections, bytes each way, seed. Prints `whole` when every byte arrived once, in order, each connection closed
 * once, and no fd is left.
 */
'use strict';
const { readdirSync, readlinkSync } = require('node:fs');
const net = require('node:net');

const [, , packagePath, side, backend, trigger, ...numbers] = process.argv;
const [connections, maxBytes, seed] = numbers.map(Number);
const { connect, listen } = require(packagePath);

/** More connections than this are not open at once. */
const AT_ONCE = 20;
const HIGH_WATER_MARK_BYTES = 16_384;

let state = seed >>> 0;
/** A number from 0 up to `limit`, the same ones for each seed. */
function random(limit) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

/** A prime, so that bytes that are lost or doubled shift what follows. */
const PERIOD = 65_521;
const period = Buffer.from(Array.from({ length: PERIOD }, () => random(256)));
const table = Buffer.concat([period, period]);
/** What a side of a connection sends from a place on. */
const expected = (id, at, length) => {
  const start = (id * 8191 + at) % PERIOD;
  return table.subarray(start, start + Math.min(length, PERIOD));
};

const problems = [];

/**
 * One end: sends its own bytes as they are taken, ends, and compares what it gets. `socket` is a face of either
 * library.
 */
class End {
  constructor(name, outgoing, incoming, socket) {
    Object.assign(this, { name, outgoing, incoming, socket, sent: 0, received: 0, hasEnded: false, closes: 0 });
  }
  pump() {
    while (this.sent < maxBytes) {
      const bytes = expected(this.outgoing, this.sent, Math.min(1 + random(20_000), maxBytes - this.sent));
      this.sent += bytes.length;
      if (!this.socket.write(Buffer.from(bytes))) return;
    }
    if (!this.isDone) this.socket.end();
    this.isDone = true;
  }
  data(bytes) {
    for (let at = 0; at < bytes.length; at += PERIOD) {
      const piece = bytes.subarray(at, at + PERIOD);
      if (!piece.equals(expected(this.incoming, this.received, piece.length))) {
        problems.push(`${this.name}: wrong bytes from ${this.received} on`);
      }
      this.received += piece.length;
    }
  }
  end() {
    if (this.hasEnded) problems.push(`${this.name}: ended twice`);
    this.hasEnded = true;
  }
  close(error) {
    this.closes += 1;
    if (error) problems.push(`${this.name}: ${error.message}`);
    if (this.closes > 1) problems.push(`${this.name}: closed twice`);
    if (this.received !== maxBytes || this.sent !== maxBytes || !this.hasEnded) {
      problems.push(`${this.name}: closed with ${this.received} received, ${this.sent} sent, ended: ${this.hasEnded}`);
    }
    closed();
  }
}

let open = 0;
let onClosed = () => {};
function closed() {
  open -= 1;
  onClosed();
}
const until = (condition) =>
  new Promise((resolve) => {
    onClosed = () => condition() && resolve();
    onClosed();
  });

/** Handlers of fdmux for the ends that `make` gives. */
const handlers = (make) => ({
  open: (connection) => {
    connection.data = make(connection);
    connection.data.pump();
  },
  data: ({ data }, bytes) => data.data(bytes),
  drain: ({ data }) => data.pump(),
  end: ({ data }) => data.end(),
  close: ({ data }, error) => data.close(error),
});

/** Makes node:net's events those of an end. */
function follow(socket, end) {
  let error;
  socket.on('data', (bytes) => end.data(bytes));
  socket.on('drain', () => end.pump());
  socket.on('end', () => end.end());
  socket.on('error', (reason) => (error = reason));
  socket.on('close', () => end.close(error));
  end.pump();
}

const options = { backend, trigger, highWaterMarkBytes: HIGH_WATER_MARK_BYTES };
const [CLIENT, SERVER] = [1, 2];
const endOf = (name, outgoing, incoming) => (socket) => new End(name, outgoing, incoming, socket);
const serverEnd = endOf('server', SERVER, CLIENT);
const clientEnd = endOf('client', CLIENT, SERVER);

async function serve() {
  if (side === 'server') {
    const listener = await listen({ port: 0, ...options, socket: handlers(serverEnd) });
    return { port: listener.address.port, stop: () => listener.close() };
  }
  const server = net.createServer({ allowHalfOpen: true }, (socket) => follow(socket, serverEnd(socket)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, stop: () => new Promise((resolve) => server.close(resolve)) };
}

function openOne(port) {
  open += 2; // Both ends are in this process.
  if (side === 'client') return connect({ port, ...options, socket: handlers(clientEnd) });
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.once('connect', () => follow(socket, clientEnd(socket)));
  return Promise.resolve();
}

/** Serves `count` connections to their end. */
async function runConnections(count) {
  const { port, stop } = await serve();
  for (let started = 0; started < count; started += 1) {
    await until(() => open < 2 * AT_ONCE);
    await openOne(port);
  }
  await until(() => open === 0);
  await stop();
}

/** Returns what an fd is; an empty string for the one that reads this list, which is closed by then. */
function kindOf(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** Counts the open fds, without the timer that a busy multiplexer opens when it waits directly, and keeps. */
const countFds = () =>
  readdirSync('/proc/self/fd').filter((fd) => !['', 'anon_inode:[timerfd]'].includes(kindOf(fd))).length;

(async () => {
  await runConnections(1); // The first one opens what the process keeps.
  const before = countFds();
  await runConnections(connections);
  if (countFds() > before) problems.push(`${countFds() - before} fds left`);
  console.log(problems.length === 0 ? 'whole' : problems.slice(0, 10).join('\n'));
})();
