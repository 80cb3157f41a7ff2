/** The page's state: what each line and each act of the user changes, and what the page answers by itself. */
import { describe, expect, test } from 'vitest';
import { orderedKeys } from '../../web/state/conversations.js';
import type { PageEvent } from '../../web/state/events.js';
import { mentions } from '../../web/state/mention.js';
import { MAX_LINES } from '../../web/state/model.js';
import { messageLines, messagePieces } from '../../web/state/multiline.js';
import { CAPABILITIES, ISUPPORT, joined, Page } from './transcript.js';

describe('signing in', () => {
  test('asks for the capabilities that the page uses and no others, then joins', () => {
    const page = new Page().signIn('ann', ['#a', '#b']);
    page.on({ kind: 'connecting' }, { kind: 'opened' });
    page.hear(':s CAP * LS * :batch sts=port=1', ':s CAP * LS :echo-message unknown');
    expect(page.takeSent()).toEqual(['CAP REQ :batch echo-message']);
    page.hear(':s CAP * ACK :batch echo-message');
    expect(page.takeSent()).toEqual(['CAP END']);
    page.hear(':s 001 ann :Welcome');
    expect(page.takeSent()).toEqual(['JOIN #a', 'JOIN #b']);
    expect(page.state).toMatchObject({ link: { kind: 'online' }, current: '#a' });
  });

  test('goes on with a server that has no capabilities', () => {
    const page = new Page().signIn('ann').on({ kind: 'opened' });
    page.hear(':s CAP * LS :');
    expect(page.takeSent()).toEqual(['CAP END']);
  });

  test.each(['432', '433'])('a nick that cannot be had (%s) is for the user to change', (code) => {
    const page = new Page().signIn('ann').connect();
    page.takeSent();
    page.hear(`:s ${code} * ann :No`);
    expect(page.state).toMatchObject({ link: { kind: 'idle' }, failure: { code, text: 'No' } });
    expect(page.takeSent()).toEqual([]);
  });

  test.each([
    [':s 464 ann :Password incorrect', { code: '464', text: 'Password incorrect' }],
    [':s 465 ann :Banned', { code: '465', text: 'Banned' }],
    ['ERROR :Closing link', { code: 'ERROR', text: 'Closing link' }],
  ])('a refusal says why: %s', (line, failure) => {
    const page = new Page().signIn('ann').connect().hear(line);
    expect(page.state).toMatchObject({ link: { kind: 'idle' }, failure });
  });

  test('a PING is answered', () => {
    expect(new Page().hear('PING :a b').takeSent()).toEqual(['PONG :a b']);
  });
});

describe('own messages', () => {
  test('wait for their echo, which takes their place', () => {
    const page = joined().say('hello');
    const [line] = page.at('#a').lines.slice(-1);
    expect(page.deliveries()).toEqual(['hello: waiting']);
    page.hear(`@label=l${line?.id};msgid=m1 :ann!u@h PRIVMSG #a :hello`);
    expect(page.deliveries()).toEqual(['hello: sent']);
    expect(page.at('#a').lines.at(-1)?.id).toBe(line?.id);
  });

  test('an echo without a label ends the waiting of the same text', () => {
    const page = joined().say('one').say('two').hear(':ann!u@h PRIVMSG #a :one');
    expect(page.deliveries()).toEqual(['one: sent', 'two: waiting']);
  });

  test('an error with its label belongs to the message', () => {
    const page = joined().say('hello');
    page.hear(`@label=l${page.state.nextId - 1} :s 404 ann #a :Cannot send to channel (+m)`);
    expect(page.bodies().at(-1)).toMatchObject({ delivery: 'refused', problem: { code: '404' } });
  });

  test('what was said elsewhere as this user is shown', () => {
    expect(joined().hear(':ann!u@h PRIVMSG #a :from my phone').deliveries()).toEqual(['from my phone: sent']);
  });

  test('without echoes a message counts as sent at once', () => {
    const page = new Page().signIn('ann', ['#a']).on({ kind: 'opened' });
    page.hear(':s 001 ann :Welcome', ':ann!u@h JOIN #a').say('hello');
    expect(page.deliveries()).toEqual(['hello: sent']);
  });
});

