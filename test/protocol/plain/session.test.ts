import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../../src/chat/chat.js';
import { PRIVILEGES } from '../../../src/chat/member.js';
import type { Shelf } from '../../../src/history/line.js';
import { MemoryHistory } from '../../../src/history/memory-history.js';
import { type PlainOptions, PlainSession } from '../../../src/protocol/plain/session.js';
import { FakeLink } from '../fake-link.js';

const AT = new Date(2026, 10, 21, 4, 5, 6);
const STAMP = '2026-11-21 04:05:06';

const UNLIMITED = { linesPerSecond: 0, burstLines: 1, receiveQueueBytes: 1000 };

let chat: Chat;
let options: PlainOptions;

beforeEach(() => {
  chat = new Chat({ now: () => AT.getTime() });
  const lobby = chat.openRoom('#lobby');
  options = { chat, lobby, charset: 'utf-8', maxLineBytes: 64, quietMs: 100, limits: UNLIMITED };
});

function enter(port: number, changes: Partial<PlainOptions> = {}, host = '127.0.0.1') {
  const link = new FakeLink(port, host);
  return { link, session: new PlainSession(link, { ...options, ...changes }) };
}

describe('talking', () => {
  test('a line reaches every other peer with time and address, and not its sender', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    const eve = enter(1003, {}, '::1');
    for (const { link } of [ann, bob, eve]) link.takeText();
    ann.session.receive(Buffer.from('hello  world \r\n'));
    expect(ann.link.takeText()).toBe('');
    expect(bob.link.takeText()).toBe(`${STAMP} 127.0.0.1:1001 say: hello  world \n`);
    eve.session.receive(Buffer.from('hi\n'));
    expect(bob.link.takeLines().at(-1)).toBe(`${STAMP} [::1]:1003 say: hi`);
  });

  test('joining and leaving are announced to the others', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    expect(ann.link.takeText()).toBe(`${STAMP} 127.0.0.1:1002 joined\n`);
    bob.session.receive(Buffer.from('  ExIt\n'));
    expect(bob.link.closedBecause).toBe('left');
    expect(ann.link.takeText()).toBe(`${STAMP} 127.0.0.1:1002 left\n`);
    bob.session.disconnected('closed');
    expect(ann.link.takeText()).toBe('');
  });

  test('a kick is shown to everybody, and the kicked peer may not speak any more', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    const eve = enter(1003);
    chat.setOperator(ann.session.member, PRIVILEGES);
    for (const { link } of [ann, bob, eve]) link.takeText();
    chat.kick(ann.session.member, '#lobby', { nick: 'plain-1002', reason: 'enough' });
    const line = `${STAMP} 127.0.0.1:1002 was kicked by 127.0.0.1:1001 (enough)`;
    expect([bob.link.takeLines(), eve.link.takeLines()]).toEqual([[line], [line]]);
    bob.session.receive(Buffer.from('but\n'));
    expect(bob.link.takeText()).toBe(`${STAMP} server: you were kicked from the room; connect again to come back\n`);
    expect(eve.link.takeText()).toBe('');
  });

  test('empty lines are not said, and a line after exit is not read', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    ann.link.takeText();
    bob.session.receive(Buffer.from('\r\n \n\t\nexit\nstill here\n'));
    expect(ann.link.takeLines()).toEqual([`${STAMP} 127.0.0.1:1002 left`]);
  });

  test('two lines arrive in order however the stream was cut', () => {
    const bytes = Buffer.from('你好 one\r\ntwo\n');
    for (let at = 0; at <= bytes.length; at += 1) {
      const ann = enter(1001);
      const bob = enter(1002);
      ann.link.takeText();
      bob.session.receive(bytes.subarray(0, at));
      bob.session.receive(bytes.subarray(at));
      expect(ann.link.takeLines()).toEqual([
        `${STAMP} 127.0.0.1:1002 say: 你好 one`,
        `${STAMP} 127.0.0.1:1002 say: two`,
      ]);
      for (const { session } of [ann, bob]) session.disconnected('');
    }
  });
});

