import { expect, test } from 'vitest';
import { BoundedList, leftOutOf } from '../../src/control/bounded-list.js';
import { decodeAnswer, encodeAnswer, MAX_ANSWER_BYTES } from '../../src/control/request.js';

function listOf(count: number, line: string): BoundedList {
  const list = new BoundedList();
  for (let number = 0; number < count && !list.isFull; number += 1) list.add(line, { number, line });
  return list;
}

test('a list ends with how many there are, or how many it has left out', () => {
  expect(listOf(1, 'a').reply(1, 'room')).toMatchObject({ text: ['a', '1 room'], result: [{ number: 0 }] });
  const reply = listOf(10_001, 'a').reply(10_001, 'room');
  expect(reply.text).toHaveLength(10_001);
  expect(reply.text.at(-1)).toBe('and 1 more');
  expect(leftOutOf(reply)).toBe(1);
  expect(leftOutOf(listOf(2, 'a').reply(2, 'room'))).toBe(0);
});

test('a list of long lines fits into an answer, even if each of their characters is escaped', () => {
  const reply = listOf(10_000, '\u0001'.repeat(5_000)).reply(10_000, 'room');
  expect(leftOutOf(reply)).toBeGreaterThan(9_000);
  const answer = Buffer.from(encodeAnswer({ ok: true, ...reply }));
  expect(answer.length).toBeLessThan(MAX_ANSWER_BYTES);
  expect(decodeAnswer(answer)).toEqual({ ok: true, ...reply });
});

test('an answer that leaves out entries has the fields that all versions know', () => {
  const reply = listOf(10_001, 'a').reply(10_001, 'room');
  const sent: object = JSON.parse(encodeAnswer({ ok: true, ...reply }));
  expect(Object.keys(sent)).toEqual(['ok', 'text', 'result']);
  // Others have sent one more.
  const others = { ok: true, text: ['a', 'and 2 more'], result: [{}], leftOut: 2 };
  const read = decodeAnswer(Buffer.from(JSON.stringify(others)));
  expect(read?.ok === true && leftOutOf(read)).toBe(2);
});
