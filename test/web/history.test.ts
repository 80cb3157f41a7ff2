/** The page and the server's history: transcripts in, the lines of the log and the questions of the page out. */
import { describe, expect, test } from 'vitest';
import { MAX_LINES } from '../../web/state/model.js';
import { CAPABILITIES, ISUPPORT, Page } from './transcript.js';

const OFFER = `${CAPABILITIES} draft/chathistory draft/event-playback draft/read-marker sasl=PLAIN`;
const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

const time = (minute: number): string => new Date(START_MS + minute * 60_000).toISOString();

/** A line of the history: message `m3` is said in the third minute. */
const past = (minute: number, text = `line ${minute}`, nick = 'bob', target = '#a'): string =>
  `@batch=h;time=${time(minute)};msgid=m${minute} :${nick}!u@h PRIVMSG ${target} :${text}`;

/** The messages of the minutes from one to another. */
const between = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => past(from + index));

const batch = (lines: readonly string[], target = '#a'): string[] => [
  `:s BATCH +h chathistory ${target}`,
  ...lines,
  ':s BATCH -h',
];

/** What is said while the page listens. */
const live = (minute: number, text = `line ${minute}`): string =>
  `@time=${time(minute)};msgid=m${minute} :bob!u@h PRIVMSG #a :${text}`;

const said = (page: Page, key = '#a'): string[] =>
  page.bodies(key).map((body) => (body.kind === 'message' ? body.text : `(${body.kind})`));

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);

/** A page of ann at the moment at which it is in #a, and has asked for what was said there. */
function arrived(): Page {
  const page = new Page().signIn('ann', ['#a']).connect(OFFER);
  page.hear(':s 001 ann :Welcome', ISUPPORT, ':s 005 ann CHATHISTORY=10 :are', ':s 422 ann :No MOTD');
  page.takeSent();
  return page.hear(':ann!u@h JOIN #a');
}

/** A page of ann in #a, with the lines of the minutes 1 to 10 of a longer history. */
function opened(): Page {
  const page = arrived().hear(...batch(between(1, 10)));
  page.takeSent();
  return page;
}

/** Comes back after a lost connection, up to the question for what was said meanwhile. */
function back(page: Page): string[] {
  page.lose().connect(OFFER).hear(':s 001 ann :Welcome', ':s 422 ann :No MOTD');
  page.takeSent();
  return page.hear(':ann!u@h JOIN #a').takeSent();
}

describe('a room that is joined', () => {
  test('is asked for its latest lines, which stand before what is said meanwhile', () => {
    const page = arrived();
    expect(page.takeSent()).toEqual(['CHATHISTORY LATEST #a * 10']);
    page.hear(live(11), ...batch(between(2, 11)), live(12));
    expect(said(page)).toEqual(texts(2, 12));
    expect(page.at('#a')).toMatchObject({ isWhole: false, isLoaded: true, request: null });
  });

  test('has its beginning when the server has less than it was asked for', () => {
    const page = arrived().hear(...batch(between(1, 3)));
    expect(page.at('#a').isWhole).toBe(true);
    page.takeSent();
    expect(page.on({ kind: 'earlier-wanted', key: '#a' }).takeSent()).toEqual([]);
  });

  test('shows what people did as well, and counts nobody in or out by it', () => {
    const event = (minute: number, line: string): string => `@batch=h;time=${time(minute)};msgid=e${minute} ${line}`;
    const page = arrived();
    page.hear(
      ...batch([
        event(1, ':carl!u@h JOIN #a carl :Carl'),
        event(2, ':carl!u@h NICK karl'),
        event(3, ':bob!u@h TOPIC #a :tea'),
        event(4, ':bob!u@h MODE #a +o karl'),
        event(5, ':bob!u@h KICK #a karl :out'),
        event(6, ':ann!u@h QUIT :Ping timeout'),
        event(7, ':bob!u@h TAGMSG #a'),
      ]),
    );
    expect(page.bodies()).toEqual([
      { kind: 'moved', how: 'joined', nick: 'carl', detail: '' },
      { kind: 'moved', how: 'renamed', nick: 'carl', detail: 'karl' },
      { kind: 'topic', by: 'bob', text: 'tea' },
      { kind: 'modes', by: 'bob', text: '+o karl' },
      { kind: 'kicked', nick: 'karl', by: 'bob', reason: 'out' },
    ]);
    expect(page.at('#a')).toMatchObject({ topic: '', members: new Map() });
  });

  test('takes a message of several lines from a batch within the batch', () => {
    const page = arrived().hear(
      ':s BATCH +h chathistory #a',
      `@batch=h;time=${time(1)};msgid=m1 :bob!u@h BATCH +x draft/multiline #a`,
      '@batch=x :bob!u@h PRIVMSG #a :one',
      '@batch=x :bob!u@h PRIVMSG #a :two',
      ':s BATCH -x',
      past(2),
      ':s BATCH -h',
    );
    expect(said(page)).toEqual(['one\ntwo', 'line 2']);
  });

  test('is not asked for anything if the server keeps no history', () => {
    const page = new Page().signIn('ann', ['#a']).connect().hear(':s 001 ann :Hi', ':s 422 ann :No');
    page.takeSent();
    expect(page.hear(':ann!u@h JOIN #a').on({ kind: 'earlier-wanted', key: '#a' }).takeSent()).toEqual([]);
  });

  test('goes on without, if the server refuses', () => {
    const page = arrived().hear(':s FAIL CHATHISTORY INVALID_TARGET LATEST #a :No such channel');
    expect(page.at('#a')).toMatchObject({ request: null, isWhole: true, lines: [] });
    const other = arrived().hear(':s FAIL CHATHISTORY MESSAGE_ERROR LATEST #a :The store is late');
    expect(other.at('#a')).toMatchObject({ request: null, isWhole: false });
  });
});

