/** A CommonJS program that uses every layer of an installed fdmux once, in the main thread and in a worker. */
export const smokeProgram = `
const assert = require('node:assert');
const { Worker, isMainThread } = require('node:worker_threads');
const { Epoll, EPOLLIN, Multiplexer, POLLIN, connect, listen, pipe, poll, pollSync, select, selectSync } = require('fdmux');

async function main() {
  const [reader, writer] = pipe();
  const entry = { fd: reader, events: POLLIN };
  assert.deepEqual(pollSync([entry], 0), []);
  const waits = [poll([entry], 5000), select([reader], [], [], 5000)];
  writer.write('x');
  assert.equal((await waits[0])[0].revents, POLLIN);
  assert.deepEqual((await waits[1]).readable, [reader]);
  assert.deepEqual(selectSync([reader], [], [], 0).readable, [reader]);
  const epoll = new Epoll();
  epoll.add(reader, EPOLLIN);
  assert.equal(epoll.waitSync(0)[0].events, EPOLLIN);
  assert.equal((await epoll.wait(5000))[0].fd, reader.fd);
  for (const backend of Multiplexer.backends()) {
    const mux = new Multiplexer({ backend });
    mux.register(reader, { interest: 'read', data: backend });
    assert.equal(mux.waitSync(0)[0].data, backend);
    assert.equal((await mux.wait(5000))[0].isReadable, true);
    mux.close();
  }
  for (const resource of [epoll, reader, writer]) resource.close();

  const listener = await listen({ port: 0, socket: { data: (connection, bytes) => connection.end(bytes) } });
  const echoed = await new Promise((resolve, reject) => {
    let text = '';
    connect({
      host: '127.0.0.1',
      port: listener.address.port,
      socket: {
        open: (connection) => connection.write('hello'),
        data: (connection, bytes) => { text += String(bytes); },
        end: (connection) => connection.end(),
        close: () => resolve(text),
      },
    }).catch(reject);
  });
  assert.equal(echoed, 'hello');
  await listener.close();
  if (isMainThread) {
    const code = await new Promise((resolve) => new Worker(__filename).on('exit', resolve));
    assert.equal(code, 0);
    console.log('every layer works');
  }
}

main().catch((error) => { console.error(error); process.exitCode = 1; });
`;
