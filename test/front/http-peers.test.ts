import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HttpPeers } from '../../src/front/http-peers.js';

/** A stream that only remembers how it was ended. */
class FakeStream {
  writable = true;
  isDestroyed = false;
  lastBytes: string | undefined;

  end(bytes?: string): void {
    this.lastBytes = bytes ?? '';
    this.writable = false;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.writable = false;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function add(peers: HttpPeers<FakeStream>, source: string | null = null): FakeStream {
  const stream = new FakeStream();
  peers.add(stream, source);
  return stream;
}

test('a peer whose first request does not arrive in 10 s gets a 408, and is cut off if it does not close', () => {
  const peers = new HttpPeers<FakeStream>();
  const stream = add(peers);
  vi.advanceTimersByTime(9000);
  expect(stream.writable).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(stream.lastBytes).toMatch(/^HTTP\/1\.1 408 /);
  expect(stream.isDestroyed).toBe(false);
  vi.advanceTimersByTime(2000);
  expect(stream.isDestroyed).toBe(true);
});

test('after an answer the next request has 10 s again, and an idle peer is ended without a word', () => {
  const peers = new HttpPeers<FakeStream>();
  const stream = add(peers);
  vi.advanceTimersByTime(8000);
  peers.asked(stream);
  peers.answered(stream);
  vi.advanceTimersByTime(8000);
  expect(stream.writable).toBe(true);
  vi.advanceTimersByTime(3000);
  expect(stream.lastBytes).toBe('');
});

test('a peer that takes its answer too slowly is cut off', () => {
  const peers = new HttpPeers<FakeStream>();
  const stream = add(peers);
  peers.asked(stream);
  expect(peers.isAnswering(stream)).toBe(true);
  vi.advanceTimersByTime(29_000);
  expect(stream.isDestroyed).toBe(false);
  vi.advanceTimersByTime(2000);
  expect(stream.isDestroyed).toBe(true);
});

test('no peer stays longer than two minutes, however often it asks', () => {
  const peers = new HttpPeers<FakeStream>();
  const stream = add(peers);
  for (let second = 0; second < 125; second += 5) {
    peers.asked(stream);
    peers.answered(stream);
    vi.advanceTimersByTime(5000);
  }
  expect(stream.writable).toBe(false);
});

test('the 65th of one source is refused, until one of them is gone', () => {
  const peers = new HttpPeers<FakeStream>();
  const streams = Array.from({ length: 64 }, () => add(peers, 'a'));
  expect(add(peers, 'a').isDestroyed).toBe(true);
  expect(add(peers, 'b').isDestroyed).toBe(false);
  expect(add(peers).isDestroyed).toBe(false);
  peers.delete(streams[0] ?? new FakeStream());
  expect(add(peers, 'a').isDestroyed).toBe(false);
  expect(streams.every(({ isDestroyed }) => !isDestroyed)).toBe(true);
});

test('the oldest of 1,024 makes room for a new one', () => {
  const peers = new HttpPeers<FakeStream>();
  const streams = Array.from({ length: 1024 }, (_, index) => add(peers, `source ${index}`));
  const [oldest, second] = streams;
  expect(add(peers, 'new').isDestroyed).toBe(false);
  expect([oldest?.isDestroyed, second?.isDestroyed]).toEqual([true, false]);
});

test('without connections no timer runs', () => {
  const peers = new HttpPeers<FakeStream>();
  expect(vi.getTimerCount()).toBe(0);
  const streams = [add(peers, 'a'), add(peers, 'a')];
  expect(vi.getTimerCount()).toBe(1);
  for (const stream of streams) peers.delete(stream);
  expect(vi.getTimerCount()).toBe(0);
  add(peers);
  peers.clear();
  expect(vi.getTimerCount()).toBe(0);
});
