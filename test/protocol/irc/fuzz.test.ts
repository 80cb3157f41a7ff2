/**
 * Random and mutated lines against sessions without a kernel: every answer is well formed and within the limits, and
 * nothing accumulates. `FDMUX_FUZZ_LINES` sets how many lines are sent (20,000 by default); the seed of a run is in its
 * name, and `FDMUX_FUZZ_SEED` repeats it.
 */
import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Chat } from '../../../src/chat/chat.js';
import { PRIVILEGES } from '../../../src/chat/member.js';
import { CAPABILITY_BITS } from '../../../src/protocol/irc/capabilities.js';
import { COMMANDS } from '../../../src/protocol/irc/commands.js';
import { MAX_LINE_BYTES } from '../../../src/protocol/irc/message.js';
import { IrcSession } from '../../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS } from '../../../src/protocol/irc/settings.js';
import { IrcState } from '../../../src/protocol/irc/shared-state.js';
import { LOOPBACK_CLASS } from '../../../src/protocol/limits.js';
import { PlainSession } from '../../../src/protocol/plain/session.js';
import { heapInUse } from '../../support/heap.js';
import { FakeLink } from '../fake-link.js';
import { SILENT_CONTROL } from '../silent-control.js';

const LINES = Number(process.env['FDMUX_FUZZ_LINES'] ?? 20_000);
const SEED = Number(process.env['FDMUX_FUZZ_SEED'] ?? Date.now() % 1_000_000);
const SESSIONS = 8;

/** A small generator (mulberry32), so that a run can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const WORDS = [
  '#a',
  '#b',
  '#lobby',
  '@#a',
  '#a,#b',
  'n0',
  'n1',
  'n2,n3',
  '*',
  '0',
  '+o',
  '-o+v',
  '+b',
  '+k',
  '+l',
  '+CHMRimnst',
  '-CHMRimnst',
  '+qaohv',
  '5',
  ':',
  '::',
  ':trailing text here',
  ':é字😀',
  'n!u@h',
  '%tcuihsnfdlaor,42',
  '302',
  'LS',
  'REQ',
  'END',
  'LIST',
  '\x01ACTION x\x01',
  '\0',
  '\x1b[2J',
  `:${Object.keys(CAPABILITY_BITS).join(' ')}`,
  ':-message-tags',
  'x'.repeat(100),
  '字'.repeat(120),
  'fdmux.local',
  '*.*',
  '+',
  '-',
  'C',
  'S',
  '$*',
];
const PREFIXES = [
  '',
  '',
  '',
  '',
  ':source ',
  '@label=one ',
  '@+typing=active;label=x ',
  '@+a=\\s\\:;b ',
  `@+long=${'y'.repeat(4000)} `,
  '@ ',
  ' ',
];

class Fuzzer {
  readonly #random: (below: number) => number;
  readonly #commands = [...COMMANDS.keys()].filter((name) => name !== 'DIE' && name !== 'OPER');

  constructor(seed: number) {
    this.#random = generator(seed);
  }

  random(below: number): number {
    return this.#random(below);
  }

  #pick(words: readonly string[]): string {
    return words[this.#random(words.length)] ?? '';
  }

  line(): Buffer {
    const words = Array.from({ length: this.#random(6) }, () => this.#pick(WORDS));
    const bytes = Buffer.from(`${this.#pick(PREFIXES)}${[this.#pick(this.#commands), ...words].join(' ')}`);
    for (let count = this.#random(4) === 0 ? this.#random(5) : 0; count > 0; count -= 1) {
      if (bytes.length > 0) bytes[this.#random(bytes.length)] = this.#random(256);
    }
    return Buffer.concat([bytes, Buffer.from(this.#random(3) === 0 ? '\n' : '\r\n')]);
  }
}

/** The longest tags section of any line (message-tags, "Size limit"). */
const MAX_TAG_BYTES = 8191;

