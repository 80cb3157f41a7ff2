import { describe, expect, test } from 'vitest';
import {
  checkAnswered,
  checkComplete,
  checkDoubles,
  checkKept,
  checkMembers,
  checkNicks,
  checkOrder,
  checkSenders,
  checkSights,
} from './promises.js';
import type { Happening, RoomLog, Sight, Transcript } from './record.js';

const said = (seq: number, text: string): Happening => ({ seq, part: 0, kind: 'said', session: 'a.1.1', text });
const came = (seq: number, nick: string): Happening => ({ seq, part: 0, kind: 'joined', session: `s.1.${nick}`, nick });
const went = (seq: number, nick: string): Happening => ({ seq, part: 0, kind: 'left', session: `s.1.${nick}`, nick });

function log(happenings: readonly Happening[], history?: readonly string[]): RoomLog {
  const texts = happenings.flatMap((one) => (one.kind === 'said' ? [one.text] : []));
  return { room: '#a', happenings, history: history ?? texts };
}

const heard = (seq: number, text: string, msgid = `log-${seq.toString(36)}`): Sight => ({
  atMs: seq,
  kind: 'heard',
  room: '#a',
  text,
  msgid,
});
const listed = (...nicks: readonly string[]): Sight => ({ atMs: 0, kind: 'listed', room: '#a', nicks });
const joined = (nick: string): Sight => ({ atMs: 0, kind: 'joined', room: '#a', nick });
const quit = (nick: string): Sight => ({ atMs: 0, kind: 'quit', nick, reason: 'gone' });
const renamed = (nick: string, to: string): Sight => ({ atMs: 0, kind: 'renamed', nick, to });
const closed: Sight = { atMs: 99, kind: 'closed', by: 'server' };

const by = (id: string, ...sights: readonly Sight[]): Transcript => ({
  id,
  node: 'n1',
  nick: id,
  firstNick: id,
  sights,
});

const promises = (violations: readonly { readonly promise: string }[]) => violations.map(({ promise }) => promise);

describe('a log of three messages', () => {
  const three = log([came(1, 'x'), said(2, 'ann 1'), said(40, 'ann 2'), said(41, 'bob 1')]);
  const all = [heard(2, 'ann 1'), heard(40, 'ann 2'), heard(41, 'bob 1')];

  test('keeps every promise to one who has heard them', () => {
    expect(checkSights([by('x', listed('x'), ...all)], [three])).toEqual([]);
  });

  test.each([0, 1, 2])('breaks P3 for one who has not heard number %i', (missing) => {
    expect(checkComplete([by('x', ...all.toSpliced(missing, 1))], [three])).toMatchObject([{ promise: 'P3' }]);
  });

  test('owes one whose connection was closed only what is before the last line that it has heard', () => {
    expect(checkComplete([by('x', ...all.slice(0, 2), closed)], [three])).toEqual([]);
    expect(checkComplete([by('x', ...all.slice(1, 2), closed)], [three])).toMatchObject([
      { promise: 'P3', text: 'x in #a: never heard "ann 1"' },
    ]);
  });

  test('breaks P2 for one who hears a message twice', () => {
    const again = by('x', ...all, heard(41, 'bob 1'));
    // Both the text and the id are there twice.
    expect(promises(checkDoubles([again], [three]))).toEqual(['P2', 'P2']);
    const otherId = by('x', ...all, heard(42, 'bob 1'));
    expect(promises(checkDoubles([otherId], [three]))).toEqual(['P2']);
  });

  test('breaks P1 for one who hears two messages the other way round', () => {
    const [first, second, third] = all;
    const sights = [first, third, second].filter((sight) => sight !== undefined);
    expect(checkOrder([by('x', ...sights)], [three])).toEqual([
      { promise: 'P1', text: 'x in #a: "ann 2" comes after "bob 1"' },
    ]);
  });

  test('breaks P1 if an id names another place', () => {
    expect(promises(checkOrder([by('x', heard(3, 'ann 1'))], [three]))).toEqual(['P1']);
    expect(promises(checkOrder([by('x', heard(2, 'ann 1', 'no place'))], [three]))).toEqual(['P1']);
  });

  test('breaks P6 for one who hears what is not in it, and P3 for one who has an echo of that', () => {
    expect(promises(checkKept([by('x', heard(50, 'ann 3'))], [three]))).toEqual(['P6']);
    expect(promises(checkKept([by('ann', heard(50, 'ann 3'))], [three]))).toEqual(['P3']);
  });

  test('breaks P3 if its history lacks what was delivered', () => {
    const short = log(three.happenings, ['ann 1', 'bob 1']);
    expect(promises(checkKept([by('x', ...all)], [short]))).toEqual(['P3']);
  });
});

