/** Times as IRC writes them. */
import { expect, test } from 'vitest';
import { formatIsoTime, parseIsoTime } from '../../../src/protocol/irc/times.js';

test('what is written is read again', () => {
  for (const ms of [0, 1, 951_782_400_000, 1_767_225_599_999, 253_402_300_799_999]) {
    expect(parseIsoTime(formatIsoTime(ms))).toBe(ms);
  }
});

test.each([
  ['2011-10-19T16:40:51.620Z', '2011-10-19T16:40:51.620Z'],
  ['2011-10-19T16:40:51Z', '2011-10-19T16:40:51.000Z'],
  ['2011-10-19T16:40:51.6209999Z', '2011-10-19T16:40:51.620Z'],
  // An example of server-time.
  ['2012-06-30T23:59:60.419Z', '2012-07-01T00:00:00.419Z'],
  ['2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
])('%s is a time', (text, time) => {
  expect(parseIsoTime(text)).toBe(Date.parse(time));
});

test.each([
  '',
  'now',
  '2011-10-19',
  '2011-10-19T16:40:51',
  '2011-10-19 16:40:51Z',
  '2011-10-19T16:40:51.Z',
  '2011-10-19T16:40:51+02:00',
  '2011-10-19T16:40:60.000Z',
  '2011-10-19T24:00:00.000Z',
  '2011-13-01T00:00:00.000Z',
  '2011-02-29T00:00:00.000Z',
  '2011-04-31T00:00:00.000Z',
  '9999-12-31T24:00:00.000Z',
  '+02011-10-19T16:40:51.620Z',
])('"%s" is none', (text) => {
  expect(parseIsoTime(text)).toBeNull();
});
