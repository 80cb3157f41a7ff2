import { describe, expect, test } from 'vitest';
import type { Loss, Sight, Span, Transcript } from './record.js';
import { checkConnections, checkLosses, checkNotices, checkPauses, checkPings, checkWaits, LOST } from './times.js';

const times = { leaseMs: 5_000, slackMs: 1_000, pauseMs: 500, waitMs: 30_000 };

const on = (node: string, id: string, ...sights: readonly Sight[]): Transcript => ({
  id,
  node,
  nick: id,
  firstNick: id,
  sights,
});
const listed = (...nicks: readonly string[]): Sight => ({ atMs: 0, kind: 'listed', room: '#a', nicks });
const quit = (atMs: number, nick: string, reason = LOST): Sight => ({ atMs, kind: 'quit', nick, reason });
const closed = (atMs: number, by: 'client' | 'server' = 'server'): Sight => ({ atMs, kind: 'closed', by });
const said = (atMs: number, text: string): Sight => ({ atMs, kind: 'said', room: '#a', text });
const heard = (atMs: number, text: string): Sight => ({ atMs, kind: 'heard', room: '#a', text, msgid: 'l-1' });
const failed = (atMs: number, text: string): Sight => ({ atMs, kind: 'failed', text, code: 'STORE_UNAVAILABLE' });
const pinged = (atMs: number, token: string): Sight => ({ atMs, kind: 'pinged', token });
const ponged = (atMs: number, token: string): Sight => ({ atMs, kind: 'ponged', token });

const never = (): readonly Span[] => [];

describe('a node that is lost for 20 seconds', () => {
  const loss: Loss = { node: 'n1', fromMs: 1_000, toMs: 21_000, isDead: true };
  const lost = on('n1', 'ann', listed('ann', 'bob'), closed(1_001));
  const losses = (...sights: readonly Sight[]) =>
    checkLosses([lost, on('n2', 'bob', listed('ann', 'bob'), ...sights)], [loss], times).map(({ text }) => text);

  test('has its members leave in time', () => {
    expect(losses(quit(8_900, 'ann'))).toEqual([]);
  });

  test.each([
    ['late', [quit(9_100, 'ann')], 'bob: ann of n1 has left after 8.1 s'],
    ['never', [], 'bob: ann of n1 has never left'],
    ['for another reason', [quit(2_000, 'ann', 'bye')], 'bob: ann of n1 has left with the reason "bye"'],
    ['only before', [quit(500, 'bob')], 'bob: ann of n1 has never left'],
  ])('breaks P5 if they leave %s', (_how, sights, text) => {
    expect(losses(...sights)).toEqual([text]);
  });

  test('is not missed by those who did not see its members, or did not live to', () => {
    expect(checkLosses([lost, on('n2', 'bob', listed('bob'))], [loss], times)).toEqual([]);
    expect(checkLosses([lost, on('n2', 'bob', listed('ann', 'bob'), closed(4_000))], [loss], times)).toEqual([]);
  });

  test('need not be missed at all if it is back early', () => {
    const witness = on('n2', 'bob', listed('ann', 'bob'));
    expect(checkLosses([lost, witness], [{ ...loss, toMs: 4_000 }], times)).toEqual([]);
  });

  test('may disconnect its clients, and nobody else', () => {
    expect(checkConnections([lost], [loss])).toEqual([]);
    expect(checkConnections([lost], [{ ...loss, isDead: false }])).toMatchObject([{ promise: 'P6' }]);
    expect(checkConnections([on('n2', 'bob', said(1, 'bob 1'), closed(1_500))], [loss])).toMatchObject([
      { promise: 'P6' },
    ]);
    expect(checkConnections([on('n2', 'bob', closed(1_500, 'client'))], [loss])).toEqual([]);
  });
});

