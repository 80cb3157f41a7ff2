/** What one client says to another domain holds up nothing that it says in its own. */
import { beforeEach, describe, expect, test } from 'vitest';
import { IrcSession } from '../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS } from '../../src/protocol/irc/settings.js';
import { IrcState } from '../../src/protocol/irc/shared-state.js';
import { FakeLink } from '../protocol/fake-link.js';
import { SILENT_CONTROL } from '../protocol/silent-control.js';
import { closeAfterTest, startTwo, type Two } from './worlds.js';

const ROOM = '#a:home.example';
const PATIENCE_MS = 31_000;

/** A client of the far domain, which is in a room there and in one of the home. */
class Client {
  readonly link = new FakeLink();
  readonly session: IrcSession;
  readonly #two: Two;

  constructor(two: Two, server: IrcState, nick: string) {
    this.#two = two;
    this.session = new IrcSession(this.link, { server, charset: 'utf-8' });
    this.send('CAP REQ :batch echo-message labeled-response draft/multiline', `NICK ${nick}`, `USER ${nick} 0 * :x`);
    this.send('CAP END', `JOIN #here,${ROOM}`);
    two.settle();
    this.take();
  }

  send(...lines: readonly string[]): void {
    for (const line of lines) this.session.receive(Buffer.from(`${line}\r\n`));
  }

  /** The lines since the last call, without their sources. */
  take(): string[] {
    return this.link.takeLines().map((line) => line.replace(/^((?:@\S+ )?):\S+ /, '$1'));
  }

  /** Lets time pass. */
  wait(ms: number): void {
    this.#two.far.nowMs += ms;
    this.#two.far.chat.tick();
    this.session.wake();
  }
}

let two: Two;
let ann: Client;
let server: IrcState;

beforeEach(async () => {
  two = await startTwo(['bob'], []);
  closeAfterTest(two.home, two.far);
  two.settle();
  const [bob] = two.home.members;
  if (bob === undefined) expect.fail('nobody is at home');
  two.home.chat.join(bob, '#a', { key: null, maxRooms: 9, flags: [] });
  server = new IrcState({ chat: two.far.chat, settings: DEFAULT_IRC_SETTINGS, control: SILENT_CONTROL, version: '0' });
  ann = new Client(two, server, 'ann');
});

const cut = (): void => {
  two.ways.cut();
  two.ways.step(1);
};

const mend = (): void => {
  two.ways.isCut = false;
  two.settle();
};

const texts = (): string[] => two.home.said.map((line) => line.split(' ').slice(2).join(' '));

