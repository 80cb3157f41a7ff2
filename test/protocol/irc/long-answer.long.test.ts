/** Long answers are sent as fast as the peer reads them; its later commands wait. */
import { expect, test } from 'vitest';
import { Chat } from '../../../src/chat/chat.js';
import { IrcSession } from '../../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS } from '../../../src/protocol/irc/settings.js';
import { IrcState } from '../../../src/protocol/irc/shared-state.js';
import { LOOPBACK_CLASS } from '../../../src/protocol/limits.js';
import { FakeLink } from '../fake-link.js';
import { SILENT_CONTROL } from '../silent-control.js';

const MEMBERS = 500;

/** A link that is full after a number of bytes, until it is emptied. */
class SlowLink extends FakeLink {
  #taken = 0;

  override answer(bytes: Uint8Array): void {
    super.answer(bytes);
    this.#taken += bytes.length;
    this.isFull = this.#taken > 2000;
  }

  empty(): string[] {
    this.#taken = 0;
    this.isFull = false;
    return this.takeLines();
  }
}

/** A link that discards what is sent to many. */
class DeafLink extends FakeLink {
  override send(): void {
    // Events of other members are dropped.
  }
}

function start() {
  const clock = { nowMs: 1_000_000 };
  const chat = new Chat({ now: () => clock.nowMs });
  const server = new IrcState({
    chat,
    settings: DEFAULT_IRC_SETTINGS,
    control: SILENT_CONTROL,
    version: '0',
  });
  const enter = <L extends FakeLink>(link: L, nick: string, ...lines: readonly string[]) => {
    const session = new IrcSession(link, { server, charset: 'utf-8' });
    session.receive(Buffer.from([`NICK ${nick}`, `USER u 0 * :real`, ...lines, ''].join('\r\n')));
    settle(link, session);
    return { link, session };
  };
  const crowd = Array.from({ length: MEMBERS }, (_, index) => enter(new DeafLink(), `n${index}`, 'JOIN #big,#wide'));
  const slow = enter(new SlowLink(), 'slow');
  slow.link.empty();
  return { ...slow, crowd, clock };
}

/** Gives the session turns until it asks for none. */
function settle(link: FakeLink, session: IrcSession): number {
  let turns = 0;
  while (link.wakeDelayMs === 0 && link.closedBecause === null) {
    link.wakeDelayMs = null;
    session.wake();
    turns += 1;
  }
  return turns;
}

/** Reads until nothing more arrives; no part may exceed the room of a link and one part more. */
function readAll(link: SlowLink, session: IrcSession): { lines: string[]; parts: number } {
  const lines: string[] = [];
  for (let parts = 0; ; parts += 1) {
    settle(link, session);
    const some = link.empty();
    if (some.length === 0) return { lines, parts };
    expect(some.join('\r\n').length).toBeLessThan(70_000);
    lines.push(...some);
    session.drained();
  }
}