test('a message that counts twice in a log, or is twice in a history, breaks P2', () => {
  expect(promises(checkDoubles([], [log([said(1, 'ann 1'), said(2, 'ann 1')], [])]))).toEqual(['P2']);
  expect(promises(checkDoubles([], [log([said(1, 'ann 1')], ['ann 1', 'ann 1'])]))).toEqual(['P2']);
});

test('who was away for a while is owed what was said while it was inside', () => {
  const stay = log([came(1, 'x'), said(2, 'a 1'), went(3, 'x'), said(4, 'a 2'), came(5, 'x'), said(6, 'a 3')]);
  expect(checkComplete([by('x', heard(2, 'a 1'), heard(6, 'a 3'))], [stay])).toEqual([]);
  expect(promises(checkComplete([by('x', heard(2, 'a 1'))], [stay]))).toEqual(['P3']);
});

test('a message of one who is still connected must be answered by an echo or a failure', () => {
  const say = (text: string): Sight => ({ atMs: 1, kind: 'said', room: '#a', text });
  const failed: Sight = { atMs: 2, kind: 'failed', text: 'x 2', code: 'STORE_UNAVAILABLE' };
  expect(checkAnswered([by('x', say('x 1'), say('x 2'), heard(2, 'x 1'), failed)])).toEqual([]);
  expect(promises(checkAnswered([by('x', say('x 1'))]))).toEqual(['P3']);
  expect(checkAnswered([by('x', say('x 1'), closed)])).toEqual([]);
});

test('the messages of one sender in another order break P4', () => {
  const wrong = [said(1, 'ann 2'), said(2, 'bob 1'), said(3, 'ann 1')];
  expect(promises(checkSenders([], [log(wrong)]))).toEqual(['P4']);
  const right = log([said(1, 'ann 1'), said(2, 'ann 2')]);
  expect(checkSenders([by('x', heard(1, 'ann 1'), heard(2, 'ann 2'))], [right])).toEqual([]);
  expect(promises(checkSenders([by('x', heard(2, 'ann 2'), heard(1, 'ann 1'))], [right]))).toEqual(['P4']);
});

describe('members at the end', () => {
  const two = log([came(1, 'x'), came(2, 'y'), came(3, 'z'), went(4, 'z')]);

  test('are the same for all', () => {
    expect(checkMembers([by('x', listed('x', 'y')), by('y', listed('x'), listed('y', 'x'))], [two])).toEqual([]);
  });

  test('break P7 if two see others', () => {
    expect(promises(checkMembers([by('x', listed('x', 'y')), by('y', listed('x', 'z'))], [two]))).toEqual(['P7']);
  });

  test('break P7 if the log has others', () => {
    expect(promises(checkMembers([by('x', listed('x', 'y', 'z'))], [two]))).toEqual(['P7']);
  });

  test('are asked of nobody whose connection is over', () => {
    expect(checkMembers([by('x', listed('x', 'y')), by('z', listed('z'), closed)], [two])).toEqual([]);
  });
});

describe('a nick', () => {
  test('may be there again after its owner has gone', () => {
    const sights = [listed('x', 'y'), quit('y'), joined('y'), renamed('y', 'z'), joined('y')];
    expect(checkNicks([by('x', ...sights)])).toEqual([]);
  });

  test('of its own may go to somebody else for one that is put out afterwards', () => {
    const sights = [listed('x', 'y'), renamed('x', 'z'), renamed('y', 'z')];
    expect(checkNicks([by('x', ...sights, closed)])).toEqual([]);
    expect(promises(checkNicks([by('x', ...sights)]))).toEqual(['P8']);
  });

  test.each([
    ['a list', [listed('x', 'y', 'y')]],
    ['somebody who joins', [listed('x', 'y'), joined('y')]],
    ['somebody who takes another nick', [listed('x', 'y'), renamed('x', 'y')]],
  ])('breaks P8 if %s has it a second time', (_what, sights) => {
    expect(promises(checkNicks([by('x', ...sights)]))).toEqual(['P8']);
  });
});
