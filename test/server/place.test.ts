import { describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { Encoder } from '../../src/chat/member.js';
import { Place } from '../../src/server/place.js';
import { type KeepLimits, TapeShelf } from '../../src/server/tape-shelf.js';
import { seeded } from '../support/random.js';

/** Places of slow readers: what they missed comes back as it was sent, in order, or its number does. */

const AMPLE: KeepLimits = { entriesPerRoom: 1_000_000, bytesPerRoom: 100_000_000, totalBytes: 100_000_000 };

const chat = new Chat();
const rooms = ['#a', '#b', '#c'].map((name) => chat.openRoom(name));
const encoders: Encoder[] = [0, 1].map(() => ({ encode: () => null, isDroppable: () => false }));
const [roomA, roomB] = rooms;
const [encoder] = encoders;
if (roomA === undefined || roomB === undefined || encoder === undefined) throw new Error('no rooms');

const noNumbers = (): number[] => [];

/** Takes everything, or as much as is asked for. */
function read(place: Place, maxPieces = Infinity, maxBytes = 100): { text: string; lost: number[] } {
  let text = '';
  const lost: number[] = [];
  for (let count = 0; count < maxPieces; count += 1) {
    const piece = place.take(maxBytes);
    if (piece === null) break;
    if (piece.kind === 'bytes') text += Buffer.from(piece.bytes).toString();
    else lost.push(piece.count);
  }
  return { text, lost };
}

test('what was said in several rooms, and to the reader alone, comes in the order in which it was sent', () => {
  const place = new Place(new TapeShelf(AMPLE));
  place.addShared(Buffer.from('1 a\n'), roomA, encoder);
  place.addShared(Buffer.from('2 b\n'), roomB, encoder);
  place.addOwn(Buffer.from('3 own\n'));
  place.addShared(Buffer.from('4 a\n'), roomA, encoder);
  place.addShared(Buffer.from('5 a\n'), roomA, encoder);
  place.addOwn(Buffer.from('6 own\n'));
  expect(read(place).text).toBe('1 a\n2 b\n3 own\n4 a\n5 a\n6 own\n');
  expect(place.take(100)).toBeNull();
});

test('a thousand readers of one room share what it keeps, and take little beside it', () => {
  const shelf = new TapeShelf(AMPLE);
  const places = Array.from({ length: 1000 }, () => new Place(shelf));
  let sent = '';
  for (let number = 0; number < 1000; number += 1) {
    const line = Buffer.from(`${number} ${'x'.repeat(200)}\n`);
    sent += line.toString();
    for (const place of places) place.addShared(line, roomA, encoder);
  }
  expect(shelf.bytes).toBeLessThan(1.3 * sent.length);
  expect(Math.max(...places.map((place) => place.heldBytes))).toBeLessThan(1024);
  expect(places.every((place) => read(place, Infinity, 16_384).text === sent)).toBe(true);
  expect(shelf.bytes).toBe(0);
});

test('messages that are no longer kept are counted once, and the rest follows', () => {
  const shelf = new TapeShelf({ ...AMPLE, entriesPerRoom: 80 });
  const place = new Place(shelf);
  for (let number = 0; number < 200; number += 1) place.addShared(Buffer.from(`${number}\n`), roomA, encoder);
  const { text, lost } = read(place);
  const rest = text.trimEnd().split('\n').map(Number);
  expect(lost).toEqual([200 - rest.length]);
  expect(rest.length).toBeGreaterThan(60);
  expect(rest.length).toBeLessThanOrEqual(80);
  expect(rest).toEqual(Array.from(rest, (_, index) => 200 - rest.length + index));
});

test('a place that is given up leaves nothing behind, whatever else has become of its room', () => {
  const shelf = new TapeShelf(AMPLE);
  const one = new Place(shelf);
  const other = new Place(shelf);
  const line = Buffer.from('a line\n');
  for (const place of [one, other]) place.addShared(line, roomA, encoder);
  one.release();
  expect(read(other).text).toBe('a line\n');
  expect(shelf.bytes).toBe(0);
  one.release();
  expect(shelf.bytes).toBe(0);
});

test('limits that are lowered hold at once', () => {
  const shelf = new TapeShelf(AMPLE);
  const place = new Place(shelf);
  for (let number = 0; number < 1000; number += 1) {
    place.addShared(Buffer.from(`${number} ${'x'.repeat(200)}\n`), roomA, encoder);
  }
  shelf.limits = { ...AMPLE, totalBytes: 50_000 };
  expect(shelf.bytes).toBeLessThanOrEqual(50_000);
  const { text, lost } = read(place);
  expect(text.trimEnd().split('\n').length + (lost[0] ?? 0)).toBe(1000);
  shelf.limits = { ...AMPLE, totalBytes: 0 };
  expect(shelf.isKeeping).toBe(false);
});

test('idle time counts only while nothing at all is taken', () => {
  const place = new Place(new TapeShelf(AMPLE));
  expect(place.idleMs(5000, 1000)).toBe(0);
  expect(place.idleMs(5000, 4000)).toBe(3000);
  expect(place.idleMs(4999, 5000)).toBe(0);
  expect(place.idleMs(4999, 6000)).toBe(1000);
  place.addOwn(Buffer.from('x'));
  place.take(100);
  expect(place.idleMs(5000, 7000)).toBe(0);
});

describe('against a model', () => {
  const TIGHT = { entriesPerRoom: 40, bytesPerRoom: 6000, totalBytes: 9000 };

  test.each([
    ['with ample limits', AMPLE],
    ['with tight limits', TIGHT],
  ])('readers that read now and then get everything in order, or its number: %s', (_, limits) => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const random = seeded(seed);
      const pick = (below: number) => Math.floor(random() * below);
      const shelf = new TapeShelf(limits);
      const readers = Array.from({ length: 6 }, (__, index) => ({
        place: new Place(shelf),
        kind: encoders[index % 2] ?? encoder,
        sent: noNumbers(),
        got: noNumbers(),
        lost: 0,
      }));
      const take = (reader: (typeof readers)[number], pieces: number) => {
        const { text, lost } = read(reader.place, pieces, 1 + pick(200));
        reader.got.push(...text.split('\n').slice(0, -1).map(Number));
        reader.lost += lost.reduce((sum, count) => sum + count, 0);
      };
      for (let number = 0; number < 400; number += 1) {
        const text = `${'0'.repeat(pick(120))}${number}\n`;
        const frames = new Map(encoders.map((kind) => [kind, Buffer.from(text)]));
        const room = rooms[pick(rooms.length)] ?? roomA;
        const isOwn = pick(10) === 0;
        for (const reader of readers) {
          if (pick(8) === 0) continue;
          const frame = frames.get(reader.kind) ?? Buffer.alloc(0);
          if (isOwn) reader.place.addOwn(frame);
          else reader.place.addShared(frame, room, reader.kind);
          reader.sent.push(number);
        }
        const reader = readers[pick(readers.length)];
        if (reader !== undefined && pick(3) === 0) take(reader, pick(10));
        // One page more than the limit may be there: the one that is being written.
        expect(shelf.bytes).toBeLessThan(limits.totalBytes + 2500);
      }
      for (const reader of readers) {
        take(reader, Infinity);
        expect(reader.got).toEqual([...reader.got].sort((one, other) => one - other));
        expect(reader.got.length + reader.lost).toBe(reader.sent.length);
        const got = new Set(reader.got);
        expect(reader.got).toEqual(reader.sent.filter((sentNumber) => got.has(sentNumber)));
        expect(reader.place.heldBytes).toBe(0);
        if (limits === AMPLE) expect(reader.lost).toBe(0);
      }
      expect(shelf.bytes).toBe(0);
    }
  });
});
