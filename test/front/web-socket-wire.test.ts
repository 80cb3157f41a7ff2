import { expect, test } from 'vitest';
import type { WebSocketWire } from '../../src/front/web-socket-wire.js';
import { SharedBytes } from '../../src/net/shared-bytes.js';
import { until } from '../support/deadline.js';
import type { Peer } from '../support/peers.js';
import { connectPeer } from '../support/peers.js';
import { frame, handshake, openWebSocket, takeAnswer, takeCloseCode, takeFrame } from '../support/web-sockets.js';
import { startFront } from './web-front.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const PING = 0x9;
const PONG = 0xa;
const CLOSE = 0x8;
const codeBytes = (code: number) => Buffer.of(code >> 8, code & 0xff);

async function open(headers: Readonly<Record<string, string | undefined>> = {}) {
  const front = await startFront();
  const { peer: client, subprotocol } = await openWebSocket(front.port, headers);
  return { ...front, client, subprotocol, server: await front.peer() };
}

/** Ends a client as it should: with a close frame, and when the server has closed, with its own end. */
async function closeInOrder(client: Peer): Promise<void> {
  await client.write(frame({ opcode: CLOSE, payload: codeBytes(1000) }));
  expect(await takeCloseCode(client)).toBe(1000);
  await client.ended();
}

test('a message is a line, and what is written arrives as one message for each line', async () => {
  const { client, server } = await open();
  await client.write(frame({ payload: 'NICK ann' }));
  await client.write(frame({ payload: 'USER ann 0 * :Ann 你好' }));
  await server.hears(Buffer.from('NICK ann\nUSER ann 0 * :Ann 你好\n').toString('latin1'));
  server.wire.write(Buffer.from(':a 001 ann :Hello\r\n:a 002 ann :你好\r\n'));
  expect(await takeFrame(client)).toEqual({ opcode: 1, payload: Buffer.from(':a 001 ann :Hello') });
  expect(await takeFrame(client)).toEqual({ opcode: 1, payload: Buffer.from(':a 002 ann :你好') });
  await closeInOrder(client);
  await server.departs();
  expect(server.error).toBeUndefined();
});

test.each([
  [undefined, undefined, 1],
  ['text.ircv3.net', 'text.ircv3.net', 1],
  ['binary.ircv3.net', 'binary.ircv3.net', 2],
  ['chat, binary.ircv3.net, text.ircv3.net', 'binary.ircv3.net', 2],
  ['chat', undefined, 1],
])('the subprotocol %s is answered with %s, and messages have opcode %i', async (offered, chosen, opcode) => {
  const { client, server, subprotocol } = await open({ 'Sec-WebSocket-Protocol': offered });
  expect(subprotocol).toBe(chosen);
  server.wire.write(new SharedBytes(Buffer.from('a line\r\n')));
  expect(await takeFrame(client)).toEqual({ opcode, payload: Buffer.from('a line') });
  const bytes = Buffer.from('raw \xff', 'latin1');
  server.wire.write(Buffer.concat([bytes, Buffer.from('\r\n')]));
  expect((await takeFrame(client)).payload).toEqual(opcode === 2 ? bytes : Buffer.from('raw \ufffd'));
  await client.write(frame({ opcode: 2, payload: bytes }));
  await server.hears('raw \xff\n');
});

test('fragments make one message, with pings between them answered', async () => {
  const { client, server } = await open();
  await client.write(frame({ payload: 'PRIVMSG #a', fin: false }));
  await client.write(frame({ opcode: PING, payload: 'one' }));
  expect(await takeFrame(client)).toEqual({ opcode: PONG, payload: Buffer.from('one') });
  await client.write(frame({ opcode: 0, payload: ' :hel', fin: false }));
  await client.write(frame({ opcode: PING, payload: 'two' }));
  expect(await takeFrame(client)).toEqual({ opcode: PONG, payload: Buffer.from('two') });
  expect(server.received).toBe('');
  await client.write(frame({ opcode: 0, payload: 'lo' }));
  await server.hears('PRIVMSG #a :hello\n');
});

test('a character may be divided between fragments, and a frame between any two bytes', async () => {
  const { client, server } = await open();
  const bytes = Buffer.from('你');
  const all = Buffer.concat([
    frame({ payload: bytes.subarray(0, 1), fin: false }),
    frame({ opcode: 0, payload: bytes.subarray(1) }),
    frame({ payload: 'x'.repeat(300) }),
  ]);
  for (const byte of all) await client.write(Buffer.of(byte));
  await server.hears(`${bytes.toString('latin1')}\n${'x'.repeat(300)}\n`);
});

