/** Served datagram sockets: messages to handlers, messages out at the end of a turn. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Address,
  AF_NETLINK,
  bindDatagram,
  type DatagramDetails,
  type DatagramError,
  type DatagramHandlers,
  type DatagramOptions,
  type DatagramSocket,
  decodeNetlink,
  Descriptor,
  encodeNetlink,
  IP_PKTINFO,
  IP_TTL,
  IPPROTO_IP,
  Multiplexer,
  NETLINK,
  netlinkAddress,
  SO_PASSCRED,
  SO_RCVBUF,
  Socket,
  SOL_SOCKET,
} from 'fdmux';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { native } from '../../src/binding/load.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd, openFds } from '../support/fds.js';
import { testSocket, udpSocket, unixPair } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

interface Message {
  readonly text: string;
  readonly address: Address | null;
  readonly details: DatagramDetails;
}

/** A served socket that notes what happens to it. */
class Endpoint {
  readonly messages: Message[] = [];
  readonly errors: DatagramError[] = [];
  readonly closes: (Error | undefined)[] = [];
  drains = 0;
  readonly #waiting: (() => void)[] = [];
  declare socket: DatagramSocket;

  readonly handlers: DatagramHandlers<unknown> = {
    message: (_, bytes, address, details) => {
      this.messages.push({ text: bytes.toString(), address, details });
      this.#notify();
    },
    error: (_, error) => {
      this.errors.push(error);
      this.#notify();
    },
    drain: () => {
      this.drains += 1;
      this.#notify();
    },
    close: (_, error) => {
      this.closes.push(error);
      this.#notify();
    },
  };

  get texts(): string[] {
    return this.messages.map(({ text }) => text);
  }

  #notify(): void {
    for (const look of this.#waiting.splice(0)) look();
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) await within(new Promise<void>((resolve) => this.#waiting.push(resolve)), what);
  }
}

/** Serves a socket until the test ends. */
async function endpoint(
  options: Omit<DatagramOptions<unknown>, 'socket'> = {},
  handlers: Partial<DatagramHandlers<unknown>> = {},
): Promise<Endpoint> {
  const result = new Endpoint();
  result.socket = await bindDatagram({ ...options, socket: { ...result.handlers, ...handlers } });
  onTestFinished(async () => {
    result.socket.close();
    await result.until(() => result.closes.length > 0, 'the end of the socket');
  });
  return result;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fdmux-datagram-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** Lets the turn end, by which messages leave. */
const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const portOf = ({ socket }: Endpoint): number => {
  const { localAddress } = socket;
  return localAddress.family === 'inet' || localAddress.family === 'inet6' ? localAddress.port : 0;
};

describe.each(['epoll', 'poll', 'select'] as const)('on %s', (backend) => {
  test('hands out each message with its sender, an empty one too, and sends answers', async () => {
    const server = await endpoint(
      { backend },
      {
        message: (socket, bytes, address) => {
          socket.send(`${bytes.toString()}!`, address);
        },
      },
    );
    const client = await endpoint({ backend });
    for (const text of ['one', '', 'three']) client.socket.send(text, server.socket.localAddress);
    await client.until(() => client.messages.length === 3, 'three answers');
    expect(client.texts).toEqual(['one!', '!', 'three!']);
    for (const { address } of client.messages) expect(address).toEqual(server.socket.localAddress);
  });

  test('goes on after a peer that is not there has refused a message', async () => {
    const gone = udpSocket();
    const address = gone.getsockname();
    gone.close();
    const client = await endpoint({ backend, remote: { port: address.family === 'inet' ? address.port : 0 } });
    client.socket.send('lost');
    await client.until(() => client.errors.length > 0, 'the refusal');
    expect(client.errors).toEqual([expect.objectContaining({ code: 'ECONNREFUSED' })]);
    expect(client.socket.closed).toBe(false);
    const back = testSocket({ type: 'dgram' });
    back.bind(address);
    client.socket.send('found');
    await turnEnd();
    expect(back.recv(100)?.toString()).toBe('found');
  });

  test('sends the message that an error about an earlier one has held up', async () => {
    const gone = udpSocket();
    const address = gone.getsockname();
    gone.close();
    const client = await endpoint({ backend, remote: { port: address.family === 'inet' ? address.port : 0 } });
    // So that no receive takes the error.
    client.socket.pause();
    client.socket.send('lost');
    await turnEnd();
    const back = testSocket({ type: 'dgram' });
    back.bind(address);
    client.socket.send('found');
    await turnEnd();
    expect(back.recv(100)?.toString()).toBe('found');
    await client.until(() => client.errors.length > 0, 'the report');
    expect(client.errors).toEqual([expect.objectContaining({ code: 'ECONNREFUSED' })]);
  });

  test('reports whom an ICMP error was about, and does not spin on the queue of errors', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend }));
    const gone = udpSocket();
    const address = gone.getsockname();
    gone.close();
    const errors: DatagramError[] = [];
    const socket = await bindDatagram({
      multiplexer,
      icmpErrors: true,
      socket: { message: () => undefined, error: (_, error) => void errors.push(error) },
    });
    socket.send('lost', address);
    await turnEnd();
    while (errors.length === 0) multiplexer.waitSync(10);
    expect(errors).toEqual([
      expect.objectContaining({ code: 'ECONNREFUSED', address, offender: expect.objectContaining({ family: 'inet' }) }),
    ]);
    // Nothing is ready any more.
    multiplexer.waitSync(0);
    expect(multiplexer.waitSync(20).length).toBe(0);
    expect(errors).toHaveLength(1);
    socket.close();
    await turnEnd();
  });
});