describe('scrolling back', () => {
  test('asks for the lines before the first, one answer after the other, to the beginning', () => {
    const page = arrived().hear(...batch(between(16, 25)));
    page.takeSent();
    page.on({ kind: 'earlier-wanted', key: '#a' }, { kind: 'earlier-wanted', key: '#a' });
    expect(page.takeSent()).toEqual(['CHATHISTORY BEFORE #a msgid=m16 10']);
    const [first] = page.at('#a').lines;
    page.hear(...batch(between(6, 15)), live(26));
    expect(page.at('#a').lines[10]).toBe(first);
    page.on({ kind: 'earlier-wanted', key: '#a' });
    expect(page.takeSent()).toEqual(['CHATHISTORY BEFORE #a msgid=m6 10']);
    page.hear(...batch(between(1, 5)));
    expect(said(page)).toEqual(texts(1, 26));
    expect(page.at('#a').isWhole).toBe(true);
  });

  test('goes on behind what the page does not show', () => {
    const page = opened().on({ kind: 'earlier-wanted', key: '#a' });
    page.takeSent();
    const signals = Array.from({ length: 10 }, (_, index) => `@batch=h;msgid=t${index} :bob!u@h TAGMSG #a`);
    page.hear(...batch(signals)).on({ kind: 'earlier-wanted', key: '#a' });
    expect(page.takeSent()).toEqual(['CHATHISTORY BEFORE #a msgid=t0 10']);
  });

  test('keeps the latest lines and those that are read, and what is between them can be loaded', () => {
    const page = arrived()
      .hear(':s 005 ann CHATHISTORY=1000 :are')
      .hear(...batch(between(5001, 5010)));
    for (let from = 4901; page.at('#a').lines.length < MAX_LINES; from -= 100) {
      page.on({ kind: 'earlier-wanted', key: '#a' }).hear(...batch(between(from, from + 99)));
    }
    const bodies = said(page);
    expect(bodies).toHaveLength(MAX_LINES);
    expect(bodies.filter((text) => text === '(hole)')).toHaveLength(1);
    expect(bodies.slice(-10)).toEqual(texts(5001, 5010));
  });

  test('shows no message twice, whatever the server sends again', () => {
    const page = opened().on({ kind: 'earlier-wanted', key: '#a' });
    page.hear(...batch([...between(0, 0), ...between(1, 3)]));
    expect(said(page)).toEqual(texts(0, 10));
  });
});

