/**
 * The cost of one line from a stranger. Each command of the table is sent in every shape below, before and after
 * registration, to a full server. The answer is limited by the line and by what the line may list. The work of one turn
 * is limited whatever the line.
 */
import { beforeAll, describe, expect, vi } from 'vitest';
import { Chat } from '../../../src/chat/chat.js';
import type * as state from '../../../src/chat/directory-state.js';
import type * as masks from '../../../src/chat/mask.js';
import { COMMANDS } from '../../../src/protocol/irc/commands.js';
import { MAX_LINE_BYTES } from '../../../src/protocol/irc/message.js';
import { IrcSession } from '../../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS } from '../../../src/protocol/irc/settings.js';
import { IrcState } from '../../../src/protocol/irc/shared-state.js';
import { DEFAULT_CLASS } from '../../../src/protocol/limits.js';
import { testOfSources } from '../../support/of-sources.js';
import { FakeLink } from '../fake-link.js';
import { SILENT_CONTROL } from '../silent-control.js';

const MEMBERS = 1000;
const ROOMS = 50;
const MASKS = 90;

/** An answer may be this many times as long as the line, plus a fixed part (a welcome, a help text). */
const ANSWER_BYTES_PER_BYTE = 50;
const ANSWER_BYTES = 6000;
/** The list of capabilities, which is the same for every line that asks for it. */
const CAPABILITIES_BYTES = 1000;
/** A member, a room or a mask is listed once per line, in this many bytes on average. */
const LISTED_BYTES = 250 * (MEMBERS + ROOMS + MASKS);
/** The bytes that each other client hears of one line. */
const HEARD_BYTES_PER_LINE = 2 * (MAX_LINE_BYTES + 200);
/** Looks at members, rooms, names and masks in one turn: fewer than there are members. */
const LOOKS_PER_TURN = 800;
/** Looks per name: it is looked up, and compared with those that nobody may use. */
const LOOKS_BEFORE_REGISTRATION = 20;
const TURNS = 200;

/** Looks since the last count. */
const looks = vi.hoisted(() => ({ count: 0 }));

vi.mock('../../../src/chat/mask.js', async (importOriginal) => {
  const original = await importOriginal<typeof masks>();
  const matchesMask = (mask: string, text: string): boolean => {
    looks.count += 1;
    return original.matchesMask(mask, text);
  };
  return { ...original, matchesMask };
});

vi.mock('../../../src/chat/directory-state.js', async (importOriginal) => {
  const { DirectoryState } = await importOriginal<typeof state>();
  type State = InstanceType<typeof DirectoryState>;
  function* counted<T>(items: Iterable<T>): Generator<T> {
    for (const item of items) {
      looks.count += 1;
      yield item;
    }
  }
  class CountingDirectory extends DirectoryState {
    override member(nick: string): ReturnType<State['member']> {
      looks.count += 1;
      return super.member(nick);
    }

    override room(name: string): ReturnType<State['room']> {
      looks.count += 1;
      return super.room(name);
    }

    override members(): ReturnType<State['members']> {
      return counted(super.members());
    }

    override rooms(): ReturnType<State['rooms']> {
      return counted(super.rooms());
    }
  }
  return { DirectoryState: CountingDirectory };
});

/** A link that counts bytes. */
class CountingLink extends FakeLink {
  bytes = 0;

  override send(bytes: Uint8Array): void {
    this.bytes += bytes.length;
  }
}

interface Client {
  readonly link: CountingLink;
  readonly session: IrcSession;
}

/** The cost of one line. */
interface Cost {
  readonly answerBytes: number;
  readonly heardBytes: number;
  readonly turns: number;
  readonly mostLooks: number;
}

class FullServer {
  readonly crowd: readonly Client[];
  readonly #server: IrcState;