test('hands out no more than one batch of a socket in a turn, so that its neighbours are served', async () => {
  const multiplexer = disposedAtEnd(new Multiplexer());
  const order: string[] = [];
  const note = (name: string): DatagramHandlers<unknown> => ({ message: () => void order.push(name) });
  const busy = await bindDatagram({ multiplexer, socket: note('busy') });
  const quiet = await bindDatagram({ multiplexer, socket: note('quiet') });
  const sender = udpSocket();
  for (let i = 0; i < 200; i += 1) sender.sendTo('x', busy.localAddress);
  sender.sendTo('x', quiet.localAddress);
  while (order.length < 201) multiplexer.waitSync(10);
  expect(order.indexOf('quiet')).toBeLessThanOrEqual(64);
  busy.close();
  quiet.close();
  await turnEnd();
});

test.each([
  ['inet', '127.0.0.1'],
  ['inet6', '::1'],
] as const)('distinguishes the senders of one batch over %s', async (family, host) => {
  const server = await endpoint({ host });
  const senders = [0, 1, 2].map(() => {
    const sender = testSocket({ family, type: 'dgram' });
    sender.bind(family === 'inet' ? { family, host, port: 0 } : { family, host, port: 0 });
    return sender;
  });
  for (let i = 0; i < 9; i += 1) senders[i % 3]?.sendTo(String(i), server.socket.localAddress);
  await server.until(() => server.messages.length === 9, 'all messages');
  const expected = Array.from({ length: 9 }, (_, i) => ({ text: String(i), address: senders[i % 3]?.getsockname() }));
  expect(server.messages.map(({ text, address }) => ({ text, address }))).toEqual(expected);
});

test('reports how much of a message was cut off', async () => {
  const server = await endpoint({ maxMessageBytes: 4 });
  const sender = udpSocket();
  for (const text of ['1234', '12345', 'x'.repeat(1000)]) sender.sendTo(text, server.socket.localAddress);
  await server.until(() => server.messages.length === 3, 'three messages');
  expect(server.messages.map(({ text, details }) => [text, details.truncatedBytes])).toEqual([
    ['1234', 0],
    ['1234', 1],
    ['xxxx', 996],
  ]);
});

test('carries the longest message whole', async () => {
  const server = await endpoint();
  const sender = udpSocket();
  sender.sendTo('y'.repeat(65_507), server.socket.localAddress);
  await server.until(() => server.messages.length === 1, 'the message');
  expect(server.texts).toEqual(['y'.repeat(65_507)]);
});