describe('a lost connection', () => {
  test('leaves a message without an echo unsure, and it can be sent again or dropped', () => {
    const page = joined().say('one').say('two').lose();
    expect(page.deliveries()).toEqual(['one: unsure', 'two: unsure']);
    const ids = page.at('#a').lines.flatMap(({ id, body }) => (body.kind === 'message' ? [id] : []));
    page.on({ kind: 'said-again', key: '#a', id: ids[0] ?? 0, label: 'again' });
    page.on({ kind: 'discarded', key: '#a', id: ids[1] ?? 0 });
    expect(page.deliveries()).toEqual(['one: waiting']);
    page.hear('@label=again :ann!u@h PRIVMSG #a :one');
    expect(page.deliveries()).toEqual(['one: sent']);
  });

  test('brings the page back into its rooms, and sends there what was said meanwhile', () => {
    const page = joined().lose();
    expect(page.at('#a')).toMatchObject({ isJoined: false, members: new Map() });
    page.say('meanwhile', '#a', false).connect();
    page.takeSent();
    page.hear(':s 001 ann :Welcome');
    expect(page.takeSent()).toEqual(['JOIN #a']);
    expect(page.deliveries()).toEqual(['meanwhile: queued']);
    const label = page.bodies().flatMap((body) => (body.kind === 'message' ? [body.label] : []))[0] ?? '';
    page.hear(':ann!u@h JOIN #a');
    expect(page.takeSent()).toEqual([`@label=${label} PRIVMSG #a meanwhile`]);
    expect(page.deliveries()).toEqual(['meanwhile: waiting']);
  });

  test('is one line in each conversation, with its beginning and its end', () => {
    const page = joined().lose().connect().hear('@time=1970-01-01T00:00:09.000Z :s 001 ann :Welcome');
    expect(page.at('#a').lines).toMatchObject([{ atMs: 2000, body: { kind: 'gap', backAtMs: 9000 } }]);
    page.lose();
    expect(page.bodies()).toMatchObject([{ backAtMs: 9000 }, { backAtMs: null }]);
  });

  test('a message that arrives again is shown once', () => {
    const page = joined().hear('@msgid=m1 :bob!u@h PRIVMSG #a :hi').lose().connect();
    page.hear(':s 001 ann :Welcome', ':ann!u@h JOIN #a', '@msgid=m1 :bob!u@h PRIVMSG #a :hi');
    expect(page.deliveries()).toEqual(['hi: sent']);
  });

  test('a room that was left, or that one was kicked out of, is not joined again', () => {
    const page = joined().hear(':ann!u@h JOIN #b', ':ann!u@h PART #b', ':bob!u@h KICK #a ann :bye').lose().connect();
    page.takeSent();
    expect(page.hear(':s 001 ann :Welcome').takeSent()).toEqual([]);
  });

  test('another nick stands in while the own one is taken, until it is free', () => {
    const page = joined().lose().connect();
    page.takeSent();
    page.hear(':s 433 * ann :In use', ':s 433 * ann_ :In use');
    expect(page.takeSent()).toEqual(['NICK ann_', 'NICK ann_1']);
    page.hear(':s 001 ann_1 :Welcome', ':ann_1!u@h JOIN #a', ':s 353 ann_1 = #a :ann ann_1', ':s 366 ann_1 #a :End');
    page.takeSent();
    page.hear(':ann!u@h QUIT :Ping timeout');
    expect(page.takeSent()).toEqual(['NICK ann']);
    page.hear(':ann_1!u@h NICK ann');
    expect(page.state).toMatchObject({ nick: 'ann', wantedNick: 'ann' });
  });

  test('a nick of the longest length gets no longer', () => {
    const nick = 'a'.repeat(30);
    const page = new Page().signIn(nick).connect().hear(`:s 001 ${nick} :Hi`, ISUPPORT);
    page.lose().connect().takeSent();
    page.hear(`:s 433 * ${nick} :In use`);
    expect(page.takeSent()).toEqual([`NICK ${'a'.repeat(29)}_`]);
  });

  test('an operator who kills the user keeps the page away', () => {
    const page = joined().hear(':oper!u@h KILL ann :enough');
    expect(page.state).toMatchObject({ link: { kind: 'idle' }, failure: { code: 'KILL', text: 'enough' } });
  });
});

