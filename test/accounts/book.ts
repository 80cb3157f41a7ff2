/** What every place that keeps accounts does. */
import { describe, expect, test } from 'vitest';
import type { AccountBook, AccountRecord } from '../../src/accounts/account-book.js';

const FINGERPRINT = 'ab'.repeat(32);

/** Returns an account as it is kept. */
export function accountOf(name: string, changes: Partial<AccountRecord> = {}): AccountRecord {
  return {
    name,
    folded: name.toLowerCase(),
    createdMs: 1_700_000_000_000,
    email: null,
    confirmation: null,
    suspendedMs: null,
    settings: {},
    credentials: [{ kind: 'scrypt', data: `hash of ${name}` }],
    ...changes,
  };
}

/** Declares the tests. @param open - makes an empty book */
export function describeBook(name: string, open: () => Promise<AccountBook>): void {
  describe(`accounts in ${name}`, () => {
    test('an account is found by its folded name as it was added', async () => {
      const book = await open();
      const ann = accountOf('Ann', {
        email: 'ann@example.org',
        confirmation: { codeHash: 'cd'.repeat(32), expiresMs: 5 },
        suspendedMs: 7,
        settings: { 'always-on': 'true', __proto__x: '"\u2028' },
        credentials: [
          { kind: 'scrypt', data: 'x' },
          { kind: 'scram-sha-256', data: 'y' },
          { kind: 'certfp', data: FINGERPRINT },
        ],
      });
      expect(await book.add(ann, 10)).toBe('added');
      expect(await book.find('ann')).toEqual(ann);
      expect(await book.findByCertificate(FINGERPRINT)).toEqual(ann);
      expect(await book.find('Ann')).toBeNull();
      expect(await book.find('')).toBeNull();
      expect(await book.findByCertificate('x')).toBeNull();
    });

    test('a name and a certificate belong to one account, and there are only so many', async () => {
      const book = await open();
      const certificate = { kind: 'certfp', data: FINGERPRINT } as const;
      const added = await Promise.all([
        book.add(accountOf('ann', { credentials: [certificate] }), 2),
        book.add(accountOf('Ann'), 2),
        book.add(accountOf('bob', { credentials: [certificate] }), 2),
        book.add(accountOf('bob'), 2),
        book.add(accountOf('eve'), 2),
      ]);
      expect(added).toEqual(['added', 'name-taken', 'certificate-taken', 'added', 'full']);
      expect(await book.change('bob', { email: 'x@y', credentials: [certificate] })).toBe('certificate-taken');
      expect(await book.find('bob')).toEqual(accountOf('bob'));
      expect(await book.change('ann', { credentials: [certificate] })).toBe('changed');
    });

    test('one that was not confirmed in time makes room for another one, whatever that is named', async () => {
      const book = await open();
      const confirmation = { codeHash: 'cd'.repeat(32), expiresMs: 5 };
      const credentials = [{ kind: 'certfp', data: FINGERPRINT }] as const;
      await book.add(accountOf('ann', { createdMs: 1, confirmation, credentials }), 1);
      expect(await book.add(accountOf('bob', { createdMs: 4 }), 1)).toBe('full');
      expect(await book.add(accountOf('bob', { createdMs: 5, credentials }), 1)).toBe('added');
      expect(await book.find('ann')).toBeNull();
      expect(await book.add(accountOf('eve'), 1)).toBe('full');
    });

    test('what is changed is changed, and the rest stays', async () => {
      const book = await open();
      const confirmation = { codeHash: 'cd'.repeat(32), expiresMs: 5 };
      await book.add(accountOf('ann', { confirmation, email: 'a@b' }), 10);
      expect(await book.change('nobody', { email: null })).toBe('none');
      for (const changes of [
        { confirmation: null },
        { suspendedMs: 3 },
        { email: null, suspendedMs: null },
        { settings: { a: 'b' } },
        { confirmation },
        { credentials: [{ kind: 'certfp', data: FINGERPRINT }] },
        { credentials: [{ kind: 'scrypt', data: 'new' }] },
      ] as const) {
        const before = await book.find('ann');
        expect(await book.change('ann', changes)).toBe('changed');
        expect(await book.find('ann')).toEqual({ ...before, ...changes });
      }
      expect(await book.findByCertificate(FINGERPRINT)).toBeNull();
    });

    test('what was derived from settings or credentials that are no more is not changed', async () => {
      const book = await open();
      const before = accountOf('ann', { settings: { a: 'b', c: 'd' } });
      await book.add(before, 10);
      const { settings, credentials } = before;
      expect(await book.change('nobody', { email: null }, { settings, credentials })).toBe('none');
      const both = [{ kind: 'certfp', data: FINGERPRINT } as const, ...credentials];
      const changed = await Promise.all([
        book.change('ann', { credentials: both }, { credentials }),
        book.change('ann', { credentials: [] }, { credentials }),
        book.change('ann', { settings: {} }, { settings: { c: 'd', a: 'b' } }),
        book.change('ann', { settings: { a: 'x' } }, { settings }),
      ]);
      expect(changed).toEqual(['changed', 'stale', 'changed', 'stale']);
      const ann = await book.find('ann');
      expect(ann).toMatchObject({ settings: {}, credentials: expect.arrayContaining(both) });
      expect(await book.change('ann', { email: 'a@b' }, { settings: { a: 'b' }, credentials: both })).toBe('stale');
      expect(await book.change('ann', { email: 'a@b' }, { settings: {}, credentials: both })).toBe('changed');
    });

    test('all names are those of the accounts that wait for nothing', async () => {
      const book = await open();
      for (const name of ['Eve', 'ann']) await book.add(accountOf(name), 10);
      await book.add(accountOf('bob', { confirmation: { codeHash: 'cd'.repeat(32), expiresMs: 5 } }), 10);
      expect(await book.names()).toEqual(['Eve', 'ann']);
      await book.change('eve', { settings: { enforce: 'none' } });
      expect(await book.names()).toEqual(['ann']);
    });

    test('an account that is erased leaves its name and its certificates free', async () => {
      const book = await open();
      const credentials = [{ kind: 'certfp', data: FINGERPRINT }] as const;
      const confirmation = { codeHash: 'cd'.repeat(32), expiresMs: 5 };
      await book.add(accountOf('ann', { credentials, confirmation }), 1);
      expect(await book.erase('ann')).toBe(true);
      expect(await book.erase('ann')).toBe(false);
      expect(await book.find('ann')).toBeNull();
      expect(await book.findByCertificate(FINGERPRINT)).toBeNull();
      expect(await book.add(accountOf('ann', { credentials }), 1)).toBe('added');
      expect((await book.find('ann'))?.confirmation).toBeNull();
    });
  });
}
