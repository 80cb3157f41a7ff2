/**
 * Sends a datagram and waits for the answer. UDP promises neither delivery nor an answer, so the wait has a limit. A
 * connected UDP socket learns one thing more: if no program has the port, the other machine says so (ICMP), and the
 * next call fails with ECONNREFUSED. An unconnected one would never know.
 */
import { isSystemError, Socket } from 'fdmux';

const port = Number(process.argv[2] ?? 7777);
const message = process.argv[3] ?? 'hello';

const socket = Socket.create({ type: 'dgram' });
socket.setTimeout(2000);
socket.connect({ family: 'inet', host: '127.0.0.1', port });
try {
  socket.send(message);
  console.log(`the answer is: ${socket.recv(65_535)?.toString()}`);
} catch (error) {
  if (!isSystemError(error)) throw error;
  if (error.code === 'ECONNREFUSED') console.log('the peer is gone: ECONNREFUSED');
  else console.log(`no answer: ${error.code}`);
  process.exitCode = 1;
}
socket.close();
