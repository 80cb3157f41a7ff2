/** What decides about accounts, without a protocol. */
import { createHash, createHmac, pbkdf2Sync, scryptSync } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { DEFAULT_ACCOUNT_SETTINGS, type RegisterAsk } from '../../src/accounts/account-service.js';
import { Accounts, type AccountsOptions } from '../../src/accounts/accounts.js';
import { MemoryAccounts } from '../../src/accounts/memory-accounts.js';
import type * as password from '../../src/accounts/password.js';
import { hashPassword, verifyInVain } from '../../src/accounts/password.js';
import { PasswordGuard } from '../../src/accounts/password-guard.js';
import { foldCase } from '../../src/chat/case-mapping.js';
import { testOfSources } from '../support/of-sources.js';
import { accountOf } from './book.js';

// Hashing for nothing takes a tenth of a second.
vi.mock(import('../../src/accounts/password.js'), async (importOriginal) => ({
  ...(await importOriginal()),
  verifyInVain: vi.fn(() => Promise.resolve<false>(false)),
}));

const ASKER = { source: '192.0.2.1', maxDelayMs: 30_000 };
const CERTIFICATE = 'ab'.repeat(32);
const SALT = Buffer.alloc(16, 7);
/** The hash of `sesame` in the form of earlier versions. */
const OLD_HASH = `scrypt:${SALT.toString('hex')}:${scryptSync('sesame', SALT, 32).toString('hex')}`;

const registration = (name: string, changes: Partial<RegisterAsk> = {}): RegisterAsk => ({
  ...ASKER,
  ...{ name: '*', nick: name, refusedNick: null, email: '*', password: 'sesame', accountsPerHour: 0 },
  mayBeNamed: () => 'yes',
  ...changes,
});

/** Accounts whose waits are counted instead of waited for. */
function openAccounts(options: Partial<AccountsOptions> = {}): {
  readonly accounts: Accounts;
  readonly book: MemoryAccounts;
  readonly waits: number[];
} {
  const book = new MemoryAccounts();
  const waits: number[] = [];
  const guard = new PasswordGuard({
    now: () => 0,
    sleep: (delayMs) => {
      waits.push(delayMs);
      return Promise.resolve();
    },
  });
  return {
    accounts: new Accounts({ book, settings: DEFAULT_ACCOUNT_SETTINGS, fold: foldCase, guard, ...options }),
    book,
    waits,
  };
}

const logIn = (accounts: Accounts, password: string, source = ASKER.source, name = 'ann') =>
  accounts.logIn({ ...ASKER, name, password, source });

