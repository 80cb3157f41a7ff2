/**
 * A server and a client that speak GBK, the charset of older Chinese programs. Bytes have no charset: both ends must
 * agree.
 */
import { formatAddress, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';

const decode = (bytes: Uint8Array): string => new TextDecoder('gbk').decode(bytes);

/** Node.js decodes GBK but does not encode it: this turns its decoder around. */
function encode(text: string): Buffer {
  const codes = new Map<string, number[]>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) codes.set(decode(Uint8Array.of(lead, trail)), [lead, trail]);
  }
  return Buffer.from(
    Array.from(text).flatMap((char) => (char < '\x80' ? char.charCodeAt(0) : (codes.get(char) ?? [0x3f]))),
  );
}

function serve(port: number): void {
  const listener = Socket.create({ blocking: true });
  // Without it, a restart within a minute would find the port still taken by connections that are over (TIME_WAIT).
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind({ family: 'inet', host: '127.0.0.1', port });
  listener.listen();
  const here = formatAddress(listener.getsockname());
  console.log(`listening on ${here}; type: npm run example gbk client ${here.replace('127.0.0.1:', '')} 你好`);
  for (let client = listener.accept(); client !== null; client = listener.accept()) {
    try {
      const text = decode(client.socket.recv(1024) ?? Buffer.alloc(0));
      console.log(`${formatAddress(client.address)}: ${text}`);
      client.socket.sendAll(encode(text === 'hello' ? 'server: hello, client!' : `server: ${text}`));
    } catch (error) {
      console.error(String(error)); // This client has vanished; the next one is served all the same.
    }
    client.socket.close();
  }
}

function send(port: number, text: string): void {
  const socket = Socket.create({ blocking: true });
  socket.connect({ family: 'inet', host: '127.0.0.1', port });
  socket.sendAll(encode(text));
  socket.shutdown('write'); // The end of the text: a server that reads to the end of the stream answers only then.
  const answer: Buffer[] = [];
  for (let piece = socket.recv(1024); piece !== null && piece.length > 0; piece = socket.recv(1024)) answer.push(piece);
  console.log(decode(Buffer.concat(answer)));
  socket.close();
}

const [, , role = 'server', port = '9090', text = 'hello'] = process.argv;
if (role === 'client') send(Number(port), text);
else serve(Number(port));
