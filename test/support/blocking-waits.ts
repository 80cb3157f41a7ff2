/** Calls that wait for ever, as code for a worker. */
import { readFileSync } from 'node:fs';
import { packagePath } from './processes.js';

/** Whether a thread of this process waits for something, by its state in proc_pid_stat(5). */
export function isAsleep(threadId: string): boolean {
  return readFileSync(`/proc/self/task/${threadId}/stat`, 'latin1').includes(') S ');
}

/**
 * The beginning of the code below, in a worker.
 *
 * @param folder in which it may leave files
 */
export const preambleOf = (folder: string): string => `
  const fdmux = require('${packagePath('dist/index.js')}');
  const { Descriptor, Epoll, EventFd, listen, Multiplexer, MSG_PEEK, MSG_WAITALL, pipe, Poll, Socket } = fdmux;
  const { parentPort, workerData } = require('node:worker_threads');
  const LOOPBACK = { family: 'inet', host: '127.0.0.1', port: 0 };
  const listening = (type = 'inet', backlog = 8) => {
    const listener = Socket.create({ family: type, blocking: true });
    listener.bind(type === 'inet' ? LOOPBACK : { family: 'unix' });
    listener.listen(backlog);
    return listener;
  };
  const fifo = () => {
    const path = require('node:path').join('${folder}', require('node:crypto').randomUUID());
    require('node:child_process').execFileSync('mkfifo', [path]);
    return path;
  };
  const threadId = () => require('node:fs').readlinkSync('/proc/thread-self').split('/').pop();
  const pair = (options) => Socket.pair({ blocking: true, ...options });
`;

/** Every call that blocks, by name. Each would wait for ever; it calls `ready` right before. */
export const WAITS = {
  'recv()': `const [a, b] = pair(); ready(); a.recv(1);`,
  'recv() with a timeout': `const [a, b] = pair(); a.setTimeout(600_000); ready(); a.recv(1);`,
  'recv() of all of it': `const [a, b] = pair(); b.send('x'); ready(); a.recv(2, MSG_WAITALL);`,
  'recv() of all of it, left where it is': `const [a, b] = pair(); b.send('x'); ready(); a.recv(2, MSG_WAITALL | MSG_PEEK);`,
  'recvFrom() of all of it': `const [a, b] = pair(); b.send('x'); ready(); a.recvFrom(2, MSG_WAITALL);`,
  'recvMsg() of all of it': `const [a, b] = pair(); b.send('x'); ready(); a.recvMsg(2, { flags: MSG_WAITALL });`,
  'recvMmsg()': `const socket = Socket.create({ type: 'dgram', blocking: true }); socket.bind(LOOPBACK); ready(); socket.recvMmsg(1, 1);`,
  'recvFrom()': `const socket = Socket.create({ type: 'dgram', blocking: true }); socket.bind(LOOPBACK); ready(); socket.recvFrom(1);`,
  'recvMsg()': `const [a, b] = pair(); ready(); a.recvMsg(1);`,
  'sendAll()': `const [a, b] = pair(); ready(); a.sendAll(Buffer.alloc(16 * 1024 * 1024));`,
  'send()': `const [a, b] = pair(); ready(); a.send(Buffer.alloc(16 * 1024 * 1024));`,
  'sendMsg()': `const [a, b] = pair(); ready(); a.sendMsg([Buffer.alloc(16 * 1024 * 1024), 'x']);`,
  'sendMmsg()': `const [a, b] = pair({ type: 'dgram' }); ready(); a.sendMmsg(Array(1024).fill({ data: Buffer.alloc(1024) }));`,
  'Descriptor.read() of a pipe': `const [reader, writer] = pipe({ blocking: true }); ready(); reader.read(1);`,
  'Descriptor.readInto() of a terminal': `const terminal = Descriptor.open('/dev/ptmx', 2); ready(); terminal.readInto(new Uint8Array(1));`,
  'Descriptor.write() to a full pipe': `const [reader, writer] = pipe({ blocking: true }); ready(); writer.write(Buffer.alloc(1024 * 1024));`,
  'Descriptor.open() of a FIFO that nobody writes': `const path = fifo(); ready(); Descriptor.open(path);`,
  'Descriptor.open() of a FIFO that nobody reads': `const path = fifo(); ready(); Descriptor.open(path, 1);`,
  'EventFd.read()': `const counter = new EventFd(); fdmux.setNonBlocking(counter, false); ready(); counter.read();`,
  'EventFd.write()': `
    const counter = new EventFd();
    fdmux.setNonBlocking(counter, false);
    counter.write(2n ** 64n - 2n);
    ready();
    counter.write(1);`,
  'TimerFd.read()': `const timer = new fdmux.TimerFd(); fdmux.setNonBlocking(timer, false); ready(); timer.read();`,
  'Inotify.read()': `const inotify = new fdmux.Inotify(); fdmux.setNonBlocking(inotify, false); ready(); inotify.read();`,
  'selectSync()': `const [a, b] = pair(); ready(); fdmux.selectSync([a], [], []);`,
  'pollSync()': `const [a, b] = pair(); ready(); fdmux.pollSync([{ fd: a.fd, events: 1 }]);`,
  'Poll.waitSync()': `const [a, b] = pair(); const poll = new Poll(); poll.register(a, 1); ready(); poll.waitSync();`,
  'Epoll.waitSync()': `const [a, b] = pair(); const epoll = new Epoll(); epoll.add(a, 1); ready(); epoll.waitSync();`,
  'Multiplexer.waitSync()': `new Multiplexer(); ready(); new Multiplexer({ backend: 'poll' }).waitSync();`,
  'sendTo() to a full queue': `
    const [receiver, sender] = [0, 1].map(() => Socket.create({ family: 'unix', type: 'dgram', blocking: true }));
    receiver.bind({ family: 'unix' });
    ready();
    for (;;) sender.sendTo('x', receiver.getsockname());`,
  'accept()': `const listener = listening(); ready(); listener.accept();`,
  'accept() on a unix socket': `const listener = listening('unix'); ready(); listener.accept();`,
  'connect() to a full queue': `
    const address = listening('inet', 0).getsockname();
    ready();
    for (const all = []; ; ) { const socket = Socket.create({ blocking: true }); all.push(socket); socket.connect(address); }`,
  'connect() to a full queue of a unix socket': `
    const address = listening('unix', 0).getsockname();
    ready();
    for (const all = []; ; ) { const socket = Socket.create({ family: 'unix', blocking: true }); all.push(socket); socket.connect(address); }`,
  'runSync() of a listener': `
    const multiplexer = new Multiplexer();
    listen({ port: 0, multiplexer, socket: {} }).then(() => { ready(); multiplexer.runSync(() => {}); });`,
};
