/**
 * A server and a client that speak GBK, the charset of older Chinese programs. Bytes have no charset: both ends must
 * agree. The server gives each client a thread, which answers until the client has ended. ctrl-C ends the server: at
 * once if its threads are daemons ("server PORT daemon", the default), after the last client otherwise
 * ("server PORT threads").
 */
import { isMainThread, Worker } from 'node:worker_threads';
import { formatAddress, Multiplexer, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';
import { encodeGbk } from './support/gbk.js';
import { print } from './support/print.js';

/** What a thread does with its client. */
function converse(fd: number): void {
  const socket = Socket.fromFd(fd);
  const address = formatAddress(socket.getpeername());
  // A character of two bytes may arrive in two pieces, so the decoder keeps what is incomplete.
  const decoder = new TextDecoder('gbk');
  try {
    socket.setBlocking(true);
    for (let bytes = socket.recv(1024); bytes !== null && bytes.length > 0; bytes = socket.recv(1024)) {
      const text = decoder.decode(bytes, { stream: true });
      if (text === '') continue;
      print(`${address}: ${text}`);
      socket.sendAll(encodeGbk(text === 'hello' ? 'server: hello, client!' : `server: ${text}`));
    }
  } catch (error) {
    print(`${address}: ${String(error)}`); // This client has vanished, or has sent what is not GBK.
  }
  socket.close();
  print(`${address} has left`);
}

async function serve(port: number, areDaemons: boolean): Promise<void> {
  const listener = Socket.create();
  // Without it, a restart within a minute would find the port still taken by connections that are over (TIME_WAIT).
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind({ family: 'inet', host: '127.0.0.1', port });
  listener.listen();
  const here = formatAddress(listener.getsockname());
  print(`listening on ${here}; type: npm run example gbk client ${here.replace('127.0.0.1:', '')} 你好`);

  const mux = new Multiplexer();
  mux.register(listener, { interest: 'read' });
  process.once('SIGINT', () => mux.close());
  await mux.run(() => {
    for (let client = listener.accept(); client !== null; client = listener.accept()) {
      const thread = new Worker(process.argv[1] ?? '', { argv: ['thread', client.socket.detach()] });
      if (areDaemons) thread.unref();
    }
  });
  listener.close();
  print('no further clients');
}

function send(port: number, text: string): void {
  const bytes = encodeGbk(text);
  const socket = Socket.create({ blocking: true });
  socket.connect({ family: 'inet', host: '127.0.0.1', port });
  socket.sendAll(bytes);
  socket.shutdown('write'); // The end of the text: a server that reads to the end of the stream answers only then.
  const answer: Buffer[] = [];
  for (let piece = socket.recv(1024); piece !== null && piece.length > 0; piece = socket.recv(1024)) answer.push(piece);
  console.log(new TextDecoder('gbk').decode(Buffer.concat(answer)));
  socket.close();
}

const [, , role = 'server', port = '9090', text] = process.argv;
if (!isMainThread) converse(Number(port));
else if (role !== 'client') void serve(Number(port), text !== 'threads');
else {
  try {
    send(Number(port), text ?? 'hello');
  } catch (error) {
    console.error(String(error)); // Nobody listens there, or GBK does not have a character of the text.
    process.exitCode = 1;
  }
}
