/** A busy room: what many are sent by one call is what each of them would be sent by itself. */
import { expect, test } from 'vitest';
import { seeded } from '../../support/random.js';
import { type IrcClient, startIrc, untagged } from './irc-client.js';

const UNLIMITED = { linesPerSecond: 0, maxPerAddress: 0, connectionsPerMinute: 0 };
const ROUNDS = 60;

/** The numbers of the messages among lines, in order. */
const saidIn = (lines: readonly string[]): number[] =>
  untagged(lines).flatMap((line) => {
    const said = /^:\S+ PRIVMSG #room :(\d+)/.exec(line)?.[1];
    return said === undefined ? [] : [Number(said)];
  });

/** Whether all of some numbers are among others, in that order. */
function isPartOf(numbers: readonly number[], all: readonly number[]): boolean {
  let at = 0;
  for (const number of all) if (number === numbers[at]) at += 1;
  return at === numbers.length;
}

interface Talker {
  readonly client: IrcClient;
  readonly heard: number[];
  readonly lines: string[];
  readonly own: Set<number>;
}

async function enter(client: Promise<IrcClient>): Promise<Talker> {
  return { client: await client, heard: [], lines: [], own: new Set() };
}

test('all hear all others in one order, whoever echoes, comes, goes or reads otherwise meanwhile', async () => {
  const server = await startIrc({ limits: UNLIMITED });
  const witness = await enter(server.client('witness', { caps: 'echo-message', join: '#room' }));
  const echoing = await enter(server.client('echoing', { caps: 'echo-message server-time', join: '#room' }));
  const stayers: Talker[] = [];
  for (let count = 0; count < 8; count += 1) stayers.push(await enter(server.client(`s${count}`, { join: '#room' })));
  const wanderers: Talker[] = [];
  for (let count = 0; count < 2; count += 1) wanderers.push(await enter(server.client(`w${count}`, { join: '#room' })));
  const random = seeded(3);
  const upTo = (count: number): number => Math.floor(random() * count);
  const all = [witness, echoing, ...stayers, ...wanderers];
  let number = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const talker of all) {
      const lines: string[] = [];
      for (let count = upTo(6); count > 0; count -= 1) {
        number += 1;
        talker.own.add(number);
        lines.push(`PRIVMSG #room :${number}${round % 7 === 0 ? ' x'.repeat(200) : ''}`);
        if (upTo(20) === 0) lines.push(`CAP REQ :${upTo(2) === 0 ? '' : '-'}server-time`);
        if (upTo(20) === 0) lines.push('NAMES #room', 'PING x');
        if (upTo(30) === 0) lines.push('TOPIC #room :another', 'PRIVMSG s0 :for you', 'AWAY :gone', 'AWAY');
      }
      if (wanderers.includes(talker) && upTo(3) === 0) lines.unshift('PART #room', 'JOIN #room');
      talker.client.send(...lines);
    }
    const answers = await Promise.all(all.map(({ client }) => client.heard()));
    for (const [index, lines] of answers.entries()) all[index]?.lines.push(...lines);
  }
  for (const talker of all) talker.lines.push(...(await talker.client.heard()));
  for (const talker of all) talker.heard.push(...saidIn(talker.lines));
  const order = witness.heard;
  expect(order).toHaveLength(number);
  expect(echoing.heard).toEqual(order);
  for (const { heard, own } of stayers) expect(heard).toEqual(order.filter((each) => !own.has(each)));
  for (const { heard } of wanderers) expect(isPartOf(heard, order)).toBe(true);
});

