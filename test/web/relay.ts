/** The network between a browser and the server, which a test can take away. */
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { nextEvent } from '../support/deadline.js';

export interface Relay {
  readonly port: number;
  /** Cuts every connection, and refuses others until {@link restore}. */
  cut(): void;
  restore(): void;
  /** Relays later connections to another port. */
  retarget(port: number): void;
}

/** Relays connections to a port of this machine until the test ends. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let port = targetPort;
  const server = createServer((near) => {
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => sockets.delete(from) && to.destroy());
      from.pipe(to);
    }
  });
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await nextEvent(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP address');
  return {
    port: address.port,
    cut,
    restore: () => (isCut = false),
    retarget: (to) => (port = to),
  };
}