describe('passwords', () => {
  test('an old hash is renewed when its password is known, and then has the keys of SCRAM beside it', async () => {
    const { accounts, book } = openAccounts();
    const data = OLD_HASH;
    const certificate = { kind: 'certfp', data: CERTIFICATE } as const;
    await book.add(accountOf('ann', { credentials: [certificate, { kind: 'scrypt', data }] }), 10);
    expect(await logIn(accounts, 'wrong')).toEqual({ kind: 'wrong' });
    expect((await book.find('ann'))?.credentials[1]?.data).toBe(data);
    expect(await logIn(accounts, 'sesame')).toEqual({ kind: 'logged-in', account: 'ann' });
    const renewed = (await book.find('ann'))?.credentials ?? [];
    expect(renewed).toEqual([
      certificate,
      { kind: 'scrypt', data: expect.stringMatching(/^\$scrypt\$ln=15,r=8,p=1\$/) },
      { kind: 'scram-sha-256', data: expect.stringMatching(/^SCRAM-SHA-256\$/) },
    ]);
    expect(await logIn(accounts, 'sesame')).toEqual({ kind: 'logged-in', account: 'ann' });
    expect((await book.find('ann'))?.credentials).toEqual(renewed);
  });

  test('an old hash is renewed without SCRAM, too', async () => {
    const { accounts, book } = openAccounts({ settings: { ...DEFAULT_ACCOUNT_SETTINGS, mechanisms: ['PLAIN'] } });
    await book.add(accountOf('ann', { credentials: [{ kind: 'scrypt', data: OLD_HASH }] }), 10);
    expect(await logIn(accounts, 'sesame')).toMatchObject({ kind: 'logged-in' });
    expect((await book.find('ann'))?.credentials).toEqual([
      { kind: 'scrypt', data: expect.stringMatching(/^\$scrypt\$ln=15,r=8,p=1\$/) },
    ]);
  });

  test('without SCRAM there are no keys for it', async () => {
    const { accounts, book } = openAccounts({ settings: { ...DEFAULT_ACCOUNT_SETTINGS, mechanisms: ['PLAIN'] } });
    await accounts.register(registration('ann'));
    expect((await book.find('ann'))?.credentials.map(({ kind }) => kind)).toEqual(['scrypt']);
  });

  test('one in another composition of the same letters is the same', async () => {
    const { accounts } = openAccounts();
    await accounts.register(registration('ann', { password: 'p\u00e4ss' }));
    expect(await logIn(accounts, 'pa\u0308ss')).toMatchObject({ kind: 'logged-in' });
  });

  test.each([
    ['too short without characters that stand for nothing', 'ab\u200b\u200c\u200d\u2060\ufeff\u00ad'],
    ['one character, which becomes many', '\ufdfa'],
    ['nothing', '\u200b'.repeat(8)],
    ['the name in another width', '\uff21nn\u00adannann'],
  ])('one that is weak in the form that is hashed is refused: %s', async (_, password) => {
    const settings = { ...DEFAULT_ACCOUNT_SETTINGS, minPasswordLength: 8 };
    const { accounts } = openAccounts({ settings });
    expect(await accounts.register(registration('annannann', { password }))).toMatchObject({ why: 'WEAK_PASSWORD' });
    await accounts.register(registration('annannann', { password: 'a long one' }));
    expect(await accounts.change('annannann', { kind: 'password', password })).toMatchObject({ why: 'WEAK_PASSWORD' });
  });

  test('a text in place of a hash is nobody’s password', async () => {
    const { accounts, book } = openAccounts();
    for (const data of ['$scrypt$ln=24,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA', 'sesame']) {
      await book.add(accountOf('ann', { credentials: [{ kind: 'scrypt', data }] }), 10);
      expect(await logIn(accounts, data)).toEqual({ kind: 'wrong' });
      await book.erase('ann');
    }
  });

  test('a change holds from then on, whichever way somebody logs in', async () => {
    const { accounts } = openAccounts();
    await accounts.register(registration('ann'));
    expect(await accounts.change('Ann', { kind: 'password', password: 'ANN' })).toMatchObject({ why: 'WEAK_PASSWORD' });
    expect(await accounts.change('ANN', { kind: 'password', password: 'new' })).toEqual({ kind: 'changed' });
    expect(await logIn(accounts, 'sesame')).toEqual({ kind: 'wrong' });
    expect(await logIn(accounts, 'new')).toMatchObject({ kind: 'logged-in' });
    expect(await byScram(accounts, 'sesame')).toEqual({ kind: 'wrong' });
    expect(await byScram(accounts, 'new')).toMatchObject({ kind: 'logged-in' });
  });
});

