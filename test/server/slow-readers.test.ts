import { describe, expect, test } from 'vitest';
import { until } from '../support/deadline.js';
import { seeded } from '../support/random.js';
import { settle, startForSlowReaders, type StoppablePeer } from './slow-readers.js';

/** Readers that fall behind in rooms that keep what is said: see docs/design.md, "A slow reader is a place". */

const LIMITS = { softSendQueueBytes: 16_384, sendQueueBytes: 65_536 };
const filler = (bytes: number) => 'x'.repeat(bytes);

/** Waits until a peer that was stopped has everything. */
async function catchUp(...peers: readonly StoppablePeer[]): Promise<void> {
  for (const { wire } of peers) wire.go();
  await until(() => peers.every(({ link }) => !link.isBehind), 'the readers have caught up');
}

/** The long test has a thousand, on sockets. */
const READERS = 200;

test('hundreds of readers that stop are not closed, take little memory, and get every line in order', async () => {
  const { client, logged } = await startForSlowReaders({ limits: LIMITS });
  const ann = await client('ann', '#a');
  const readers: StoppablePeer[] = [];
  for (let count = 0; count < READERS; count += 1) readers.push(await client(`r${count}`, '#a'));
  const awake = await client('awake', '#a');
  const before = readers.map(({ wire }) => wire.read.length);
  for (const { wire } of readers) wire.isStopped = true;
  for (let number = 0; number < 1500; number += 1) {
    ann.say(`PRIVMSG #a :${number} ${filler(200)}`);
    if (number % 5 === 0) await settle(1);
  }
  await until(() => awake.hears(/ PRIVMSG #a :1499 /).length === 1, 'all is said');
  // Far more than the hard limit, none of it for one of them alone.
  const said = awake.hears(/ PRIVMSG #a /);
  expect(Math.max(...readers.map(({ link }) => link.pendingBytes))).toBeLessThan(4096 + 5 * 300 + 2048);
  await catchUp(...readers);
  const text = said.map((line) => `${line}\r\n`).join('');
  const strangers = readers.filter(({ wire }, index) => wire.read.toString('utf8', before[index]) !== text);
  expect(strangers).toEqual([]);
  expect(logged.filter(({ event }) => event === 'slow reader closed' || event === 'messages lost')).toEqual([]);
}, 60_000);

describe('a reader that stops and reads again gets what one gets that reads all the time', () => {
  const KINDS = [
    { name: 'no capabilities', caps: '' },
    { name: 'tags and times', caps: 'message-tags server-time echo-message batch' },
    { name: 'changes of presence', caps: 'away-notify chghost extended-join setname multi-prefix invite-notify' },
    { name: 'GBK', caps: '', changes: { charset: 'gbk' } },
  ] as const;

  test.each([1, 2, 3, 4, 5])(
    'in several rooms, whatever happens in them: seed %i',
    async (seed) => {
      const random = seeded(seed);
      const pick = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0];
      // So much that nothing is left out: what a reader can do without is left out beyond the soft limit.
      const { client, connect } = await startForSlowReaders();
      const chief = await client('chief', '#a,#b,#c');
      const actors = await Promise.all(['ann', 'bob', 'eve'].map((nick) => client(nick, '#a,#b,#c')));
      const [ann, bob, eve] = actors;
      if (ann === undefined || bob === undefined || eve === undefined) throw new Error('no actors');
      const entering = KINDS.map(async (kind, index) => {
        const changes = 'changes' in kind ? kind.changes : {};
        const rooms = pick(['#a', '#a,#b', '#a,#b,#c', '#c,#a']);
        const enter = (letter: string) => client(`${letter}${index}`, rooms, kind.caps, changes);
        return { awake: await enter('w'), slow: await enter('s') };
      });
      const pairs = await Promise.all(entering);
      const plain = ['w', 's'].map(() => connect('plain'));
      const lobby = await client('lob', '#lobby');
      chief.say('MODE #a +v w0', 'MODE #a +v s0');
      // The second line waits for another turn if the first one takes long, and so would all that the chief says then.
      await settle(20);
      const starts = [...pairs.flatMap(({ awake, slow }) => [awake, slow]), ...plain].map((peer) => peer.lines.length);
      for (const { slow } of pairs) slow.wire.isStopped = true;
      if (plain[1] !== undefined) plain[1].wire.isStopped = true;
      const wereBehind = new Set<StoppablePeer>();
      let nicks = 0;
      for (let step = 0; step < 600; step += 1) {
        const actor = pick([ann, bob, eve]);
        const room = pick(['#a', '#b', '#c']);
        actor.say(`PRIVMSG ${room} :${step} 你好 ${filler(random() * 300)}`);
        lobby.say(`PRIVMSG #lobby :${step} 你好`);
        nicks += 1;
        actor.say(
          pick([
            `NICK n${nicks}`,
            `TOPIC ${room} :${step}`,
            `PART ${room} :${step}`,
            `JOIN ${room}`,
            `JOIN ${room}`,
            `AWAY :${step}`,
            'AWAY',
            `NOTICE +${room} :${step}`,
            `@+x=1 TAGMSG ${room}`,
            `SETNAME :${step}`,
            'JOIN 0',
            'JOIN #a,#b,#c',
          ]),
        );
        if (step === 300) chief.say('KICK #a w0,s0 :out', 'MODE #b +bb w1!*@* s1!*@*');
        if (step % 50 === 0)
          for (const letter of ['w', 's']) chief.say(`PRIVMSG ${letter}${(step / 50) % 4} :alone ${step}`);
        if (step % 7 === 0) await settle(1);
        for (const { slow } of pairs) if (slow.link.isBehind) wereBehind.add(slow);
        if (step % 100 === 99) for (const { slow } of pairs) slow.wire.sip();
      }
      expect(wereBehind.size).toBe(KINDS.length);
      await settle(20);
      await catchUp(...pairs.map(({ slow }) => slow), ...plain);
      // Each of the two has another name, is spoken to alone, and one is kicked before the other.
      const wordOf = (peer: StoppablePeer | undefined, from = 0) =>
        peer?.lines
          .slice(from)
          .filter((line) => !line.includes(' KICK #a '))
          .map((line) => line.replace(/\b[ws](\d)\b/g, 'X$1').replace(/127\.0\.0\.1:\d+/, 'H'))
          .map((line) => line.replace(/^@\S+ (?=:chief)/, ''));
      pairs.forEach(({ awake, slow }, index) => {
        expect(wordOf(slow, starts[2 * index + 1])).toEqual(wordOf(awake, starts[2 * index]));
      });
      const [awakeLines = [], slowLines = []] = plain.map((peer) =>
        wordOf(peer)?.filter((line) => line.includes(' say: ')),
      );
      expect(slowLines).toEqual(awakeLines);
      expect(awakeLines.length).toBeGreaterThan(500);
    },
    30_000,
  );
});

describe('what is for one reader alone', () => {
  test('keeps its place among the rest: answers, private messages, a new name before what is said under it', async () => {
    const { client } = await startForSlowReaders({ limits: LIMITS });
    const ann = await client('ann', '#a');
    const eve = await client('eve', '#a');
    const slow = await client('slow', '#a');
    slow.wire.isStopped = true;
    for (let number = 0; number < 20; number += 1) ann.say(`PRIVMSG #a :${number} ${filler(300)}`);
    await until(() => slow.link.isBehind, 'the reader is behind');
    ann.say('PRIVMSG #a :one', 'PRIVMSG slow :two', 'NICK anna', 'PRIVMSG #a :three');
    await until(() => ann.hears(/ NICK anna$/).length === 1 && eve.hears(/:three$/).length === 1, 'three lines');
    slow.say('PING four', 'PRIVMSG #a :four');
    await until(() => ann.hears(/:four$/).length === 1, 'the fourth');
    ann.say('PRIVMSG #a :five');
    await until(() => eve.hears(/:five$/).length === 1, 'the fifth');
    slow.say('PRIVMSG #a :six', 'NICK slower');
    await until(() => ann.hears(/ NICK slower$/).length === 1, 'the sixth');
    ann.say('PRIVMSG #a :seven');
    await until(() => eve.hears(/:seven$/).length === 1, 'the seventh');
    await catchUp(slow);
    expect(slow.lines.slice(-8)).toEqual([
      expect.stringMatching(/^:ann!\S+ PRIVMSG #a :one$/),
      expect.stringMatching(/^:ann!\S+ PRIVMSG slow :two$/),
      expect.stringMatching(/^:ann!\S+ NICK anna$/),
      expect.stringMatching(/^:anna!\S+ PRIVMSG #a :three$/),
      expect.stringMatching(/ PONG \S+ :?four$/),
      expect.stringMatching(/^:anna!\S+ PRIVMSG #a :five$/),
      expect.stringMatching(/^:slow!\S+ NICK slower$/),
      expect.stringMatching(/^:anna!\S+ PRIVMSG #a :seven$/),
    ]);
  });

  test('is within the hard limit: nobody else keeps it', async () => {
    const { client, logged } = await startForSlowReaders({ limits: LIMITS });
    const ann = await client('ann', '#a');
    const slow = await client('slow', '#a');
    slow.wire.isStopped = true;
    for (let number = 0; number < 400 && !slow.wire.isDestroyed; number += 1) {
      ann.say(`PRIVMSG slow :${filler(400)}`);
      await settle(1);
    }
    expect(slow.wire.isDestroyed).toBe(true);
    expect(slow.link.closeReason).toMatch(/^Max SendQ exceeded: \d+ bytes wait, the limit is 65536$/);
    expect(logged.filter(({ event }) => event === 'slow reader')).toHaveLength(1);
  });
});

test('a reader is told once how much is missing that its room no longer keeps, and then gets the rest', async () => {
  const { client, connect, logged } = await startForSlowReaders({ limits: LIMITS, kept: { entriesPerRoom: 100 } });
  const ann = await client('ann', '#a,#lobby');
  const slow = await client('slow', '#a');
  const plain = connect('plain');
  for (const { wire } of [slow, plain]) wire.isStopped = true;
  for (let number = 0; number < 1000; number += 1) {
    ann.say(`PRIVMSG #a,#lobby :${number} ${filler(200)}`);
    if (number % 5 === 0) await settle(1);
  }
  await catchUp(slow, plain);
  const numbers = (peer: StoppablePeer) => peer.hears(/: ?\d+ x/).map((line) => Number(/: ?(\d+) x/.exec(line)?.[1]));
  for (const [peer, pattern] of [
    [slow, /^:fdmux\.local NOTICE slow :(\d+) messages of #a are missing: /],
    [plain, / server: (\d+) messages are missing: /],
  ] as const) {
    const notices = peer.hears(pattern);
    expect(notices).toHaveLength(1);
    const missing = Number(pattern.exec(notices[0] ?? '')?.[1]);
    const got = numbers(peer);
    const gap = got.findIndex((number, index) => number !== index);
    expect(got.length + missing).toBe(1000);
    expect(got).toEqual([...got.keys()].map((index) => (index < gap ? index : index + missing)));
    expect(peer.lines.findIndex((line) => pattern.test(line))).toBe(
      peer.lines.findIndex((line) => line.includes(`:${gap + missing} x`) || line.includes(`: ${gap + missing} x`)) - 1,
    );
  }
  expect(logged.filter(({ event }) => event === 'messages lost')).toHaveLength(2);
  ann.say('PRIVMSG #a :now');
  expect(slow.lines.at(-1)).toMatch(/PRIVMSG #a :now$/);
});

test('a room that has ended is read to its end, and the one that begins under its name is another', async () => {
  const { client } = await startForSlowReaders({ limits: LIMITS });
  const ann = await client('ann', '#a');
  const slow = await client('slow', '#a');
  slow.wire.isStopped = true;
  for (let number = 0; number < 20; number += 1) ann.say(`PRIVMSG #a :${number} ${filler(300)}`);
  await until(() => slow.link.isBehind, 'the reader is behind');
  ann.say('PRIVMSG #a :before', 'KICK #a slow :out', 'PART #a', 'JOIN #a', 'PRIVMSG #a :after', 'PING x');
  await until(() => ann.hears(/ PONG /).length === 1, 'the last word');
  await catchUp(slow);
  const last = slow.lines.slice(slow.lines.findIndex((line) => line.endsWith(':before')));
  expect(last.map((line) => line.split(' ')[1])).toEqual(['PRIVMSG', 'KICK']);
});

describe('the end of a reader that is behind', () => {
  async function startBehind() {
    const started = await startForSlowReaders({ limits: { ...LIMITS, stallTimeoutMs: 30_000, pingIntervalMs: 1000 } });
    const ann = await started.client('ann', '#a');
    const slow = await started.client('slow', '#a');
    slow.wire.isStopped = true;
    for (let number = 0; number < 200; number += 1) {
      ann.say(`PRIVMSG #a :${number} ${filler(300)}`);
      if (number % 5 === 0) await settle(1);
    }
    await settle();
    return { ...started, ann, slow };
  }

  test('comes when it has taken nothing at all for a time, and not from its silence', async () => {
    const { server, ann, slow } = await startBehind();
    const start = Math.ceil(performance.now());
    const tick = (afterMs: number) => {
      server.clients.tick(start + afterMs);
    };
    tick(0);
    tick(29_000);
    slow.wire.sip();
    tick(30_000);
    tick(59_000);
    expect([slow.wire.isDestroyed, slow.link.closeReason]).toEqual([false, null]);
    expect(slow.hears(/^PING/)).toEqual([]);
    tick(60_000);
    expect([slow.wire.isDestroyed, slow.link.closeReason]).toEqual([true, 'Read nothing for 30 seconds']);
    server.clients.departed(slow.link, undefined);
    expect(ann.lines.at(-1)).toMatch(/^:slow!\S+ QUIT :Read nothing for 30 seconds$/);
  });

  test('that it wants itself comes when it has read everything before it', async () => {
    const { slow } = await startBehind();
    slow.say('QUIT :enough');
    expect(slow.wire.hasEnded).toBe(false);
    slow.wire.go();
    await until(() => slow.wire.hasEnded, 'the end');
    expect(slow.hears(/ PRIVMSG #a :199 /)).toHaveLength(1);
    expect(slow.lines.at(-1)).toMatch(/^ERROR /);
  });

  test('leaves no tape behind', async () => {
    const { server, slow } = await startBehind();
    expect(server.clients.shelf.bytes).toBeGreaterThan(0);
    server.clients.departed(slow.link, undefined);
    expect(server.clients.shelf.bytes).toBe(0);
  });
});