describe('a lost connection', () => {
  test('is filled with what was said meanwhile, and leaves no trace', () => {
    const page = opened();
    expect(back(page)).toEqual(['CHATHISTORY LATEST #a msgid=m10 10']);
    page.hear(live(13), ...batch(between(11, 13)), live(14));
    expect(said(page)).toEqual(texts(1, 14));
  });

  test('is filled on request where more was said than one answer has', () => {
    const page = opened();
    back(page);
    page.hear(...batch(between(31, 40)), live(41));
    expect(said(page)).toEqual([...texts(1, 10), '(hole)', ...texts(31, 41)]);
    const fill = (): string[] => {
      const id = page.at('#a').lines.find(({ body }) => body.kind === 'hole')?.id ?? -1;
      return page.on({ kind: 'missing-wanted', key: '#a', id }).takeSent();
    };
    expect(fill()).toEqual(['CHATHISTORY AFTER #a msgid=m10 10']);
    page.hear(...batch(between(11, 20)));
    expect(said(page)).toEqual([...texts(1, 20), '(hole)', ...texts(31, 41)]);
    expect(fill()).toEqual(['CHATHISTORY AFTER #a msgid=m20 10']);
    page.hear(...batch(between(21, 30)));
    expect(fill()).toEqual(['CHATHISTORY AFTER #a msgid=m30 10']);
    page.hear(...batch(between(31, 40)));
    expect(said(page)).toEqual(texts(1, 41));
  });

  test('that is lost again before the answer is asked for as a whole', () => {
    const page = opened();
    back(page);
    expect(back(page)).toEqual(['CHATHISTORY LATEST #a msgid=m10 10']);
    page.hear(...batch(between(11, 12)));
    expect(said(page)).toEqual(texts(1, 12));
  });

  test('between lines that the page has does not hide that lines before are missing', () => {
    const page = opened();
    back(page);
    page.hear(live(20));
    expect(back(page)).toEqual(['CHATHISTORY LATEST #a msgid=m20 10']);
    page.hear(...batch(between(21, 22)));
    expect(said(page)).toEqual([...texts(1, 10), '(hole)', ...texts(20, 22)]);
  });

  test('settles what of the own messages has arrived', () => {
    const page = opened().say('arrived').say('lost');
    back(page);
    page.hear(...batch([past(11, 'arrived', 'ann'), past(12)]));
    expect(page.deliveries().slice(10)).toEqual(['lost: unsure', 'arrived: sent', 'line 12: sent']);
  });

  test('sends what waited after the question, and shows it once', () => {
    const page = opened().lose().say('meanwhile', '#a', false).connect(OFFER);
    page.hear(':s 001 ann :Welcome').takeSent();
    const sent = page.hear(':ann!u@h JOIN #a').takeSent();
    expect(sent.map((line) => line.replace(/^@\S+ /, '').slice(0, 18))).toEqual([
      'CHATHISTORY LATEST',
      'PRIVMSG #a meanwhi',
    ]);
    page.hear(...batch([]), `@msgid=x;time=${time(11)} :ann!u@h PRIVMSG #a :meanwhile`);
    expect(said(page).slice(-2)).toEqual(['line 10', 'meanwhile']);
  });

  test('shows nobody join twice', () => {
    const page = opened();
    page.hear(`@time=${time(11)} :carl!u@h JOIN #a`);
    back(page);
    page.hear(...batch([`@batch=h;time=${time(11)};msgid=e1 :carl!u@h JOIN #a carl :C`, past(12)]));
    expect(said(page).slice(9)).toEqual(['line 10', '(moved)', 'line 12']);
  });

  test('stays marked, with its beginning and its end, if the server keeps no history', () => {
    const page = new Page().signIn('ann', ['#a']).connect().hear(':s 001 ann :Hi', ':ann!u@h JOIN #a', live(1));
    page.lose().connect().hear(':s 001 ann :Hi', ':ann!u@h JOIN #a');
    expect(said(page)).toEqual(['line 1', '(gap)']);
  });
});

describe('what was taken back', () => {
  test('is taken back in what the page shows, and is nothing new', () => {
    const page = opened();
    page.hear(':bob!u@h REDACT #a m10 :oops');
    back(page);
    page.hear(...batch([past(11, 'spam'), `@batch=h;msgid=r1 :oper!u@h REDACT #a m11 :no spam`]));
    const redactions = page.bodies().flatMap((body) => (body.kind === 'message' ? [body.redaction?.reason] : []));
    expect(redactions.slice(-2)).toEqual(['oops', 'no spam']);
  });
});

