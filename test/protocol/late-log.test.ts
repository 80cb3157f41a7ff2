/** A log that answers late: what people do is answered, and shown to others, when it is in the log and not before. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import { PRIVILEGES } from '../../src/chat/member.js';
import type { LogTrouble } from '../../src/chat/replica.js';
import { MAX_OPEN_TICKETS } from '../../src/chat/ticket.js';
import { IrcSession } from '../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS } from '../../src/protocol/irc/settings.js';
import { IrcState } from '../../src/protocol/irc/shared-state.js';
import { LOOPBACK_CLASS } from '../../src/protocol/limits.js';
import { PlainSession } from '../../src/protocol/plain/session.js';
import { until } from '../support/deadline.js';
import { type NetworkFaults, SimulatedNetwork } from '../support/simulated-network.js';
import { LogServer, SocketLog } from '../support/socket-log.js';
import { FakeLink } from './fake-link.js';
import { SILENT_CONTROL } from './silent-control.js';

const START_MS = 1_000_000;

/** A chat whose log is behind a simulated network. */
class LateChat {
  nowMs = START_MS;
  readonly network: SimulatedNetwork;
  readonly logs = new LogServer(100_000, () => this.nowMs);
  readonly troubles: LogTrouble[] = [];
  readonly chat: Chat;
  readonly #irc: IrcState;
  #ports = 1000;

  constructor(seed = 1, faults: NetworkFaults = {}) {
    this.network = new SimulatedNetwork(seed, faults);
    this.chat = new Chat({
      log: new SocketLog(this.network, this.logs),
      now: () => this.nowMs,
      onTrouble: (_log, trouble) => this.troubles.push(trouble),
    });
    const operators = [{ name: 'root', password: 'sesame', masks: ['*@*'], host: null, privileges: PRIVILEGES }];
    const settings = { ...DEFAULT_IRC_SETTINGS, operators };
    this.#irc = new IrcState({ chat: this.chat, settings, control: SILENT_CONTROL, version: '0' });
    this.network.run();
  }

