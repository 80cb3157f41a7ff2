import { expect, test } from 'vitest';
import { LineQueue } from '../../src/protocol/line-queue.js';

test('lines leave in the order of their arrival, empty ones too, whatever the order of pushes and shifts', () => {
  const queue = new LineQueue();
  const lines = Array.from({ length: 2000 }, (_, index) => Buffer.alloc((index * 37) % 90, 97 + (index % 26)));
  const left: string[] = [];
  for (const [index, line] of lines.entries()) {
    queue.push(line);
    if (index % 3 !== 0) left.push(String(queue.shift()));
  }
  for (let line = queue.shift(); line !== null; line = queue.shift()) left.push(String(line));
  expect(left).toEqual(lines.map(String));
  expect(queue.byteLength).toBe(0);
});

test('its length is the lines and one byte for each, so that empty lines count', () => {
  const queue = new LineQueue();
  for (let count = 0; count < 1000; count += 1) queue.push(new Uint8Array(0));
  queue.push(Buffer.from('five!'));
  expect(queue.byteLength).toBe(1006);
  expect(String(queue.shift())).toBe('');
  expect(queue.byteLength).toBe(1005);
});

test('many empty lines take no memory but their bytes', () => {
  const queues = Array.from({ length: 40 }, () => new LineQueue());
  const empty = new Uint8Array(0);
  const held = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const before = held();
  for (const queue of queues) for (let count = 0; count < 65_536; count += 1) queue.push(empty);
  expect(held() - before).toBeLessThan(40 * 65_536 * 8);
});
