/** Flood control, send queues, connection limits: what keeps one client from costing the others. */
import { describe, expect, test } from 'vitest';
import { until } from '../../support/deadline.js';
import { connectPeer } from '../../support/peers.js';
import { type IrcClient, type IrcTestServer, numerics, startIrc } from './irc-client.js';

const NOTHING_KEPT = { entriesPerRoom: 0 };

test('after the burst, lines run at the allowed rate, none is lost, and others are not delayed', async () => {
  const server = await startIrc({ limits: { linesPerSecond: 100, burstLines: 10 } });
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { join: '#a' });
  const startedMs = performance.now();
  ann.send(...Array.from({ length: 40 }, (_, index) => `PRIVMSG #a :${index}`));
  const heard: string[] = [];
  while (heard.length < 10) heard.push(await bob.line());
  const answered = await bob.ask('TIME');
  expect(numerics(answered, '391')).toHaveLength(1);
  heard.push(...answered.filter((line) => line.includes(' PRIVMSG ')));
  while (heard.length < 40) heard.push(await bob.line());
  expect(heard.map((line) => line.split(' :')[1])).toEqual(Array.from({ length: 40 }, (_, index) => `${index}`));
  // Thirty lines beyond the burst at a hundred per second; joining has used up a part of the burst.
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(250);
});

test('a client that sends more than may wait is notified and closed', async () => {
  const server = await startIrc({ limits: { linesPerSecond: 1, burstLines: 1, receiveQueueBytes: 1024 } });
  const ann = await server.client('ann');
  ann.send(...Array.from({ length: 200 }, () => 'PRIVMSG ann :too much of it'));
  expect((await ann.rest()).at(-1)).toBe('ERROR :Closing Link: 127.0.0.1 (Excess Flood)');
});

test.each([
  { name: 'lines', limits: { registrationLines: 20 }, line: 'MOTD', taken: 20 },
  { name: 'bytes', limits: { registrationBytes: 4000 }, line: `PING ${'x'.repeat(394)}`, taken: 9 },
  { name: 'bytes of lines that are too long', limits: { registrationBytes: 4000 }, line: 'x'.repeat(9000), taken: 7 },
  { name: 'empty lines', limits: { registrationBytes: 4000 }, line: '', taken: 0 },
])('a client that sends too many $name before registration is closed', async ({ limits, line, taken }) => {
  const eve = await (await startIrc({ limits })).connect();
  eve.send(...Array.from({ length: 4001 }, () => line));
  const heard = await eve.rest();
  expect(heard.at(-1)).toBe('ERROR :Closing Link: 127.0.0.1 (Excess Flood before registration)');
  // On a busy machine the turn of this peer may be over earlier: it is closed all the same.
  expect(heard.length - 1).toBeLessThanOrEqual(taken);
});

test('autojoin of many channels is within the burst', async () => {
  const server = await startIrc({ limits: { linesPerSecond: 1, burstLines: 40 } });
  const ann = await server.connect();
  ann.send('CAP LS 302', 'NICK ann', 'USER a 0 * :Ann', 'CAP REQ :server-time', 'CAP END');
  ann.send(...Array.from({ length: 30 }, (_, index) => `JOIN #channel-${index}`), 'PING done');
  // At one line per second, the lines beyond a burst would arrive after the deadline.
  await ann.peer.lineLike(/PONG fdmux\.local :done$/);
});

test('connections from one address are limited', async () => {
  const server = await startIrc({ limits: { maxPerAddress: 2 } });
  await server.client('ann');
  const bob = await server.client('bob');
  const eve = await server.connect();
  expect(await eve.rest()).toEqual(['ERROR :Closing Link: 127.0.0.1 (too many connections from your address)']);
  expect(server.records.find(({ message }) => message === 'connection refused')?.details).toMatchObject({
    reason: 'too many connections from your address',
  });
  bob.send('QUIT');
  await bob.rest();
  const closed = () => server.records.filter(({ message }) => message === 'closed').length;
  await until(() => closed() === 2, 'the server has closed both');
  await server.client('max');
});

test("a peer that connects again and again is refused, at first with a notice, and takes nobody's place", async () => {
  const server = await startIrc({ limits: { maxPerAddress: 1 }, maxClients: 2 });
  await server.client('ann');
  const refused = await Promise.all(Array.from({ length: 100 }, () => server.connect()));
  const texts = await Promise.all(refused.map((client) => client.rest()));
  const notified = texts.filter((lines) => lines.at(-1)?.includes('too many connections from your address'));
  expect(notified.length).toBeGreaterThanOrEqual(64);
  const records = server.records.filter(({ message }) => message === 'connection refused');
  expect(records.length).toBeGreaterThanOrEqual(20);
  expect(records.length).toBeLessThan(40);
});

test('if rooms keep nothing, a client that does not read is closed at the hard limit, with a reason that others and the log see', async () => {
  const server = await startIrc({
    kept: NOTHING_KEPT,
    limits: { softSendQueueBytes: 16_384, sendQueueBytes: 65_536 },
  });
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob', { join: '#a' });
  const deaf = await server.client('deaf', { join: '#a' });
  deaf.peer.socket.pause();
  await ann.heard();
  const line = `PRIVMSG #a :${'x'.repeat(400)}`;
  let said = 0;
  while (!server.records.some(({ message }) => message === 'slow reader closed')) {
    await ann.ask(...Array.from({ length: 100 }, () => line));
    said += 100;
    expect(said).toBeLessThan(100_000);
  }
  const heard = await bob.heard();
  expect(heard.filter((text) => text.includes(' PRIVMSG #a '))).toHaveLength(said);
  expect(heard.filter((text) => text.startsWith(':deaf!')).at(-1)).toMatch(/ QUIT :Max SendQ exceeded/);
}, 30_000);