test('messages of one piece of the stream are handed over together, and an upgrade may have them behind it', async () => {
  const front = await startFront();
  const client = await connectPeer(front.port);
  await client.write(
    Buffer.concat([Buffer.from(handshake()), frame({ payload: 'NICK ann' }), frame({ payload: 'USER ann 0 * :Ann' })]),
  );
  expect((await takeAnswer(client, false)).status).toBe(101);
  await (await front.peer()).hears('NICK ann\nUSER ann 0 * :Ann\n');
});

test.each([
  ['an unmasked frame', frame({ payload: 'x', masked: false }), 1002],
  ['a reserved bit', frame({ payload: 'x', rsv: 4 }), 1002],
  ['another reserved bit', frame({ payload: 'x', rsv: 1 }), 1002],
  ['an unknown opcode', frame({ opcode: 3 }), 1002],
  ['an unknown control opcode', frame({ opcode: 0xb }), 1002],
  ['a fragment of nothing', frame({ opcode: 0, payload: 'x' }), 1002],
  ['a new message amid another', Buffer.concat([frame({ fin: false, payload: 'x' }), frame({ payload: 'y' })]), 1002],
  ['a fragmented ping', frame({ opcode: PING, fin: false }), 1002],
  ['a ping that is too long', frame({ opcode: PING, payload: 'x'.repeat(126) }), 1002],
  ['text that is not UTF-8', frame({ payload: Buffer.of(0xc3, 0x28) }), 1007],
  ['a surrogate in UTF-8', frame({ payload: Buffer.of(0xed, 0xa0, 0x80) }), 1007],
  ['a message above 16 KiB', frame({ payload: 'x'.repeat(16_385) }), 1009],
  ['fragments above 16 KiB together', fragments(20, 1000), 1009],
  ['more fragments than any client makes', fragments(100, 1), 1008],
  ['a length of 2^62 bytes', frame({ payload: 'x', length: 1n << 62n }), 1009],
  ['a length above 2^63', frame({ payload: 'x', length: (1n << 63n) + 1n }), 1009],
  ['a close frame of one byte', frame({ opcode: CLOSE, payload: 'x' }), 1002],
  ['a close code that nobody may send', frame({ opcode: CLOSE, payload: codeBytes(1005) }), 1002],
  ['a close reason that is not UTF-8', frame({ opcode: CLOSE, payload: Buffer.of(3, 232, 0xff) }), 1007],
])('%s ends the WebSocket with a code', async (_what, bytes, code) => {
  const { client, server } = await open();
  await client.write(bytes);
  expect(await takeCloseCode(client)).toBe(code);
  await client.ended();
  await server.departs();
  expect(server.error).toBeInstanceOf(Error);
  expect(server.received).toBe('');
});

function fragments(count: number, bytes: number): Buffer {
  const parts = Array.from({ length: count }, (_, index) =>
    frame({ opcode: index === 0 ? 1 : 0, payload: 'x'.repeat(bytes), fin: false }),
  );
  return Buffer.concat(parts);
}

test('a length is taken in any form, and 16 KiB are not too much', async () => {
  const { client, server } = await open();
  await client.write(frame({ payload: 'short', form: 'long' }));
  await client.write(frame({ payload: 'y'.repeat(16_384) }));
  await server.hears(`short\n${'y'.repeat(16_384)}\n`);
});

test.each([
  [frame({ opcode: CLOSE }), undefined],
  [frame({ opcode: CLOSE, payload: codeBytes(1001) }), 1001],
  [frame({ opcode: CLOSE, payload: Buffer.concat([codeBytes(4321), Buffer.from('bye')]) }), 4321],
])('a close frame is answered with the same code, and the server closes first', async (bytes, code) => {
  const { client, server } = await open();
  await client.write(bytes);
  expect(await takeCloseCode(client)).toBe(code);
  await client.ended();
  await server.departs();
  expect(server.error).toBeUndefined();
});

test('nothing is written behind a close frame', async () => {
  const { client, server } = await open();
  await client.write(frame({ opcode: CLOSE, payload: codeBytes(1000) }));
  await takeCloseCode(client);
  expect(server.wire.write(Buffer.from('too late\r\n'))).toBe(false);
  expect(await client.ended()).toEqual(Buffer.alloc(0));
});