describe('a message without a newline', () => {
  test('is said after the quiet time', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    ann.link.takeText();
    bob.session.receive(Buffer.from('hel'));
    bob.session.receive(Buffer.from('lo'));
    expect(bob.link.wakeDelayMs).toBe(100);
    expect(ann.link.takeText()).toBe('');
    bob.session.wake();
    expect(ann.link.takeLines()).toEqual([`${STAMP} 127.0.0.1:1002 say: hello`]);
  });

  test('is said at the end of the stream', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    ann.link.takeText();
    bob.session.receive(Buffer.from('bye'));
    bob.session.endOfInput();
    expect(ann.link.takeLines()).toEqual([`${STAMP} 127.0.0.1:1002 say: bye`, `${STAMP} 127.0.0.1:1002 left`]);
    expect(bob.link.closedBecause).toBe('left');
  });

  test('waits for its newline if the quiet time is off', () => {
    const bob = enter(1002, { quietMs: 0 });
    bob.session.receive(Buffer.from('hello'));
    expect(bob.link.wakeDelayMs).toBeNull();
  });
});

describe('bad input', () => {
  test('an overlong line is refused and heard by nobody, and the next one is heard', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    ann.link.takeText();
    bob.session.receive(Buffer.from(`${'x'.repeat(65)}\nok\n`));
    expect(bob.link.takeText()).toBe(`${STAMP} server: that line was longer than 64 bytes and was not sent\n`);
    expect(ann.link.takeLines()).toEqual([`${STAMP} 127.0.0.1:1002 say: ok`]);
  });

  test('control bytes and invalid UTF-8 are made harmless', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    ann.link.takeText();
    bob.session.receive(Buffer.from([0x61, 0x00, 0x1b, 0x0d, 0xff, 0xc4, 0x62, 0x0a]));
    expect(ann.link.takeText()).toBe(`${STAMP} 127.0.0.1:1002 say: a\ufffd\ufffd\ufffd\ufffd\ufffdb\n`);
  });
});

describe('charsets', () => {
  test('a GBK peer and a UTF-8 peer understand each other', () => {
    const ann = enter(1001);
    const bob = enter(1002, { charset: 'gbk' });
    ann.link.takeText();
    bob.session.receive(Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3, 0x0a));
    expect(ann.link.takeLines()).toEqual([`${STAMP} 127.0.0.1:1002 say: 你好`]);
    ann.session.receive(Buffer.from('你好😀\n'));
    const text = bob.link.takeBytes();
    expect(text.subarray(-6)).toEqual(Buffer.from([0xc4, 0xe3, 0xba, 0xc3, 0x3f, 0x0a]));
  });

  test('with auto a peer is answered in the charset of its first unambiguous line', () => {
    const ann = enter(1001);
    const bob = enter(1002, { charset: 'auto' });
    ann.session.receive(Buffer.from('你\n'));
    expect(bob.link.takeBytes().subarray(-4)).toEqual(Buffer.from('你\n'));
    bob.session.receive(Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3, 0x0a));
    ann.session.receive(Buffer.from('你\n'));
    expect(bob.link.takeBytes().subarray(-3)).toEqual(Buffer.from([0xc4, 0xe3, 0x0a]));
  });
});