const QUESTIONS = [
  { name: 'WHO', line: 'WHO #big', one: / 352 slow #big u \S+ \S+ (n\d+) / },
  { name: 'WHO with fields', line: 'WHO #big %n', one: / 354 slow (n\d+)$/ },
  { name: 'WHO of everybody', line: 'WHO', one: / 352 slow #big u \S+ \S+ (n\d+) / },
];

test.each(QUESTIONS)('$name arrives in parts and names everybody once', ({ line, one }) => {
  const { link, session } = start();
  session.receive(Buffer.from(`${line}\r\nPING after\r\n`));
  const { lines, parts } = readAll(link, session);
  expect(parts).toBeGreaterThan(1);
  const named = lines.map((text) => one.exec(text)?.[1]).filter((nick) => nick !== undefined);
  expect(named).toHaveLength(MEMBERS);
  expect(new Set(named).size).toBe(MEMBERS);
  expect(lines.at(-2)).toContain(' 315 slow ');
  expect(lines.at(-1)).toBe(':fdmux.local PONG fdmux.local :after');
});

test('a search takes turns with the others, whether it finds anybody or not', () => {
  const { link, session } = start();
  session.receive(Buffer.from('WHO *nobody*\r\nWHO n*x\r\nLIST #nowhere,!#big*,>0,!#b*\r\nPING after\r\n'));
  expect(link.takeLines()).toEqual([]);
  // A hundred members per turn.
  expect(settle(link, session)).toBeGreaterThanOrEqual((2 * MEMBERS) / 100 - 1);
  expect(link.takeLines()).toEqual([
    ':fdmux.local 315 slow *nobody* :End of /WHO list',
    ':fdmux.local 315 slow n*x :End of /WHO list',
    ':fdmux.local 321 slow Channel :Users  Name',
    ':fdmux.local 323 slow :End of /LIST',
    ':fdmux.local PONG fdmux.local :after',
  ]);
});

test('a packet of many lines takes turns with the others, and runs in order', () => {
  const { link, session } = start();
  const numbers = Array.from({ length: 1000 }, (_, index) => index);
  session.receive(Buffer.from(numbers.map((number) => `PING ${number}\r\n`).join('')));
  expect(link.isPaused).toBe(true);
  const first = link.takeLines();
  expect(first.length).toBeLessThan(500);
  const turns = settle(link, session);
  expect(turns).toBeGreaterThan(1);
  expect(link.isPaused).toBe(false);
  const tokens = [...first, ...link.takeLines()].map((line) => line.split(':').at(-1));
  expect(tokens).toEqual(numbers.map(String));
});

test('NAMES of many rooms, and JOIN, arrive in parts and omit nobody who stays', () => {
  const { link, session, crowd } = start();
  session.receive(Buffer.from(`NAMES #big,#wide,#BIG,#wide\r\nJOIN #big,#next,#big\r\n`));
  // A member that leaves makes room for the last, which must not be skipped.
  for (let index = 0; index < 100; index += 1) crowd[index]?.session.receive(Buffer.from('PART #big\r\n'));
  const { lines, parts } = readAll(link, session);
  expect(parts).toBeGreaterThan(1);
  const ends = lines.map((line, index) => (line.includes(' 366 ') ? index : -1)).filter((index) => index >= 0);
  expect(ends).toHaveLength(4);
  let from = 0;
  for (const end of ends.slice(0, 3)) {
    const names = lines
      .slice(from, end)
      .filter((line) => line.includes(' 353 '))
      .flatMap((line) => line.slice(line.indexOf(' :') + 2).split(' '));
    const named = new Set(names.map((name) => name.replace('@', '')));
    for (let index = 100; index < MEMBERS; index += 1) expect(named.has(`n${index}`)).toBe(true);
    from = end;
  }
  expect(lines.at(-1)).toBe(':fdmux.local 366 slow #next :End of /NAMES list');
});

test('a labeled answer is one batch, whatever arrives between its parts', () => {
  const { link, session, crowd } = start();
  session.receive(Buffer.from('CAP REQ :labeled-response batch message-tags\r\n'));
  link.empty();
  session.receive(Buffer.from('@label=one WHO #big\r\n@label=two PING x\r\n'));
  crowd[0]?.session.receive(Buffer.from('PRIVMSG slow :between\r\n'));
  session.receive(Buffer.from(`${'x'.repeat(5000)}\r\n`));
  const { lines } = readAll(link, session);
  expect(lines[0]).toBe('@label=one :fdmux.local BATCH +r1 labeled-response');
  expect(lines.at(-2)).toBe(':fdmux.local BATCH -r1');
  expect(lines.at(-1)).toBe('@label=two :fdmux.local PONG fdmux.local :x');
  const outside = lines.slice(1, -2).filter((line) => !line.startsWith('@batch=r1 '));
  expect(outside).toEqual([
    expect.stringMatching(/^@msgid=\S+ :n0!u@127\.0\.0\.1 PRIVMSG slow :between$/),
    ':fdmux.local 417 slow :Input line was too long',
  ]);
});

test('a session that ends in the middle of an answer says no more', () => {
  const { link, session } = start();
  session.receive(Buffer.from('WHO #big\r\n'));
  settle(link, session);
  session.expel('enough');
  expect(link.empty().at(-1)).toBe('ERROR :Closing Link: 127.0.0.1 (enough)');
  session.drained();
  expect(link.takeLines()).toEqual([]);
});

test('a peer that reads nothing of an answer is pinged and closed; one that reads some is not', () => {
  const { pingIntervalMs, pingTimeoutMs } = LOOPBACK_CLASS;
  const { link, session, clock } = start();
  session.receive(Buffer.from('WHO #big\r\nVERSION\r\n'));
  settle(link, session);
  clock.nowMs += pingIntervalMs - 1;
  expect(link.empty().length).toBeGreaterThan(0);
  session.drained();
  settle(link, session);
  link.takeLines();
  clock.nowMs += pingIntervalMs - 1;
  session.wake();
  expect(link.takeLines()).toEqual([]);
  clock.nowMs += 1;
  session.wake();
  expect(link.takeLines()).toEqual(['PING :fdmux.local']);
  clock.nowMs += pingTimeoutMs;
  session.wake();
  expect(link.closedBecause).toBe('Ping timeout: 180 seconds');
});
