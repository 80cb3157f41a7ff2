import { describe, expect, test } from 'vitest';
import { Turnstile } from '../../src/accounts/turnstile.js';

/** Work that ends when the test says so. */
class Works {
  readonly running: string[] = [];
  readonly #ends = new Map<string, () => void>();

  readonly begin = (name: string) => (): Promise<string> => {
    this.running.push(name);
    return new Promise((resolve) => this.#ends.set(name, () => resolve(name)));
  };

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await new Promise(setImmediate);
  }
}

describe('a turnstile', () => {
  test('runs so many at once, and the others in the order in which they came', async () => {
    const works = new Works();
    const turnstile = new Turnstile({ maxRunning: 2, maxWaiting: 2 });
    const results = ['a', 'b', 'c', 'd', 'e'].map((name) => turnstile.pass(name, works.begin(name)));
    expect(works.running).toEqual(['a', 'b']);
    await works.end('b');
    expect(works.running).toEqual(['a', 'b', 'c']);
    for (const name of ['a', 'c', 'd']) await works.end(name);
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd', null]);
  });

  test('a line that one source has filled has a place for others', async () => {
    const works = new Works();
    const turnstile = new Turnstile({ maxRunning: 1, maxWaiting: 3 });
    const greedy = ['g0', 'g1', 'g2', 'g3', 'g4'].map((name) => turnstile.pass('greedy', works.begin(name)));
    const other = turnstile.pass('other', works.begin('o1'));
    const second = turnstile.pass('other', works.begin('o2'));
    expect(await greedy[4]).toBeNull();
    expect(await greedy[3]).toBeNull();
    expect(await second).toBeNull();
    for (let done = 0; done < 4; done += 1) await works.end(works.running[done] ?? '');
    expect(await Promise.all([...greedy, other])).toEqual(['g0', 'g1', 'g2', null, null, 'o1']);
  });

  test('sources take turns', async () => {
    const works = new Works();
    const turnstile = new Turnstile({ maxRunning: 1, maxWaiting: 9 });
    for (const name of ['g1', 'g2', 'g3', 'o1', 'g4', 'o2']) void turnstile.pass(name.charAt(0), works.begin(name));
    for (let done = 0; done < 6; done += 1) await works.end(works.running[done] ?? '');
    expect(works.running).toEqual(['g1', 'o1', 'g2', 'o2', 'g3', 'g4']);
  });

  test('work that throws gives its place to the next', async () => {
    const works = new Works();
    const turnstile = new Turnstile({ maxRunning: 1, maxWaiting: 1 });
    const failed = turnstile.pass('a', () => Promise.reject(new Error('no memory')));
    const next = turnstile.pass('a', works.begin('b'));
    await expect(failed).rejects.toThrow('no memory');
    await works.end('b');
    expect(await next).toBe('b');
    const last = turnstile.pass('a', works.begin('c'));
    await works.end('c');
    expect(await last).toBe('c');
  });
});