test('one that begins to read otherwise gets what most do not', async () => {
  const server = await startIrc({ limits: UNLIMITED });
  for (const nick of ['c1', 'c2', 'c3', 'c4', 'c5']) await server.client(nick, { join: '#room' });
  const bob = await server.client('bob', { join: '#room' });
  const ann = await server.client('ann', { caps: 'message-tags', join: '#room' });
  await ann.ask('PRIVMSG #room :1', 'PRIVMSG #room :2');
  await bob.ask('CAP REQ :message-tags');
  await ann.ask('@+typing=active TAGMSG #room');
  expect(untagged(await bob.heard())).toEqual([expect.stringMatching(/^:ann!\S+ TAGMSG #room$/)]);
});

test('one that leaves in the middle of a turn gets what was said before that, and nothing after it', async () => {
  const server = await startIrc({ limits: UNLIMITED });
  const ann = await server.client('ann', { join: '#room' });
  const bob = await server.client('bob', { join: '#room' });
  for (const nick of ['c1', 'c2', 'c3', 'c4']) await server.client(nick, { join: '#room' });
  await ann.heard();
  await bob.heard();
  // Bob's lines and Ann's are one turn: his leaving is between two of hers.
  ann.send('PRIVMSG #room :1', 'PRIVMSG #room :2', 'PRIVMSG #room :3', 'KICK #room bob', 'PRIVMSG #room :4');
  await ann.heard();
  expect(untagged(await bob.heard()).map((line) => line.replace(/^:\S+ /, ''))).toEqual([
    ...[1, 2, 3].map((number) => `PRIVMSG #room :${number}`),
    'KICK #room bob :ann',
  ]);
});

test('one that quits is sent all that was said before, and then why it is closed', async () => {
  const server = await startIrc({ limits: UNLIMITED });
  const ann = await server.client('ann', { join: '#room' });
  const bob = await server.client('bob', { join: '#room' });
  for (const nick of ['c1', 'c2', 'c3']) await server.client(nick, { join: '#room' });
  await bob.heard();
  ann.send('PRIVMSG #room :1', 'PRIVMSG #room :2');
  await ann.heard();
  bob.send('PRIVMSG #room :3', 'QUIT :bye');
  const rest = untagged(await bob.rest());
  expect(rest.slice(0, 2).map((line) => line.replace(/^:\S+ /, ''))).toEqual(['PRIVMSG #room :1', 'PRIVMSG #room :2']);
  expect(rest.at(-1)).toMatch(/^ERROR :/);
});

/** A member that works out from what it is shown who is in the room with it. */
class Onlooker {
  readonly nick: string;
  readonly client: IrcClient;
  /** Those inside; null while it is outside itself. */
  inside: Set<string> | null = null;

  constructor(nick: string, client: IrcClient) {
    this.nick = nick;
    this.client = client;
  }

  /** Takes the next lines. @throws if somebody enters twice, or leaves or speaks outside */
  read(lines: readonly string[]): void {
    for (const line of untagged(lines)) {
      const [, names] = / 353 \S+ = #room :(.*)$/.exec(line) ?? [];
      for (const name of names?.split(' ') ?? []) this.inside?.add(name.replace(/^@/, ''));
      const [, nick = '', command = ''] = /^:([^!]+)!\S+ (JOIN|PART|PRIVMSG) #room/.exec(line) ?? [];
      if (command !== '') this.#see(nick, command);
    }
  }

  #see(nick: string, command: string): void {
    if (nick === this.nick && command === 'JOIN') {
      expect(this.inside).toBeNull();
      this.inside = new Set();
      return;
    }
    expect({ nick, command, isInside: this.inside?.has(nick) }).toEqual({
      nick,
      command,
      isInside: command !== 'JOIN',
    });
    if (command === 'JOIN') this.inside?.add(nick);
    if (command === 'PART') this.inside?.delete(nick);
    if (command === 'PART' && nick === this.nick) this.inside = null;
  }
}

test('however many come, go and speak in one turn, each is shown who is inside with it', async () => {
  const server = await startIrc({ limits: UNLIMITED });
  const random = seeded(5);
  const isOneOf = (count: number): boolean => Math.floor(random() * count) === 0;
  const onlookers: Onlooker[] = [];
  for (let count = 0; count < 24; count += 1) {
    const caps = count % 6 === 5 ? { caps: 'server-time' } : {};
    onlookers.push(new Onlooker(`n${count}`, await server.client(`n${count}`, caps)));
  }
  for (let round = 0; round < 40; round += 1) {
    // Now and then all enter an empty room.
    const leaves = round % 8 === 7 ? 1 : 3;
    for (const { client, inside } of onlookers) {
      if (inside === null) client.send('JOIN #room', ...(isOneOf(4) ? ['PRIVMSG #room :hello'] : []));
      else if (isOneOf(leaves)) client.send('PART #room', ...(isOneOf(5) ? ['JOIN #room'] : []));
      else if (isOneOf(4)) client.send('PRIVMSG #room :x', 'PRIVMSG #room :y');
    }
    for (const onlooker of onlookers) onlooker.read(await onlooker.client.heard());
  }
  for (const onlooker of onlookers) onlooker.read(await onlooker.client.heard());
  const inside = new Set(onlookers.filter((each) => each.inside !== null).map(({ nick }) => nick));
  for (const onlooker of onlookers) if (onlooker.inside !== null) expect(onlooker.inside).toEqual(inside);
});