describe('waits', () => {
  test('they grow for an account and for an address, and an unknown account waits as a known one', async () => {
    for (const name of ['ann', 'nobody']) {
      const { accounts, book, waits } = openAccounts();
      await book.add(accountOf('ann', { credentials: [{ kind: 'scrypt', data: 'secret' }] }), 10);
      for (let from = 1; from <= 6; from += 1) await logIn(accounts, 'guess', `192.0.2.${from}`, name);
      expect(waits, name).toEqual([1000, 2000]);
      for (let time = 0; time < 3; time += 1) await logIn(accounts, 'guess', '192.0.2.1', `${name}${time}`);
      expect(waits, name).toEqual([1000, 2000]);
      await logIn(accounts, 'guess', '192.0.2.1', `${name}9`);
      expect(waits, name).toEqual([1000, 2000, 1000]);
    }
  });

  test('an address from which an account was used does not wait because others guess at it', async () => {
    const { accounts, book, waits } = openAccounts();
    const data = await hashPassword('sesame');
    await book.add(accountOf('ann', { credentials: [{ kind: 'scrypt', data }] }), 10);
    expect(await logIn(accounts, 'sesame', '192.0.2.99')).toMatchObject({ kind: 'logged-in' });
    for (let from = 1; from <= 4; from += 1) await logIn(accounts, 'guess', `192.0.2.${from}`);
    const before = waits.length;
    expect(await logIn(accounts, 'sesame', '192.0.2.99')).toMatchObject({ kind: 'logged-in' });
    expect(waits).toHaveLength(before);
  });

  test('two passwords are checked at once, 64 wait, and more are not looked at', async () => {
    const { accounts } = openAccounts();
    const verdicts = Array.from({ length: 70 }, (_, index) => logIn(accounts, 'guess', '192.0.2.1', `n${index}`));
    const kinds = (await Promise.all(verdicts)).map(({ kind }) => kind);
    expect(kinds).toEqual([...kinds.slice(0, 66).map(() => 'wrong'), ...kinds.slice(66).map(() => 'busy')]);
    expect(accounts.failureCount).toBe(66);
  });

  testOfSources(
    'an unknown account, and one without a password, cost as much as a known one',
    { tags: ['needs-sources'] },
    async () => {
      const { accounts, book } = openAccounts();
      await book.add(accountOf('ann', { credentials: [] }), 10);
      vi.mocked(verifyInVain).mockClear();
      await logIn(accounts, 'guess');
      await logIn(accounts, 'guess', ASKER.source, 'nobody');
      expect(verifyInVain).toHaveBeenCalledTimes(2);
      const { verifyInVain: real } = await vi.importActual<typeof password>('../../src/accounts/password.js');
      const before = process.cpuUsage();
      expect(await real('guess')).toBe(false);
      // The cost of 32 MiB of scrypt, which no machine has for nothing.
      expect(process.cpuUsage(before).user).toBeGreaterThan(5_000);
    },
  );
});

describe('accounts that cannot be used', () => {
  test('a suspended one, and one that waits for a code, say so to their owner alone', async () => {
    const { accounts, book } = openAccounts();
    await accounts.register(registration('ann'));
    await accounts.change('ann', { kind: 'suspended', on: true });
    expect(await logIn(accounts, 'sesame')).toEqual({ kind: 'suspended', account: 'ann' });
    expect(await logIn(accounts, 'guess')).toEqual({ kind: 'wrong' });
    expect(await byScram(accounts, 'sesame')).toEqual({ kind: 'suspended', account: 'ann' });
    await accounts.change('ann', { kind: 'suspended', on: false });
    await book.change('ann', { confirmation: { codeHash: '00'.repeat(32), expiresMs: Infinity } });
    expect(await logIn(accounts, 'sesame')).toEqual({ kind: 'unconfirmed', account: 'ann' });
  });

  test('one that is erased while its password is checked lets nobody in', async () => {
    const { accounts } = openAccounts();
    await accounts.register(registration('ann'));
    const login = logIn(accounts, 'sesame');
    expect(await accounts.erase('ann')).toEqual({ kind: 'erased', account: 'ann' });
    expect(await login).toEqual({ kind: 'wrong' });
  });

  test('a book that fails is unavailable, and the log says why without a secret', async () => {
    const log = vi.fn();
    const fail = (): Promise<never> => Promise.reject(new Error('the disk is full'));
    const book = { find: fail, findByCertificate: fail, add: fail, change: fail, names: fail, erase: fail };
    const { accounts } = openAccounts({ book, log });
    expect(await logIn(accounts, 'sesame')).toEqual({ kind: 'unavailable' });
    expect(await accounts.register(registration('ann'))).toMatchObject({ why: 'TEMPORARILY_UNAVAILABLE' });
    expect(await accounts.verify({ ...ASKER, name: 'ann', code: 'x' })).toMatchObject({
      why: 'TEMPORARILY_UNAVAILABLE',
    });
    expect(await byScram(accounts, 'sesame')).toEqual({ kind: 'unavailable' });
    for (const answer of [accounts.find('ann'), accounts.erase('ann'), accounts.names()]) {
      expect(await answer).toEqual({ kind: 'unavailable' });
    }
    expect(log).toHaveBeenCalledTimes(7);
    expect(JSON.stringify(log.mock.calls)).not.toContain('sesame');
  });
});

