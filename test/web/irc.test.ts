/** The page's words for IRC: lines, limits, formats, links. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_FEATURES, foldName, splitSigns, withTokens } from '../../web/irc/features.js';
import { parseIncoming, timeOf } from '../../web/irc/incoming.js';
import { piecesOf } from '../../web/irc/links.js';
import { actionOf, actionText, formatLine } from '../../web/irc/outgoing.js';
import { plainText, spansOf } from '../../web/irc/spans.js';
import { byteLength, messageBytes, splitText } from '../../web/irc/split.js';

describe('a line from the server', () => {
  test('gives its tags unescaped, its nick and its parameters', () => {
    const line = parseIncoming('@time=2026-11-25T10:00:00.000Z;label=a\\sb;x :ann!u@h privmsg #a :hello there');
    expect(line).toEqual({
      tags: new Map([
        ['time', '2026-11-25T10:00:00.000Z'],
        ['label', 'a b'],
        ['x', ''],
      ]),
      source: 'ann!u@h',
      nick: 'ann',
      command: 'PRIVMSG',
      params: ['#a', 'hello there'],
    });
  });

  test.each(['', ' ', '@a=b', ':ann', '@a=b :ann!u@h'])('without a command is none: %j', (text) => {
    expect(parseIncoming(text)).toBeNull();
  });

  test('has the time of the server, or else that of the page', () => {
    const at = (text: string) => timeOf(parseIncoming(text) ?? expect.fail('no line'), 7);
    expect(at('@time=1970-01-01T00:00:01.000Z PING a')).toBe(1000);
    expect(at('@time=soon PING a')).toBe(7);
    expect(at('PING a')).toBe(7);
  });
});

describe('a line to the server', () => {
  test.each([
    [formatLine('PING'), 'PING'],
    [formatLine('JOIN', ['#a', 'key']), 'JOIN #a key'],
    [formatLine('PRIVMSG', ['#a', 'two words']), 'PRIVMSG #a :two words'],
    [formatLine('PRIVMSG', ['#a', ':)']), 'PRIVMSG #a ::)'],
    [formatLine('TOPIC', ['#a', '']), 'TOPIC #a :'],
    [formatLine('PRIVMSG', ['#a', 'x'], 'l;1'), '@label=l\\:1 PRIVMSG #a x'],
  ])('%j', (line, expected) => {
    expect(line).toBe(expected);
  });

  test('cannot become two, whatever is typed', () => {
    expect(formatLine('PRIVMSG', ['#a', 'x\r\nQUIT'])).toBe('PRIVMSG #a :x  QUIT');
  });

  test('an action reads as one, also without its end', () => {
    expect(actionOf(actionText('waves'))).toBe('waves');
    expect(actionOf('\x01ACTION waves')).toBe('waves');
    expect(actionOf('\x01VERSION\x01')).toBeNull();
    expect(actionOf('waves')).toBeNull();
  });
});

describe('what the server says about itself', () => {
  test('its limits and ranks count', () => {
    const features = withTokens(DEFAULT_FEATURES, ['PREFIX=(qo)~@', 'NICKLEN=9', 'NETWORK=a\\x20b', 'LINELEN=2048']);
    expect(features).toMatchObject({ nickLength: 9, network: 'a b', lineBytes: 2048 });
    expect(splitSigns(features, '~@ann')).toEqual({ signs: '~@', nick: 'ann' });
  });

  test.each(['LINELEN=5', 'LINELEN=x', 'PREFIX=(ov)@', 'PREFIX=x', '-NICKLEN', 'UNKNOWN=1', '='])(
    'nonsense changes nothing: %s',
    (token) => {
      expect(withTokens(DEFAULT_FEATURES, [token])).toEqual(DEFAULT_FEATURES);
    },
  );

  test('names are the same as the server takes them to be', () => {
    expect(foldName(DEFAULT_FEATURES, 'Ann[Ä]')).toBe('ann[Ä]');
    expect(foldName(withTokens(DEFAULT_FEATURES, ['CASEMAPPING=rfc1459']), 'Ann[]\\~')).toBe('ann{}|^');
    expect(foldName(withTokens(DEFAULT_FEATURES, ['CASEMAPPING=rfc7613']), 'ＡＮＮ[Ä]')).toBe('ann[ä]');
  });
});

describe('a long text', () => {
  test('is cut by bytes, not by characters', () => {
    const pieces = splitText('你'.repeat(10), 10);
    expect(pieces).toEqual(['你你你', '你你你', '你你你', '你']);
  });

  test('is cut at a space if one is near, and nothing but that space is lost', () => {
    const text = 'one two three four five six seven';
    const pieces = splitText(text, 12);
    expect(pieces.every((piece) => byteLength(piece) <= 12)).toBe(true);
    expect(pieces.map((piece) => piece.trim()).join(' ')).toBe(text);
  });

  test('keeps together what reads as one character', () => {
    const family = '👨‍👩‍👧';
    expect(splitText(family.repeat(3), byteLength(family) + 5)).toEqual([family, family, family]);
  });

  test('is cut within a character that no line could hold', () => {
    const pile = `a${'\u0301'.repeat(500)}`;
    const pieces = splitText(pile, 100);
    expect(pieces.every((piece) => byteLength(piece) <= 100)).toBe(true);
    expect(pieces.join('')).toBe(pile);
  });

  test('has one message for each line that is not empty', () => {
    expect(splitText('a\r\n\n  \nb\rc', 100)).toEqual(['a', 'b', 'c']);
  });

  test('leaves room for the mask that the server puts before it', () => {
    const line = (mask: string, text: string) => `:${mask} PRIVMSG #a :${text}\r\n`;
    const bytes = messageBytes(DEFAULT_FEATURES, 'ann!u@host', 'ann', '#a');
    expect(byteLength(line('ann!u@host', 'x'.repeat(bytes)))).toBe(512);
    expect(messageBytes(DEFAULT_FEATURES, '', 'ann', '#a')).toBeLessThan(bytes);
  });
});

describe('formats', () => {
  test.each([
    ['plain', [['plain', '']]],
    [
      '\x02bold\x02 not',
      [
        ['bold', 'bold'],
        [' not', ''],
      ],
    ],
    [
      '\x1d\x1fboth\x0fnone',
      [
        ['both', 'italic underline'],
        ['none', ''],
      ],
    ],
    [
      '\x034red\x03 not',
      [
        ['red', 'fg-4'],
        [' not', ''],
      ],
    ],
    ['\x0304,12x', [['x', 'bg-12']]],
    ['\x0352x', [['x', 'fg-4']]],
    ['\x0399x', [['x', '']]],
    ['\x031,1hidden', [['hidden', 'bg-1']]],
    ['\x03,5x', [[',5x', '']]],
    ['\x04ff0000x', [['x', '']]],
    ['a\x07\x00b', [['ab', '']]],
    ['', []],
  ])('%j', (text, expected) => {
    expect(spansOf(text).map((span) => [span.text, span.classes])).toEqual(expected);
  });

  test('leave the text', () => {
    expect(plainText('\x02a\x034,5b\x0fc')).toBe('abc');
  });
});

describe('links', () => {
  const linksOf = (text: string) => piecesOf(text).flatMap((piece) => (piece.kind === 'link' ? [piece.text] : []));

  test.each([
    ['see https://example.org/x.', ['https://example.org/x']],
    ['(https://example.org/a_(b))', ['https://example.org/a_(b)']],
    ['HTTP://example.org and http://[::1]:80/', ['HTTP://example.org', 'http://[::1]:80/']],
    ['看https://example.org/路径。', ['https://example.org/路径']],
    ['javascript:alert(1) data:text/html,x ftp://a.b //c.d', []],
    ['https:// http://?', []],
    ['https://a.b"onmouseover="x', ['https://a.b']],
    ['https://a.b/\u202egpj.exe', ['https://a.b/']],
  ])('%j', (text, expected) => {
    expect(linksOf(text)).toEqual(expected);
  });

  test('no character is lost', () => {
    const text = '<b>https://a.b/?x=<i>&y</b> (http://c.d/).';
    expect(
      piecesOf(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  });
});
