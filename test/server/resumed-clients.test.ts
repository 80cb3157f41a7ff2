import { describe, expect, test } from 'vitest';
import { present } from '../../src/errors.js';
import { type ClientState, isClientState } from '../../src/server/client-state.js';
import { until } from '../support/deadline.js';
import { startForSlowReaders, type StoppablePeer } from './slow-readers.js';

/** Clients that are described as plain data, and go on in another server: they notice nothing. */

type Started = Awaited<ReturnType<typeof startForSlowReaders>>;

/** Describes clients as JSON, and hands them to a new server, each on another wire. */
async function move(peers: readonly StoppablePeer[]): Promise<{ next: Started; moved: StoppablePeer[] }> {
  const states = peers.map((peer) => describeClient(peer));
  const next = await startForSlowReaders();
  return { next, moved: states.map((state) => next.resume(state)) };
}

function describeClient({ link }: StoppablePeer): ClientState {
  const parsed: unknown = JSON.parse(JSON.stringify(present(link.describe(), 'the state of a client')));
  if (!isClientState(parsed)) throw new Error('this is no state of a client');
  return parsed;
}

async function answered(peer: StoppablePeer, token: string): Promise<string[]> {
  peer.say(`PING ${token}`);
  await until(() => peer.hears(new RegExp(` PONG \\S+ :?${token}$`)).length === 1, `the answer to ${token}`);
  return peer.lines.slice(0, -1);
}

