/** What waits for other domains, without them. */
import { expect, test } from 'vitest';
import { present } from '../../../src/errors.js';
import {
  type ForeignLine,
  type ForeignWait,
  ForeignWaits,
  type Passage,
} from '../../../src/protocol/irc/foreign-waits.js';
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

/** Says something in a room until it is not taken at once. @returns how that ends, and what was said */
function sayIn(waits: ForeignWaits<ForeignLine>, room: string, nowMs: number, most = 200): [Passage, ForeignWait[]] {
  const way = room.split(':')[1] ?? '';
  const said: ForeignWait[] = [];
  while (said.length < most) {
    const passage = waits.pass(lineOf(`PRIVMSG ${room} :x`), true, nowMs);
    if (passage !== 'run') return [passage, said];
    said.push(waits.messageWaits(way));
  }
  return ['run', said];
}

test('a domain that does not answer refuses nothing to another one', () => {
  const waits = newWaits();
  const [passage, dead] = sayIn(waits, '#a:dead.example', 0);
  expect([passage, dead.length]).toEqual(['hold', 40]);
  expect(waits.waitMs(999)).toBe(1);
  waits.release();
  for (let turn = 0; turn < 50; turn += 1) {
    expect(sayIn(waits, '#a:dead.example', 1_000)).toEqual(['refuse', []]);
    const [live, [message]] = sayIn(waits, '#b:live.example', 1_000, 1);
    expect(live).toBe('run');
    waits.answered(present(message, 'a message'));
  }
  for (const message of dead.splice(0, 1)) waits.answered(message);
  const [again, more] = sayIn(waits, '#a:dead.example', 2_000);
  expect([again, more.length]).toEqual(['hold', 1]);
  expect(waits.hasRoom).toBe(false);
  for (const message of dead.splice(0, 20)) waits.answered(message);
  expect(waits.hasRoom).toBe(true);
});

test('however many domains there are, no more waits than for three of them', () => {
  const waits = newWaits();
  let said = 0;
  for (let domain = 0; domain < 10; domain += 1) {
    said += sayIn(waits, `#a:${String(domain)}.example`, 0, 39)[1].length;
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
  waits.answered(command);
  expect(waits.next(() => false)).toBe(topic);
  expect([waits.hasRoom, waits.next(() => false)]).toEqual([true, null]);
  waits.release();
  expect(waits.isIdle).toBe(true);
});
