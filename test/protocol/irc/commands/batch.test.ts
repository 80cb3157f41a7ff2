/** BATCH of clients: IRCv3 multiline, client-batch. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc, tagsOf, untagged } from '../irc-client.js';

const base = 'message-tags batch echo-message server-time labeled-response';
const caps = `${base} draft/multiline`;

async function withRoom() {
  const server = await startIrc();
  const ann = await server.client('ann', { caps, join: '#channel' });
  const bob = await server.client('bob', { caps, join: '#channel' });
  const old = await server.client('old', { caps: base, join: '#channel' });
  await ann.heard();
  await bob.heard();
  return { server, ann, bob, old };
}

const said = (text: string, nick = 'ann') => `:${nick}!${nick}@127.0.0.1 PRIVMSG #channel :${text}`;
const failed = (rest: string) => `:fdmux.local FAIL BATCH ${rest}`;

test('the capability has its limits as its value', async () => {
  const eve = await (await startIrc()).connect();
  const offered = (await eve.ask('CAP LS 302')).join(' ').split(/[ :]/);
  expect(offered).toContain('draft/multiline=max-bytes=4096,max-lines=32');
  expect((await eve.ask('CAP LS')).join(' ').split(/[ :]/)).toContain('draft/multiline');
});

describe('examples of the specification', () => {
  const sent = [
    'BATCH +123 draft/multiline #channel',
    '@batch=123 PRIVMSG #channel hello',
    '@batch=123 privmsg #channel :how is ',
    '@batch=123;draft/multiline-concat PRIVMSG #channel :everyone?',
    'BATCH -123',
  ];

  test('a batch is one message, with its tags on the line that opens it', async () => {
    const { ann, bob } = await withRoom();
    const echo = await ann.ask(`@label=xyz;+typing=done ${sent[0]}`, ...sent.slice(1));
    const relayed = await bob.heard();
    for (const [lines, label] of [
      [echo, 'xyz'],
      [relayed, undefined],
    ] as const) {
      const [opening = '', ...rest] = lines;
      const tags = tagsOf(opening);
      const reference = /BATCH \+(\S+) draft\/multiline #channel$/.exec(opening)?.[1] ?? '';
      expect(reference).not.toBe('');
      expect(tags).toMatchObject({ '+typing': 'done', ...(label === undefined ? {} : { label }) });
      expect(Object.keys(tags)).toEqual(expect.arrayContaining(['msgid', 'time']));
      expect(rest).toEqual([
        `@batch=${reference} ${said('hello')}`,
        `@batch=${reference} ${said('how is ')}`,
        `@batch=${reference};draft/multiline-concat ${said('everyone?')}`,
        `:fdmux.local BATCH -${reference}`,
      ]);
    }
    expect(tagsOf(relayed[0] ?? '')['msgid']).toBe(tagsOf(echo[0] ?? '')['msgid']);
  });

  test('those without multiline get the lines, the id on the first', async () => {
    const { ann, old } = await withRoom();
    const [opening = ''] = await ann.ask(`@+typing=done ${sent[0]}`, ...sent.slice(1));
    const lines = await old.heard();
    expect(untagged(lines)).toEqual([said('hello'), said('how is '), said('everyone?')]);
    expect(lines.map((line) => tagsOf(line)['msgid'])).toEqual([tagsOf(opening)['msgid'], undefined, undefined]);
    for (const line of lines) expect(tagsOf(line)).toMatchObject({ '+typing': 'done', time: tagsOf(opening)['time'] });
  });

  test('an invalid target', async () => {
    const { ann, bob } = await withRoom();
    expect(await ann.ask('BATCH +456 draft/multiline #foo', '@batch=456 PRIVMSG #bar hello', 'BATCH -456')).toEqual([
      failed('MULTILINE_INVALID_TARGET #foo #bar :Invalid multiline target'),
    ]);
    expect(await bob.heard()).toEqual([]);
  });

  test.each([
    ['MULTILINE_MAX_LINES 32 :Multiline batch max-lines exceeded', 33, 'hi'],
    ['MULTILINE_MAX_BYTES 4096 :Multiline batch max-bytes exceeded', 11, 'x'.repeat(400)],
  ])('%s', async (answer, count, text) => {
    const { ann, bob } = await withRoom();
    const lines = Array.from({ length: count + 3 }, () => `@batch=abc PRIVMSG #channel ${text}`);
    expect(await ann.ask('BATCH +abc draft/multiline #channel', ...lines, 'BATCH -abc')).toEqual([failed(answer)]);
    expect(await bob.heard()).toEqual([]);
    await ann.ask('BATCH +abc draft/multiline #channel', '@batch=abc PRIVMSG #channel :on', 'BATCH -abc');
    expect(untagged(await bob.heard())).toEqual([said('on')]);
  });
});

test('as many lines and bytes as are allowed are one message', async () => {
  const { ann, bob } = await withRoom();
  const lines = Array.from({ length: 32 }, () => `@batch=1 PRIVMSG #channel ${'x'.repeat(127)}`);
  expect(await ann.ask('BATCH +1 draft/multiline #channel', ...lines, 'BATCH -1')).toHaveLength(34);
  expect(await bob.heard()).toHaveLength(34);
});

test('blank lines reach those who know batches, and nobody else', async () => {
  const { ann, bob, old } = await withRoom();
  await ann.ask(
    'BATCH +1 draft/multiline #channel',
    '@batch=1 PRIVMSG #channel :',
    '@batch=1 PRIVMSG #channel :a',
    '@batch=1 PRIVMSG #channel :',
    '@batch=1 PRIVMSG #channel :b',
    'BATCH -1',
  );
  expect(untagged(await bob.heard()).slice(1, -1)).toEqual([said(''), said('a'), said(''), said('b')]);
  expect(untagged(await old.heard())).toEqual([said('a'), said('b')]);
});

test('a batch of one line is a message as any other, to a person as well', async () => {
  const { ann, bob } = await withRoom();
  await ann.ask('BATCH +1 draft/multiline bob', '@batch=1 PRIVMSG BOB :psst', 'BATCH -1');
  expect(untagged(await bob.heard())).toEqual([':ann!ann@127.0.0.1 PRIVMSG bob :psst']);
});

test('a line that has no room behind a long mask is cut again', async () => {
  const server = await startIrc({ irc: { nickLength: 30 } });
  const ann = await server.client('ann', { caps, join: '#channel' });
  const bob = await server.client('bob', { caps, join: '#channel' });
  await ann.ask(
    'BATCH +1 draft/multiline #channel',
    `@batch=1 PRIVMSG #channel :${'x'.repeat(480)}`,
    '@batch=1 PRIVMSG #channel :y',
    'BATCH -1',
  );
  const lines = await bob.heard();
  expect(lines).toHaveLength(5);
  expect(lines[2]).toMatch(/^@batch=\S+;draft\/multiline-concat /);
  expect(
    untagged(lines)
      .slice(1, 3)
      .map((line) => line.split(' :')[1])
      .join(''),
  ).toBe('x'.repeat(480));
});

describe('MULTILINE_INVALID is the answer', () => {
  const open = 'BATCH +1 draft/multiline #channel';
  test.each([
    ['to a line of another batch', [open, '@batch=2 PRIVMSG #channel :hi', 'BATCH -1']],
    ['to a line of no batch that is open', ['@batch=2 PRIVMSG #channel :hi']],
    [
      'to blank text that is concatenated',
      [open, '@batch=1 PRIVMSG #channel :a', '@batch=1;draft/multiline-concat PRIVMSG #channel :', 'BATCH -1'],
    ],
    ['to nothing but blank lines', [open, '@batch=1 PRIVMSG #channel :', '@batch=1 PRIVMSG #channel :', 'BATCH -1']],
    ['to a batch without lines', [open, 'BATCH -1']],
    ['to a NOTICE in a batch', [open, '@batch=1 NOTICE #channel :x', 'BATCH -1']],
    ['to another batch within', [open, 'BATCH +2 draft/multiline #channel', 'BATCH -1']],
    ['to another type', ['BATCH +1 netsplit a b']],
    ['to a batch without a target', ['BATCH +1 draft/multiline']],
    ['to the end of none', ['BATCH -1']],
    ['to a reference that is none', ['BATCH 1 draft/multiline #channel']],
  ])('%s', async (_, lines) => {
    const { ann, bob } = await withRoom();
    const answer = await ann.ask(...lines);
    expect(answer).toHaveLength(1);
    expect(answer[0]).toMatch(/^:fdmux\.local FAIL BATCH MULTILINE_INVALID :/);
    expect(await bob.heard()).toEqual([]);
  });

  test('if a line of it was too long', async () => {
    const { ann, bob } = await withRoom();
    const answer = await ann.ask(
      open,
      '@batch=1 PRIVMSG #channel :a',
      `@batch=1 PRIVMSG #channel :${'x'.repeat(600)}`,
      'BATCH -1',
    );
    expect(numerics(answer)).toEqual(['417 :Input line was too long']);
    expect(answer[1]).toMatch(/FAIL BATCH MULTILINE_INVALID :/);
    expect(await bob.heard()).toEqual([]);
  });

  test('to a command that belongs to no batch, which is obeyed; the label is that of the batch', async () => {
    const { ann, bob } = await withRoom();
    const answer = await ann.ask(`@label=a ${open}`, '@batch=1 PRIVMSG #channel :a', '@label=b PRIVMSG #channel :out');
    expect(tagsOf(answer[0] ?? '')).toEqual({ label: 'a' });
    expect(answer[0]).toContain('FAIL BATCH MULTILINE_INVALID');
    expect(tagsOf(answer[1] ?? '')).toMatchObject({ label: 'b' });
    expect(untagged(await bob.heard())).toEqual([said('out')]);
  });
});

test('refusals are those of PRIVMSG, with the label of the batch', async () => {
  const { server, bob } = await withRoom();
  const eve = await server.client('eve', { caps });
  expect(
    await eve.ask(
      '@label=1 BATCH +1 draft/multiline #channel',
      '@batch=1 PRIVMSG #channel :a',
      '@batch=1 PRIVMSG #channel :b',
      'BATCH -1',
    ),
  ).toEqual(['@label=1 :fdmux.local 404 eve #channel :Cannot send to channel (+n)']);
  expect(await bob.heard()).toEqual([]);
});

test('a query in a later line is refused in a channel with +C', async () => {
  const { ann, old } = await withRoom();
  await ann.ask('MODE #channel +C');
  await old.heard();
  const answer = await ann.ask(
    'BATCH +1 draft/multiline #channel',
    '@batch=1 PRIVMSG #channel :a',
    '@batch=1 PRIVMSG #channel :\u0001VERSION\u0001',
    'BATCH -1',
  );
  expect(numerics(answer)).toEqual(['404 #channel :Cannot send to channel (+C)']);
  expect(await old.heard()).toEqual([]);
});

test('BATCH is unknown to clients that have not asked for it, and their batch tags mean nothing', async () => {
  const { bob, server } = await withRoom();
  const eve = await server.client('eve', { caps: 'draft/multiline', join: '#channel' });
  expect(numerics(await eve.ask('BATCH +1 draft/multiline #channel'))).toEqual(['421 BATCH :Unknown command']);
  await bob.heard();
  await eve.ask('@batch=1 PRIVMSG #channel :hi');
  expect(untagged(await bob.heard())).toEqual([said('hi', 'eve')]);
});
