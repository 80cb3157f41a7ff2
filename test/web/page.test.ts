/** The page's smaller parts: what the log shows, settings, titles, texts; and what the build makes. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { configFrom } from '../../web/config.js';
import { COMMAND_USAGES } from '../../web/input/commands.js';
import { newsOf, titleOf } from '../../web/notify.js';
import { DEFAULT_SETTINGS, sessionFrom, settingsFrom, Store } from '../../web/settings.js';
import { type Item, itemsOf, type MovementLine, summaryOf } from '../../web/state/items.js';
import { EMPTY_BODY } from '../../web/state/message-body.js';
import { emptyConversation, INITIAL_STATE, type Line, type MessageBody, type State } from '../../web/state/model.js';
import { textsFor } from '../../web/text/choose.js';
import { english } from '../../web/text/en.js';
import { errorText } from '../../web/text/errors.js';
import { chinese } from '../../web/text/zh.js';
import { packagePath, projectPath } from '../support/processes.js';

const MINUTE_MS = 60_000;

function message(id: number, from: string, atMs = 0, more: Partial<MessageBody> = {}): Line {
  return { id, atMs, messageId: '', body: { ...EMPTY_BODY, from, text: 'x', ...more } };
}

const moved = (id: number, how: 'joined' | 'left' | 'quit' | 'renamed', nick: string, detail = ''): MovementLine => ({
  id,
  atMs: 0,
  messageId: '',
  body: { kind: 'moved', how, nick, detail },
});

describe('the log', () => {
  const kinds = (items: readonly Item[]) => items.map(({ kind }) => kind);

  test('has a line between two days', () => {
    const items = itemsOf([message(1, 'ann', 0), message(2, 'ann', 36 * 60 * MINUTE_MS)], -1, true);
    expect(kinds(items)).toEqual(['day', 'message', 'day', 'message']);
  });

  test('names an author once for what follows soon', () => {
    const lines = [
      message(1, 'ann'),
      message(2, 'ann', MINUTE_MS),
      message(3, 'bob', MINUTE_MS),
      message(4, 'bob', 10 * MINUTE_MS),
      message(5, 'bob', 10 * MINUTE_MS, { style: 'action' }),
      message(6, 'bob', 10 * MINUTE_MS),
    ];
    const follows = itemsOf(lines, -1, true).flatMap((item) => (item.kind === 'message' ? [item.follows] : []));
    expect(follows).toEqual([false, true, false, false, false, false]);
  });

  test('marks where the unread part begins, and names the author again there', () => {
    const items = itemsOf([message(1, 'ann'), message(2, 'ann')], 2, true);
    expect(kinds(items)).toEqual(['day', 'message', 'new', 'message']);
    expect(items.at(-1)).toMatchObject({ follows: false });
  });

  test('puts comings and goings together, or leaves them out', () => {
    const lines = [moved(1, 'joined', 'ann'), moved(2, 'left', 'bob'), message(3, 'carl'), moved(4, 'quit', 'dan')];
    expect(kinds(itemsOf(lines, -1, true))).toEqual(['day', 'movements', 'message', 'movements']);
    expect(kinds(itemsOf(lines, -1, false))).toEqual(['day', 'message']);
  });

  test('sums them up: a user who joined and left is in neither list', () => {
    expect(summaryOf([moved(1, 'joined', 'ann'), moved(2, 'quit', 'bob'), moved(3, 'left', 'ann')])).toEqual({
      joined: [],
      left: ['bob'],
      renamed: [],
    });
    expect(summaryOf([moved(1, 'left', 'ann'), moved(2, 'joined', 'ann')])).toMatchObject({ joined: [], left: [] });
  });

  test('sums nicks up: two changes are one, and there and back none', () => {
    const there = [moved(1, 'renamed', 'ann', 'ann2'), moved(2, 'renamed', 'ann2', 'ann3')];
    expect(summaryOf(there).renamed).toEqual([['ann', 'ann3']]);
    expect(summaryOf([...there, moved(3, 'renamed', 'ann3', 'ann')]).renamed).toEqual([]);
    expect(summaryOf([moved(1, 'joined', 'bob'), moved(2, 'renamed', 'bob', 'rob')]).joined).toEqual(['rob']);
  });
});

describe('what the browser keeps', () => {
  test.each([null, '', '{', '[]', '7', 'null', '{"language":"xx","theme":5}'])('may be anything: %j', (text) => {
    expect(settingsFrom(text)).toEqual(DEFAULT_SETTINGS);
    expect(sessionFrom(text)).toBeNull();
  });

  test('is read again', () => {
    const settings = { language: 'zh', theme: 'dark', hasNotifications: true, hasMovements: false };
    expect(settingsFrom(JSON.stringify(settings))).toEqual(settings);
    expect(sessionFrom('{"nick":"ann","rooms":["#a",5]}')).toEqual({ nick: 'ann', rooms: ['#a'], hasAccount: false });
    expect(sessionFrom('{"nick":"ann","rooms":[],"hasAccount":true}')).toMatchObject({ hasAccount: true });
  });

  test('may be forbidden, and nothing fails', () => {
    const store = new Store(() => {
      throw new Error('SecurityError');
    });
    store.write('settings', {});
    expect(store.read('settings')).toBeNull();
  });
});

describe('what the server says before one signs in', () => {
  test.each([null, 'x', [], { networkName: 5, lobby: '', nickLength: '9' }])('may be missing: %j', (value) => {
    expect(configFrom(value)).toMatchObject({ networkName: 'fdmux', lobby: '#lobby', nickLength: 30 });
  });

  test('counts', () => {
    const flags = { isPasswordNeeded: true, hasAccounts: true, hasRegistration: true, needsMail: true };
    const config = { networkName: 'n', webSocketPath: 'w', lobby: '#x', nickLength: 9, ...flags };
    expect(configFrom(config)).toEqual(config);
  });
});

describe('news', () => {
  const state = (mentions: number, unread: number, lines: readonly Line[]): State => ({
    ...INITIAL_STATE,
    conversations: new Map([['#a', { ...emptyConversation('#a', 'room', '#A'), mentions, unread, lines }]]),
  });

  test('are messages that have just arrived for the user', () => {
    const before = state(0, 3, []);
    const after = state(1, 4, [message(1, 'bob', 0, { text: 'ann: hi' })]);
    expect(newsOf(before, after)).toEqual([{ key: '#a', name: '#A', from: 'bob', text: 'ann: hi' }]);
    expect(newsOf(after, after)).toEqual([]);
    expect(newsOf(after, state(0, 0, []))).toEqual([]);
  });

  test('show in the title', () => {
    expect(titleOf(state(0, 0, []), '#a')).toBe('#a');
    expect(titleOf(state(0, 2, []), '#a')).toBe('• #a');
    expect(titleOf(state(2, 2, []), '#a')).toBe('(2) #a');
  });
});

describe('texts', () => {
  test.each([
    ['auto', ['zh-TW', 'en'], chinese],
    ['auto', ['de', 'en-US', 'zh'], english],
    ['auto', ['de'], english],
    ['zh', ['en'], chinese],
    ['en', ['zh'], english],
  ] as const)('%s in a browser that speaks %j', (choice, languages, expected) => {
    expect(textsFor(choice, languages)).toBe(expected);
  });

  test.each([english, chinese])('say what each command does: $language', (texts) => {
    expect(Object.keys(texts.commandHelp)).toEqual(COMMAND_USAGES.map(([name]) => name));
  });

  test('say what is wrong in the words of the page, or else in those of the server', () => {
    expect(errorText(english, '473', ['#a', 'Cannot join channel (+i)'])).toBe('#a is for invited guests only.');
    expect(errorText(chinese, '433', ['ann', 'In use'])).toBe('昵称 ann 已被使用。');
    expect(errorText(english, '999', ['#a', 'Odd'])).toBe('#a: Odd');
    expect(errorText(english, 'ERROR', ['Closing link'])).toBe('Closing link');
    expect(errorText(english, '404', ['only words'])).toBe('only words');
    expect(errorText(english, 'constructor', ['a', 'b'])).toBe('a: b');
  });
});

describe('the build', () => {
  const folder = packagePath('dist/web');
  const assets = readdirSync(`${folder}/assets`);
  const html = readFileSync(`${folder}/index.html`, 'utf8');
  const read = (name: string) => readFileSync(`${folder}/assets/${name}`);

  test('is one page, one script and one style sheet, which carry a hash', () => {
    expect(readdirSync(folder).sort()).toEqual(['assets', 'index.html']);
    expect(assets.map((name) => name.replace(/[A-Z0-9]{8}/, 'HASH')).sort()).toEqual(['page-HASH.css', 'page-HASH.js']);
    for (const name of assets) expect(html).toContain(`"assets/${name}"`);
  });

  test('has less than 52 kB when compressed', () => {
    const bytes = [Buffer.from(html), ...assets.map(read)].reduce((sum, part) => sum + gzipSync(part).length, 0);
    expect(bytes).toBeLessThan(52_000);
  });

  test('asks nothing of a strict content security policy', () => {
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
    const code = assets.map((name) => read(name).toString()).join('\n');
    expect(code).not.toMatch(/\beval\(|new Function\(|document\.write/);
  });

  test('makes nodes of texts, and never markup', () => {
    const sources = readdirSync(projectPath('web'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      /tsx?$/.test(path),
    );
    const makers = sources.filter((path) =>
      /innerHTML|outerHTML|insertAdjacent/i.test(readFileSync(projectPath(`web/${path}`), 'utf8')),
    );
    expect(makers).toEqual([]);
  });

  test('names no other host', () => {
    const text = [html, ...assets.map((name) => read(name).toString())].join('\n');
    const hosts = [...text.matchAll(/\bhttps?:\/\/([a-z][a-z0-9.-]+)/gi)].map(([, host]) => host);
    expect([...new Set(hosts)]).toEqual(['www.w3.org']); // The names of XML's namespaces.
  });
});
