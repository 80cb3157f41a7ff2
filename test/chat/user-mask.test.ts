import { expect, test } from 'vitest';
import { foldCase as fold } from '../../src/chat/case-mapping.js';
import { MemberState, stranger } from '../../src/chat/member-state.js';
import { accountMask, completeMask, completeUserHost, isExtendedBan, UserMask } from '../../src/chat/user-mask.js';

function member(address: string, shownHost?: string): MemberState {
  const who = { ...stranger(address), nick: 'Ann', user: 'u' };
  const shown = shownHost === undefined ? who : { ...who, host: shownHost };
  return new MemberState({ session: 'a.1.1', who: shown, atMs: 0 });
}

test.each([
  ['ann', 'ann!*@*'],
  ['ann!u', 'ann!u@*'],
  ['u@host.example', '*!u@host.example'],
  ['ann!u@h', 'ann!u@h'],
  ['*', '*!*@*'],
  ['*!*@', '*!*@*'],
  ['!@', '*!*@*'],
  ['@h', '*!*@h'],
  ['192.0.2.1', '*!*@192.0.2.1'],
  ['192.0.2.*', '*!*@192.0.2.*'],
  ['192.0.2.9/24', '*!*@192.0.2.0/24'],
  ['*!*@192.0.2.9/24', '*!*@192.0.2.0/24'],
  ['192.0.2.0/99', '*!*@192.0.2.0/99'],
  ['::ffff:192.0.2.1', '*!*@192.0.2.1'],
  ['2001:DB8:0::1', '*!*@2001:db8::1'],
  ['[2001:db8::1]', '*!*@2001:db8::1'],
  ['u@[2001:db8::1]', '*!u@2001:db8::1'],
  ['2001:db8::1/32', '*!*@2001:db8::/32'],
  ['2001:db8:*', '*!*@2001:db8:*'],
  // No parameter of a line may begin with a colon, so neither does a host.
  ['::1', '*!*@0::1'],
  ['*!*@::1', '*!*@0::1'],
  ['*!*@::*', '*!*@0::*'],
  ['host.example', '*!*@host.example'],
  ['*.example', '*!*@*.example'],
  ['[ann]', '[ann]!*@*'],
])('%s is completed to %s', (text, mask) => {
  expect(completeMask(text)).toBe(mask);
  expect(completeMask(mask)).toBe(mask);
});

test.each([
  ['u@h', '*!u@h'],
  ['host', '*!*@host'],
  ['192.0.2.9/24', '*!*@192.0.2.0/24'],
])('of users and hosts, %s is completed to %s', (text, mask) => {
  expect(completeUserHost(text)).toBe(mask);
});

test.each([
  ['*!*@127.0.0.0/8', '127.0.0.1', true],
  ['*!*@127.0.0.0/8', '::ffff:127.9.9.9', true],
  ['*!*@127.0.0.0/8', '128.0.0.1', false],
  ['*!*@2001:db8::/32', '2001:db8:1::5', true],
  ['*!*@2001:db8::/32', '2001:db9::5', false],
  ['ann!U@127.0.0.0/8', '127.0.0.1', true],
  ['bob!*@127.0.0.0/8', '127.0.0.1', false],
  ['*!*@0::1', '::1', true],
  ['*!*@0::*', '::1', true],
  ['*!*@2001:db8:*', '2001:DB8::1', true],
  ['*!*@HOST.example', 'host.EXAMPLE', true],
  ['*!*@host.example/24', 'host.example', false],
])('the mask %s holds for a member from %s: %j', (mask, address, holds) => {
  expect(new UserMask(mask, fold).matches(member(address).identity(fold))).toBe(holds);
});

test('a mask holds for the address as well as for the host that others see', () => {
  const hidden = member('192.0.2.1', 'staff.example').identity(fold);
  const holds = (mask: string): boolean => new UserMask(mask, fold).matches(hidden);
  expect(['*!*@192.0.2.1', '*!*@192.0.2.0/24', '*!*@staff.*'].map(holds)).toEqual([true, true, true]);
  expect(['*!*@192.0.2.2', '*!*@192.0.3.0/24', '*!*@other.*'].map(holds)).toEqual([false, false, false]);
});

test.each([
  ['r:spam?name', true],
  ['~q:nick!*@*', true],
  ['m:*!*@127.*', true],
  ['a:acc', true],
  ['nick!user@host', false],
  ['abcd::1', false],
  ['abcd::/16', false],
  ['a:*', false],
  ['fe80:*:1', false],
])('%s looks like an extended ban: %j', (text, isOne) => {
  expect(isExtendedBan(text)).toBe(isOne);
});

test.each([
  ['~a:Ann', '~a:Ann'],
  ['a:ann', '~a:ann'],
  ['~account:ann', '~a:ann'],
  ['~a:*', '~a:*'],
  ['a:*', null],
  ['a:b::1', null],
  ['~a:', null],
  ['~a:ann!*@*', null],
  ['ann', null],
])('%s is the mask of an account: %j', (text, mask) => {
  expect(accountMask(text)).toBe(mask);
});