test('those in a room go on talking: nobody hears of a join, and ranks, names and modes are as before', async () => {
  const { client, server } = await startForSlowReaders();
  const ann = await client('ann', '#a,#b', 'message-tags server-time echo-message');
  const bob = await client('bob', '#a', 'multi-prefix');
  ann.say('MODE #a +v bob', 'AWAY :at lunch', 'MODE ann +i', 'MONITOR + bob,carl');
  await answered(ann, 'one');
  expect(server.clients.links.size).toBe(2);
  const { moved, next } = await move([ann, bob]);
  const [ann2, bob2] = moved;
  if (ann2 === undefined || bob2 === undefined) throw new Error('nobody has moved');
  expect(moved.map(({ wire }) => wire.read.length)).toEqual([0, 0]);
  bob2.say('PRIVMSG #a :still here');
  await until(() => ann2.hears(/PRIVMSG #a :still here$/).length === 1, 'what the other says');
  expect(ann2.lines[0]).toMatch(/^@time=\S+;msgid=\S+ :bob!bob@127\.0\.0\.1 PRIVMSG #a :still here$/);
  const names = await answered(bob2, 'two');
  expect(names).toEqual([]);
  bob2.say('NAMES #a', 'WHOIS ann', 'MODE bob');
  const said = (await answered(bob2, 'three')).join('\n');
  expect(said).toMatch(/ 353 bob = #a :(?:@ann \+bob|\+bob @ann)\n/);
  expect(said).toContain(' 301 bob ann :at lunch');
  ann2.say('MODE ann', 'MONITOR L', 'JOIN #a', 'MODE #a +v-v bob bob');
  const own = (await answered(ann2, 'four')).join('\n');
  expect(own).toMatch(/ 221 ann \+i\n/);
  expect(own).toMatch(/ 732 ann :bob,carl\n/);
  expect(own).toMatch(/ MODE #a \+v|MODE #a -v/);
  const late = await next.client('late', '#a');
  expect(late.hears(/ 353 /)[0]).toMatch(/@ann/);
});

test('a client is connected since it was connected first, wherever it has gone on', async () => {
  const { client } = await startForSlowReaders();
  const ann = await client('ann', '#a', '');
  const state = describeClient(ann);
  const irc = { ...present(state.session.irc, 'the part of IRC'), sinceMs: 1000 };
  const next = await startForSlowReaders();
  const moved = next.resume({ ...state, session: { ...state.session, irc } });
  expect(describeClient(moved).session.irc?.sinceMs).toBe(1000);
});

test('what people say about themselves, and who has subscribed to it, is as before, and nobody hears of it', async () => {
  const { client } = await startForSlowReaders();
  const ann = await client('ann', '#a', 'batch draft/metadata-3');
  const bob = await client('bob', '#a', 'batch draft/metadata-3');
  ann.say('METADATA * SET url :http://ann.example', 'METADATA * SET color red');
  bob.say('METADATA * SUB url color', 'MONITOR + ann');
  await answered(ann, 'one');
  await answered(bob, 'one');
  // The one who listens is there first.
  const { moved } = await move([bob, ann]);
  const [bob2, ann2] = moved;
  if (ann2 === undefined || bob2 === undefined) throw new Error('nobody has moved');
  const quiet = await answered(bob2, 'two');
  expect(quiet.filter((line) => line.includes(' 761 '))).toEqual([]);
  ann2.say('METADATA * LIST', 'METADATA * SET color blue');
  const own = (await answered(ann2, 'three')).filter((line) => line.includes(' 761 '));
  expect(own).toEqual([
    expect.stringMatching(/ 761 ann ann url \* :?http:\/\/ann\.example$/),
    expect.stringMatching(/ 761 ann ann color \* :?red$/),
    expect.stringMatching(/ 761 ann ann color \* :?blue$/),
  ]);
  expect(bob2.hears(/ 761 bob ann color \* :?blue$/)).toHaveLength(1);
  bob2.say('METADATA * SUBS');
  await answered(bob2, 'four');
  expect(bob2.hears(/ 772 /)).toEqual([expect.stringMatching(/ 772 bob url :?color$/)]);
});

describe('what has arrived and has not run', () => {
  test.each([
    {
      name: 'half a line',
      first: 'PRIVMSG #a :one half, ',
      second: 'and the other\r\n',
      heard: 'one half, and the other',
    },
    { name: 'half of CRLF', first: 'PRIVMSG #a :whole\r', second: '\n', heard: 'whole' },
    {
      name: 'half a character',
      first: Buffer.from('PRIVMSG #a :你').subarray(0, -1),
      second: Buffer.concat([Buffer.from('你').subarray(-1), Buffer.from('好\r\n')]),
      heard: '你好',
    },
  ])('goes on in the middle: $name', async ({ first, second, heard }) => {
    const { client } = await startForSlowReaders();
    const ann = await client('ann', '#a');
    const bob = await client('bob', '#a');
    ann.link.receive(Buffer.from(first));
    const { moved } = await move([ann, bob]);
    moved[0]?.link.receive(Buffer.from(second));
    const messages = () => [bob, ...moved].flatMap((peer) => peer.hears(/ PRIVMSG #a /));
    await until(() => messages().length > 0, 'the message');
    if (moved[0] !== undefined) await answered(moved[0], 'after');
    expect(messages()).toEqual([`:ann!ann@127.0.0.1 PRIVMSG #a :${heard}`]);
  });

  test('is still too long if it was too long already', async () => {
    const { client } = await startForSlowReaders();
    const ann = await client('ann', '#a');
    ann.link.receive(Buffer.from('x'.repeat(10_000)));
    const { moved } = await move([ann]);
    moved[0]?.link.receive(Buffer.from('PRIVMSG ann :part of it\r\n'));
    if (moved[0] !== undefined) expect(await answered(moved[0], 'after')).toEqual([]);
  });

  test('keeps its charset, found out before, in the middle of a character of it', async () => {
    const { connect } = await startForSlowReaders();
    const gbk = connect('plain', { charset: 'auto' });
    const utf8 = connect('plain', { charset: 'utf-8' });
    // "ni hao" in GBK, which is not valid UTF-8.
    gbk.link.receive(Buffer.from('c4e3bac30a', 'hex'));
    await until(() => utf8.hears(/ say: 你好$/).length === 1, 'the first line');
    gbk.link.receive(Buffer.from('c4e3ba', 'hex'));
    const { moved } = await move([gbk, utf8]);
    moved[0]?.link.receive(Buffer.from('c30a', 'hex'));
    await until(() => moved[1]?.hears(/ say: /).length === 1, 'the second line');
    expect(moved[1]?.lines.at(-1)).toMatch(/ 127\.0\.0\.1:\d+ say: 你好$/);
  });
});

describe('one that has not registered yet', () => {
  test('goes on in the middle of its negotiation of capabilities', async () => {
    const { connect } = await startForSlowReaders();
    const eve = connect('irc');
    eve.say('CAP LS 302', 'NICK eve', 'USER eve 0 * :Eve', 'CAP REQ :server-time message-tags');
    await answered(eve, 'one');
    const { moved } = await move([eve]);
    const [eve2] = moved;
    if (eve2 === undefined) throw new Error('nobody has moved');
    eve2.say('CAP LIST');
    expect(await answered(eve2, 'two')).toEqual([expect.stringMatching(/ CAP \* LIST :.*server-time/)]);
    eve2.say('CAP END');
    const welcome = await answered(eve2, 'three');
    expect(welcome.some((line) => line.includes(' 001 eve '))).toBe(true);
  });

  test('has said about itself, and has subscribed to, what it had before', async () => {
    const { connect } = await startForSlowReaders();
    const eve = connect('irc');
    eve.say('CAP LS 302', 'NICK eve', 'USER eve 0 * :Eve', 'CAP REQ :batch draft/metadata-3');
    eve.say('METADATA * SET url :http://eve.example', 'METADATA * SUB url');
    await answered(eve, 'one');
    const { moved } = await move([eve]);
    const [eve2] = moved;
    if (eve2 === undefined) throw new Error('nobody has moved');
    eve2.say('CAP END', 'METADATA eve GET url', 'METADATA * SUBS');
    const said = (await answered(eve2, 'two')).join('\n');
    expect(said).toMatch(/ 761 eve eve url \* :?http:\/\/eve\.example\n/);
    expect(said).toMatch(/ 772 eve :?url\n/);
  });
});

describe('what is still to be sent', () => {
  test('a long answer in a batch is completed before its client is described', async () => {
    const { client } = await startForSlowReaders();
    const owner = await client('owner', '#a');
    const rooms = Array.from({ length: 500 }, (_, index) => `#r${index}`);
    owner.say(`JOIN ${rooms.slice(0, 60).join(',')}`, `JOIN ${rooms.slice(60, 120).join(',')}`);
    await answered(owner, 'rooms');
    const slow = await client('slow', '#a', 'labeled-response batch message-tags');
    slow.wire.isStopped = true;
    for (let number = 0; number < 20; number += 1) owner.say(`PRIVMSG #a :${number} ${'x'.repeat(300)}`);
    await until(() => slow.link.isBehind, 'the reader is behind');
    slow.say('@label=l1 LIST', 'PING later');
    const { moved } = await move([slow]);
    slow.wire.go();
    const [slow2] = moved;
    if (slow2 === undefined) throw new Error('nobody has moved');
    await until(() => slow2.hears(/ PONG \S+ :?later$/).length === 1, 'the answer to the next command');
    const lines = [...slow.lines, ...slow2.lines];
    const opening = lines.findIndex((line) => line.startsWith('@label=l1 '));
    const reference = /BATCH \+(\S+) /.exec(lines[opening] ?? '')?.[1] ?? '?';
    const closing = lines.findIndex((line) => line.endsWith(` BATCH -${reference}`));
    expect(closing).toBeGreaterThan(opening);
    expect(lines.slice(opening + 1, closing).filter((line) => line.includes(' 322 ')).length).toBeGreaterThanOrEqual(
      120,
    );
    expect(lines.findIndex((line) => line.endsWith(':later'))).toBeGreaterThan(closing);
    expect(lines.filter((line) => / PRIVMSG #a :\d+ x+$/.test(line))).toHaveLength(20);
  });
});

describe('a client that cannot be described', () => {
  test('is one whose connection is a WebSocket or TLS, or is closing', async () => {
    const { client, connect } = await startForSlowReaders();
    expect(connect('irc', {}, 'web').link.describe()).toBeNull();
    expect(connect('irc', {}, 'tls').link.describe()).toBeNull();
    const ann = await client('ann', '#a');
    ann.say('QUIT');
    await until(() => ann.wire.hasEnded, 'the end');
    expect(ann.link.describe()).toBeNull();
  });

  test('is told so by a server that has given its nick to somebody else', async () => {
    const { client } = await startForSlowReaders();
    const ann = await client('ann', '#a');
    const state = describeClient(ann);
    const next = await startForSlowReaders();
    await next.client('ann', '#a');
    const late = next.resume(state);
    expect(late.lines.at(-1)).toBe('ERROR :Closing Link: 127.0.0.1 (This server could not take over your connection)');
  });
});

test.each([
  null,
  [],
  {},
  { host: 'x', port: 1, unsent: '', session: null },
  { host: 'x', port: 1, unsent: '', session: { version: 2 } },
])('what is no state of a client, or of another version, is refused: %j', (value) => {
  expect(isClientState(value)).toBe(false);
});