describe('members', () => {
  const signs = (page: Page) => [...page.at('#a').members.values()].map((member) => member.signs + member.nick);

  test('arrive, leave, change their nicks and their ranks', () => {
    const page = joined();
    expect(signs(page)).toEqual(['@ann', 'bob']);
    page.hear(':carl!u@h JOIN #a', ':ann!u@h MODE #a +vo-o bob carl ann', ':ann!u@h MODE #a +lk 5 key');
    expect(signs(page).sort()).toEqual(['+bob', '@carl', 'ann']);
    page.hear(':ann!u@h MODE #a -l+v ann');
    expect(signs(page)).toContain('+ann');
    page.hear(':ann!u@h MODE #a -v ann', ':bob!u@h NICK robert', ':carl!u@h QUIT :bye');
    expect(signs(page).sort()).toEqual(['+robert', 'ann']);
    page.hear(':ann!u@h KICK #a robert :out');
    expect(signs(page)).toEqual(['ann']);
  });

  test('a member with several ranks keeps the others, highest first', () => {
    const page = joined().hear(':x!u@h MODE #a +v ann', ':x!u@h MODE #a +q ann');
    expect(signs(page)).toContain('~@+ann');
    expect(signs(page.hear(':x!u@h MODE #a -o ann'))).toContain('~+ann');
  });

  test('are asked for in small rooms, to know who is away', () => {
    const page = joined().hear(':ann!u@h JOIN #b', ':s 353 ann = #b :ann bob', ':s 366 ann #b :End');
    expect(page.takeSent()).toEqual(['WHO #b %tcnf,7']);
    page.hear(':s 354 ann 7 #b bob G', ':s 315 ann #b :End');
    expect(page.at('#b').members.get('bob')?.isAway).toBe(true);
    page.hear(':bob!u@h AWAY');
    expect(page.at('#b').members.get('bob')?.isAway).toBe(false);
    expect(page.at('').lines).toEqual([]);
  });

  test('a topic is known at the join and when it changes', () => {
    const page = joined().hear(':s 332 ann #a :old');
    expect(page.at('#a').topic).toBe('old');
    expect(page.hear(':bob!u@h TOPIC #a :new').at('#a').topic).toBe('new');
  });
});

describe('what is unread', () => {
  const away = (): Page => joined().hear(':ann!u@h JOIN #b').on({ kind: 'shown', key: '#b' });

  test('is counted where the user does not look, mentions apart', () => {
    const page = away().hear(':bob!u@h PRIVMSG #a :hi', ':bob!u@h PRIVMSG #a :ann: hi', ':carl!u@h JOIN #a');
    expect(page.at('#a')).toMatchObject({ unread: 2, mentions: 1 });
    page.hear(':bob!u@h PRIVMSG #b :here');
    expect(page.at('#b').unread).toBe(0);
  });

  test('begins at a mark, which stays while the user reads and is gone at the next visit', () => {
    const page = away().hear(':bob!u@h PRIVMSG #a :one', ':bob!u@h PRIVMSG #a :two').on({ kind: 'shown', key: '#a' });
    const { lines, unread, firstNewId } = page.at('#a');
    expect(unread).toBe(0);
    expect(lines.findIndex(({ id }) => id === firstNewId)).toBe(lines.length - 2);
    page.on({ kind: 'shown', key: '#b' }, { kind: 'shown', key: '#a' });
    expect(page.at('#a').firstNewId).toBe(-1);
  });

  test('grows in the room on the screen while the page is out of sight', () => {
    const page = joined().on({ kind: 'attention', isAttended: false }).hear(':bob!u@h PRIVMSG #a :hi');
    expect(page.at('#a').unread).toBe(1);
    page.on({ kind: 'attention', isAttended: true });
    expect(page.at('#a')).toMatchObject({ unread: 0, firstNewId: page.at('#a').lines.at(-1)?.id });
  });

  test.each([
    ['ann: hi', true],
    ['hi @ANN!', true],
    ['你好ann，在吗', true],
    ['\x02ann\x02', true],
    ['joanna annex ann_ x-ann', false],
    ['', false],
  ])('%j is a mention of ann: %s', (text, expected) => {
    expect(mentions(text, 'ann')).toBe(expected);
  });
});

describe('private conversations', () => {
  test('open when somebody writes, and count as mentions', () => {
    const page = joined().hear(':Carl!u@h PRIVMSG ann :psst');
    expect(page.at('carl')).toMatchObject({ kind: 'private', name: 'Carl', unread: 1, mentions: 1 });
    expect(page.state.current).toBe('#a');
  });

  test('follow a partner who changes the nick', () => {
    const page = joined().hear(':bob!u@h PRIVMSG ann :psst').on({ kind: 'shown', key: 'bob' });
    page.hear(':bob!u@h NICK robert');
    expect(page.state.current).toBe('robert');
    expect(page.at('robert').name).toBe('robert');
  });

  test('are not opened by what the server says, by notices, or by questions of clients', () => {
    const page = joined().hear(
      ':s NOTICE ann :Hello',
      ':bob!u@h NOTICE ann :hi',
      ':bob!u@h PRIVMSG ann :\x01VERSION\x01',
    );
    expect(orderedKeys(page.state)).toEqual(['', '#a']);
    expect(page.deliveries('')).toEqual(['Hello: sent', 'hi: sent']);
  });

  test('what is said to a rank of a room is shown in the room', () => {
    const page = joined().hear(':bob!u@h PRIVMSG @#a :operators only');
    expect(page.bodies().at(-1)).toMatchObject({ text: 'operators only', audience: '@' });
  });
});

