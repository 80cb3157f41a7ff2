/** An echo server: it sends back whatever a client sends. A client that does not read is not read from. */
import { formatAddress, listen } from 'fdmux';

async function main(): Promise<void> {
  const listener = await listen({
    port: Number(process.argv[2] ?? 7007),
    socket: {
      data: (connection, bytes) => {
        if (!connection.write(bytes)) connection.pause();
      },
      drain: (connection) => connection.resume(),
      error: (_connection, error) => console.error(error.message),
    },
    onError: (error) => console.error(error.message),
  });
  const address = formatAddress(listener.address);
  console.log(`echoing on ${address}; type into: nc ${address.replace(':', ' ')}`);
}

void main();
