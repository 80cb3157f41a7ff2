/** The page's search: transcripts in, hits and questions out. */
import { describe, expect, test } from 'vitest';
import { foundIn } from '../../web/state/search.js';
import { CAPABILITIES, Page } from './transcript.js';

const OFFER = `${CAPABILITIES} soju.im/search`;

const hit = (id: number, text = `hit ${id}`, target = '#a', nick = 'bob'): string =>
  `@batch=s;time=2026-01-01T00:00:${String(id).padStart(2, '0')}.000Z;msgid=m${id} :${nick}!u@h PRIVMSG ${target} :${text}`;

const answer = (...lines: readonly string[]): string[] => [':s BATCH +s soju.im/search', ...lines, ':s BATCH -s'];

function searching(words: string, place = '#a'): Page {
  const page = new Page().signIn('ann', ['#a']).connect(OFFER).hear(':s 001 ann :Hi', ':ann!u@h JOIN #a');
  page.takeSent();
  return page.on({ kind: 'searched', words, place });
}

describe('a search', () => {
  test('asks for words in a room, or everywhere', () => {
    expect(searching('two words; C++\\').takeSent()).toEqual(['SEARCH in=#a;text=two\\swords\\:\\sC++\\\\;limit=50']);
    expect(searching('你好', '').takeSent()).toEqual(['SEARCH text=你好;limit=50']);
    expect(searching('').takeSent()).toEqual([]);
  });

  test('shows what is found, newest first, and none of it in the rooms', () => {
    const page = searching('hit', '').hear(...answer(hit(1), hit(2, 'hit me', 'ann'), hit(3, 'hit you', 'bob', 'ann')));
    expect(page.state.search).toMatchObject({
      isRunning: false,
      isWhole: true,
      hits: [
        { place: 'bob', from: 'ann', text: 'hit you', messageId: 'm3' },
        { place: 'bob', from: 'bob', text: 'hit me', messageId: 'm2' },
        { place: '#a', from: 'bob', text: 'hit 1', messageId: 'm1' },
      ],
    });
    expect(page.at('#a').lines).toEqual([]);
    expect(page.state.conversations.has('bob')).toBe(false);
  });

  test('goes on at the oldest hit', () => {
    const page = searching('hit');
    page.takeSent();
    page.hear(...answer(...Array.from({ length: 50 }, (_, index) => hit(index + 9))));
    expect(page.state.search.isWhole).toBe(false);
    page.on({ kind: 'more-searched' }, { kind: 'more-searched' });
    expect(page.takeSent()).toEqual(['SEARCH in=#a;text=hit;before=msgid=m9;limit=50']);
    page.hear(...answer(hit(8), hit(9)));
    expect(page.state.search).toMatchObject({ isWhole: true, isRunning: false });
    expect(page.state.search.hits.map(({ messageId }) => messageId).slice(-2)).toEqual(['m9', 'm8']);
    expect(page.on({ kind: 'more-searched' }).takeSent()).toEqual([]);
  });

  test('says why it fails, and ends with the connection', () => {
    const page = searching('hit').hear(':s FAIL SEARCH INTERNAL_ERROR :The store is late');
    expect(page.state.search).toMatchObject({ isRunning: false, failure: { code: 'INTERNAL_ERROR' } });
    expect(searching('hit').lose().state.search.isRunning).toBe(false);
  });

  test('does not show what is taken back meanwhile', () => {
    const page = searching('hit').hear(...answer(hit(1), hit(2)), ':bob!u@h REDACT #a m1');
    expect(page.state.search.hits.map(({ messageId }) => messageId)).toEqual(['m2']);
  });
});

describe('the words of a search', () => {
  const marked = (text: string, words: string): string =>
    foundIn(text, words)
      .map((piece) => (piece.isHit ? `[${piece.text}]` : piece.text))
      .join('');

  test.each([
    ['I like C++ and c++.', 'c++', 'I like [C++] and [c++].'],
    ['我们断开了连接', '断开', '我们[断开]了连接'],
    ['connection reset', 'reset connect', '[connect]ion [reset]'],
    ['anna ann', 'ann anna', '[anna] [ann]'],
    ['(.*)', '.*', '([.*])'],
    ['nothing', '', 'nothing'],
    ['Größe', 'GRÖSSE größe', '[Größe]'],
  ])('are marked in %j: %j', (text, words, expected) => {
    expect(marked(text, words)).toBe(expected);
  });
});
