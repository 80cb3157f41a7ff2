/** The messages of system calls name the path or the address that they were given. */
import {
  bindDatagram,
  connect,
  Descriptor,
  Fanotify,
  formatAddress,
  ifNameToIndex,
  Inotify,
  listen,
  Pty,
  SerialPort,
  Socket,
} from 'fdmux';
import { describe, expect, test } from 'vitest';
import { disposedAtEnd } from '../support/fds.js';
import { freePort } from '../support/peers.js';

const missing = { code: 'ENOENT', path: '/nowhere/at/all' };

describe('a path', () => {
  test.each([
    ['open', (): unknown => Descriptor.open('/nowhere/at/all')],
    ['open', (): unknown => SerialPort.open('/nowhere/at/all', { baudRate: 9600 })],
    ['inotify_add_watch', () => disposedAtEnd(new Inotify()).add('/nowhere/at/all')],
    ['execve', (): unknown => Pty.spawn('/nowhere/at/all')],
    ['chdir', (): unknown => Pty.spawn('sh', [], { cwd: '/nowhere/at/all' })],
  ])('is in the error of %s', (syscall, call) => {
    const message = `ENOENT: no such file or directory, ${syscall} '/nowhere/at/all'`;
    expect(call).toThrow(expect.objectContaining({ ...missing, syscall, message }));
    // What an uncaught error prints.
    expect(call).toThrow(expect.objectContaining({ stack: expect.stringContaining(`Error: ${message}\n`) }));
  });

  test('is in the error of fanotify_mark', { tags: ['needs-root'] }, () => {
    const fanotify = disposedAtEnd(new Fanotify());
    expect(() => fanotify.add('/nowhere/at/all', 1)).toThrow(expect.objectContaining(missing));
  });

  test('breaks no line, and is bytes if it is not UTF-8', () => {
    const path = Buffer.from('/nowhere/\xff\n', 'latin1');
    const message = "ENOENT: no such file or directory, open '/nowhere/\\xff\\x0a'";
    expect(() => Descriptor.open(path)).toThrow(expect.objectContaining({ message, path }));
  });
});

describe('an address', () => {
  test('is in the error of bind', async () => {
    const taken = disposedAtEnd(Socket.create());
    taken.bind({ family: 'inet', host: '127.0.0.1', port: 0 });
    taken.listen();
    const address = taken.getsockname();
    const port = 'port' in address ? address.port : 0;
    const message = `EADDRINUSE: address already in use, bind 127.0.0.1:${port}`;
    expect(() => disposedAtEnd(Socket.create()).bind(address)).toThrow(message);
    await expect(listen({ port, socket: {} })).rejects.toThrow(message);
    const datagram = disposedAtEnd(Socket.create({ type: 'dgram' }));
    datagram.bind({ family: 'inet', host: '127.0.0.1', port: 0 });
    const text = formatAddress(datagram.getsockname());
    const taking = bindDatagram({ port: Number(text.split(':')[1]), socket: { message: () => undefined } });
    await expect(taking).rejects.toThrow(`EADDRINUSE: address already in use, bind ${text}`);
  });

  test('is in the error of connect', async () => {
    const port = await freePort();
    const message = `ECONNREFUSED: connection refused, connect 127.0.0.1:${port}`;
    const socket = disposedAtEnd(Socket.create({ blocking: true }));
    expect(() => socket.connect({ family: 'inet', host: '127.0.0.1', port })).toThrow(message);
    await expect(connect({ port, socket: {} })).rejects.toThrow(message);
    await expect(connect({ path: '/nowhere/at/all', socket: {} })).rejects.toThrow(
      'ENOENT: no such file or directory, connect unix:/nowhere/at/all',
    );
  });
});

test('the name of an interface is in the error of if_nametoindex', () => {
  expect(() => ifNameToIndex('nowhere0')).toThrow("ENODEV: no such device, if_nametoindex 'nowhere0'");
});
