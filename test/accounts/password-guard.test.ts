import { expect, test, vi } from 'vitest';
import { hashPassword, verifyPassword } from '../../src/accounts/password.js';
import { PasswordGuard } from '../../src/accounts/password-guard.js';

/** Returns a guard on a clock that only moves when somebody waits. */
function guardOn(clock: { nowMs: number }, waits: number[] = []): PasswordGuard {
  return new PasswordGuard({
    now: () => clock.nowMs,
    sleep: (delayMs) => {
      waits.push(delayMs);
      clock.nowMs += delayMs;
      return Promise.resolve();
    },
    verify: (offered, expected) => Promise.resolve(offered === expected),
  });
}

async function guess(guard: PasswordGuard, names: readonly string[], times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await guard.turn(names, 30_000);
    expect(await guard.check('guess', 'secret', names)).toBe('wrong');
  }
}

test('three failures are free, then each wait is twice as long, up to the longest', async () => {
  const waits: number[] = [];
  await guess(guardOn({ nowMs: 0 }, waits), ['address'], 11);
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('an address and an account each count by themselves, and the longer wait applies', async () => {
  const waits: number[] = [];
  const guard = guardOn({ nowMs: 0 }, waits);
  for (let address = 0; address < 6; address += 1) await guess(guard, [`address ${address}`, 'account'], 1);
  expect(waits).toEqual([1000, 2000]);
  await guard.turn(['address 0'], 30_000);
  expect(waits).toHaveLength(2);
});

test('failures are forgotten after ten minutes without one', async () => {
  const clock = { nowMs: 0 };
  const waits: number[] = [];
  const guard = guardOn(clock, waits);
  await guess(guard, ['address'], 5);
  clock.nowMs += 600_000;
  await guess(guard, ['address'], 3);
  expect(waits).toEqual([1000]);
});

test('a class without waits never waits', async () => {
  const waits: number[] = [];
  const guard = guardOn({ nowMs: 0 }, waits);
  guard.failed(Array.from({ length: 10 }, () => 'address'));
  await guard.turn(['address'], 0);
  expect(waits).toEqual([]);
});

test('two passwords are checked at once, some wait, and more are refused unseen', async () => {
  const ends: (() => void)[] = [];
  const verify = vi.fn(() => new Promise<boolean>((resolve) => ends.push(() => resolve(true))));
  const guard = new PasswordGuard({ verify });
  const verdicts = Array.from({ length: 100 }, () => guard.check('a', 'b', []));
  expect(verify).toHaveBeenCalledTimes(2);
  expect(await Promise.all(verdicts.slice(66))).toEqual(Array.from({ length: 34 }, () => 'busy'));
  for (let done = 0; done < 66; done += 1) {
    expect(verify.mock.calls.length).toBeLessThanOrEqual(done + 2);
    ends[done]?.();
    await new Promise(setImmediate);
  }
  expect(await Promise.all(verdicts.slice(0, 66))).toEqual(Array.from({ length: 66 }, () => 'right'));
});

test('a check that throws gives its place back', async () => {
  const verify = vi.fn(() => Promise.reject(new Error('no memory')));
  const guard = new PasswordGuard({ verify });
  for (let time = 0; time < 5; time += 1) await expect(guard.check('a', 'b', [])).rejects.toThrow('no memory');
});

test('clear and hashed passwords are compared whole, and a clear one costs no hash of a password', async () => {
  const hashed = await hashPassword('pässword');
  for (const expected of ['pässword', hashed]) {
    expect(await verifyPassword('pässword', expected)).toBe(true);
    expect(await verifyPassword('pässwor', expected)).toBe(false);
    expect(await verifyPassword('', expected)).toBe(false);
  }
  const before = process.cpuUsage();
  for (let time = 0; time < 1000; time += 1) await verifyPassword('guess', 'secret');
  // A thousand pairs of scrypt take more than a minute.
  expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
});
