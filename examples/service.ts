/**
 * A service of systemd without a library of systemd: it takes a socket that was opened for it, or opens one, reports
 * that it is ready, and keeps the watchdog content.
 *
 * systemd-socket-activate -l 7010 npm run example service
 */
import { formatAddress, listen, listenFds, sdNotify, sdWatchdogIntervalMs } from 'fdmux';

async function main(): Promise<void> {
  const [passed] = listenFds({ unsetEnvironment: true });
  const listener = await listen({
    ...(passed === undefined ? { port: 0 } : { fd: passed.fd }),
    socket: { data: (connection, bytes) => connection.end(bytes) },
  });
  const isManaged = sdNotify(`READY=1\nSTATUS=Listening on ${formatAddress(listener.address)}`);
  console.log(`on ${formatAddress(listener.address)}, ${isManaged ? 'managed' : 'on its own'}`);

  const watchdogMs = sdWatchdogIntervalMs();
  if (watchdogMs !== null) setInterval(() => sdNotify('WATCHDOG=1'), watchdogMs).unref();
  process.once('SIGTERM', () => {
    sdNotify('STOPPING=1');
    void listener.close({ drainMs: 1000 });
  });
}

void main();