  constructor() {
    const operators = [{ name: 'root', password: 'right', masks: ['*@*'], host: null }];
    const settings = { ...DEFAULT_IRC_SETTINGS, operators, motd: ['Be kind.'] };
    this.#server = new IrcState({
      chat: new Chat({ now: () => 1_000_000 }),
      settings,
      control: SILENT_CONTROL,
      version: '0',
    });
    this.crowd = Array.from({ length: MEMBERS }, (_, index) => this.#populate(index));
  }

  #populate(index: number): Client {
    const client = this.connect();
    run(client, `NICK n${index}`);
    run(client, `USER ${'u'.repeat(16)} 0 * :${'a'.repeat(149)}`);
    run(client, `JOIN #all,#r${index % ROOMS}`);
    if (index > 0) return client;
    for (let mask = 0; mask < MASKS; mask += 10) {
      const ten = Array.from({ length: 10 }, (_, number) => `${'*b'.repeat(20)}${mask + number}!*x@*`);
      run(client, `MODE #all +${'b'.repeat(10)} ${ten.join(' ')}`);
    }
    run(client, 'TOPIC #all :The topic');
    return client;
  }

  /** The lines of this file have no rate: the cost of each is measured by itself. */
  connect(): Client {
    const link = new CountingLink();
    link.limits = { ...DEFAULT_CLASS, linesPerSecond: 0, registrationLines: 0 };
    return { link, session: new IrcSession(link, { server: this.#server, charset: 'utf-8' }) };
  }

  /** A registered stranger, in two rooms and in one of its own. */
  stranger(nick: string): Client {
    const client = this.connect();
    for (const line of [`NICK ${nick}`, 'USER u 0 * :u', 'JOIN #all,#r1,#own', 'CAP REQ :echo-message message-tags']) {
      run(client, line);
    }
    return client;
  }

  cost(client: Client, line: string): Cost {
    const heard = (): number => this.crowd.reduce((total, { link }) => total + link.bytes, 0);
    const before = { answer: client.link.bytes, heard: heard() };
    const { turns, mostLooks } = run(client, line);
    return {
      answerBytes: client.link.bytes - before.answer,
      heardBytes: heard() - before.heard,
      turns,
      mostLooks,
    };
  }
}

/** Sends a line, and gives the session its turns. */
function run({ link, session }: Client, line: string): Omit<Cost, 'answerBytes' | 'heardBytes'> {
  looks.count = 0;
  session.receive(Buffer.from(`${line}\r\n`));
  let mostLooks = looks.count;
  let turns = 1;
  while (link.wakeDelayMs === 0 && link.closedBecause === null && turns <= TURNS) {
    link.wakeDelayMs = null;
    looks.count = 0;
    session.wake();
    mostLooks = Math.max(mostLooks, looks.count);
    turns += 1;
  }
  return { turns, mostLooks };
}

/** Returns as much of a list as fits into a line of IRC. */
function fill(command: string, words: (index: number) => string, separator: string): string {
  let line = `${command} ${words(0)}`;
  for (let index = 1; ; index += 1) {
    const longer = `${line}${separator}${words(index)}`;
    if (longer.length > MAX_LINE_BYTES - 2) return line;
    line = longer;
  }
}

interface Shape {
  readonly shape: string;
  readonly line: (command: string) => string;
  /** The longest answer to a line that lists nothing; it gets one answer, however long it is. */
  readonly answerBytes?: number;
  /** What a stranger is sent at most, whatever the length of the line. */
  readonly listBytes?: number;
}

const SHAPES: readonly Shape[] = [
  { shape: 'alone', line: (command) => command },
  { shape: 'with a room', line: (command) => `${command} #all` },
  { shape: 'with a member', line: (command) => `${command} n7 n7 n7 n7` },
  { shape: 'with one room again and again', line: (command) => fill(command, () => '#all', ',') },
  { shape: 'with one member again and again', line: (command) => fill(command, () => 'n1', ',') },
  { shape: 'with one member in words', line: (command) => fill(command, () => 'n1', ' ') },
  { shape: 'with one member in a last parameter', line: (command) => fill(`${command} :n1`, () => 'n1', ' ') },
  { shape: 'with all rooms', line: (command) => fill(command, (index) => `#r${index % ROOMS}`, ',') },
  { shape: 'with rooms of one letter', line: (command) => fill(command, (index) => `#${index.toString(36)}`, ',') },
  { shape: 'with names of nobody', line: (command) => fill(command, (index) => index.toString(36), ',') },
  { shape: 'with members', line: (command) => fill(command, (index) => `n${index}`, ',') },
  { shape: 'with a list after a sign', line: (command) => fill(`${command} +`, (index) => `n${index}`, ',') },
  { shape: 'with a mask of nobody', line: (command) => `${command} *${'a'.repeat(140)}b` },
  { shape: 'with a mask of many stars', line: (command) => `${command} ${'*a'.repeat(200)}b` },
  { shape: 'with a mask of everybody', line: (command) => `${command} *` },
  { shape: 'with a mask of everybody, in fields', line: (command) => `${command} * %tcuihsnfdlaor,1` },
  { shape: 'with masks', line: (command) => fill(command, (index) => `*a${index}*`, ',') },
  { shape: 'with masks of everything', line: (command) => fill(command, (index) => `!*z${index}*`, ',') },
  { shape: 'with conditions', line: (command) => fill(command, (index) => `>${index}`, ',') },
  { shape: 'for a list', line: (command) => fill(`${command} #all `, () => 'b', '') },
  { shape: 'with letters of nothing', line: (command) => fill(`${command} #own `, () => 'z', ''), answerBytes: 4000 },
  {
    shape: 'with letters without a value',
    line: (command) => fill(`${command} #own `, () => 'o', ''),
    answerBytes: 4000,
  },
  {
    shape: 'with a mode back and forth',
    line: (command) => fill(`${command} #own `, () => '+i-i', ''),
    answerBytes: 4000,
  },
  {
    shape: 'with many names and keys',
    line: (command) => `${fill(command, (index) => `#k${index}`, ',').slice(0, 300)} x,y`,
  },
  { shape: 'with a long text', line: (command) => fill(`${command} #all :`, () => 'x', '') },
  { shape: 'with a long text to many', line: (command) => `${command} n1,n2,n3,n4 :${'x'.repeat(400)}` },
  { shape: 'with letters S and L', line: (command) => `${command} S` },
  { shape: 'with LS', line: (command) => `${command} LS 302`, listBytes: CAPABILITIES_BYTES },
];

let full: FullServer;

beforeAll(() => {
  full = new FullServer();
});

describe.each([...COMMANDS.keys()])('%s of a stranger', (command) => {
  testOfSources(
    'before registration costs no more than a few lines, whatever it contains',
    { tags: ['needs-sources'] },
    () => {
      for (const { shape, line, listBytes = 0 } of SHAPES) {
        const text = line(command);
        const { answerBytes, heardBytes, turns, mostLooks } = full.cost(full.connect(), text);
        expect(answerBytes, shape).toBeLessThanOrEqual(listBytes + ANSWER_BYTES_PER_BYTE * text.length);
        expect({ heardBytes, turns }, shape).toEqual({ heardBytes: 0, turns: 1 });
        expect(mostLooks, shape).toBeLessThanOrEqual(LOOKS_BEFORE_REGISTRATION);
      }
    },
  );

  testOfSources(
    'after registration costs what it contains and lists, in bounded turns',
    { tags: ['needs-sources'] },
    () => {
      for (const [index, { shape, line, answerBytes: most }] of SHAPES.entries()) {
        const text = line(command);
        const bound = most ?? ANSWER_BYTES + ANSWER_BYTES_PER_BYTE * text.length + LISTED_BYTES;
        const stranger = full.stranger(`s${index}`);
        const { answerBytes, heardBytes, turns, mostLooks } = full.cost(stranger, text);
        stranger.session.disconnected('the line is done');
        expect(answerBytes, shape).toBeLessThanOrEqual(bound);
        expect(heardBytes, shape).toBeLessThanOrEqual(HEARD_BYTES_PER_LINE * MEMBERS);
        expect(turns, shape).toBeLessThan(TURNS);
        expect(mostLooks, shape).toBeLessThanOrEqual(LOOKS_PER_TURN);
      }
    },
  );
});