describe('what was read', () => {
  const marked = (minute: number, target = '#a'): string => `:s MARKREAD ${target} timestamp=${time(minute)}`;
  const account = ':s 900 ann ann!u@h ann :You are now logged in';

  test('on another device is not new here, and the rest is', () => {
    const page = arrived().hear(':ann!u@h JOIN #b').on({ kind: 'shown', key: '#b' });
    page.hear(marked(7), ...batch([...between(1, 9), past(10, 'ann: hi')]));
    expect(page.at('#a')).toMatchObject({ unread: 3, mentions: 1 });
    expect(page.at('#a').lines.find(({ id }) => id === page.at('#a').firstNewId)).toMatchObject({ messageId: 'm8' });
    page.hear(marked(9));
    expect(page.at('#a')).toMatchObject({ unread: 1, mentions: 1 });
    page.hear(marked(10));
    expect(page.at('#a')).toMatchObject({ unread: 0, mentions: 0, firstNewId: -1 });
    page.hear(marked(2));
    expect(page.at('#a').unread).toBe(0);
  });

  test('is marked with a line in the room that is open, and is then read', () => {
    const page = arrived().hear(marked(7), live(11), ...batch(between(2, 11)));
    const { lines, firstNewId, unread, readAtMs } = page.at('#a');
    expect(lines.find(({ id }) => id === firstNewId)).toMatchObject({ messageId: 'm8' });
    expect({ unread, readAtMs }).toEqual({ unread: 0, readAtMs: START_MS + 11 * 60_000 });
  });

  test('of a room that the user has never read is nothing: only what follows is new', () => {
    const page = arrived().hear(':ann!u@h JOIN #b').on({ kind: 'shown', key: '#b' });
    page.hear(live(11), ...batch(between(2, 11)));
    expect(page.at('#a')).toMatchObject({ unread: 1 });
    page.hear(live(12));
    expect(page.at('#a').unread).toBe(2);
  });

  test('is told to the server once for what has gathered, and only with an account', () => {
    const page = new Page().signIn('ann', ['#a'], 'log-in').connect(OFFER);
    page.hear(account, ':s 903 ann :ok', ':s 001 ann :Hi', ':ann!u@h JOIN #a', marked(1), ...batch(between(1, 5)));
    page.hear(live(6));
    expect(page.takeMarks()).toEqual([`MARKREAD #a timestamp=${time(6)}`]);
    expect(page.takeMarks()).toEqual([]);
    page.hear(live(7)).hear(marked(7));
    expect(page.takeMarks()).toEqual([]);
    const guest = arrived().hear(...batch(between(1, 5)), live(6));
    expect(guest.takeMarks()).toEqual([]);
  });
});

describe('conversations with people', () => {
  const targets = (...lines: readonly string[]): string[] => [
    ':s BATCH +t draft/chathistory-targets',
    ...lines.map((line) => `@batch=t :s CHATHISTORY TARGETS ${line}`),
    ':s BATCH -t',
  ];

  test('that there were are asked for once, opened, and have what was not answered as new', () => {
    const page = new Page().signIn('ann', [], 'log-in').connect(OFFER);
    page.hear(':s 900 ann ann!u@h ann :You are', ':s 903 ann :ok', ':s 001 ann :Hi', ':s 376 ann :End of MOTD');
    expect(page.takeSent().at(-1)).toBe(
      'CHATHISTORY TARGETS timestamp=2026-01-03T00:00:00.000Z timestamp=1970-01-01T00:00:00.000Z 30',
    );
    page.hear(':s 376 ann :End of MOTD', ...targets(`#a ${time(1)}`, `bob ${time(4)}`));
    expect(page.takeSent()).toEqual(['MARKREAD bob', 'CHATHISTORY LATEST bob * 100']);
    page.hear(':s MARKREAD bob *');
    page.hear(
      ...batch([past(2, 'old', 'bob', 'ann'), past(3, 'yes', 'ann', 'bob'), past(4, 'new', 'bob', 'ann')], 'bob'),
    );
    expect(page.at('bob')).toMatchObject({ kind: 'private', unread: 1, mentions: 1 });
    expect(said(page, 'bob')).toEqual(['old', 'yes', 'new']);
  });

  test('are asked for when they are opened', () => {
    const page = opened().hear(':bob!u@h PRIVMSG ann :psst');
    expect(page.takeSent()).toEqual([]);
    expect(page.on({ kind: 'shown', key: 'bob' }).takeSent()).toEqual(['CHATHISTORY LATEST bob * 10']);
    page.hear(...batch([], 'bob')).on({ kind: 'shown', key: '#a' }, { kind: 'shown', key: 'bob' });
    expect(page.takeSent()).toEqual([]);
  });

  test('in which nothing was said meanwhile have no gap', () => {
    const page = opened();
    page.hear(`@time=${time(11)};msgid=p1 :bob!u@h PRIVMSG ann :psst`, ':carl!u@h PRIVMSG ann :hi');
    page.lose().connect(OFFER).hear(':s 001 ann :Hi', ':s 422 ann :No MOTD');
    page.takeSent();
    page.hear(...targets(`bob ${time(11)}`, `carl ${time(12)}`));
    expect(page.takeSent()).toEqual(['CHATHISTORY LATEST carl * 10']);
    expect(said(page, 'bob')).toEqual(['psst']);
  });
});

