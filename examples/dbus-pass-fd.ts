/**
 * Passes an open file from one client of a D-Bus daemon to another: the daemon hands the fd on by SCM_RIGHTS, and the
 * receiver reads a file that no path leads to. The messages are in support/dbus-client.ts.
 *
 * npm run example dbus-pass-fd unix:path=/run/user/1000/bus
 */
import { Descriptor } from 'fdmux';
import { DBUS, DbusClient } from './support/dbus-client.js';

const [address = process.env['DBUS_SESSION_BUS_ADDRESS'] ?? ''] = process.argv.slice(2);

const sender = new DbusClient(address);
const receiver = new DbusClient(address);
console.log(`${sender.name} sends to ${receiver.name}`);

const file = Descriptor.memfd('letter');
file.write('what no path leads to');
sender.send(
  {
    type: DBUS.SIGNAL,
    path: '/fdmux/example',
    interface: 'fdmux.Example',
    member: 'Letter',
    destination: receiver.name,
    // One handle, by its place among the fds.
    signature: 'h',
    body: Buffer.alloc(4),
    fds: 1,
  },
  [file],
);
file.close();

const { fds } = receiver.take((message) => message.fds.length > 0);
for (const fd of fds) {
  const received = Descriptor.fromFd(fd);
  console.log(`received: ${received.pread(100, 0)?.toString()}`);
  received.close();
}
sender.close();
receiver.close();
