/** What waits for other domains, without them. */
import { expect, test } from 'vitest';
import { type ForeignLine, ForeignWaits, type Passage } from '../../../src/protocol/irc/foreign-waits.js';
import { parseMessage } from '../../../src/protocol/irc/message.js';

const BYTES = 1_000;

function newWaits(): ForeignWaits<ForeignLine> {
  return new ForeignWaits({
    maxBytes: BYTES,
    wayTo: (target) => (target.kind === 'room' ? (target.name.split(':')[1] ?? null) : null),
  });
}

function lineOf(text: string, bytes = 1): ForeignLine {
  return { message: parseMessage(text) ?? expect.fail('no message'), draft: null, bytes };
}

/** Says something in rooms until it is not taken at once. @returns how that ends, and how often it was said */
function sayIn(waits: ForeignWaits<ForeignLine>, room: string, nowMs: number, most = 200): readonly [Passage, number] {
  const way = room.split(':')[1] ?? '';
  for (let count = 0; count < most; count += 1) {
    const passage = waits.pass(lineOf(`PRIVMSG ${room} :x`), true, nowMs);
    if (passage !== 'run') return [passage, count];
    waits.messageWaits(way);
  }
  return ['run', most];
}

test('a domain that does not answer refuses nothing to another one', () => {
  const waits = newWaits();
  expect(sayIn(waits, '#a:dead.example', 0)).toEqual(['hold', 40]);
  expect(waits.waitMs(999)).toBe(1);
  waits.release();
  for (let turn = 0; turn < 50; turn += 1) {
    expect(sayIn(waits, '#a:dead.example', 1_000)).toEqual(['refuse', 0]);
    expect(sayIn(waits, '#b:live.example', 1_000, 1)).toEqual(['run', 1]);
    waits.messageAnswered('live.example');
  }
  waits.messageAnswered('dead.example');
  expect(sayIn(waits, '#a:dead.example', 2_000)).toEqual(['hold', 1]);
  expect(waits.hasRoom).toBe(false);
  for (let answered = 0; answered < 20; answered += 1) waits.messageAnswered('dead.example');
  expect(waits.hasRoom).toBe(true);
});

test('however many domains there are, no more waits than for three of them', () => {
  const waits = newWaits();
  let said = 0;
  for (let domain = 0; domain < 10; domain += 1) {
    said += sayIn(waits, `#a:${String(domain)}.example`, 0, 39)[1];
    waits.release();
  }
  expect(said).toBe(120);
});

test('lines that wait have their place by their bytes, and the first has one in any case', () => {
  const waits = newWaits();
  const topic = lineOf('TOPIC #a:far.example :x', 5 * BYTES);
  const command = waits.commandWaits(topic.message, 'far.example');
  expect(waits.pass(topic, false, 0)).toBe('wait');
  expect(waits.pass(lineOf('TOPIC #a:far.example :y'), false, 0)).toBe('hold');
  waits.commandGoesOn(command);
  expect(waits.next(() => false)).toBe(topic);
  expect([waits.hasRoom, waits.next(() => false)]).toEqual([true, null]);
  waits.release();
  expect(waits.isIdle).toBe(true);
});