describe('while a link is down', () => {
  beforeEach(() => {
    cut();
    // The room is told of that.
    ann.wait(6_000);
    ann.take();
  });

  test('a line to a room there waits, and all that concerns this domain is answered at once', () => {
    ann.send(`PRIVMSG ${ROOM} :over there`, 'PING 1', 'PRIVMSG #here :over here', 'JOIN #new', 'NICK anna');
    expect(ann.take()).toEqual(
      expect.arrayContaining(['PONG fdmux.local :1', 'PRIVMSG #here :over here', 'JOIN #new', 'NICK anna']),
    );
    ann.wait(PATIENCE_MS);
    expect(ann.take()).toEqual([expect.stringContaining(`FAIL PRIVMSG STORE_UNAVAILABLE ${ROOM} :`)]);
    mend();
    expect(texts()).toEqual([]);
  });

  test('when a line has waited in vain, the next ones fail at once, until the link is back', () => {
    ann.send(`TOPIC ${ROOM} :1`, `PRIVMSG ${ROOM} :2`, `PART ${ROOM}`);
    ann.wait(PATIENCE_MS);
    expect(ann.take()).toEqual([
      expect.stringContaining('FAIL TOPIC STORE_UNAVAILABLE '),
      expect.stringContaining('FAIL PRIVMSG STORE_UNAVAILABLE '),
      expect.stringContaining('FAIL PART STORE_UNAVAILABLE '),
    ]);
    ann.send(`PRIVMSG ${ROOM} :3`, 'PING 1');
    expect(ann.take()).toEqual([expect.stringContaining('FAIL PRIVMSG STORE_UNAVAILABLE '), 'PONG fdmux.local :1']);
    mend();
    ann.take();
    ann.send(`PRIVMSG ${ROOM} :4`);
    two.settle();
    expect(ann.take()).toEqual([`PRIVMSG ${ROOM} :4`]);
    cut();
    ann.send(`PRIVMSG ${ROOM} :5`);
    expect(ann.take()).toEqual([]);
    mend();
    expect(texts()).toEqual(['4', '5']);
  });

  test('the line arrives once if the link is back in time', () => {
    ann.send(`@label=x PRIVMSG ${ROOM} :over there`, '@label=y PING 1');
    expect(ann.take()).toEqual(['@label=y PONG fdmux.local :1']);
    mend();
    expect(ann.take()).toContainEqual(expect.stringMatching(/^@label=x PRIVMSG #a:home\.example :over there/));
    expect(texts()).toEqual(['over there']);
  });

  test('what concerns the same domain keeps its order, in its answers as well', () => {
    ann.send(`PRIVMSG ${ROOM} :1`, `TOPIC ${ROOM} :tea`, `MODE ${ROOM}`, `PRIVMSG ${ROOM} :2`, 'PING 1');
    expect(ann.take()).toEqual(['PONG fdmux.local :1']);
    mend();
    const answers = ann.take().filter((line) => /^(?:PRIVMSG|\d+ ann|TOPIC)/.test(line));
    expect(answers).toEqual([
      `PRIVMSG ${ROOM} :1`,
      `TOPIC ${ROOM} :tea`,
      expect.stringMatching(/^324 ann /),
      expect.stringMatching(/^329 ann /),
      `PRIVMSG ${ROOM} :2`,
    ]);
    expect(texts()).toEqual(['1', '2']);
  });

  test.each([
    [`TOPIC ${ROOM} :x`, 'TOPIC'],
    [`PART ${ROOM}`, 'PART'],
    [`KICK ${ROOM} bob/home`, 'KICK'],
  ])('%s is set aside', (line, command) => {
    ann.send(`@label=x ${line}`, 'PING 1', 'TOPIC #here :y');
    expect(ann.take()).toEqual(['PONG fdmux.local :1', 'TOPIC #here :y']);
    ann.wait(PATIENCE_MS);
    expect(ann.take()).toEqual([expect.stringMatching(new RegExp(`^@label=x FAIL ${command} STORE_UNAVAILABLE `))]);
  });

  test('a message to rooms here and there is said here at once', () => {
    ann.send(`@label=x PRIVMSG #here,${ROOM} :both`, 'PING 1');
    const begun = ann.take();
    expect(begun[0]).toMatch(/^@label=x BATCH \+/);
    expect(begun.slice(1)).toEqual([expect.stringContaining('PRIVMSG #here :both'), 'PONG fdmux.local :1']);
    mend();
    expect(ann.take().at(-1)).toMatch(/^BATCH -/);
    expect(texts()).toEqual(['both']);
  });

  test('a batch for a room there waits as one message', () => {
    ann.send(`TOPIC ${ROOM} :x`, `BATCH +1 draft/multiline ${ROOM}`);
    ann.send(`@batch=1 PRIVMSG ${ROOM} :one`, `@batch=1 PRIVMSG ${ROOM} :two`, 'BATCH -1', 'PING 1');
    expect(ann.take()).toEqual(['PONG fdmux.local :1']);
    mend();
    expect(two.home.said).toHaveLength(1);
  });

  const batchOf = (reference: string, ...words: readonly string[]): string[] => [
    `@label=${reference} BATCH +${reference} draft/multiline ${ROOM}`,
    ...words.map((word) => `@batch=${reference} PRIVMSG ${ROOM} :${word}`),
    `BATCH -${reference}`,
  ];

  test('batches keep their order among the lines that wait, and lines that wait end no batch', () => {
    ann.send(`TOPIC ${ROOM} :x`, `PRIVMSG ${ROOM} :0`, ...batchOf('a', 'one', 'two'), ...batchOf('b', 'three', 'four'));
    ann.send(`PRIVMSG ${ROOM} :5`, 'BATCH +c draft/multiline #here', '@batch=c PRIVMSG #here :open');
    expect(ann.take()).toEqual([]);
    mend();
    ann.send('@batch=c PRIVMSG #here :still', 'BATCH -c', 'PING 1');
    two.settle();
    expect(texts()).toEqual(['0', 'one\ntwo', 'three\nfour', '5']);
    const lines = ann.take().filter((line) => !line.startsWith('NOTICE'));
    expect(lines.filter((line) => line.includes('@label='))).toEqual([
      expect.stringContaining('@label=a'),
      expect.stringContaining('@label=b'),
    ]);
    expect(lines.filter((line) => line.includes('FAIL'))).toEqual([]);
    expect(lines.filter((line) => / #here :(?:open|still)$/.test(line))).toHaveLength(2);
  });

  test('a batch that is one too many is refused with its label', () => {
    ann.send(...Array.from({ length: 40 }, (_, index) => `PRIVMSG ${ROOM} :${index}`), ...batchOf('a', 'one', 'two'));
    ann.wait(1_000);
    expect(ann.take().map((line) => line.replace(/ :.*/, ''))).toEqual([
      expect.stringMatching(/^@label=a BATCH \+\S+ labeled-response$/),
      expect.stringMatching(/^@batch=\S+ 404 ann #a:home\.example$/),
      expect.stringMatching(/^@batch=\S+ FAIL PRIVMSG RATE_LIMITED #a:home\.example$/),
      expect.stringMatching(/^BATCH -/),
    ]);
  });

  test('who quits is gone at once, and has said what it has said', () => {
    ann.send(`PRIVMSG ${ROOM} :bye`, `TOPIC ${ROOM} :x`, `PRIVMSG ${ROOM} :for good`, 'QUIT :home');
    expect(ann.link.closedBecause).toBe('Quit: home');
    mend();
    expect(texts()).toEqual(['bye', 'for good']);
    expect(two.home.room('#a')?.seats.map(({ who }) => who.nick)).toEqual(['bob']);
  });

  test('who has ended its input is closed when all is answered', () => {
    ann.send(`PRIVMSG ${ROOM} :bye`);
    ann.session.endOfInput();
    expect(ann.link.closedBecause).toBeNull();
    ann.wait(PATIENCE_MS);
    expect(ann.link.closedBecause).not.toBeNull();
    expect(ann.take()[0]).toContain('FAIL PRIVMSG');
  });

  test('a message of which a part is refused at once waits for the rest', () => {
    ann.send(`PRIVMSG bob/home,${ROOM} :y`);
    ann.session.endOfInput();
    expect(ann.take().map((line) => line.replace(/ :.*/, ''))).toEqual([
      '401 ann bob/home',
      'FAIL PRIVMSG DOMAIN_UNREACHABLE bob/home',
    ]);
    expect(ann.link.closedBecause).toBeNull();
    mend();
    expect(texts()).toEqual(['y']);
    expect(ann.link.closedBecause).not.toBeNull();
  });

  test('a session that waits is not described, and one that has been answered is', () => {
    ann.send(`PRIVMSG ${ROOM} :x`);
    expect(ann.session.describe()).toBeNull();
    mend();
    expect(ann.session.describe()).not.toBeNull();
  });

  test('lines wait as far as the receive queue of their class goes, and no line that is too long', () => {
    ann.link.limits = { ...ann.link.limits, receiveQueueBytes: 10_000 };
    const tagged = (text: string): string => `@+x=${'x'.repeat(4_000)} PRIVMSG ${ROOM} :${text}`;
    ann.send(`TOPIC ${ROOM} :x`, tagged('1'), tagged('2'), `PRIVMSG ${ROOM} :${'y'.repeat(600)}`);
    expect(ann.take()).toEqual([expect.stringMatching(/^417 ann /)]);
    ann.send(tagged('3'), 'PING 1');
    expect(ann.take()).toEqual([]);
    mend();
    ann.session.wake();
    two.settle();
    expect(texts()).toEqual(['1', '2', '3']);
    expect(ann.take().at(-1)).toMatch(/^(?:PRIVMSG|PONG)/);
  });

  test('more than 40 lines hold the client up for a second, and the rest fails at once', () => {
    ann.send(...Array.from({ length: 42 }, (_, index) => `PRIVMSG ${ROOM} :${index}`), 'PING 1');
    expect(ann.take()).toEqual([]);
    ann.wait(999);
    expect(ann.take()).toEqual([]);
    ann.wait(1);
    const text = 'Too much of what you have said waits for other domains; try again later';
    const refused = [`404 ann ${ROOM} :${text}`, `FAIL PRIVMSG RATE_LIMITED ${ROOM} :${text}`];
    expect(ann.take()).toEqual([...refused, ...refused, 'PONG fdmux.local :1']);
    ann.send(`TOPIC ${ROOM} :x`, `NOTICE ${ROOM} :x`, 'PING 2');
    expect(ann.take()).toEqual([`FAIL TOPIC RATE_LIMITED ${ROOM} :${text}`, 'PONG fdmux.local :2']);
    mend();
    expect(texts()).toEqual(Array.from({ length: 40 }, (_, index) => String(index)));
  });
});

describe('a line that is held up while an answer goes on', () => {
  const fill = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `PRIVMSG ${ROOM} :${from + index}`);
  const counted = (to: number): string[] => Array.from({ length: to }, (_, index) => String(index));
  const readOn = (): void => {
    ann.link.isFull = false;
    ann.session.drained();
    two.settle();
  };

  test('does not take the place of that answer', () => {
    cut();
    ann.send(...fill(0, 20), `NAMES ${ROOM}`, ...fill(20, 39), `PRIVMSG ${ROOM} :39`, 'NAMES #here');
    ann.take();
    ann.link.isFull = true;
    mend();
    readOn();
    const ends = ann.take().filter((line) => line.startsWith('366'));
    expect(ends).toEqual([expect.stringContaining(` ${ROOM} `), expect.stringContaining(' #here ')]);
    expect(texts()).toEqual(counted(40));
  });

  test('runs before the lines that were sent after it', () => {
    cut();
    ann.send(...fill(0, 10), `NAMES ${ROOM}`, ...fill(10, 39), `PRIVMSG ${ROOM} :39`, `PRIVMSG ${ROOM} :40`, 'PING 1');
    ann.link.isFull = true;
    mend();
    readOn();
    expect(texts()).toEqual(counted(41));
    expect(ann.take()).toContain('PONG fdmux.local :1');
  });
});

test('with a link that is up, somebody says as much as it likes', () => {
  ann.send(...Array.from({ length: 500 }, (_, index) => `PRIVMSG ${ROOM} :${index}`), 'PING 1');
  for (let turn = 0; turn < 40; turn += 1) {
    two.settle();
    ann.session.wake();
  }
  expect(ann.take().at(-1)).toBe(`PRIVMSG ${ROOM} :499`);
  expect(texts()).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
});

test('who enters a room there can write to somebody in it with the next line', () => {
  const joe = new Client(two, server, 'joe');
  joe.send(`PART ${ROOM}`);
  two.settle();
  joe.take();
  joe.send(`JOIN ${ROOM}`, 'PRIVMSG bob/home :hello', 'PRIVMSG bob/elsewhere :hello', 'PING 1');
  expect(joe.take()).toEqual([expect.stringMatching(/^401 joe bob\/elsewhere /), 'PONG fdmux.local :1']);
  two.settle();
  expect(joe.take().at(-1)).toBe('PRIVMSG bob/home :hello');
  expect(texts()).toEqual(['hello']);
});

test('who enters rooms here and there is in those here at once, and can speak in them with the next line', () => {
  const joe = new Client(two, server, 'joe');
  joe.send('JOIN 0', 'PING 0');
  expect(joe.take()).toEqual(['PART #here', 'PONG fdmux.local :0']);
  two.settle();
  joe.take();
  joe.send(`JOIN ${ROOM},#here`, 'PRIVMSG #here :hello', 'PING 1');
  const lines = joe.take().filter((line) => !/^3\d\d /.test(line));
  expect(lines).toEqual(['JOIN #here', 'PRIVMSG #here :hello', 'PONG fdmux.local :1']);
  two.settle();
  expect(joe.take()[0]).toBe(`JOIN ${ROOM}`);
});

test('a link that is down lets nothing of a list fail that concerns this domain', () => {
  const joe = new Client(two, server, 'joe');
  cut();
  joe.send(`PART ${ROOM},#here`, 'PING 1');
  expect(joe.take()).toEqual(['PART #here', 'PONG fdmux.local :1']);
  joe.wait(PATIENCE_MS);
  expect(joe.take().filter((line) => line.startsWith('FAIL'))).toEqual([
    expect.stringContaining(`FAIL PART STORE_UNAVAILABLE ${ROOM} `),
  ]);
});

test('a long answer of another domain goes as far as the peer takes it, and nothing else waits for that', () => {
  for (let index = 0; index < 400; index += 1) {
    const member = two.home.chat.receive({ host: '192.0.2.1', outlet: null });
    two.home.chat.admit(member, { nick: `${'someone'.repeat(3)}${index}`, user: 'u', realName: 'r' });
    two.home.chat.join(member, '#a', { key: null, maxRooms: 9, flags: [] });
  }
  two.settle();
  ann.take();
  const joe = new Client(two, server, 'joe');
  joe.send(`PART ${ROOM}`);
  two.settle();
  joe.take();
  joe.link.isFull = true;
  joe.send(`@label=x JOIN ${ROOM}`);
  two.settle();
  joe.send('PING 1');
  const begun = joe.take();
  expect([begun[0], begun[1], begun.at(-1)]).toEqual([
    expect.stringMatching(/^@label=x BATCH /),
    expect.stringContaining(`JOIN ${ROOM}`),
    'PONG fdmux.local :1',
  ]);
  expect(begun.length).toBeLessThan(9);
  joe.link.isFull = false;
  joe.session.drained();
  for (let turn = 0; turn < 9; turn += 1) joe.session.wake();
  const rest = joe.take();
  expect(rest.filter((line) => line.includes(' 353 ')).length).toBeGreaterThan(20);
  expect(rest.slice(-2)).toEqual([expect.stringContaining(' 366 joe '), expect.stringMatching(/^BATCH -/)]);
  expect(joe.session.describe()).not.toBeNull();
});

test('what waits for a domain that is removed is answered, and does not wait for it again', () => {
  ann.send(`PART ${ROOM}`, `JOIN ${ROOM}`, `PRIVMSG ${ROOM} :x`, 'PING 1');
  expect(ann.take()).toEqual(['PONG fdmux.local :1']);
  const tls = { cert: '', key: '', ca: '' };
  two.far.domains.reload({ name: 'far.example', listen: null, rooms: [], links: [], tls });
  const answers = ann.take().filter((line) => !line.startsWith('PART'));
  expect(answers.map((line) => line.replace(/ :.*/, ''))).toEqual([
    `FAIL PART STORE_UNAVAILABLE ${ROOM}`,
    `403 ann ${ROOM}`,
    `FAIL JOIN UNKNOWN_DOMAIN ${ROOM}`,
    `403 ann ${ROOM}`,
  ]);
  expect(ann.session.describe()).not.toBeNull();
});

test('who enters a room there can speak in it with the next line', () => {
  const joe = new Client(two, server, 'joe');
  joe.send(`PART ${ROOM}`);
  two.settle();
  joe.take();
  joe.send(`JOIN ${ROOM}`, `MODE ${ROOM}`, `PRIVMSG ${ROOM} :here I am`, 'PING 1');
  expect(joe.take()).toEqual(['PONG fdmux.local :1']);
  two.settle();
  const lines = joe.take().map((line) => line.split(' ')[0]);
  expect(lines[0]).toBe('JOIN');
  expect(lines.slice(-3)).toEqual(['324', '329', 'PRIVMSG']);
});