describe('ending', () => {
  test('a shutdown is announced to the peer', () => {
    const ann = enter(1001);
    ann.session.shutDown('the server is shutting down');
    expect(ann.link.takeText()).toBe(`${STAMP} server: the server is shutting down\n`);
    expect(ann.link.closedBecause).toBe('the server is shutting down');
  });

  test('a lost connection is announced with its reason, and leaves nothing behind', () => {
    const ann = enter(1001);
    const bob = enter(1002);
    ann.link.takeText();
    bob.session.disconnected('connection reset');
    expect(ann.link.takeLines()).toEqual([`${STAMP} 127.0.0.1:1002 left (connection reset)`]);
    expect(chat.directory.memberCount).toBe(1);
    expect(chat.directory.room('#lobby')?.size).toBe(1);
  });

  test.each(['*!plain@*', 'plain-1002!*@*', '*!*@127.0.0.1'])(
    'a room that bans %s lets the peer in no more',
    (mask) => {
      const ann = enter(1001);
      chat.setOperator(ann.session.member, PRIVILEGES);
      const change = { kind: 'mask', on: true, list: 'ban', mask } as const;
      chat.amend(ann.session.member, '#lobby', [change], { maxMasks: 10, maxValues: 1 });
      ann.link.takeText();
      const bob = enter(1002);
      expect(bob.link.closedBecause).toBe('you are banned from this room');
      expect(bob.link.takeText()).toBe(`${STAMP} server: you are banned from this room\n`);
      expect(ann.link.takeText()).toBe('');
      expect(chat.directory.member('plain-1002')).toBeUndefined();
    },
  );

  test('a banned address is refused', () => {
    const { session } = enter(1001);
    chat.setOperator(session.member, PRIVILEGES);
    const change = { kind: 'mask', on: true, list: 'ban', mask: '*!*@10.*' } as const;
    chat.amend(session.member, '#lobby', [change], { maxMasks: 1, maxValues: 1 });
    session.disconnected('');
    const eve = enter(1003, {}, '10.1.2.3');
    expect(eve.link.takeText()).toBe(`${STAMP} server: you are banned from this room\n`);
    expect(eve.link.closedBecause).toBe('you are banned from this room');
    expect(chat.directory.memberCount).toBe(0);
  });
});

describe('looking for messages', () => {
  /** A lobby in which some things were said. */
  function withPast(texts: readonly string[]): Partial<PlainOptions> {
    const history = new MemoryHistory();
    const shelf: Shelf = `r:${chat.logOf(options.lobby)?.slice('r:'.length) ?? ''}`;
    for (const [seq, text] of texts.entries()) {
      const line = {
        seq,
        part: 0,
        atMs: AT.getTime(),
        msgid: `x-${seq}`,
        peer: null,
        source: 'bob!b@h',
        account: null,
      };
      const words = { target: '#lobby', ranks: 0, text, tags: [], object: null, bits: 0 };
      history.record(shelf, { ...line, ...words, kind: 'message' });
    }
    return { past: { history, settings: { pageLines: 100, onJoin: 0 } } };
  }

  /** What a peer is sent that types a line. */
  async function answered(texts: readonly string[], typed: string): Promise<string[]> {
    const { link, session } = enter(1001, withPast(texts));
    link.takeText();
    session.receive(Buffer.from(`${typed}\n`));
    await new Promise(setImmediate);
    return link.takeLines();
  }

  test('those with all words are shown, and the words are not said', async () => {
    const bob = enter(1002);
    const found = await answered(['a server', '服务器 a', 'b'], '/SEARCH  A  务器');
    expect(found).toEqual([`${STAMP} bob say: 服务器 a`]);
    expect(bob.link.takeText()).not.toContain('SEARCH');
  });

  test('the last twenty of more are shown', async () => {
    const found = await answered(
      Array.from({ length: 30 }, (_, n) => `number ${n}`),
      '/search number',
    );
    expect(found).toEqual(Array.from({ length: 20 }, (_, n) => `${STAMP} bob say: number ${n + 10}`));
  });

  test.each([
    ['/search', 'type /search and the words to look for'],
    ['/search nothing', 'no message has these words'],
  ])('%s: %s', async (typed, answer) => {
    expect(await answered(['one', 'two'], typed)).toEqual([`${STAMP} server: ${answer}`]);
  });

  test('a line that only begins alike is said', () => {
    const bob = enter(1002);
    const ann = enter(1001);
    bob.link.takeText();
    ann.session.receive(Buffer.from('/searching for words\n'));
    expect(bob.link.takeText()).toContain('say: /searching for words');
  });
});