test('hands out control messages, and only to the messages that have some', async () => {
  const server = await endpoint({ host: '0.0.0.0' });
  const port = portOf(server);
  const sender = udpSocket();
  sender.sendTo('plain', { family: 'inet', host: '127.0.0.1', port });
  await server.until(() => server.messages.length === 1, 'the first message');
  server.socket.setsockopt(IPPROTO_IP, IP_PKTINFO, 1);
  sender.sendTo('marked', { family: 'inet', host: '127.0.0.2', port });
  await server.until(() => server.messages.length === 2, 'the second message');
  expect(server.messages.map(({ details }) => details.control)).toEqual([
    [],
    [expect.objectContaining({ kind: 'packet-info', destinationHost: '127.0.0.2' })],
  ]);
});

test('reports control messages for which there was no room', async () => {
  const [first, second] = unixPair({ type: 'dgram' });
  const server = await endpoint({ fd: first.fd, maxControlBytes: 0 });
  server.socket.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
  second.send('x');
  await server.until(() => server.messages.length === 1, 'the message');
  expect(server.messages[0]?.details).toMatchObject({ isControlTruncated: true, control: [] });
});

describe('unix datagrams', () => {
  test('bind to a path, take over that of a crashed server, and remove it at the end', async () => {
    const path = join(folder(), 'socket');
    const crashed = Socket.create({ family: 'unix', type: 'dgram' });
    crashed.bind({ family: 'unix', path });
    crashed.close();
    const server = await endpoint({ path });
    await expect(bindDatagram({ path, socket: server.handlers })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const client = await endpoint({ remote: { path } });
    client.socket.send('hello');
    await server.until(() => server.messages.length === 1, 'the message');
    // The kernel has chosen a name, so that the server can answer.
    expect(server.messages[0]?.address).toEqual(client.socket.localAddress);
    server.socket.send('answer', server.messages[0]?.address);
    await client.until(() => client.messages.length === 1, 'the answer');
    server.socket.close();
    await server.until(() => server.closes.length === 1, 'the end');
    expect(existsSync(path)).toBe(false);
  });

  test('bind to a name of the abstract namespace', async () => {
    const server = await endpoint({ path: `\0fdmux-datagram-${process.pid}` });
    const sender = testSocket({ family: 'unix', type: 'dgram' });
    sender.sendTo('x', { family: 'unix', abstract: `fdmux-datagram-${process.pid}` });
    await server.until(() => server.messages.length === 1, 'the message');
    expect(server.messages[0]?.address).toBeNull();
  });

  test('carry fds', async () => {
    const [first, second] = unixPair({ type: 'dgram' });
    const sender = await endpoint({ fd: first.fd });
    const file = disposedAtEnd(Descriptor.memfd());
    file.write('content');
    sender.socket.send('take this', null, { control: [{ kind: 'rights', fds: [file] }] });
    const message = await new Promise<ReturnType<Socket['recvMsg']>>((resolve) => {
      setImmediate(() => resolve(second.recvMsg(100)));
    });
    const [rights] = message?.control ?? [];
    if (rights?.kind !== 'rights') throw new Error('no fds arrived');
    for (const fd of rights.fds) expect(disposedAtEnd(Descriptor.fromFd(fd)).pread(10, 0)?.toString()).toBe('content');
  });

  test('close the fds of messages that nobody takes any more', async () => {
    const [first, second] = unixPair({ type: 'dgram' });
    const before = openFds().size;
    const server = await endpoint({ fd: first.fd }, { message: (socket) => socket.close() });
    const { fd } = disposedAtEnd(Descriptor.memfd());
    second.sendMsg('closes');
    for (let i = 0; i < 3; i += 1) second.sendMsg('x', { control: [{ kind: 'rights', fds: [fd] }] });
    await server.until(() => server.closes.length === 1, 'the end');
    // The file itself, and what serving holds for the process.
    expect([...openFds().values()].filter((name) => name.includes('memfd:fdmux'))).toHaveLength(1);
    expect(before).toBeGreaterThan(0);
  });

  test.each([
    ['connected', true],
    ['not connected', false],
  ])('wait for a receiver without room while %s, in order', async (_, isConnected) => {
    const path = join(folder(), 'slow');
    const receiver = testSocket({ family: 'unix', type: 'dgram' });
    receiver.bind({ family: 'unix', path });
    const sender = await endpoint(isConnected ? { remote: { path } } : { path: `${path}.sender` });
    const to = isConnected ? null : ({ family: 'unix', path } as const);
    const sent = Array.from({ length: 400 }, (_each, index) => `message ${index}`);
    for (const text of sent) sender.socket.send(text, to);
    const received: string[] = [];
    receiver.setBlocking(false);
    while (received.length < sent.length) {
      const bytes = receiver.recv(100);
      if (bytes === null) await new Promise<void>((resolve) => setTimeout(resolve, 1));
      else received.push(bytes.toString());
    }
    expect(received).toEqual(sent);
    expect(sender.socket.pendingBytes).toBe(0);
    expect(sender.errors).toEqual([]);
  });
});

test('rests between its attempts at a unix receiver whose room nobody reports', async () => {
  const path = join(folder(), 'full');
  const receiver = testSocket({ family: 'unix', type: 'dgram' });
  receiver.bind({ family: 'unix', path });
  const multiplexer = disposedAtEnd(new Multiplexer());
  const sender = await bindDatagram({ multiplexer, path: `${path}.sender`, socket: { message: () => undefined } });
  for (let i = 0; i < 400; i += 1) sender.send('x', { family: 'unix', path });
  await turnEnd();
  multiplexer.waitSync(50);
  // One for each attempt; without a rest it would be thousands.
  expect(multiplexer.stats().waits).toBeLessThan(50);
  sender.close();
  await turnEnd();
});

test('drops what goes beyond the limit, reports it once, and calls drain when there is room', async () => {
  const path = join(folder(), 'slow');
  const receiver = testSocket({ family: 'unix', type: 'dgram' });
  receiver.bind({ family: 'unix', path });
  const sender = await endpoint({ remote: { path }, highWaterMarkBytes: 1000, maxPendingBytes: 4000 });
  let results = 0;
  for (let i = 0; i < 2000; i += 1) if (sender.socket.send('x'.repeat(36))) results += 1;
  expect(results).toBeLessThan(1000);
  const { pendingBytes, droppedMessages } = sender.socket;
  expect(pendingBytes).toBeLessThanOrEqual(4100);
  expect(droppedMessages).toBeGreaterThan(500);
  await sender.until(() => sender.errors.length > 0, 'the report');
  expect(sender.errors).toEqual([expect.objectContaining({ code: 'ERR_WRITE_QUEUE_FULL' })]);
  receiver.setBlocking(false);
  while (sender.drains === 0) {
    if (receiver.recv(100) === null) await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
  expect(sender.drains).toBe(1);
  expect(sender.socket.droppedMessages).toBe(droppedMessages);
  expect(sender.socket.send('room')).toBe(true);
});

test('reports a message that cannot be sent with its address, and sends the others', async () => {
  const receiver = udpSocket();
  const sender = await endpoint();
  const to = receiver.getsockname();
  sender.socket.send('first', to);
  sender.socket.send('z'.repeat(65_508), to);
  sender.socket.send('last', to);
  await sender.until(() => sender.errors.length > 0, 'the error');
  expect(sender.errors).toEqual([expect.objectContaining({ code: 'EMSGSIZE', address: to })]);
  expect(receiver.recv(100)?.toString()).toBe('first');
  expect(receiver.recv(100)?.toString()).toBe('last');
});

test('hands out nothing while it is paused, and then all of it in order', async () => {
  const sender = udpSocket();
  const server = await endpoint(
    {},
    {
      message: (socket, bytes, address, details) => {
        server.handlers.message(socket, bytes, address, details);
        // In the middle of a batch.
        if (server.messages.length === 2) socket.pause();
      },
    },
  );
  for (const text of ['1', '2', '3', '4']) sender.sendTo(text, server.socket.localAddress);
  await server.until(() => server.messages.length === 2, 'two messages');
  sender.sendTo('5', server.socket.localAddress);
  // Another socket receives into the same memory.
  const other = await endpoint();
  for (const text of ['a', 'b', 'c', 'd']) sender.sendTo(text, other.socket.localAddress);
  await other.until(() => other.messages.length === 4, 'the messages of the other');
  expect(server.texts).toEqual(['1', '2']);
  expect(server.socket.isPaused).toBe(true);
  server.socket.resume();
  await server.until(() => server.messages.length === 5, 'the others');
  expect(server.texts).toEqual(['1', '2', '3', '4', '5']);
});

test('joins multicast groups and leaves them', async () => {
  const group = '239.255.77.77';
  const server = await endpoint({ host: '0.0.0.0', reuseAddress: true, groups: [{ group, interface: 'lo' }] });
  const sender = await endpoint({ host: '127.0.0.1' });
  const send = (text: string, to: string) => {
    sender.socket.send(text, { family: 'inet', host: to, port: portOf(server) });
  };
  send('to the group', group);
  await server.until(() => server.messages.length === 1, 'the message');
  server.socket.leaveGroup({ group, interface: 'lo' });
  expect(() => server.socket.leaveGroup({ group, interface: 'lo' })).toThrow(
    expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
  );
  server.socket.joinGroup({ group: '239.255.77.78', interface: 'lo' });
  send('to the other', '239.255.77.78');
  await server.until(() => server.messages.length === 2, 'the message');
  expect(server.texts).toEqual(['to the group', 'to the other']);
});

test('serves the others after a handler has thrown', async () => {
  const thrown: unknown[] = [];
  const note = (error: unknown): void => void thrown.push(error);
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const server = await endpoint(
    {},
    {
      message: (socket, bytes, address, details) => {
        server.handlers.message(socket, bytes, address, details);
        if (server.messages.length === 1) throw new Error('of the handler');
      },
    },
  );
  const sender = udpSocket();
  for (const text of ['1', '2']) sender.sendTo(text, server.socket.localAddress);
  await server.until(() => server.messages.length === 2, 'both messages');
  await turnEnd();
  expect(thrown).toEqual([expect.objectContaining({ message: 'of the handler' })]);
});

test('leaves a socket of the user open, and refuses one that carries no datagrams', async () => {
  const mine = udpSocket();
  const server = await endpoint({ fd: mine.fd });
  server.socket.close();
  await server.until(() => server.closes.length === 1, 'the end');
  expect(mine.getsockname()).toEqual(server.socket.localAddress);
  expect(server.socket.fd).toBe(-1);
  expect(server.socket.send('x', mine.getsockname())).toBe(false);
  const [stream] = unixPair();
  const file = disposedAtEnd(Descriptor.memfd());
  await expect(bindDatagram({ fd: stream.fd, socket: server.handlers })).rejects.toMatchObject({ code: 'EPROTOTYPE' });
  await expect(bindDatagram({ fd: file.fd, socket: server.handlers })).rejects.toMatchObject({ code: 'ENOTSOCK' });
});

test('serves a raw socket, which keeps messages apart, too', async () => {
  const raw = testSocket({ family: AF_NETLINK, type: 'raw', protocol: NETLINK.NETLINK_ROUTE });
  raw.bind(netlinkAddress());
  const server = await endpoint({ fd: raw.fd });
  const flags = NETLINK.NLM_F_REQUEST | NETLINK.NLM_F_ACK;
  raw.sendTo(encodeNetlink({ type: NETLINK.NLMSG_NOOP, flags, sequence: 7 }), netlinkAddress());
  await server.until(() => server.messages.length === 1, 'the answer');
  const [answer] = decodeNetlink(Buffer.from(server.messages[0]?.text ?? ''));
  expect(answer).toMatchObject({ type: NETLINK.NLMSG_ERROR, sequence: 7 });
});

test('sends what is pending before it closes', async () => {
  const receiver = udpSocket();
  const sender = await endpoint();
  sender.socket.send('last word', receiver.getsockname());
  sender.socket.close();
  expect(sender.socket.send('too late', receiver.getsockname())).toBe(false);
  await turnEnd();
  expect(receiver.recv(100)?.toString()).toBe('last word');
  receiver.setBlocking(false);
  expect(receiver.recv(100)).toBeNull();
});

test('ends with the multiplexer, whose reason it reports', async () => {
  const multiplexer = new Multiplexer();
  const server = await endpoint({ multiplexer });
  multiplexer.close();
  await server.until(() => server.closes.length === 1, 'the end');
  expect(server.closes).toEqual([expect.objectContaining({ code: 'ERR_CLOSED' })]);
});

const message = (): void => undefined;

test.each([
  ['a handler that is none', { socket: { message: 1 } }, 'ERR_INVALID_ARG_TYPE'],
  ['no message handler', { socket: {} }, 'ERR_INVALID_ARG_TYPE'],
  ['a misspelt option', { socket: { message }, maxMesageBytes: 1 }, 'ERR_UNKNOWN_OPTION'],
  ['a misspelt handler', { socket: { message, mesage: message } }, 'ERR_UNKNOWN_OPTION'],
  ['no room', { socket: { message }, maxMessageBytes: 0 }, 'ERR_OUT_OF_RANGE'],
  ['an fd with an address', { socket: { message }, fd: 0, port: 1 }, 'ERR_INVALID_ARG_TYPE'],
  ['a peer without a port', { socket: { message }, remote: {} }, 'ERR_INVALID_ARG_TYPE'],
  ['a path with a port', { socket: { message }, path: '/x', port: 1 }, 'ERR_INVALID_ARG_TYPE'],
])('refuses %s', async (_, options, code) => {
  await expect(callUntyped({ bindDatagram }, 'bindDatagram', options)).rejects.toMatchObject({ code });
});

/** Messages of these lengths, each of which begins with its number. */
const numbered = (lengths: readonly number[]): Buffer[] =>
  lengths.map((length, index) => {
    const bytes = Buffer.alloc(length, index % 251);
    if (length > 1) bytes.writeUInt16BE(index);
    return bytes;
  });

/** Lengths that begin and end runs of messages which are alike, in every way. */
const RUNS = [
  ...[100, 100, 100, 40, 100, 100, 0, 0, 100, 100, 101, 101, 1, 1, 1, 1200, 1200, 1201, 1201],
  ...Array<number>(150).fill(64),
];

describe.each([
  ['in one piece where they are alike', false],
  ['one by one if the kernel cannot cut them', true],
])('many messages of one turn leave %s', (_how, isWithoutSegments) => {
  test.each(['inet', 'inet6'] as const)('and arrive as they were sent, on %s', async (family) => {
    const host = family === 'inet' ? '127.0.0.1' : '::1';
    const receivers = [await endpoint({ host }), await endpoint({ host })] as const;
    const lengths: number[][] = [[], []];
    // The buffers have room for all.
    for (const { socket } of receivers) socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 20);
    const sender = await endpoint({ host });
    const SO_NO_CHECK = 11;
    // Without a checksum there is nothing for the kernel to cut.
    if (isWithoutSegments) sender.socket.setsockopt(SOL_SOCKET, SO_NO_CHECK, 1);
    const messages = numbered(RUNS);
    messages.forEach((message, index) => {
      // Runs end where the receiver changes, too.
      const to = Math.floor(index / 7) % 2;
      lengths[to]?.push(message.length);
      const receiver = receivers[to];
      if (receiver !== undefined) sender.socket.send(message, receiver.socket.localAddress);
    });
    for (const [index, receiver] of receivers.entries()) {
      const count = lengths[index]?.length ?? 0;
      await receiver.until(() => receiver.messages.length === count, 'all messages');
      const expected = messages.filter((_, at) => Math.floor(at / 7) % 2 === index).map(String);
      expect(receiver.texts).toEqual(expected);
    }
    expect(sender.errors).toEqual([]);
    expect(sender.socket.pendingBytes).toBe(0);
  });
});

test.each([
  ['inet', '127.0.0.1'],
  ['inet6', '::1'],
] as const)('sends any number of alike messages of any length on %s', async (_family, host) => {
  const receiver = await endpoint({ host });
  receiver.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 20);
  const sender = await endpoint({ host, remote: { host, port: portOf(receiver) } });
  for (const byteLength of [1, 1015, 1023, 1024, 1100, 1200, 1201]) {
    // More than fit into one datagram, which is what the kernel would cut.
    const messages = numbered(new Array<number>(130).fill(byteLength));
    receiver.messages.length = 0;
    for (const message of messages) sender.socket.send(message);
    await receiver.until(() => receiver.messages.length === messages.length, `messages of ${byteLength} bytes`);
    expect(receiver.texts).toEqual(messages.map(String));
  }
  expect(sender.errors).toEqual([]);
});

