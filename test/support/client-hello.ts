/** The first bytes of a TLS client, for strangers that never finish a handshake. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import * as tls from 'node:tls';

/** Returns a ClientHello, as Node.js sends it. */
export async function clientHello(): Promise<Buffer> {
  const wire = new PassThrough();
  const sent = once(wire, 'data');
  // Its own bytes are sent back, and are no answer; only the first piece matters.
  const socket = tls.connect({ socket: wire });
  socket.on('error', () => undefined);
  const [hello]: Buffer[] = await sent;
  socket.destroy();
  if (hello === undefined) throw new Error('it sends nothing');
  return hello;
}