  irc(): Peer {
    this.#ports += 1;
    const link = new FakeLink(this.#ports);
    return new Peer(link, new IrcSession(link, { server: this.#irc, charset: 'utf-8' }));
  }

  /** A client that has registered, with echo-message, and has entered channels. */
  client(nick: string, ...channels: readonly string[]): Peer {
    const peer = this.irc();
    peer.send(
      'CAP REQ :batch echo-message draft/message-redaction draft/metadata-3',
      `NICK ${nick}`,
      `USER ${nick} 0 * :x`,
      'CAP END',
    );
    for (const channel of channels) peer.send(`JOIN ${channel}`);
    this.network.run();
    peer.take();
    return peer;
  }

  plain(): Peer {
    this.#ports += 1;
    const link = new FakeLink(this.#ports);
    const limits = LOOPBACK_CLASS;
    const lobby = this.chat.openRoom('#lobby');
    const options = { chat: this.chat, lobby, charset: 'utf-8', maxLineBytes: 1000, quietMs: 0, limits } as const;
    return new Peer(link, new PlainSession(link, options));
  }

  /** Lets time pass without the log. */
  wait(ms: number): void {
    this.nowMs += ms;
    this.chat.tick();
  }

  /** Puts bytes into a log that no chat has written. */
  put(channel: string, text: string): void {
    this.logs.append(`r:${channel}`, Buffer.from(text), 1);
    this.network.run();
  }
}

class Peer {
  readonly link: FakeLink;
  readonly session: IrcSession | PlainSession;

  constructor(link: FakeLink, session: IrcSession | PlainSession) {
    this.link = link;
    this.session = session;
  }

  send(...lines: readonly string[]): void {
    for (const line of lines) this.session.receive(Buffer.from(`${line}\r\n`));
  }

  /** The lines since the last call, without their sources. */
  take(): string[] {
    return this.link.takeLines().map((line) => line.replace(/^:\S+ /, ''));
  }
}

let late: LateChat;

beforeEach(() => {
  late = new LateChat();
});

afterEach(() => {
  // Whatever else a test is about: nothing may be left to wait for.
  late.network.run();
  late.wait(10_000);
  late.network.run();
});

describe('a client', () => {
  test('is registered when the log has let it in', () => {
    const ann = late.irc();
    ann.send('NICK ann', 'USER a 0 * :x');
    expect(ann.take()).toEqual([]);
    late.network.run();
    expect(ann.take()[0]).toMatch(/^001 ann /);
  });

  test('gets its nick if it is the first in the log to ask; the other one may ask for another', () => {
    const [ann, eve] = [late.irc(), late.irc()];
    for (const peer of [ann, eve]) peer.send('NICK same', 'USER x 0 * :x');
    late.network.run();
    expect(ann.take()[0]).toMatch(/^001 same /);
    expect(eve.take()).toEqual(['433 * same :Nickname is already in use']);
    eve.send('NICK other');
    late.network.run();
    expect(eve.take()[0]).toMatch(/^001 other /);
  });

  test('that has gone before the log let it in is not in', () => {
    const ann = late.irc();
    ann.send('NICK ann', 'USER a 0 * :x');
    ann.session.disconnected('gone');
    late.network.run();
    expect(late.chat.directory.memberCount).toBe(0);
    expect(late.client('ann').session.member.nick).toBe('ann');
  });

  test('that has gone while it was entering a room is not in the room', () => {
    const ann = late.client('ann');
    ann.send('JOIN #a');
    ann.session.disconnected('gone');
    late.network.run();
    expect([...late.chat.directory.rooms()]).toEqual([]);
  });

  test('is answered in the order of its lines: messages run on, and everything else waits for them', () => {
    const ann = late.client('ann', '#a');
    ann.send('PRIVMSG #a :1', 'PING x', 'PRIVMSG #a :2', 'TOPIC #a :tea', 'TOPIC #a', 'PRIVMSG nobody :3');
    expect(ann.take()).toEqual([]);
    late.network.run();
    expect(ann.take()).toEqual([
      'PRIVMSG #a :1',
      'PONG fdmux.local :x',
      'PRIVMSG #a :2',
      'TOPIC #a :tea',
      '332 ann #a :tea',
      expect.stringMatching(/^333 ann #a ann!ann@/),
      '401 ann nobody :No such nick/channel',
    ]);
  });

  test('is answered at once about messages that no log has to take', () => {
    const ann = late.client('ann', '#a');
    ann.send('PRIVMSG #a :1', 'PRIVMSG nobody :2', 'PRIVMSG #a', 'PRIVMSG #a :3');
    expect(ann.take()).toEqual(['401 ann nobody :No such nick/channel', '412 ann :No text to send']);
    late.network.run();
    expect(ann.take()).toEqual(['PRIVMSG #a :1', 'PRIVMSG #a :3']);
  });

  test('hears its own messages among those of others as all in the room do, whatever waits elsewhere', () => {
    const [ann, bob] = [late.client('ann', '#a', '#b'), late.client('bob', '#a', '#b')];
    ann.take();
    // The logs of the two rooms bring them in the other order than the one that ann has said them in.
    bob.send('PRIVMSG #a :0');
    ann.send('PRIVMSG #b :1', 'PRIVMSG #a :2', 'PRIVMSG #a,#b :3');
    bob.send('PRIVMSG #a :4');
    late.network.run();
    const inRoom = (peer: Peer): string[] => peer.take().filter((line) => line.startsWith('PRIVMSG #a '));
    const heard = inRoom(ann);
    expect(heard).toHaveLength(4);
    expect(heard).toEqual(inRoom(bob));
  });

  test('is asked for a sign of life at once, whatever waits', () => {
    const ann = late.client('ann', '#a');
    ann.send('PRIVMSG #a :1');
    late.nowMs += 3_600_000;
    ann.session.wake();
    expect(ann.take()).toEqual(['PING :fdmux.local']);
  });

  test('that is let in after it was told that this has failed is welcome', () => {
    const ann = late.irc();
    ann.send('NICK ann', 'USER a 0 * :x');
    late.wait(5000);
    expect(ann.take()).toEqual([expect.stringContaining('FAIL NICK STORE_UNAVAILABLE ann')]);
    late.network.run();
    expect(ann.take()[0]).toMatch(/^001 ann :Welcome/);
    ann.send('JOIN #a');
    late.network.run();
    expect(ann.take()[0]).toBe('JOIN #a');
  });

  test('that has asked for another nick meanwhile goes by the one that it was let in with', () => {
    const ann = late.irc();
    ann.send('NICK ann', 'USER a 0 * :x');
    late.wait(5000);
    ann.send('NICK anna');
    ann.take();
    late.network.run();
    const lines = ann.take();
    expect(lines.filter((line) => line.startsWith('001'))).toHaveLength(1);
    expect(late.chat.directory.memberCount).toBe(1);
    expect(ann.session.member.nick).toBe(/^001 (\S+)/.exec(lines[0] ?? '')?.[1]);
  });

  test('has every message in one append while the log is busy with another', () => {
    const ann = late.client('ann', '#a');
    const before = late.logs.read('r:#a', 0, 1000, null).top;
    ann.send(...Array.from({ length: MAX_OPEN_TICKETS }, (_, index) => `PRIVMSG #a :${index}`));
    late.network.run();
    expect(ann.take()).toHaveLength(MAX_OPEN_TICKETS);
    expect(late.logs.read('r:#a', 0, 1000, null).top).toBe(before + 2);
  });

  test('gets the end of its labeled answer when all of it is in the log', () => {
    const ann = late.client('ann', '#a', '#b');
    ann.send('CAP REQ :labeled-response batch');
    late.network.run();
    ann.take();
    ann.send('@label=x PRIVMSG #a,#b,nobody :hi');
    const begun = ann.link.takeLines();
    expect(begun[0]).toMatch(/^@label=x :fdmux.local BATCH \+/);
    expect(begun[1]).toMatch(/^@batch=\S+ :fdmux.local 401 /);
    expect(begun).toHaveLength(2);
    late.network.run();
    const lines = ann.link.takeLines();
    expect(lines.at(-1)).toMatch(/^:fdmux.local BATCH -/);
    expect(lines).toHaveLength(3);
  });

  test('that ends its input is heard to the end before it is gone', () => {
    const [ann, bob] = [late.client('ann', '#a'), late.client('bob', '#a')];
    ann.take();
    bob.send('PRIVMSG #a :last words');
    bob.session.endOfInput();
    late.network.run();
    const heard = ann.take();
    expect(heard).toContain('PRIVMSG #a :last words');
    expect(heard.at(-1)).toMatch(/^QUIT/);
  });
});

test('nobody hears what is not in the log, and everybody what is', () => {
  const [ann, bob] = [late.client('ann', '#a'), late.client('bob', '#a')];
  ann.take();
  bob.send('PRIVMSG #a :hi', 'NOTICE ann :psst');
  expect([ann.take(), bob.take()]).toEqual([[], []]);
  late.network.run();
  expect(ann.take().sort()).toEqual(['NOTICE ann :psst', 'PRIVMSG #a :hi']);
  expect(bob.take().sort()).toEqual(['NOTICE ann :psst', 'PRIVMSG #a :hi']);
});

test('who asks for the name that a room is about to take enters that room', () => {
  const [ann, bob] = [late.client('ann', '#a'), late.client('bob')];
  ann.send('RENAME #a #b');
  bob.send('JOIN #b');
  late.network.run();
  expect(ann.take()).toEqual(expect.arrayContaining(['PART #a', 'JOIN #b']));
  expect(bob.take()).toContain('353 bob = #b :@ann bob');
  expect(late.client('eve', '#a').session.member.seats.map(({ room, ranks }) => [room.size, ranks])).toEqual([[1, 4]]);
  expect([...late.chat.directory.rooms()].map(({ name }) => name).sort()).toEqual(['#a', '#b']);
});

describe('a log that is away', () => {
  test('is waited for, and then the message has failed for good', () => {
    const [ann, bob] = [late.client('ann', '#a'), late.client('bob', '#a')];
    ann.take();
    late.network.cutAll();
    bob.send('PRIVMSG #a :lost', 'PING x');
    late.wait(3000);
    expect(bob.take()).toEqual([]);
    late.wait(2000);
    const [failure, pong] = bob.take();
    expect(failure).toMatch(/^FAIL PRIVMSG STORE_UNAVAILABLE #a :/);
    expect(pong).toBe('PONG fdmux.local :x');
    late.network.run();
    bob.send('PRIVMSG #a :found');
    late.network.run();
    expect(ann.take()).toEqual(['PRIVMSG #a :found']);
    expect(bob.take()).toEqual(['PRIVMSG #a :found']);
  });

  test.each([
    ['JOIN #b', 'JOIN STORE_UNAVAILABLE #b'],
    ['PART #a', 'PART STORE_UNAVAILABLE #a'],
    ['TOPIC #a :x', 'TOPIC STORE_UNAVAILABLE #a'],
    ['MODE #a +m', 'MODE STORE_UNAVAILABLE #a'],
    ['KICK #a ann', 'KICK STORE_UNAVAILABLE #a ann'],
    ['INVITE bob #a', 'INVITE STORE_UNAVAILABLE bob #a'],
    ['RENAME #a #c', 'RENAME STORE_UNAVAILABLE #a #c'],
    ['KNOCK #b', 'KNOCK STORE_UNAVAILABLE #b'],
    ['METADATA * SET a :b', 'METADATA STORE_UNAVAILABLE ann'],
    ['METADATA #a SET a :b', 'METADATA STORE_UNAVAILABLE #a'],
    ['METADATA #a CLEAR', 'METADATA STORE_UNAVAILABLE #a'],
    ['REDACT #a x', 'REDACT STORE_UNAVAILABLE #a x'],
    ['NICK anna', 'NICK STORE_UNAVAILABLE anna'],
    ['AWAY :out', 'AWAY STORE_UNAVAILABLE'],
    ['SETNAME x', 'SETNAME STORE_UNAVAILABLE'],
    ['MODE ann +i', 'MODE STORE_UNAVAILABLE ann'],
    ['PRIVMSG bob :x', 'PRIVMSG STORE_UNAVAILABLE bob'],
  ])('has not done %s, and says so', (line, failure) => {
    const ann = late.client('ann', '#a');
    late.client('bob', '#b').send('MODE #b +i');
    late.network.run();
    late.network.cutAll();
    ann.send(line);
    late.wait(5000);
    expect(ann.take()).toEqual([expect.stringContaining(`FAIL ${failure} :`)]);
    late.network.run();
    expect(ann.take()).toEqual([]);
    expect(late.chat.directory.room('#a')).toMatchObject({ size: 1, topic: null });
    expect(ann.session.member).toMatchObject({ nick: 'ann', away: null, realName: 'x' });
  });

  test.each([
    ['JOIN #b,#c,#d', ['JOIN STORE_UNAVAILABLE #b', 'JOIN STORE_UNAVAILABLE #c', 'JOIN STORE_UNAVAILABLE #d']],
    ['PART #a,#z', ['PART STORE_UNAVAILABLE #a', 'PART STORE_UNAVAILABLE #z']],
    ['JOIN 0', ['PART STORE_UNAVAILABLE #a', 'PART STORE_UNAVAILABLE #z']],
    ['KICK #a ann,bob', ['KICK STORE_UNAVAILABLE #a ann', 'KICK STORE_UNAVAILABLE #a bob']],
  ])('is waited for once by %s', (line, failures) => {
    const ann = late.client('ann', '#a', '#z');
    late.client('bob', '#a');
    ann.take();
    late.network.cutAll();
    ann.send(line, 'PING x');
    late.wait(5000);
    ann.session.wake();
    const expected = failures.map((failure): unknown => expect.stringContaining(`FAIL ${failure} :`));
    expect(ann.take()).toEqual([...expected, 'PONG fdmux.local :x']);
  });

  test('may have taken a message that was given up: then everybody gets it, the one who sent it as well', () => {
    const [ann, bob] = [late.client('ann', '#a'), late.client('bob', '#a')];
    ann.take();
    bob.send('PRIVMSG #a :slow');
    late.wait(5000);
    expect(bob.take()).toHaveLength(1);
    late.network.run();
    expect([ann.take(), bob.take()]).toEqual([['PRIVMSG #a :slow'], ['PRIVMSG #a :slow']]);
  });

  test.each([
    ['JOIN #b', ['JOIN #b', '332 ann #b :tea', '333 ann #b', '353 ann = #b :@bob ann', '366 ann #b', 'BATCH', 'BATCH']],
    ['PART #a', ['PART #a']],
    ['TOPIC #a :x', ['TOPIC #a :x']],
    ['MODE #a +m', ['MODE #a +m']],
    ['MODE #a +mv nobody', ['MODE #a +m', '401 ann nobody']],
    ['KICK #a ann', ['KICK #a ann']],
    ['INVITE bob #a', ['341 ann bob #a']],
    ['RENAME #a #c', ['PART #a', 'JOIN #c', '353 ann = #c :@ann', '366 ann #c']],
    ['KNOCK #locked', ['711 ann #locked']],
    ['METADATA * SET a :b', ['761 ann ann a * :b']],
    ['METADATA #a SET a :b', ['761 ann #a a * :b']],
    ['NICK anna', ['NICK anna']],
    ['AWAY :out', ['306 ann']],
    ['AWAY', ['305 ann']],
    ['MODE ann +i', ['MODE ann +i']],
    ['PRIVMSG bob :x', ['PRIVMSG bob :x']],
  ])('may have taken %s, which was given up: then the client is told all that belongs to it', (line, expected) => {
    const bob = late.client('bob', '#b', '#locked');
    bob.send('TOPIC #b :tea', 'MODE #locked +i');
    late.network.run();
    const ann = late.client('ann', '#a');
    if (line === 'AWAY') ann.send('AWAY :before');
    late.network.run();
    ann.take();
    ann.send(line);
    late.wait(5000);
    expect(ann.take()).toEqual([expect.stringMatching(/^FAIL \w+ STORE_UNAVAILABLE /)]);
    late.network.run();
    const lines = ann.take().map((each) => each.replace(/^BATCH .*/, 'BATCH'));
    expect(lines.map((each, index) => (each.startsWith(expected[index] ?? each) ? expected[index] : each))).toEqual(
      expected,
    );
    // Once.
    ann.send('PING x');
    late.network.run();
    expect(ann.take()).toEqual(['PONG fdmux.local :x']);
  });

  test('may have made an operator of one who was told that this has failed', async () => {
    const ann = late.client('ann', '#a');
    ann.send('OPER root sesame');
    await until(() => !late.network.isQuiet, 'the password is checked');
    late.wait(5000);
    expect(ann.take()).toEqual([expect.stringContaining('FAIL OPER STORE_UNAVAILABLE')]);
    late.network.run();
    expect(ann.take().slice(0, 2)).toEqual([expect.stringMatching(/^381 ann /), 'MODE ann +o']);
  });

  test('says nothing to one whose NOTICE has failed', () => {
    const ann = late.client('ann', '#a');
    late.network.cutAll();
    ann.send('NOTICE #a :x');
    late.wait(5000);
    expect(ann.take()).toEqual([]);
  });
});

describe('what a log holds that nobody can apply', () => {
  test('is passed by if it is damaged', () => {
    const ann = late.client('ann', '#a');
    late.put('#a', 'nonsense');
    late.put('#a', '{"version":1,"entries":[{"kind":"arrive"}]}');
    ann.send('PRIVMSG #a :on');
    late.network.run();
    expect(ann.take()).toEqual(['PRIVMSG #a :on']);
    expect(late.troubles.map(({ kind }) => kind)).toEqual(['unreadable', 'unreadable']);
  });

  test('is passed by if it belongs into another log', () => {
    const ann = late.client('ann', '#a');
    const stray = { session: 'b.1.1', n: 1, atMs: 0, seen: 0, base: 0, kind: 'announce', text: 'x' };
    late.put('#a', JSON.stringify({ version: 1, entries: [stray] }));
    ann.send('PRIVMSG #a :on');
    late.network.run();
    expect(ann.take()).toEqual(['PRIVMSG #a :on']);
  });

  test('ends a room, and no other one, if a later version has written it', () => {
    const ann = late.client('ann', '#a', '#b');
    late.put('#a', '{"version":1000}');
    ann.send('PRIVMSG #a :x', 'PRIVMSG #b :y');
    late.network.run();
    expect(ann.take().sort()).toEqual([expect.stringContaining('FAIL PRIVMSG STORE_UNAVAILABLE #a'), 'PRIVMSG #b :y']);
  });
});

test('what the log of a room brings waits until the domain has brought what it speaks of', () => {
  const ann = late.client('ann', '#a');
  const who = { nick: 'bea', user: 'b', host: 'h', address: 'h', realName: 'x', account: null, privileges: null };
  const seen = late.logs.read('d', 0, 1000, null).top + 1;
  const stamp = { session: 'b.1.1', n: 1, atMs: 0, seen, base: 0 };
  const entry = { ...stamp, kind: 'join', who, name: '#a', key: null, flags: [] };
  late.put('#a', JSON.stringify({ version: 1, entries: [entry] }));
  ann.send('PRIVMSG #a :after it');
  late.network.run();
  expect(ann.take()).toEqual([]);
  late.client('bob');
  expect(ann.take()).toEqual(['JOIN #a', 'PRIVMSG #a :after it']);
});

test('whatever becomes of connections, all hear everything once and in one order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
      const chat = new LateChat(seed, { cut: 0.02, repeat: 0.05 });
      const peers = ['ann', 'bob', 'cid'].map((nick) => chat.client(nick, '#a'));
      chat.network.run();
      for (const peer of peers) peer.take();
      for (let count = 0; count < 20; count += 1) {
        for (const [index, peer] of peers.entries()) peer.send(`PRIVMSG #a :${index}.${count}`);
        chat.network.run(5);
      }
      chat.network.heal();
      for (let round = 0; round < 5; round += 1) chat.network.run();
      const [one = [], ...others] = peers.map((peer) => peer.take().filter((line) => line.startsWith('PRIVMSG')));
      expect(one).toHaveLength(60);
      expect(new Set(one).size).toBe(60);
      for (const other of others) expect(other).toEqual(one);
      for (const index of peers.keys()) {
        const said = one.filter((line) => line.startsWith(`PRIVMSG #a :${index}.`));
        expect(said).toEqual(Array.from({ length: 20 }, (_, count) => `PRIVMSG #a :${index}.${count}`));
      }
    }),
    { numRuns: 20 },
  );
});

describe('a plain peer', () => {
  test('is in the lobby, and heard, when the log has it', () => {
    const [ann, bob] = [late.plain(), late.plain()];
    late.network.run();
    ann.send('hello', 'again');
    expect(bob.take().filter((line) => line.includes('say'))).toEqual([]);
    late.network.run();
    expect(
      bob
        .take()
        .filter((line) => line.includes('say'))
        .map((line) => line.slice(-5)),
    ).toEqual(['hello', 'again']);
  });

  test('that says something and leaves at once is heard before it has left', () => {
    const bob = late.plain();
    late.network.run();
    const ann = late.plain();
    ann.send('hello');
    ann.session.endOfInput();
    late.network.run();
    expect(bob.take().map((line) => line.replace(/^.*:\d+ /, ''))).toEqual(['joined', 'say: hello', 'left']);
    expect(ann.link.closedBecause).toBe('left');
  });

  test('learns that a line was not stored', () => {
    const ann = late.plain();
    late.network.run();
    ann.take();
    late.network.cutAll();
    ann.send('hello');
    late.wait(5000);
    expect(ann.take()).toEqual([expect.stringContaining('could not store this in time')]);
  });
});
