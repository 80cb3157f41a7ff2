/**
 * An iterative server: one client at a time, and every message is sent back with the time. Start two clients: the
 * second connects at once, since the kernel accepts for us, but nobody reads what it says before the first one leaves.
 */
import { formatAddress, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';

/** As ctime(3) writes it: Sat Nov 21 09:00:00 2026. */
function ctime(): string {
  const [weekday, month, day, year, time] = Date().split(' ');
  return `${weekday} ${month} ${day} ${time} ${year}`;
}

const listener = Socket.create({ blocking: true });
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 21567) });
// The listen queue: Linux lets one more than this wait. A further client is not answered, and tries again by itself.
listener.listen(5);
const here = formatAddress(listener.getsockname());
console.log(`listening on ${here}; type: nc ${here.replace(':', ' ')}`);

for (let client = listener.accept(); client !== null; client = listener.accept()) {
  const { socket, address } = client;
  console.log(`${formatAddress(address)} is served`);
  try {
    for (let bytes = socket.recv(1024); bytes !== null && bytes.length > 0; bytes = socket.recv(1024)) {
      socket.sendAll(`[${ctime()}] ${bytes.toString()}`);
    }
  } catch (error) {
    console.error(String(error)); // This client has vanished; the next one is served all the same.
  }
  socket.close();
  console.log(`${formatAddress(address)} has left`);
}