describe('changes', () => {
  test('of one account at the same time are all made', async () => {
    const { accounts } = openAccounts();
    await accounts.register(registration('ann'));
    const fingerprints = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(64));
    await Promise.all([
      ...fingerprints.map((fingerprint) => accounts.change('ann', { kind: 'add-certificate', fingerprint })),
      accounts.change('ann', { kind: 'password', password: 'new' }),
      ...['a', 'b', 'c'].map((key) => accounts.change('ann', { kind: 'setting', key, value: key })),
    ]);
    expect(await accounts.find('ann')).toMatchObject({
      facts: { certificates: fingerprints, settings: { a: 'a', b: 'b', c: 'c' } },
    });
    expect(await logIn(accounts, 'new')).toMatchObject({ kind: 'logged-in' });
  });

  test('of one account on two nodes at the same time are all made', async () => {
    const { accounts: here, book } = openAccounts();
    const { accounts: there } = openAccounts({ book });
    await book.add(accountOf('ann'), 10);
    const nodes = [here, there];
    const outcomes = await Promise.all([
      ...nodes.flatMap((node, at) =>
        ['a', 'b', 'c'].flatMap((letter) => [
          node.change('ann', { kind: 'add-certificate', fingerprint: `${letter}${at}`.repeat(32) }),
          node.change('ann', { kind: 'setting', key: `${letter}${at}`, value: letter }),
        ]),
      ),
    ]);
    expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'changed' })));
    const ann = await book.find('ann');
    const names = ['a0', 'a1', 'b0', 'b1', 'c0', 'c1'];
    expect(ann?.credentials.map(({ data }) => data).sort()).toEqual([
      ...names.map((name) => name.repeat(32)),
      'hash of ann',
    ]);
    expect(Object.keys(ann?.settings ?? {}).sort()).toEqual(names);
  });

  test('a password that is changed on one node stays changed, whatever else another one changes', async () => {
    const { accounts: here, book } = openAccounts();
    await book.add(accountOf('ann', { credentials: [{ kind: 'scrypt', data: OLD_HASH }] }), 10);
    // Another node, which has read the account before, and writes after the change here.
    const seen = await book.find('ann');
    let isFirst = true;
    const late = openAccounts({
      book: {
        add: (...given) => book.add(...given),
        change: (...given) => book.change(...given),
        names: () => book.names(),
        erase: (folded) => book.erase(folded),
        findByCertificate: (fingerprint) => book.findByCertificate(fingerprint),
        find: async (folded) => {
          if (!isFirst) return book.find(folded);
          isFirst = false;
          await here.change('ann', { kind: 'password', password: 'another one' });
          return seen;
        },
      },
    });
    const fingerprint = CERTIFICATE;
    const outcome = await late.accounts.change('ann', { kind: 'add-certificate', fingerprint });
    expect(outcome).toEqual({ kind: 'changed' });
    expect(await logIn(here, 'sesame')).toEqual({ kind: 'wrong' });
    expect(await logIn(here, 'another one')).toEqual({ kind: 'logged-in', account: 'ann' });
    expect((await book.findByCertificate(CERTIFICATE))?.name).toBe('ann');
  });

  test('one of an account that others change all the time is unavailable', async () => {
    const logged: string[] = [];
    const { accounts, book } = openAccounts({ log: (event) => logged.push(event) });
    await book.add(accountOf('ann'), 10);
    vi.spyOn(book, 'change').mockResolvedValue('stale');
    const change = { kind: 'setting', key: 'a', value: 'b' } as const;
    expect(await accounts.change('ann', change)).toEqual({ kind: 'unavailable' });
    expect(logged).toEqual(['accounts unavailable']);
  });

  test('what is not valid, or too much, is refused', async () => {
    const { accounts } = openAccounts();
    await accounts.register(registration('ann'));
    await accounts.register(registration('bob'));
    const add = (name: string, fingerprint: string) => accounts.change(name, { kind: 'add-certificate', fingerprint });
    expect(await add('ann', 'XY')).toEqual({ kind: 'refused', why: 'INVALID_CERTIFICATE' });
    expect(await add('ann', CERTIFICATE)).toEqual({ kind: 'changed' });
    expect(await add('bob', CERTIFICATE)).toEqual({ kind: 'refused', why: 'CERTIFICATE_TAKEN' });
    for (let index = 0; index < 15; index += 1) await add('ann', index.toString(16).repeat(64));
    expect(await add('ann', 'f'.repeat(64))).toEqual({ kind: 'refused', why: 'TOO_MANY' });
    expect(await accounts.change('ann', { kind: 'drop-certificate', fingerprint: 'e'.repeat(64) })).toEqual({
      kind: 'changed',
    });
    expect(await accounts.change('ann', { kind: 'drop-certificate', fingerprint: 'x' })).toEqual({ kind: 'none' });
    expect(await accounts.change('ann', { kind: 'email', email: 'x' })).toMatchObject({ why: 'INVALID_EMAIL' });
    const value = 'x'.repeat(300);
    expect(await accounts.change('ann', { kind: 'setting', key: 'k', value })).toMatchObject({ why: 'TOO_MANY' });
    expect(await accounts.change('eve', { kind: 'email', email: null })).toEqual({ kind: 'none' });
  });
});