describe('answers and errors', () => {
  const asked = (label: string, key: string): PageEvent => ({ kind: 'asked', label, key });

  test('are shown where the command was typed, also as a batch', () => {
    const page = joined().on(asked('w', '#a'), { kind: 'shown', key: '' });
    page.hear('@label=w :s BATCH +1 labeled-response', '@batch=1 :s 311 ann bob u h * :Bob', ':s BATCH -1');
    expect(page.bodies()).toMatchObject([{ kind: 'reply', code: '311', params: ['bob', 'u', 'h', '*', 'Bob'] }]);
    expect(page.state.batches.size).toBe(0);
  });

  test('without a label, in the conversation that they name, else in the one that is shown', () => {
    const page = joined().hear(':ann!u@h JOIN #b', ':s 482 ann #b :You are no operator', ':s 421 ann FOO :Unknown');
    expect(page.bodies('#b')).toMatchObject([{ kind: 'error', code: '482' }]);
    expect(page.bodies('#a')).toMatchObject([{ kind: 'error', code: '421', params: ['FOO', 'Unknown'] }]);
  });

  test('a room that refuses the user is not tried again', () => {
    const page = joined().on({ kind: 'wanted', room: '#c', password: '' }).hear(':s 473 ann #c :Cannot join (+i)');
    expect(page.at('#c')).toMatchObject({ isWanted: false, isJoined: false });
    expect(page.bodies('#c')).toMatchObject([{ kind: 'error', code: '473' }]);
  });

  test('a nick that is taken, when the user has one, is an error like others', () => {
    const page = joined().hear(':s 433 ann bob :In use');
    expect(page.state).toMatchObject({ nick: 'ann', link: { kind: 'online' } });
    expect(page.bodies()).toMatchObject([{ kind: 'error', code: '433' }]);
  });

  test('that somebody is away is shown once, until the reason changes', () => {
    const page = joined().on({ kind: 'talked-to', nick: 'bob' });
    page.hear(':s 301 ann bob :lunch', ':s 301 ann bob :lunch', ':s 301 ann bob :tea');
    expect(page.bodies('bob')).toHaveLength(2);
  });

  test('the list of rooms is collected', () => {
    const page = joined().hear(':s 321 ann Channel :Users  Name', ':s 322 ann #a 3 :topic', ':s 323 ann :End');
    expect(page.state.listing).toEqual({ isComplete: true, rooms: [{ name: '#a', members: 3, topic: 'topic' }] });
  });
});

describe('limits', () => {
  test('a conversation keeps its last lines', () => {
    const page = joined();
    for (let index = 0; index < MAX_LINES + 10; index += 1) page.hear(`:bob!u@h PRIVMSG #a :${index}`);
    expect(page.at('#a').lines).toHaveLength(MAX_LINES);
    expect(page.bodies().at(-1)).toMatchObject({ text: String(MAX_LINES + 9) });
  });

  test('labels that are never answered are forgotten', () => {
    const page = joined();
    for (let index = 0; index < 500; index += 1) page.on({ kind: 'asked', label: `x${index}`, key: '#a' });
    expect(page.state.origins.size).toBe(200);
  });

  test.each([
    'JOIN',
    ':x!u@h JOIN',
    'PART',
    'KICK #a',
    'MODE',
    'MODE #a',
    ':a!b@c MODE #a +ooo x',
    'NICK',
    'TOPIC',
    'PRIVMSG',
    ':x!u@h PRIVMSG',
    'CAP',
    'BATCH',
    'FAIL',
    ':s 001',
    ':s 005',
    ':s 353',
    ':s 366',
    ':s 354',
    ':s 322',
    ':s 433',
    ':s 999 ann x',
    ':__proto__!u@h PRIVMSG ann :x',
    ':constructor!u@h JOIN #a',
    'CONSTRUCTOR',
    '__PROTO__ x',
  ])('a line that makes no sense does no harm: %s', (line) => {
    const page = joined().hear(line);
    expect(page.at('#a').kind).toBe('room');
  });
});

