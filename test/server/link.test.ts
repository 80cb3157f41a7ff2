import { expect, test } from 'vitest';
import { DEFAULT_CLASS } from '../../src/protocol/limits.js';
import { ConnectionLink, type LinkEvents, PLACE_FROM_BYTES } from '../../src/server/link.js';
import { Tally } from '../../src/server/tally.js';
import { TapeShelf } from '../../src/server/tape-shelf.js';
import { FakeWire } from './fake-wire.js';

/** The test decides what is pending. */
class CountingWire extends FakeWire {
  writes = 0;
  hasRoom = true;

  write(): boolean {
    this.writes += 1;
    return this.hasRoom;
  }
}

const limits = { ...DEFAULT_CLASS, softSendQueueBytes: 1000, sendQueueBytes: 2000 };

const NOTHING_KEPT = { entriesPerRoom: 0, bytesPerRoom: 0, totalBytes: 0 };

function open(kept = NOTHING_KEPT) {
  const wire = new CountingWire();
  const overflowed: ConnectionLink[] = [];
  const logged: string[] = [];
  const events: LinkEvents = {
    overflowed: (link) => overflowed.push(link),
    soon: () => undefined,
    relocate: () => limits,
    tally: new Tally(),
    shelf: new TapeShelf(kept),
    log: (event) => logged.push(event),
  };
  const facts = {
    id: 1,
    protocol: 'irc',
    host: '127.0.0.1',
    port: 40_000,
    transport: 'tcp',
    isSecure: false,
    certificate: null,
  } as const;
  const link = new ConnectionLink(wire, facts, limits, events);
  return { wire, link, overflowed, logged };
}

const line = Buffer.from('a line\r\n');

test('a peer above the soft limit is not read from and misses droppable messages, until it has caught up', () => {
  const { wire, link, overflowed, logged } = open();
  wire.hasRoom = false;
  wire.pendingBytes = 1001;
  link.send(line, false, null);
  expect([overflowed, link.isFull]).toEqual([[link], true]);
  link.assess();
  expect(wire.isPaused).toBe(true);
  link.send(line, true, null);
  expect(wire.writes).toBe(1);
  link.send(line, false, null);
  expect(wire.writes).toBe(2);
  link.drained();
  expect([wire.isPaused, link.isFull]).toEqual([false, false]);
  link.send(line, true, null);
  expect(wire.writes).toBe(3);
  expect(logged).toEqual(['slow reader', 'slow reader caught up']);
});

test('a peer above the hard limit is cut off as too slow, and its reason says so', () => {
  const { wire, link } = open();
  wire.pendingBytes = 2001;
  link.assess();
  expect([wire.isDestroyed, link.isTooSlow]).toEqual([true, true]);
  expect(link.closeReason).toBe('Max SendQ exceeded: 2001 bytes wait, the limit is 2000');
  expect(link.pendingBytes).toBe(0);
});

test('a peer from which the kernel takes too little goes on from its place, however little a write sees of it', () => {
  const { wire, link, overflowed } = open({ entriesPerRoom: 10, bytesPerRoom: 10_000, totalBytes: 10_000 });
  wire.pendingBytes = 100;
  link.behind();
  expect(overflowed).toEqual([link]);
  link.assess();
  expect(link.isBehind).toBe(false);
  // The wire has room, but what is written now waits behind the rest.
  wire.pendingBytes = PLACE_FROM_BYTES + 1;
  link.send(line, false, null);
  expect(overflowed).toEqual([link, link]);
  link.assess();
  expect(link.isBehind).toBe(true);
  link.send(line, false, null);
  expect(wire.writes).toBe(1);
});

test('a link that is closed ends its wire and reads on, for the end of the other side', () => {
  const { wire, link } = open();
  link.pause();
  expect(wire.isPaused).toBe(true);
  link.close('left');
  expect([wire.hasEnded, wire.isPaused, wire.isDestroyed]).toEqual([true, false, false]);
  expect([link.closeReason, link.isTooSlow]).toEqual(['left', false]);
  link.closed();
});

test('a session that pauses a slow peer keeps it paused when it has caught up', () => {
  const { wire, link } = open();
  wire.pendingBytes = 1001;
  link.assess();
  link.pause();
  link.drained();
  expect(wire.isPaused).toBe(true);
  link.resume();
  expect(wire.isPaused).toBe(false);
});