test('the reader furthest behind is closed first if all together are too far behind', async () => {
  const server = await startIrc({ kept: NOTHING_KEPT, totalSendQueueBytes: 600_000 });
  const ann = await server.client('ann', { join: '#a' });
  const deaf = await server.client('deaf', { join: '#a' });
  deaf.peer.socket.pause();
  const line = `PRIVMSG #a :${'x'.repeat(400)}`;
  const say = () => ann.ask(...Array.from({ length: 100 }, () => line));
  const count = (message: string) => server.records.filter((record) => record.message === message).length;
  while (count('slow reader') === 0) await say();
  const late = await server.client('late', { join: '#a' });
  late.peer.socket.pause();
  while (count('slow reader closed') === 0) await say();
  const [closed] = server.records.filter(({ message }) => message === 'slow reader closed');
  expect(closed?.details).toMatchObject({
    port: deaf.peer.port,
    reason: expect.stringMatching(/^Max SendQ exceeded: \d+ bytes wait for all readers, the limit is 600000$/),
  });
  expect(numerics(await ann.ask('ISON late'))).toEqual(['303 :late']);
}, 30_000);

test('ten thousand joins and parts leave nothing behind', async () => {
  const server = await startIrc();
  const ann = await server.client('ann');
  const rooms = async () => numerics(await ann.ask('LUSERS'), '254');
  const before = await rooms();
  for (let round = 0; round < 100; round += 1) {
    const names = Array.from({ length: 20 }, (_, index) => `#r${(round * 31 + index * 7) % 97}`).join(',');
    await ann.ask(
      `JOIN ${names}`,
      `PART ${names}`,
      ...Array.from({ length: 40 }, (_, index) => `JOIN #s${index}`),
      'JOIN 0',
    );
  }
  expect(await rooms()).toEqual(before);
}, 30_000);

describe('an answer that is longer than the send queue', () => {
  const ROOMS = 2000;
  const limits = { softSendQueueBytes: 262_144, sendQueueBytes: 400_000, maxRooms: ROOMS + 10 };

  /** Starts a server with so many rooms that the answer to LIST exceeds the send queue. */
  async function startWithRooms(): Promise<{ server: IrcTestServer; owner: IrcClient }> {
    const server = await startIrc({ limits });
    const owner = await server.client('owner');
    const topic = 'x'.repeat(380);
    for (let first = 0; first < ROOMS; first += 100) {
      const names = Array.from({ length: 100 }, (_, index) => `#r${first + index}`);
      await owner.ask(...names.flatMap((name) => [`JOIN ${name}`, `TOPIC ${name} :${topic}`]));
    }
    return { server, owner };
  }

  test('waits for its reader, in order with later commands, and under its label', async () => {
    const { server, owner } = await startWithRooms();
    const slow = await server.client('slow', { caps: 'labeled-response batch message-tags' });
    slow.peer.socket.pause();
    // Together far more than the kernel buffers for a peer that does not read.
    const labels = Array.from({ length: 20 }, (_, index) => `l${index}`);
    slow.send(...labels.map((label) => `@label=${label} LIST`), '@label=next VERSION', 'PRIVMSG owner :later');
    // The others are served, and nobody waits for a member that leaves a room.
    const meanwhile = await owner.ask('PRIVMSG slow :in between', 'PART #r1999');
    expect(meanwhile.filter((line) => line.includes(':later'))).toEqual([]);
    slow.peer.socket.resume();
    const lines = await slow.heard();
    expect(server.records.filter(({ message }) => message.startsWith('slow reader'))).toEqual([]);
    for (const label of labels) {
      const opening = lines.findIndex((line) => line.startsWith(`@label=${label} `));
      const reference = /BATCH \+(\S+) labeled-response$/.exec(lines[opening] ?? '')?.[1] ?? '';
      const closing = lines.findIndex((line) => line.endsWith(` BATCH -${reference}`));
      const inside = lines.filter((line) => line.startsWith(`@batch=${reference} `));
      expect(numerics(inside, '322').length).toBeGreaterThanOrEqual(ROOMS - 1);
      expect(new Set(numerics(inside, '322')).size).toBe(numerics(inside, '322').length);
      expect(numerics(inside.slice(-1))).toEqual(['323 :End of /LIST']);
      expect(lines.findIndex((line) => line.startsWith('@label=next '))).toBeGreaterThan(closing);
    }
    expect(lines.filter((line) => line.endsWith(' PRIVMSG slow :in between'))).toHaveLength(1);
    expect(await owner.heard()).toContain(':slow!slow@127.0.0.1 PRIVMSG owner :later');
  }, 60_000);
});

test('a class that refuses lets nobody in, and says why', async () => {
  const server = await startIrc({ limits: { refusal: 'no service here' }, listeners: [{}, { protocol: 'plain' }] });
  expect(await (await server.connect()).rest()).toEqual([
    ':fdmux.local 465 * :You are banned from this server: no service here',
    'ERROR :Closing Link: 127.0.0.1 (no service here)',
  ]);
  const plain = await connectPeer(server.ports[1] ?? 0);
  expect((await plain.ended()).toString()).toMatch(/ server: You are banned from this server: no service here\n$/);
});