/** Logs in by SCRAM as a client does. */
async function byScram(accounts: Accounts, password: string, name = 'ann'): Promise<unknown> {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const exchange = accounts.exchange('SCRAM-SHA-256', { ...ASKER, certificate: null });
  const bare = `n=${name},r=abc`;
  const challenge = await exchange.step(encode(`n,,${bare}`));
  if (challenge.kind !== 'challenge') return challenge;
  const serverFirst = Buffer.from(challenge.text, 'base64').toString();
  const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const clientKey = hmac(salted, 'Client Key');
  const withoutProof = `c=biws,r=${nonce}`;
  const signed = `${bare},${serverFirst},${withoutProof}`;
  const signature = hmac(createHash('sha256').update(clientKey).digest(), signed);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  const last = await exchange.step(encode(`${withoutProof},p=${proof.toString('base64')}`));
  if (last.kind !== 'challenge') return last;
  expect(Buffer.from(last.text, 'base64').toString()).toBe(
    `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`,
  );
  return exchange.step('');
}

describe('codes', () => {
  const letters = { ...DEFAULT_ACCOUNT_SETTINGS, emailCommand: ['false'] };
  const ask = registration('ann', { email: 'ann@example.org' });

  test('an account is kept whose code is given back before its program fails', async () => {
    const { accounts, book } = openAccounts({ settings: letters });
    const add = book.add.bind(book);
    vi.spyOn(book, 'add').mockImplementationOnce(async (...args) => {
      const added = await add(...args);
      await book.change('ann', { confirmation: null });
      return added;
    });
    await accounts.register(ask);
    expect((await book.find('ann'))?.confirmation).toBeNull();
  });

  test('a name stays free if its program cannot even be started', async () => {
    // No program has an argument with NUL in it.
    const { accounts, book } = openAccounts({ settings: { ...letters, emailCommand: ['mail', '\0'] } });
    expect(await accounts.register(ask)).toMatchObject({ kind: 'refused', why: 'TEMPORARILY_UNAVAILABLE' });
    expect(await book.find('ann')).toBeNull();
  });
});
