/** What the user types: commands, completion, the lines before. */
import { describe, expect, test } from 'vitest';
import { actsFor, COMMAND_USAGES } from '../../web/input/commands.js';
import { applied, completed, type Completion, cycled } from '../../web/input/completion.js';
import { EMPTY_HISTORY, moved, remembered } from '../../web/input/history.js';
import { DEFAULT_FEATURES } from '../../web/irc/features.js';

const room = { kind: 'room', name: '#a', features: DEFAULT_FEATURES } as const;
const server = { kind: 'server', name: '', features: DEFAULT_FEATURES } as const;
const bob = { kind: 'private', name: 'bob', features: DEFAULT_FEATURES } as const;

describe('a line that is typed', () => {
  test.each([
    ['hello', [{ kind: 'say', target: '#a', style: 'text', text: 'hello' }]],
    ['//path', [{ kind: 'say', target: '#a', style: 'text', text: '/path' }]],
    ['/me waves', [{ kind: 'say', target: '#a', style: 'action', text: 'waves' }]],
    ['/join b,#c key', [{ kind: 'join', rooms: ['#b', '#c'], password: 'key' }]],
    ['/part', [{ kind: 'part', room: '#a', reason: '' }]],
    ['/part #b so long', [{ kind: 'part', room: '#b', reason: 'so long' }]],
    ['/part so long', [{ kind: 'part', room: '#a', reason: 'so long' }]],
    [
      '/msg bob two words',
      [
        { kind: 'talk', nick: 'bob' },
        { kind: 'say', target: 'bob', style: 'text', text: 'two words' },
      ],
    ],
    ['/msg #b x', [{ kind: 'say', target: '#b', style: 'text', text: 'x' }]],
    ['/nick carl', [{ kind: 'nick', nick: 'carl' }]],
    ['/topic', [{ kind: 'send', line: 'TOPIC #a' }]],
    ['/topic two words', [{ kind: 'send', line: 'TOPIC #a :two words' }]],
    ['/away', [{ kind: 'away', reason: null }]],
    ['/away at lunch', [{ kind: 'away', reason: 'at lunch' }]],
    ['/kick bob', [{ kind: 'send', line: 'KICK #a bob' }]],
    ['/kick #b bob be nice', [{ kind: 'send', line: 'KICK #b bob :be nice' }]],
    ['/mode +o bob', [{ kind: 'send', line: 'MODE #a +o bob' }]],
    ['/mode', [{ kind: 'send', line: 'MODE #a' }]],
    ['/mode #b +m', [{ kind: 'send', line: 'MODE #b +m' }]],
    ['/whois bob', [{ kind: 'send', line: 'WHOIS bob' }]],
    ['/invite bob', [{ kind: 'send', line: 'INVITE bob #a' }]],
    ['/HELP', [{ kind: 'help' }]],
    ['/nonsense x', [{ kind: 'wrong', hint: 'unknown-command', detail: '/nonsense' }]],
    ['/constructor', [{ kind: 'wrong', hint: 'unknown-command', detail: '/constructor' }]],
    ['/msg bob', [{ kind: 'wrong', hint: 'usage', detail: '/msg <nick or #room> <text>' }]],
  ])('%j in a room', (text, expected) => {
    expect(actsFor(text, room)).toEqual(expected);
  });

  test('needs somebody to hear it', () => {
    expect(actsFor('hello', server)).toEqual([{ kind: 'wrong', hint: 'not-here', detail: '' }]);
    expect(actsFor('/part', server)).toMatchObject([{ kind: 'wrong', hint: 'usage' }]);
    expect(actsFor('/mode +m', server)).toMatchObject([{ kind: 'wrong', hint: 'usage' }]);
  });

  test('asks who the partner of a conversation is', () => {
    expect(actsFor('/whois', bob)).toEqual([{ kind: 'send', line: 'WHOIS bob' }]);
  });

  test.each(COMMAND_USAGES)('/%s has a usage that fits what it needs', (name, usage) => {
    const isFree = !usage.includes('<');
    const [act] = actsFor(`/${name}`, room);
    expect(act?.kind === 'wrong').toBe(!isFree);
  });
});

describe('Tab', () => {
  const vocabulary = { nicks: ['ann', 'Andrew', 'bob'], rooms: ['#alpha', '#beta'], commands: ['me', 'mode'] };
  const tab = (text: string, cursor = text.length) => completed(text, cursor, vocabulary);
  const shows = (completion: Completion | null) => (completion === null ? null : applied(completion));

  test('completes a nick, with a colon at the start of a line', () => {
    expect(shows(tab('b'))).toEqual({ text: 'bob: ', cursor: 5 });
    expect(shows(tab('hi @BO'))).toEqual({ text: 'hi @bob ', cursor: 8 });
  });

  test('goes through everybody who fits, and begins again', () => {
    const first = tab('an') ?? expect.fail('nothing fits');
    const second = cycled(first);
    expect([first, second, cycled(second)].map((each) => applied(each).text)).toEqual(['ann: ', 'Andrew: ', 'ann: ']);
  });

  test('keeps what stands behind the cursor', () => {
    expect(shows(tab('hi b you', 4))).toEqual({ text: 'hi bob  you', cursor: 7 });
  });

  test('completes rooms, and commands at the start', () => {
    expect(shows(tab('see #b'))).toEqual({ text: 'see #beta ', cursor: 10 });
    expect(shows(tab('/mo'))).toEqual({ text: '/mode ', cursor: 6 });
    expect(tab('hi /mo')).toBeNull();
  });

  test('is free for moving on if there is nothing to complete', () => {
    expect(tab('')).toBeNull();
    expect(tab('bob ')).toBeNull();
    expect(tab('xyz')).toBeNull();
  });
});

describe('the arrow keys', () => {
  const history = ['one', 'two'].reduce(remembered, EMPTY_HISTORY);

  test('go back to the first line and forth to the draft', () => {
    const back = moved(history, -1, 'draft') ?? expect.fail('no line');
    const farther = moved(back.history, -1, back.text) ?? expect.fail('no line');
    expect([back.text, farther.text]).toEqual(['two', 'one']);
    expect(moved(farther.history, -1, 'one')).toBeNull();
    const forth = moved(farther.history, 1, 'one') ?? expect.fail('no line');
    expect(moved(forth.history, 1, 'two')?.text).toBe('draft');
    expect(moved(history, 1, '')).toBeNull();
  });

  test('know a line that was sent twice once, and only the last hundred', () => {
    expect(remembered(history, 'two').entries).toEqual(['one', 'two']);
    const many = Array.from({ length: 150 }, (_, index) => String(index)).reduce(remembered, EMPTY_HISTORY);
    expect(many.entries).toHaveLength(100);
    expect(many.entries.at(-1)).toBe('149');
  });
});
