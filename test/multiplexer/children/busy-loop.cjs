// Keeps a multiplexer busy, and counts its turns until other things of the event loop happen.
//   node busy-loop.cjs PACKAGE main|worker
// Prints JSON: for each kind of thing, how many turns began after it was due, and whether the waits were direct.
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');
const { MessageChannel, Worker, isMainThread, workerData } = require('node:worker_threads');

const [, , subject = workerData, where = 'worker'] = process.argv;
const { Multiplexer, pipe } = require(subject);

if (isMainThread && where === 'worker') new Worker(__filename, { workerData: subject, argv: [subject] });
else void main();

async function main() {
  const mux = new Multiplexer();
  const [reader, writer] = pipe();
  const bytes = Buffer.alloc(1);
  let turns = 0;
  let isStopped = false;
  let inTurn = () => undefined;
  // It is ready again after each turn, so that nothing but the loop itself ends its waits.
  mux.register(reader, {
    interest: 'read',
    onReady: () => {
      turns += 1;
      fs.readSync(reader.fd, bytes);
      inTurn();
      if (!isStopped) writer.write(bytes);
    },
  });
  writer.write(bytes);
  const end = mux.run(() => undefined);

  const waitDirectly = async () => {
    const before = mux.stats().directWaits;
    while (mux.stats().directWaits < before + 100) await new Promise((resolve) => setImmediate(resolve));
    await inAnyTurn();
  };
  const inAnyTurn = () =>
    new Promise((resolve) => {
      inTurn = () => {
        inTurn = () => undefined;
        resolve();
      };
    });

  /** How many turns begin after `start` was called in one of them, until it calls back. */
  const turnsUntil = async (start) => {
    await waitDirectly();
    return await new Promise((resolve) => {
      inTurn = () => {
        inTurn = () => undefined;
        const from = turns;
        start(() => resolve(turns - from));
      };
    });
  };
  /** The same, but counts the turns that begin more than `ms` later. */
  const turnsAfter = async (ms, start) => {
    await waitDirectly();
    return await new Promise((resolve) => {
      inTurn = () => {
        let late = 0;
        let due = Infinity;
        inTurn = () => {
          if (performance.now() > due) late += 1;
        };
        start(() => {
          inTurn = () => undefined;
          resolve(late);
        });
        // From here on: the processor may be taken away before the timer starts.
        due = performance.now() + ms;
      };
    });
  };

  const results = {};
  results.tick = await turnsUntil((done) => process.nextTick(done));
  results.promise = await turnsUntil((done) => void Promise.resolve().then(done));
  results.immediate = await turnsUntil((done) => setImmediate(done));
  results.closeCallback = await turnsUntil((done) => new net.Server().listen(0, () => undefined).close(done));
  results.unrefImmediate = await turnsAfter(8, (done) => setImmediate(done).unref());
  results.timer = await turnsAfter(10, (done) => setTimeout(done, 3));
  // Farther away than the next tick of the direct waits.
  results.laterTimer = await turnsAfter(27, (done) => setTimeout(done, 20));
  results.unrefTimer = await turnsAfter(10, (done) => setTimeout(done, 3).unref());

  const { port1, port2 } = new MessageChannel();
  results.message = await turnsUntil((done) => {
    port2.once('message', done);
    port1.postMessage('x');
  });
  port1.close();

  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  results.traffic = await turnsUntil((done) => {
    accepted.once('data', done);
    client.write('x');
  });
  // An fd that libuv has not handed to the kernel when the turn ends.
  server.on('connection', (socket) => socket.resume());
  results.connect = await turnsUntil((done) => {
    const late = net.connect(server.address().port, '127.0.0.1', () => {
      late.destroy();
      done();
    });
  });
  client.destroy();
  accepted.destroy();
  server.close();

  if (isMainThread) {
    results.signal = await turnsUntil((done) => {
      process.once('SIGUSR2', done);
      process.kill(process.pid, 'SIGUSR2');
    });
  }
  // These come from other threads, when they are through.
  await turnsUntil((done) => fs.stat(__filename, done));
  results.file = 0;
  const worker = new Worker(
    "require('node:worker_threads').parentPort.once('message', (it) => require('node:worker_threads').parentPort.postMessage(it))",
    { eval: true },
  );
  await turnsUntil((done) => {
    worker.once('message', done);
    worker.postMessage('x');
  });
  results.worker = 0;
  if (isMainThread) {
    const asker = new Worker(
      `const { Session } = require('node:inspector');
       const session = new Session();
       session.connectToMainThread();
       session.post('Runtime.evaluate', { expression: 'globalThis.inspected()' }, () => session.disconnect());`,
      { eval: true },
    );
    await turnsUntil((done) => (globalThis.inspected = done));
    await once(asker, 'exit');
    results.inspector = 0;
  }

  // Two are served in turns, though only one of them waits directly.
  const other = new Multiplexer();
  const [otherReader, otherWriter] = pipe();
  other.register(otherReader, {
    interest: 'read',
    data: undefined,
    onReady: () => (fs.readSync(otherReader.fd, bytes), otherDone()),
  });
  let otherDone = () => undefined;
  void other.run(() => undefined);
  results.otherMultiplexer = await turnsUntil((done) => {
    otherDone = done;
    otherWriter.write(bytes);
  });
  other.close();

  // Nothing else happens from here on.
  await waitDirectly();
  results.lastImmediate = await turnsUntil((done) => {
    isStopped = true;
    setImmediate(done).unref();
  });
  const { waits, directWaits } = mux.stats();
  mux.close();
  console.log(JSON.stringify({ ...results, share: directWaits / waits, end: await end }));
  for (const socket of [reader, writer, otherReader, otherWriter]) socket.close();
}