test('our side ends behind what was written, with a close frame', async () => {
  const { client, server } = await open();
  server.wire.write(Buffer.from('ERROR :bye\r\n'));
  server.wire.end();
  expect(server.wire.write(Buffer.from('too late\r\n'))).toBe(false);
  expect(await takeFrame(client)).toEqual({ opcode: 1, payload: Buffer.from('ERROR :bye') });
  expect(await takeCloseCode(client)).toBe(1000);
  await client.write(frame({ opcode: CLOSE, payload: codeBytes(1000) }));
  expect(await client.ended()).toEqual(Buffer.alloc(0));
  await server.departs();
  expect(server.error).toBeUndefined();
});

test('a peer is asked to come back if the server ends', async () => {
  const { client, server, front } = await open();
  front.retire();
  server.wire.end();
  expect(await takeCloseCode(client)).toBe(1012);
});

test('a peer that ends without a close frame has departed, one that resets has departed with an error', async () => {
  const { client, server, port, peer } = await open();
  await client.write(frame({ payload: 'last words' }));
  client.end();
  await server.departs();
  expect(server.received).toBe('last words\n');
  const { peer: other } = await openWebSocket(port);
  const second = await peer(1);
  other.reset();
  await second.departs();
  expect(second.error).toMatchObject({ code: 'ECONNRESET' });
});

test('destroying closes at once, without a close frame', async () => {
  const { client, server } = await open();
  server.wire.destroy();
  expect(server.wire.isDestroyed).toBe(true);
  expect(await client.ended()).toEqual(Buffer.alloc(0));
  await server.departs();
});

test('while it is paused nothing is read, and the peer is slowed down', async () => {
  const { client, server } = await open();
  server.wire.pause();
  const message = frame({ payload: 'z'.repeat(10_000) });
  let sent = 0;
  while (client.socket.writableLength < 4_000_000 && sent < 2000) {
    client.socket.write(message);
    sent += 1;
    if (sent % 50 === 0) await nextTurn();
  }
  expect(client.socket.writableLength).toBeGreaterThan(1_000_000);
  const heldBytes = server.received.length;
  expect(heldBytes).toBeLessThan(200_000);
  server.wire.resume();
  await until(() => server.received.length === sent * 10_001, 'all messages');
});

const LONG_LINE = new SharedBytes(Buffer.from(`${'w'.repeat(8000)}\r\n`));

/** Writes until the peer, which reads nothing, is far behind. @returns how many lines */
async function fill(wire: WebSocketWire): Promise<number> {
  let written = 0;
  while (wire.pendingBytes < 500_000) {
    for (let index = 0; index < 20; index += 1) wire.write(LONG_LINE);
    written += 20;
    await nextTurn();
  }
  return written;
}

test('a slow reader makes writes ask to wait, and is reported when it has caught up', async () => {
  const { client, server } = await open();
  client.socket.pause();
  const written = await fill(server.wire);
  expect(server.wire.write(LONG_LINE)).toBe(false);
  const { drains } = server;
  client.socket.resume();
  for (let index = 0; index <= written; index += 1) expect((await takeFrame(client)).payload.length).toBe(8000);
  await until(() => server.drains > drains, 'the drain');
  expect(server.wire.pendingBytes).toBe(0);
  expect(server.wire.write(LONG_LINE)).toBe(true);
});

test('pings of a peer that reads nothing do not fill the memory, and the last is answered when it reads', async () => {
  const { client, server } = await open();
  client.socket.pause();
  const written = await fill(server.wire);
  const { pendingBytes } = server.wire;
  for (let index = 0; index < 2000; index += 1) {
    await client.write(frame({ opcode: PING, payload: `ping ${index} `.padEnd(125, '.') }));
  }
  await client.write(frame({ payload: 'all sent' }));
  await server.hears('all sent\n');
  expect(server.wire.pendingBytes).toBeLessThanOrEqual(pendingBytes);
  client.socket.resume();
  for (let index = 0; index < written; index += 1) expect((await takeFrame(client)).opcode).toBe(1);
  const pong = await takeFrame(client);
  expect(pong.opcode).toBe(PONG);
  expect(pong.payload.toString()).toMatch(/^ping 1999 /);
});

test('a flood of pings is answered, but not one by one', async () => {
  const { client, server } = await open();
  const flood = Buffer.concat(Array.from({ length: 1000 }, (_, index) => frame({ opcode: PING, payload: `${index}` })));
  await client.write(Buffer.concat([flood, frame({ payload: 'done' })]));
  await server.hears('done\n');
  let pongs = 0;
  for (let last = ''; last !== '999'; pongs += 1) last = (await takeFrame(client)).payload.toString();
  expect(pongs).toBeLessThan(100);
});