describe('rooms that change', () => {
  test('a room with another name goes on under it, with its lines and members', () => {
    const page = joined().on({ kind: 'shown', key: '#a' });
    page.hear(':bob!u@h PRIVMSG #a :hello', ':bob!u@h RENAME #a #B :more room', ':bob!u@h PRIVMSG #B :here');
    expect(orderedKeys(page.state)).toEqual(['', '#b']);
    expect(page.state.current).toBe('#b');
    expect(page.at('#b').name).toBe('#B');
    expect([...page.at('#b').members.keys()]).toEqual(['ann', 'bob']);
    expect(page.bodies('#b').map(({ kind }) => kind)).toEqual(['message', 'retitled', 'message']);
    expect(page.bodies('#b')[1]).toMatchObject({ by: 'bob', before: '#a', name: '#B', reason: 'more room' });
  });

  test('who asks to be invited is shown in the room', () => {
    const page = joined().hear(':s 710 #a #a eve!u@h :has asked for an invite.');
    expect(page.bodies().at(-1)).toEqual({ kind: 'knocked', nick: 'eve' });
  });
});

describe('messages of several lines', () => {
  const multiline = `${CAPABILITIES} draft/multiline`;
  const withMultiline = () =>
    joined().hear(':s CAP * NEW :draft/multiline=max-bytes=100,max-lines=3', `:s CAP * ACK :${multiline}`);

  test('arrive as one line of the log, which is the echo of the one that waits for it', () => {
    const page = withMultiline().say('one\ntwo three');
    const [label] = page.bodies().flatMap((body) => (body.kind === 'message' ? [body.label] : []));
    page.hear(
      `@label=${label};msgid=x :ann!u@h BATCH +r draft/multiline #a`,
      '@batch=r :ann!u@h PRIVMSG #a :one',
      '@batch=r :ann!u@h PRIVMSG #a :two ',
    );
    expect(page.deliveries()).toEqual(['one\ntwo three: waiting']);
    page.hear('@batch=r;draft/multiline-concat :ann!u@h PRIVMSG #a :three', ':s BATCH -r');
    expect(page.deliveries()).toEqual(['one\ntwo three: sent']);
    expect(page.at('#a').lines[0]).toMatchObject({ messageId: 'x' });
    expect(page.state.multilines.size).toBe(0);
  });

  test('are sent whole if the server takes them, and line by line otherwise', () => {
    const { state } = withMultiline();
    expect(messagePieces(state, '#a', 'text', 'one\n\ntwo')).toEqual(['one\n\ntwo']);
    expect(messageLines(state, '#a', { style: 'text', text: 'one\n\ntwo', label: 'p1' })).toEqual([
      '@label=p1 BATCH +p1 draft/multiline #a',
      '@batch=p1 PRIVMSG #a one',
      '@batch=p1 PRIVMSG #a :',
      '@batch=p1 PRIVMSG #a two',
      'BATCH -p1',
    ]);
    expect(messagePieces(state, '#a', 'text', '1\n2\n3\n4')).toEqual(['1', '2', '3', '4']);
    expect(messagePieces(state, '#a', 'text', `${'x'.repeat(60)}\n${'x'.repeat(60)}`)).toHaveLength(2);
    expect(messagePieces(joined().state, '#a', 'text', 'one\ntwo')).toEqual(['one', 'two']);
  });

  test('keep every space where a long line is cut', () => {
    const { state } = withMultiline();
    const offered = new Map([['draft/multiline', 'max-bytes=4000,max-lines=9']]);
    const text = 'word  '.repeat(150);
    const lines = messageLines({ ...state, offered }, '#a', { style: 'text', text, label: 'p1' });
    expect(lines[2]).toMatch(/^@batch=p1;draft\/multiline-concat PRIVMSG #a /);
    expect(
      lines
        .slice(1, -1)
        .map((line) => line.replace(/^.*? PRIVMSG #a :/, ''))
        .join(''),
    ).toBe(text);
  });
});

describe('messages that are taken back', () => {
  test('are marked, wherever they stand; an unknown one is nothing to the page', () => {
    const page = joined().hear(
      '@msgid=1 :bob!u@h PRIVMSG #a :spam',
      '@msgid=2 :bob!u@h PRIVMSG ann :psst',
      ':ann!u@h REDACT #a 1 :no spam',
      ':bob!u@h REDACT ann 2',
    );
    expect(page.bodies()[0]).toMatchObject({ text: 'spam', redaction: { by: 'ann', reason: 'no spam' } });
    expect(page.bodies('bob')[0]).toMatchObject({ redaction: { by: 'bob', reason: '' } });
    const before = page.state;
    expect(page.hear(':bob!u@h REDACT #a 9').state).toBe(before);
  });
});
