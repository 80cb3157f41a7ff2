import { expect, onTestFinished, test } from 'vitest';
import { SESSION_STATE_VERSION } from '../../src/protocol/session-state.js';
import { HandOverChannel } from '../../src/server/hand-over/channel.js';
import {
  batchesOf,
  type LeftClient,
  LeftClients,
  receiveEstate,
  sendEstate,
} from '../../src/server/hand-over/estate.js';
import { Descriptor } from '../../src/socket/descriptor.js';
import { Socket } from '../../src/socket/socket.js';
import { closeQuietly, openFds } from '../support/fds.js';

const session = {
  ...{ version: SESSION_STATE_VERSION, protocol: 'irc', irc: null, member: null },
  input: { rest: '', isDiscarding: false, waiting: '' },
};

function facts(port: number, version = SESSION_STATE_VERSION): object {
  const state = { host: '192.0.2.1', port, unsent: '', session: { ...session, version, irc: {}, member: {} } };
  return { place: { protocol: 'irc', at: {} }, state, unsent: '', held: '' };
}

/** Both ends of a channel, and an fd to send. */
function open(): { readonly own: HandOverChannel; readonly far: HandOverChannel; readonly fd: number } {
  const [own, far] = Socket.pair({ type: 'seqpacket' });
  const [fd, other] = Socket.pair();
  const channels = [new HandOverChannel(own, 10_000), new HandOverChannel(far, 10_000)] as const;
  onTestFinished(() => {
    for (const socket of [own, far, fd, other]) socket.close();
  });
  return { own: channels[0], far: channels[1], fd: fd.fd };
}

/** Gives clients away, with the same fd. @param given - gets the port of each when its turn comes */
function* giveAway(ports: readonly number[], fd: number, given: number[] = []) {
  for (const port of ports) {
    given.push(port);
    yield JSON.parse(JSON.stringify({ ...facts(port), fd }));
  }
}

/** Takes the ports of clients, and closes their fds. */
function portsOf(clients: LeftClients): number[] {
  return [...clients].map(({ fd, state }) => {
    Descriptor.fromFd(fd).close();
    return state.port;
  });
}

test('a process begins with what it receives before the last client has been sent', () => {
  const { own, far, fd } = open();
  own.send('accounts', []);
  own.send('clients', [facts(1)], [fd]);
  const { clients } = receiveEstate(far);
  expect(clients.count).toBe(0);
  own.send('clients', [facts(2), facts(3)], [fd, fd]);
  own.send('end');
  expect(portsOf(clients)).toEqual([1, 2, 3]);
  expect(clients.count).toBe(3);
});

test('what the other process has no room for leaves later, in its order, and holds nobody up', () => {
  const { own, far, fd } = open();
  const numbers = Array.from({ length: 40 }, (_, index) => index);
  const text = 'x'.repeat(60_000);
  for (const number of numbers) own.sendSoon('large', [number, text], [fd]);
  for (const number of numbers) {
    const { kind, facts, fds } = far.receive();
    for (const each of fds) Descriptor.fromFd(each).close();
    expect([kind, facts, fds.length]).toEqual(['large', [number, text], 1]);
    own.sendSoon('small', number, []);
  }
  for (const number of numbers) expect(far.receive()).toMatchObject({ kind: 'small', facts: number, fds: [] });
  own.send('end');
  expect(far.receive().kind).toBe('end');
});

test('what waits for a process that reads nothing is bounded', () => {
  const [socket, far] = Socket.pair({ type: 'seqpacket' });
  onTestFinished(() => {
    for (const each of [socket, far]) each.close();
  });
  const own = new HandOverChannel(socket, 50);
  const text = 'x'.repeat(60_000);
  let sent = 0;
  expect(() => {
    for (; sent < 1_000; sent += 1) own.sendSoon('large', text, []);
  }).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }));
  expect(sent).toBeLessThan(200);
});

test('if the other process ends in the middle, nobody is lost: all clients can be asked for', () => {
  const { own, far, fd } = open();
  const ports = Array.from({ length: 300 }, (_, index) => index + 1);
  const all: readonly LeftClient[] = [...giveAway(ports, fd)];
  function* dying(): Generator<LeftClient> {
    for (const client of all) {
      if (client.state.port === 100) far[Symbol.dispose]();
      yield { ...client, unsent: 'x'.repeat(10_000) };
    }
  }
  const clients = new LeftClients(dying());
  expect(() => {
    sendEstate(own, { listeners: [], clients, rooms: new Map(), bans: [], accounts: [] });
  }).toThrow(expect.objectContaining({ code: expect.stringMatching(/^(?:EPIPE|ECONNRESET)$/) }));
  expect(clients.count).toBeLessThan(ports.length);
  expect([...clients].map(({ state }) => state.port)).toEqual(ports);
});

test('clients are given away when they are sent, and those that are left when somebody asks for them', () => {
  const { own, far, fd } = open();
  const given: number[] = [];
  const clients = new LeftClients(giveAway([1, 2, 3], fd, given));
  const [first] = clients;
  expect([first?.state.port, given]).toEqual([1, [1]]);
  sendEstate(own, { listeners: [], clients, rooms: new Map(), bans: [], accounts: [] });
  expect(portsOf(receiveEstate(far).clients)).toEqual([1, 2, 3]);
  expect([given, clients.complete()]).toEqual([[1, 2, 3], 3]);
});

test('hundreds of clients arrive in their order, each with an fd of its own', () => {
  const { own, far, fd } = open();
  const ports = Array.from({ length: 300 }, (_, index) => index + 1);
  const clients = new LeftClients(giveAway(ports, fd));
  own.send('accounts', []);
  const before = openFds();
  const sending = { listeners: [], clients, rooms: new Map(), bans: [], accounts: [] };
  sendEstate(own, sending);
  const received = receiveEstate(far).clients;
  expect(new Set([...received].map((client) => client.fd)).size).toBe(ports.length);
  expect(portsOf(received)).toEqual(ports);
  expect(openFds()).toEqual(before);
});

test('clients that have much to be sent are not sent with many others', () => {
  const clients: LeftClient[] = [...giveAway([1, 2, 3, 4], 0)];
  const batches = batchesOf(
    new LeftClients(clients.map((client, index) => ({ ...client, unsent: 'x'.repeat(index === 1 ? 2_000_000 : 0) }))),
  );
  expect([...batches].map((batch) => batch.map(({ state }) => state.port))).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('clients without an fd each are not taken', () => {
  const { own, far, fd } = open();
  own.send('clients', [facts(1), facts(2)], [fd]);
  const before = openFds();
  expect(() => receiveEstate(far)).toThrow('cannot take over a part of the kind clients');
  for (const received of openFds().keys()) if (!before.has(received)) closeQuietly(received);
});

test('a process that knows no such clients says so before it goes on with one', () => {
  const { own, far, fd } = open();
  own.send('clients', [facts(1, SESSION_STATE_VERSION + 1)], [fd]);
  const before = openFds();
  expect(() => receiveEstate(far)).toThrow('cannot take over a part of the kind clients');
  // They would go with the process.
  for (const received of openFds().keys()) if (!before.has(received)) closeQuietly(received);
});
