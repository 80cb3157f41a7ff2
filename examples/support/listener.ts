/** Opens a listening TCP socket on the loopback interface, as step 1 of examples/learn does by hand. */
import { formatAddress, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';
import { print } from './print.js';

/** Listens on `port` (0 is any free one) without blocking, and prints what to type. */
export function openListener(port: number): Socket {
  const listener = Socket.create();
  listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
  listener.bind({ family: 'inet', host: '127.0.0.1', port });
  listener.listen();
  const here = formatAddress(listener.getsockname());
  print(`listening on ${here}; type in two other terminals: nc ${here.replace(':', ' ')}`);
  return listener;
}