describe('a place in the history', () => {
  const go = (page: Page, minute: number): string[] =>
    page.on({ kind: 'place-wanted', name: '#a', messageId: `m${minute}` }).takeSent();

  test('that is here needs no question', () => {
    const page = opened();
    expect(go(page, 3)).toEqual([]);
    expect(page.at('#a').sought).toBe('m3');
    expect(page.on({ kind: 'place-shown', key: '#a' }).at('#a').sought).toBe('');
  });

  test('that is far away is fetched with its surroundings, and what is between can be loaded', () => {
    const page = arrived().hear(...batch(between(91, 100)));
    page.takeSent();
    expect(go(page, 45)).toEqual(['CHATHISTORY AROUND #a msgid=m45 10']);
    page.hear(...batch(between(41, 50)));
    expect(said(page)).toEqual([...texts(41, 50), '(hole)', ...texts(91, 100)]);
    page.on({ kind: 'earlier-wanted', key: '#a' });
    expect(page.takeSent()).toEqual(['CHATHISTORY BEFORE #a msgid=m41 10']);
    page.hear(...batch(between(31, 40)));
    expect(go(page, 86)).toEqual(['CHATHISTORY AROUND #a msgid=m86 10']);
    page.hear(...batch(between(82, 91)));
    expect(said(page)).toEqual([...texts(31, 50), '(hole)', ...texts(82, 100)]);
    expect(go(page, 54)).toEqual(['CHATHISTORY AROUND #a msgid=m54 10']);
    page.hear(...batch(between(50, 59)));
    expect(said(page)).toEqual([...texts(31, 59), '(hole)', ...texts(82, 100)]);
  });

  test('is asked for after an answer that is under way', () => {
    const page = opened().on({ kind: 'earlier-wanted', key: '#a' });
    page.takeSent();
    expect(go(page, -50)).toEqual([]);
    page.hear(...batch(between(-9, 0)));
    expect(page.takeSent()).toEqual(['CHATHISTORY AROUND #a msgid=m-50 10']);
  });

  test('that is gone is not looked for any longer', () => {
    const page = opened();
    go(page, 77);
    page.hear(':s FAIL CHATHISTORY MESSAGE_ERROR AROUND #a :No such message');
    expect(page.at('#a')).toMatchObject({ sought: '', request: null });
  });
});

describe('lines that make no sense', () => {
  test.each([
    'BATCH +h chathistory',
    'BATCH +h chathistory #nowhere',
    'BATCH -h',
    '@batch=zzz :bob!u@h PRIVMSG #a :x',
    'CHATHISTORY',
    'MARKREAD',
    'MARKREAD #a timestamp=never',
    'MARKREAD #a',
    'FAIL CHATHISTORY',
    'FAIL',
    'FAIL MARKREAD INTERNAL_ERROR #a :No',
    'BATCH +s soju.im/search',
    'REGISTER',
    'VERIFY',
    'AUTHENTICATE',
    ':s 900',
    ':s 904',
  ])('do no harm: %s', (line) => {
    const page = opened().hear(line);
    expect(page.at('#a').lines.length).toBeGreaterThanOrEqual(10);
    page.hear(live(11));
    expect(said(page)).toContain('line 11');
  });
});
