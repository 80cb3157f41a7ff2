/**
 * A TCP forwarder whose bytes never leave the kernel: `relay` has splice(2) move them from one socket through a pipe to
 * the other one.
 *
 * npm run example splice-forwarder 7011 127.0.0.1:80
 */
import { connect, type Connection, formatAddress, listen, parseAddress, relay } from 'fdmux';

const [port = '7011', to = '127.0.0.1:80'] = process.argv.slice(2);
const target = parseAddress(to);
if (target.family !== 'inet' && target.family !== 'inet6') throw new Error(`no host and port: ${to}`);
const { host, port: targetPort } = target;

async function forward(client: Connection): Promise<void> {
  // The relay hands on what has arrived by then.
  client.pause();
  const from = formatAddress(client.remoteAddress);
  const server = await connect({ host, port: targetPort, socket: {} });
  // The client may be gone by now.
  if (client.isDestroyed) {
    server.destroy();
    return;
  }
  const { reason, error, bytesToA, bytesToB } = await relay(client, server).ended;
  console.log(`${from} ${reason}: ${bytesToB} bytes there, ${bytesToA} back`, error?.message ?? '');
}

async function main(): Promise<void> {
  const listener = await listen({
    port: Number(port),
    socket: {
      open: (client) => {
        forward(client).catch((error: unknown) => {
          console.error(String(error));
          client.destroy();
        });
      },
    },
  });
  console.log(`on ${formatAddress(listener.address)}, to ${to}`);
}

void main();
