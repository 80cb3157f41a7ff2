/** SCRAM-SHA-256: the vectors of RFC 7677, and what a client may send wrong. */
import { describe, expect, test } from 'vitest';
import {
  deriveScramKeys,
  formatScramKeys,
  keysInVain,
  parseClientFirst,
  parseScramKeys,
  SCRAM_ITERATIONS,
  ScramExchange,
} from '../../src/accounts/scram.js';

/** RFC 7677 section 3. */
const RFC = {
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

async function exchangeOf(clientFirst = RFC.clientFirst, password = 'pencil'): Promise<ScramExchange> {
  const first = parseClientFirst(clientFirst);
  if (first === null) throw new Error('the first message is malformed');
  return new ScramExchange(first, await deriveScramKeys(password, RFC.salt, 4096), RFC.serverNonce);
}

describe('the exchange of RFC 7677', () => {
  test('is as it says', async () => {
    const exchange = await exchangeOf();
    expect(exchange.serverFirst).toBe(RFC.serverFirst);
    expect(exchange.finish(RFC.clientFinal)).toBe(RFC.serverFinal);
  });

  test('fails with another password', async () => {
    expect((await exchangeOf(RFC.clientFirst, 'pencils')).finish(RFC.clientFinal)).toBeNull();
  });

  test.each([
    ['another nonce', RFC.clientFinal.replace('$k0', '$k1')],
    ['the nonce of the client alone', RFC.clientFinal.replace(RFC.serverNonce, '')],
    ['another binding', RFC.clientFinal.replace('biws', 'eSws')],
    ['a shorter proof', RFC.clientFinal.replace(/p=.*/, 'p=AAAA')],
    ['no proof', RFC.clientFinal.replace(/,p=.*/, '')],
    ['an extension that nobody has signed', RFC.clientFinal.replace(',p=', ',x=y,p=')],
    ['nothing', ''],
  ])('fails with %s', async (_, clientFinal) => {
    expect((await exchangeOf()).finish(clientFinal)).toBeNull();
  });
});

test.each([
  ['n,,n=a=2Cb=3Dc,r=x', { name: 'a,b=c', authorization: '', nonce: 'x', header: 'n,,' }],
  ['y,a=me,n=me,r=x,ext=1', { name: 'me', authorization: 'me', nonce: 'x', header: 'y,a=me,' }],
  ['n,,n=a=2cb,r=x', null],
  ['p=tls-unique,,n=a,r=x', null],
  ['n,,m=must,n=a,r=x', null],
  ['n,,n=,r=x', null],
  ['n,,n=a,r=', null],
  ['n,,r=x,n=a', null],
  ['', null],
])('the first message %j is read as %j', (message, first) => {
  const read = parseClientFirst(message);
  if (first === null) expect(read).toBeNull();
  else expect(read).toMatchObject(first);
});

test('keys are stored as RFC 5803 says, and read again', async () => {
  const keys = await deriveScramKeys('pencil');
  expect(keys.iterations).toBe(SCRAM_ITERATIONS);
  expect(formatScramKeys(keys)).toMatch(
    new RegExp(`^SCRAM-SHA-256\\$${SCRAM_ITERATIONS}:[\\w+/]{22}==\\$[\\w+/]{43}=:[\\w+/]{43}=$`),
  );
  expect(parseScramKeys(formatScramKeys(keys))).toEqual(keys);
  expect((await deriveScramKeys('pencil')).salt).not.toEqual(keys.salt);
  for (const damaged of ['', 'x', formatScramKeys(keys).slice(0, -5), 'SCRAM-SHA-256$1:$:']) {
    expect(parseScramKeys(damaged)).toBeNull();
  }
});

test('an unknown account has the same salt each time, as a known one has, and another account another one', () => {
  expect(keysInVain('ann')).toEqual(keysInVain('ann'));
  expect(keysInVain('ann').salt).not.toEqual(keysInVain('bob').salt);
  expect(keysInVain('ann').salt).toHaveLength(16);
});

test('a password is the same however it was composed (SASLprep)', async () => {
  const keys = await deriveScramKeys('I\u00adX \u2168', RFC.salt, 4096);
  expect(await deriveScramKeys('IX\u00a0IX', RFC.salt, 4096)).toEqual(keys);
  expect(await deriveScramKeys('ix ix', RFC.salt, 4096)).not.toEqual(keys);
});