/** Returns why an output is not whole lines within the limits; null if it is. */
function problemOf(bytes: Buffer, isUtf8Only: boolean): string | null {
  if (bytes.length === 0) return null;
  if (isUtf8Only && !isUtf8(bytes)) return `not UTF-8: ${bytes.toString('hex')}`;
  // One character per byte, so that lengths are bytes in every charset.
  const text = bytes.toString('latin1');
  if (!text.endsWith('\r\n')) return `not a whole line: ${JSON.stringify(text)}`;
  for (const line of text.slice(0, -2).split('\r\n')) {
    const tagBytes = line.startsWith('@') ? line.indexOf(' ') + 1 : 0;
    const isWellFormed =
      tagBytes <= MAX_TAG_BYTES &&
      line.length - tagBytes <= MAX_LINE_BYTES - 2 &&
      /^(?:@[^ \0\r\n]+ )?(?::[^ \0\r\n]+ )?(?:[A-Z]+|\d{3})(?: [^\0\r\n]*)?$/.test(line);
    if (!isWellFormed) return `malformed: ${JSON.stringify(line)}`;
  }
  return null;
}

/** After this many lines promises get a turn, and the heap is measured. */
const ROUND = 500;
/** The most growth of the heap from the warm server to the end, whatever the number of lines. */
const HEAP_GROWTH_BYTES = 3_000_000;

test(
  `seed ${SEED}: ${LINES} lines get only well-formed answers, and leave nothing behind`,
  async () => {
    const fuzzer = new Fuzzer(SEED);
    const chat = new Chat();
    const { directory } = chat;
    const failures: unknown[] = [];
    const control = {
      ...SILENT_CONTROL,
      log: (event: string, details: unknown) => {
        if (event === 'command failed') failures.push(details);
      },
    };
    const server = new IrcState({ chat, settings: DEFAULT_IRC_SETTINGS, control, version: '0' });
    const lobby = chat.openRoom('#lobby');
    const plainLink = new FakeLink(1);
    const plain = new PlainSession(plainLink, {
      chat,
      lobby,
      charset: 'utf-8',
      maxLineBytes: 512,
      quietMs: 0,
      limits: LOOPBACK_CLASS,
    });
    let born = 0;
    const enter = () => {
      const link = new FakeLink(2 + born);
      const charset = born % 4 === 3 ? 'gbk' : 'utf-8';
      const session = new IrcSession(link, { server, charset });
      born += 1;
      session.receive(Buffer.from(`NICK n${born % 20}\r\nUSER u 0 * :real\r\nJOIN #a,#lobby\r\n`));
      // OPER would be slow, because of its password, but the rights of operators must be fuzzed as well.
      chat.setOperator(session.member, born % 5 === 0 ? PRIVILEGES : null);
      return { link, session, isUtf8Only: charset === 'utf-8' };
    };
    const peers = Array.from({ length: SESSIONS }, enter);
    let warmHeap = 0;
    for (let count = 0; count < LINES; count += 1) {
      const index = fuzzer.random(SESSIONS);
      const peer = peers[index];
      const line = fuzzer.line();
      peer?.session.receive(line);
      for (const { link, isUtf8Only } of peers) {
        const problem = problemOf(link.takeBytes(), isUtf8Only);
        if (problem !== null) expect.fail(`${problem} after ${JSON.stringify(line.toString('latin1'))}`);
      }
      // Plain peers get lines that are safe for a terminal.

      if (/[\0-\x08\x0b-\x1f\x7f]/.test(plainLink.takeText())) expect.fail(`unsafe text after ${JSON.stringify(line)}`);
      for (const [at, { link, session }] of peers.entries()) {
        if (link.closedBecause === null) continue;
        session.disconnected('gone');
        peers[at] = enter();
      }
      if (count % ROUND === 0) await setImmediate();
      // After a third of the lines everything is compiled, and the list of departures is full.
      if (count === Math.floor(LINES / 3)) warmHeap = heapInUse();
    }
    expect(failures).toEqual([]);
    for (const { session } of peers) session.shutDown('over');
    plain.shutDown('over');
    expect(directory.memberCount).toBe(0);
    expect([...directory.rooms()].map((room) => room.name)).toEqual(['#lobby']);
    expect(lobby.size).toBe(0);
    expect(server.unregisteredCount).toBe(0);
    const grown = heapInUse() - warmHeap;
    console.log(`${LINES} lines; the heap from ${warmHeap} to ${warmHeap + grown} bytes`);
    expect(grown).toBeLessThan(HEAP_GROWTH_BYTES);
  },
  20_000 + LINES,
);