test('a message that takes long without a trouble of its own node breaks P5', () => {
  const slow = on('n2', 'bob', said(0, 'bob 1'), heard(1_600, 'bob 1'));
  expect(checkPauses([slow], never, times)).toMatchObject([{ promise: 'P5', text: 'bob: "bob 1" took 1.6 s' }]);
  const trouble = (node: string) => (node === 'n2' ? [{ fromMs: 500, toMs: 1_000 }] : []);
  expect(checkPauses([slow], trouble, times)).toEqual([]);
  expect(checkPauses([on('n1', 'bob', ...slow.sights)], trouble, times)).toHaveLength(1);
  expect(checkPauses([on('n2', 'bob', said(0, 'bob 1'), heard(1_400, 'bob 1'))], never, times)).toEqual([]);
});

test('a message that fails later than promised breaks P6, unless its node stood still meanwhile', () => {
  expect(checkWaits([on('n2', 'bob', said(0, 'bob 1'), failed(30_900, 'bob 1'))], never, times)).toEqual([]);
  const late = on('n2', 'bob', said(0, 'bob 1'), failed(32_000, 'bob 1'));
  expect(checkWaits([late], never, times)).toMatchObject([{ promise: 'P6' }]);
  expect(checkWaits([late], () => [{ fromMs: 5_000, toMs: 15_000 }], times)).toEqual([]);
});

test('a PING that is not answered at once breaks P6, unless the node stands still', () => {
  const later = ponged(9_000, 'other');
  const silent = on('n2', 'bob', pinged(0, 'a'), later);
  const slow = on('n2', 'bob', pinged(0, 'a'), ponged(1_600, 'a'), later);
  expect(checkPings([silent], never, times)).toMatchObject([{ promise: 'P6' }]);
  expect(checkPings([slow], never, times)).toMatchObject([{ promise: 'P6', text: expect.stringContaining('1.6 s') }]);
  expect(checkPings([slow], () => [{ fromMs: 0, toMs: 2_000 }], times)).toEqual([]);
  // It was on its way when the node began to stand still.
  const halted = on('n2', 'bob', pinged(90, 'a'), ponged(9_000, 'a'), pinged(60_000, 'b'), ponged(60_001, 'b'));
  expect(checkPings([halted], () => [{ fromMs: 100, toMs: 8_900 }], times)).toEqual([]);
  expect(checkPings([halted], () => [{ fromMs: 9_100, toMs: 12_000 }], times)).toHaveLength(1);
  // One that is lost is not excused by what happens later.
  expect(checkPings([silent], () => [{ fromMs: 5_000, toMs: 8_000 }], times)).toHaveLength(1);
  // The run ended before the answer was due.
  expect(checkPings([on('n2', 'bob', pinged(0, 'a'), heard(100, 'x 1'))], never, times)).toEqual([]);
});

describe('a room whose log had lost its end', () => {
  const noticed = (atMs: number, room = '#a'): Sight => ({ atMs, kind: 'noticed', room, text: 'lost' });
  const end = ponged(90_000, 'end');
  const inside = (node: string, id: string, ...sights: readonly Sight[]) => on(node, id, listed('ann'), ...sights, end);
  const notices = (transcripts: readonly Transcript[], trouble: (node: string) => readonly Span[] = never) =>
    checkNotices(transcripts, [50_000], trouble, times).map(({ text }) => text);

  test('has its members read so once', () => {
    const ann = inside('n1', 'ann', noticed(10_000), noticed(50_100));
    expect(notices([ann, inside('n2', 'bob', noticed(51_500))])).toEqual([]);
    expect(notices([ann, inside('n2', 'bob')])).toEqual(['bob was told 0 times that #a had lost its end']);
    expect(notices([ann, inside('n2', 'bob', noticed(51_500), noticed(52_000))])).toEqual([
      'bob was told 2 times that #a had lost its end',
    ]);
    expect(notices([ann, inside('n2', 'bob', noticed(58_000))])).toHaveLength(1);
  });

  test('is not seen by those who are not inside, or whose node could not see it', () => {
    const ann = inside('n1', 'ann', noticed(50_100));
    expect(notices([ann, on('n2', 'bob', ponged(0, 'x'), end)])).toEqual([]);
    expect(notices([ann, inside('n2', 'bob')], (node) => (node === 'n2' ? [{ fromMs: 0, toMs: 60_000 }] : []))).toEqual(
      [],
    );
    expect(notices([ann, inside('n2', 'bob', closed(52_000))])).toEqual([]);
  });
});