test('sends messages one by one where the kernel says that segments are too long for the way out', async () => {
  const receiver = await endpoint();
  const sender = await endpoint({ remote: { host: '127.0.0.1', port: portOf(receiver) } });
  const real = { ...native };
  const asked: boolean[] = [];
  vi.spyOn(native, 'sendDatagrams').mockImplementation((fd, bytes, words, first, count, segments) => {
    asked.push(segments);
    const isRefused = segments && count > 1;
    return isRefused ? -constants.errno.EMSGSIZE : real.sendDatagrams(fd, bytes, words, first, count, segments);
  });
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  // This one is too long in any case, which says nothing about segments.
  sender.socket.send(Buffer.alloc(65_508));
  sender.socket.send('1');
  await sender.until(() => sender.errors.length === 1, 'the error');
  for (const text of ['2', '3', '4']) sender.socket.send(text);
  await receiver.until(() => receiver.messages.length === 4, 'the messages');
  expect(receiver.texts).toEqual(['1', '2', '3', '4']);
  expect(sender.errors).toMatchObject([{ code: 'EMSGSIZE' }]);
  expect(asked).toEqual([true, true, true, false]);
});

test('keeps messages with and without control messages in order, and reports whom a failed one was for', async () => {
  const receiver = await endpoint();
  const sender = await endpoint();
  const to = receiver.socket.localAddress;
  const nobody = { family: 'inet', host: '127.0.0.1', port: 0 } as const;
  sender.socket.send('1', to);
  sender.socket.send('2', to, {
    control: [{ kind: 'raw', level: IPPROTO_IP, type: IP_TTL, data: Buffer.from(Int32Array.of(9).buffer) }],
  });
  sender.socket.send('lost', nobody);
  sender.socket.send('3', to);
  sender.socket.send('4 \u20ac', to);
  await receiver.until(() => receiver.messages.length === 4, 'four messages');
  expect(receiver.texts).toEqual(['1', '2', '3', '4 \u20ac']);
  await sender.until(() => sender.errors.length === 1, 'the error');
  expect(sender.errors[0]).toMatchObject({ code: 'EINVAL', syscall: 'sendmmsg', address: nobody });
});

test('keeps what waits for a slow receiver, in order, however much is sent meanwhile', async () => {
  const path = join(folder(), 'receiver');
  const receiver = testSocket({ family: 'unix', type: 'dgram' });
  receiver.bind({ family: 'unix', path });
  const sender = await endpoint({ path: join(folder(), 'sender'), remote: { path } });
  const messages = numbered(Array.from({ length: 3000 }, (_, index) => 2 + ((index * 37) % 500)));
  for (const message of messages.slice(0, 2000)) sender.socket.send(message);
  await turnEnd();
  const received: Buffer[] = [];
  receiver.setBlocking(false);
  const take = (): void => {
    for (let next = receiver.recv(1000); next !== null; next = receiver.recv(1000)) received.push(next);
  };
  for (const message of messages.slice(2000)) {
    sender.socket.send(message);
    if (received.length % 3 === 0) take();
  }
  await until(() => {
    take();
    return received.length === messages.length;
  }, 'all messages');
  expect(Buffer.concat(received).equals(Buffer.concat(messages))).toBe(true);
  expect(sender.socket.pendingBytes).toBe(0);
});
