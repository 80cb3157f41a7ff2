/** CHATHISTORY: IRCv3 chathistory. */
import { describe, expect, test } from 'vitest';
import { type IrcClient, numerics, startIrc, tagsOf, untagged } from '../irc-client.js';

const caps = 'batch server-time message-tags echo-message labeled-response draft/chathistory';
const playback = `${caps} draft/event-playback`;
const failed = (rest: string) => [`:fdmux.local FAIL CHATHISTORY ${rest}`];
const UNREADABLE = 'Messages could not be retrieved';

/** What a message is known by. */
interface Said {
  readonly id: string;
  readonly time: string;
  readonly text: string;
}

function saidOf(line: string): Said {
  const { msgid = '', time = '' } = tagsOf(line);
  return { id: msgid, time, text: line.slice(line.lastIndexOf(':') + 1) };
}

/** Says texts at different times, and returns what they are known by. */
async function sayAll(client: IrcClient, target: string, texts: readonly string[]): Promise<Said[]> {
  const said: Said[] = [];
  for (const text of texts) {
    await client.heard();
    const [line = ''] = await client.ask(`PRIVMSG ${target} :${text}`);
    said.push(saidOf(line));
    // Two messages of one millisecond could not be told apart by their times.
    while (new Date().toISOString() <= saidOf(line).time) await new Promise(setImmediate);
  }
  return said;
}

/** Asks for a page: it must be one batch about the target. */
async function page(client: IrcClient, query: string, target: string): Promise<string[]> {
  await client.heard();
  const lines = await client.ask(`CHATHISTORY ${query}`);
  const [, reference = ''] = /^:fdmux\.local BATCH \+(\S+) chathistory (\S+)$/.exec(lines[0] ?? '') ?? [];
  expect(lines[0]).toBe(`:fdmux.local BATCH +${reference} chathistory ${target}`);
  expect(lines.at(-1)).toBe(`:fdmux.local BATCH -${reference}`);
  const inside = lines.slice(1, -1);
  for (const line of inside) expect(tagsOf(line)['batch']).toBe(reference);
  return inside;
}

const TEXTS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

describe('pages of a channel and of a conversation', () => {
  const spans = (said: readonly Said[], by: (said: Said | undefined) => string) => [
    ['LATEST', `${by(said[4])} 20`, '56789'],
    ['LATEST', `${by(said[4])} 2`, '89'],
    ['BEFORE', `${by(said[6])} 20`, '012345'],
    ['BEFORE', `${by(said[6])} 2`, '45'],
    ['AFTER', `${by(said[3])} 20`, '456789'],
    ['AFTER', `${by(said[3])} 3`, '456'],
    ['BETWEEN', `${by(said[0])} ${by(said[9])} 20`, '12345678'],
    ['BETWEEN', `${by(said[9])} ${by(said[0])} 20`, '12345678'],
    ['BETWEEN', `${by(said[0])} ${by(said[9])} 3`, '123'],
    ['BETWEEN', `${by(said[9])} ${by(said[0])} 3`, '678'],
    ['AROUND', `${by(said[7])} 1`, '7'],
    ['AROUND', `${by(said[7])} 3`, '678'],
    ['AROUND', `${by(said[9])} 4`, '6789'],
  ];

  async function check(client: IrcClient, target: string, said: readonly Said[]): Promise<void> {
    const ask = async (query: string): Promise<string> =>
      (await page(client, query, target)).map((line) => saidOf(line).text).join('');
    expect(await ask(`LATEST ${target} * 20`)).toBe('0123456789');
    expect(await ask(`LATEST ${target} * 1`)).toBe('9');
    const byId = spans(said, (one) => `msgid=${one?.id ?? ''}`);
    const byTime = spans(said, (one) => `timestamp=${one?.time ?? ''}`);
    for (const [name = '', rest = '', expected = ''] of [...byId, ...byTime]) {
      expect([name, rest, await ask(`${name} ${target} ${rest}`)]).toEqual([name, rest, expected]);
    }
  }

  test('by id and by time, with the tags that were sent', async () => {
    const ann = await (await startIrc()).client('ann', { caps, join: '#channel' });
    const said = await sayAll(ann, '#channel', TEXTS);
    await check(ann, '#channel', said);
    const lines = await page(ann, 'LATEST #channel * 10', '#channel');
    expect(lines.map(saidOf)).toEqual(said);
    expect(untagged(lines)[0]).toBe(':ann!ann@127.0.0.1 PRIVMSG #channel :0');
  });

  test('both sides of a conversation, and nobody else’s', async () => {
    const server = await startIrc();
    const [ann, bob, eve] = [
      await server.client('ann', { caps }),
      await server.client('bob', { caps }),
      await server.client('eve', { caps }),
    ];
    const said: Said[] = [];
    for (const [index, text] of TEXTS.entries()) {
      said.push(...(await sayAll(index % 2 === 0 ? ann : bob, index % 2 === 0 ? 'bob' : 'ann', [text])));
    }
    await sayAll(eve, 'bob', ['not for ann']);
    await Promise.all([ann.heard(), bob.heard()]);
    await check(ann, 'bob', said);
    await check(bob, 'ann', said);
    expect(await page(eve, 'LATEST ann * 10', 'ann')).toEqual([]);
    // Another one who takes the nick has said and heard nothing.
    ann.send('QUIT');
    await ann.rest();
    const other = await server.client('ann', { caps });
    expect(await page(other, 'LATEST bob * 10', 'bob')).toEqual([]);
  });
});

test('a message of another conversation is unknown here, and names are folded', async () => {
  const ann = await (await startIrc()).client('ann', { caps, join: '#Channel' });
  await ann.ask('JOIN #other');
  await sayAll(ann, '#channel', ['0', '1']);
  const [there] = await sayAll(ann, '#other', ['elsewhere']);
  const ask = async (query: string): Promise<string> =>
    (await page(ann, query, '#Channel')).map((line) => saidOf(line).text).join('');
  expect(await ask(`AFTER #CHANNEL msgid=${there?.id ?? ''} 9`)).toBe('01');
  expect(await ask(`BEFORE #CHANNEL msgid=${there?.id ?? ''} 9`)).toBe('');
  expect(await ann.ask(`CHATHISTORY AROUND #channel msgid=${there?.id ?? ''} 9`)).toEqual(
    failed('MESSAGE_ERROR AROUND #channel :This message is not kept'),
  );
});

test('an unknown message counts as older than everything that is kept', async () => {
  const ann = await (await startIrc()).client('ann', { caps, join: '#channel' });
  await sayAll(ann, '#channel', ['0', '1', '2']);
  const ask = async (query: string): Promise<string> =>
    (await page(ann, query, '#channel')).map((line) => saidOf(line).text).join('');
  expect(await ask('LATEST #channel msgid=gone-1 2')).toBe('12');
  expect(await ask('AFTER #channel msgid=gone-1 2')).toBe('01');
  expect(await ask('BEFORE #channel msgid=gone-1 2')).toBe('');
  expect(await ann.ask('CHATHISTORY AROUND #channel msgid=gone-1 2')).toEqual(
    failed('MESSAGE_ERROR AROUND #channel :This message is not kept'),
  );
});

describe('what is refused', () => {
  test.each([
    ['', 'INVALID_PARAMS * :Unknown command'],
    ['YESTERDAY #channel * 10', 'INVALID_PARAMS YESTERDAY :Unknown command'],
    ['LATEST', 'INVALID_PARAMS LATEST :Insufficient parameters'],
    ['LATEST #channel *', 'INVALID_PARAMS LATEST :Insufficient parameters'],
    ['LATEST #channel * 10 20', 'INVALID_PARAMS LATEST :Too many parameters'],
    ['BETWEEN #channel msgid=1 10', 'INVALID_PARAMS BETWEEN :Insufficient parameters'],
    ['BEFORE #channel * 10', 'INVALID_PARAMS BEFORE * :Invalid message reference'],
    ['BEFORE #channel msgid= 10', 'INVALID_PARAMS BEFORE msgid= :Invalid message reference'],
    ['BEFORE #channel timestamp=today 10', 'INVALID_PARAMS BEFORE timestamp=today :Invalid timestamp'],
    [
      'BEFORE #channel timestamp=2026-13-01T00:00:00.000Z 10',
      'INVALID_PARAMS BEFORE timestamp=2026-13-01T00:00:00.000Z :Invalid timestamp',
    ],
    ['BEFORE #channel serial=1 10', 'INVALID_MSGREFTYPE BEFORE #channel :Unknown type of message reference'],
    ['LATEST #channel * 0', 'INVALID_PARAMS LATEST 0 :Invalid limit'],
    ['LATEST #channel * -1', 'INVALID_PARAMS LATEST -1 :Invalid limit'],
    ['LATEST #channel * ten', 'INVALID_PARAMS LATEST ten :Invalid limit'],
    ['LATEST #channel * 1.5', 'INVALID_PARAMS LATEST 1.5 :Invalid limit'],
    ['LATEST #channel * 0x1', 'INVALID_PARAMS LATEST 0x1 :Invalid limit'],
    [
      'BEFORE #channel timestamp=2026-02-30T00:00:00.000Z 10',
      'INVALID_PARAMS BEFORE timestamp=2026-02-30T00:00:00.000Z :Invalid timestamp',
    ],
    ['LATEST @#channel * 10', `INVALID_TARGET LATEST @#channel :${UNREADABLE}`],
    ['LATEST #channel,#a * 10', `INVALID_TARGET LATEST #channel,#a :${UNREADABLE}`],
    ['TARGETS * * 10', 'INVALID_PARAMS TARGETS * :Invalid message reference'],
    ['LATEST #elsewhere * 10', `INVALID_TARGET LATEST #elsewhere :${UNREADABLE}`],
    ['latest #nowhere * 10', `INVALID_TARGET LATEST #nowhere :${UNREADABLE}`],
    ['LATEST * * 10', `INVALID_TARGET LATEST * :${UNREADABLE}`],
    ['TARGETS timestamp=2026-01-01T00:00:00.000Z 10', 'INVALID_PARAMS TARGETS :Insufficient parameters'],
    ['TARGETS msgid=1 msgid=2 10', 'INVALID_MSGREFTYPE TARGETS * :Only timestamps are taken here'],
  ])('%s', async (query, answer) => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps, join: '#channel' });
    await server.client('bob', { join: '#elsewhere' });
    expect(await ann.ask(`CHATHISTORY ${query}`.trim())).toEqual(failed(answer));
  });

  test('everything before registration', async () => {
    const client = await (await startIrc()).connect();
    for (const command of ['CHATHISTORY LATEST #channel * 10', 'HISTORY #channel', 'SEARCH text=a', 'MARKREAD #a']) {
      expect(numerics(await client.ask(command))).toEqual(['451 :You have not registered']);
    }
  });

  test('reading on after having left', async () => {
    const ann = await (await startIrc()).client('ann', { caps, join: '#channel' });
    await ann.ask('PRIVMSG #channel :hello', 'PART #channel');
    expect(await ann.ask('CHATHISTORY LATEST #channel * 10')).toEqual(
      failed(`INVALID_TARGET LATEST #channel :${UNREADABLE}`),
    );
  });
});

test('a limit above that of ISUPPORT is that', async () => {
  const server = await startIrc({ irc: { history: { pageLines: 3, onJoin: 0 } } });
  const ann = await server.client('ann', { caps, join: '#channel' });
  await ann.ask('PRIVMSG #channel :1', 'PRIVMSG #channel :2', 'PRIVMSG #channel :3', 'PRIVMSG #channel :4');
  for (const limit of ['999', '9'.repeat(400)]) {
    expect(await page(ann, `LATEST #channel * ${limit}`, '#channel')).toHaveLength(3);
  }
  const tokens = (await ann.ask('VERSION')).join(' ');
  expect(tokens).toContain(' CHATHISTORY=3 ');
  expect(tokens).toContain(' MSGREFTYPES=msgid,timestamp ');
});

test('a label is on the batch', async () => {
  const ann = await (await startIrc()).client('ann', { caps, join: '#channel' });
  await ann.ask('PRIVMSG #channel :hello');
  const lines = await ann.ask('@label=x CHATHISTORY LATEST #channel * 10');
  expect(lines.map((line) => tagsOf(line)['label'])).toEqual(['x', undefined, undefined]);
});

test('without the capability batch there are the lines alone', async () => {
  const ann = await (await startIrc()).client('ann', { caps: 'draft/chathistory server-time', join: '#channel' });
  await ann.ask('PRIVMSG #channel :hello');
  expect(untagged(await ann.ask('CHATHISTORY LATEST #channel * 10'))).toEqual([
    ':ann!ann@127.0.0.1 PRIVMSG #channel :hello',
  ]);
});

describe('event-playback', () => {
  async function eventful() {
    const server = await startIrc();
    const ann = await server.client('ann', { caps: playback, join: '#channel' });
    const bob = await server.client('bob', { caps: playback, join: '#channel' });
    await server.client('cid', { caps: playback, join: '#channel' });
    await ann.ask(
      'MODE #channel +v bob',
      'TOPIC #channel :tea',
      '@+draft/react=x TAGMSG #channel',
      '@+typing=active TAGMSG #channel',
    );
    await bob.ask('NICK bobby', 'NOTICE #channel :hm', 'PART #channel :late');
    await ann.ask('KICK #channel cid :noise');
    const dan = await server.client('dan', { caps, join: '#channel' });
    dan.send('QUIT :bye');
    await dan.rest();
    return { ann, server };
  }

  test('has what has happened, with ids', async () => {
    const { ann } = await eventful();
    const lines = await page(ann, 'LATEST #channel * 50', '#channel');
    expect(untagged(lines)).toEqual([
      ':ann!ann@127.0.0.1 JOIN #channel',
      ':bob!bob@127.0.0.1 JOIN #channel',
      ':cid!cid@127.0.0.1 JOIN #channel',
      ':ann!ann@127.0.0.1 MODE #channel +v bob',
      ':ann!ann@127.0.0.1 TOPIC #channel :tea',
      ':ann!ann@127.0.0.1 TAGMSG #channel',
      ':bob!bob@127.0.0.1 NICK bobby',
      ':bobby!bob@127.0.0.1 NOTICE #channel :hm',
      ':bobby!bob@127.0.0.1 PART #channel :late',
      ':ann!ann@127.0.0.1 KICK #channel cid :noise',
      ':dan!dan@127.0.0.1 JOIN #channel',
      ':dan!dan@127.0.0.1 QUIT :Quit: bye',
    ]);
    expect(new Set(lines.map((line) => tagsOf(line)['msgid'])).size).toBe(lines.length);
    expect(lines.every((line) => tagsOf(line)['time'] !== undefined)).toBe(true);
    expect(tagsOf(lines[5] ?? '')['+draft/react']).toBe('x');
  });

  test('without it there are messages and notices, as many as were asked for', async () => {
    const { ann } = await eventful();
    ann.send('CAP REQ -draft/event-playback', 'PRIVMSG #channel :late');
    await ann.heard();
    expect(untagged(await page(ann, 'LATEST #channel * 2', '#channel'))).toEqual([
      ':bobby!bob@127.0.0.1 NOTICE #channel :hm',
      ':ann!ann@127.0.0.1 PRIVMSG #channel :late',
    ]);
  });

  test('live events have the ids that the history has', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps: playback, join: '#channel' });
    const bob = await server.client('bob', { caps: playback, join: '#channel' });
    await ann.ask('MODE #channel -t');
    await bob.ask('TOPIC #channel :tea', 'PART #channel');
    const ids = (lines: readonly string[]) => lines.map((line) => tagsOf(line)['msgid']);
    const live = ids(await ann.heard());
    expect(live).toHaveLength(2);
    expect(live).toEqual(ids(await page(ann, 'LATEST #channel * 2', '#channel')));
  });
});

test('messages of several lines are batches within the batch', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { caps: `${caps} draft/multiline`, join: '#channel' });
  await ann.ask(
    'BATCH +1 draft/multiline #channel',
    '@batch=1 PRIVMSG #channel :one',
    '@batch=1 PRIVMSG #channel :two',
    'BATCH -1',
  );
  const lines = await ann.ask('CHATHISTORY LATEST #channel * 10');
  const [, outer = ''] = /BATCH \+(\S+) chathistory/.exec(lines[0] ?? '') ?? [];
  const [, inner = ''] = /BATCH \+(\S+) draft\/multiline #channel/.exec(lines[1] ?? '') ?? [];
  expect(tagsOf(lines[1] ?? '')).toMatchObject({ batch: outer, msgid: expect.stringMatching(/./) });
  expect(lines.slice(2)).toEqual([
    `@batch=${inner} :ann!ann@127.0.0.1 PRIVMSG #channel :one`,
    `@batch=${inner} :ann!ann@127.0.0.1 PRIVMSG #channel :two`,
    `:fdmux.local BATCH -${inner}`,
    `:fdmux.local BATCH -${outer}`,
  ]);
});

describe('who may read what', () => {
  const texts = async (client: IrcClient): Promise<string[]> =>
    (await page(client, 'LATEST #channel * 20', '#channel')).map((line) => saidOf(line).text);

  test('what was said before one has joined, unless the channel has +H', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps, join: '#channel' });
    await sayAll(ann, '#channel', ['before']);
    const bob = await server.client('bob', { caps, join: '#channel' });
    await ann.ask('PRIVMSG #channel :after');
    expect(await texts(bob)).toEqual(['before', 'after']);
    await ann.ask('MODE #channel +H');
    expect(await texts(bob)).toEqual(['after']);
  });

  test('nothing of before a channel was opened anew by strangers', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps, join: '#channel' });
    await sayAll(ann, '#channel', ['a secret']);
    await ann.ask('PART #channel');
    const eve = await server.client('eve', { caps, join: '#channel' });
    expect(await texts(eve)).toEqual([]);
  });

  test('what was said to ranks alone is for these, and for its speaker', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps, join: '#channel' });
    const bob = await server.client('bob', { caps, join: '#channel' });
    const eve = await server.client('eve', { caps, join: '#channel' });
    await bob.ask('PRIVMSG @#channel :for operators');
    await bob.ask('PRIVMSG #channel :for all');
    expect(await texts(ann)).toEqual(['for operators', 'for all']);
    expect(await texts(bob)).toEqual(['for operators', 'for all']);
    expect(await texts(eve)).toEqual(['for all']);
    expect(untagged(await page(ann, 'LATEST #channel * 20', '#channel'))[0]).toBe(
      ':bob!bob@127.0.0.1 PRIVMSG @#channel :for operators',
    );
  });

  test('what was taken back is gone, and pages are still found from there', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps: `${playback} draft/message-redaction`, join: '#channel' });
    const [first, second] = await sayAll(ann, '#channel', ['one', 'two', 'three']);
    await ann.ask(`REDACT #channel ${second?.id ?? ''}`);
    expect(await texts(ann)).not.toContain('two');
    const before = await page(ann, `BEFORE #channel msgid=${second?.id ?? ''} 1`, '#channel');
    expect(before.map(saidOf)).toEqual([first]);
    const bob = await server.client('bob', { caps: `${caps} draft/message-redaction` });
    const [secret] = await sayAll(ann, 'bob', ['psst']);
    await ann.ask(`REDACT bob ${secret?.id ?? ''}`);
    await bob.heard();
    expect(await page(ann, 'LATEST bob * 5', 'bob')).toEqual([]);
    expect(await page(bob, 'LATEST ann * 5', 'ann')).toEqual([]);
  });
});

describe('TARGETS', () => {
  const ALWAYS = 'timestamp=2000-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z';

  test('lists conversations by their last messages', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps, join: '#one' });
    await ann.ask('JOIN #two', 'JOIN #quiet');
    const bob = await server.client('bob', { caps, join: '#one' });
    await bob.ask('JOIN #elsewhere');
    const said = [
      ...(await sayAll(ann, '#two', ['x'])),
      ...(await sayAll(bob, 'ann', ['x'])),
      ...(await sayAll(bob, '#one', ['x'])),
      ...(await sayAll(ann, 'bob', ['x'])),
    ];
    await sayAll(bob, '#elsewhere', ['x']);
    const times = said.map(({ time }) => time);
    await ann.heard();
    const lines = await ann.ask(`CHATHISTORY TARGETS ${ALWAYS} 10`);
    expect(lines[0]).toMatch(/^:fdmux\.local BATCH \+\S+ draft\/chathistory-targets$/);
    const all = [`#two ${times[0] ?? ''}`, `#one ${times[2] ?? ''}`, `bob ${times[3] ?? ''}`];
    const found = (answer: readonly string[]): string[] =>
      untagged(answer.slice(1, -1)).map((line) => line.replace(':fdmux.local CHATHISTORY TARGETS ', ''));
    expect(found(lines)).toEqual(all);
    expect(found(await ann.ask(`CHATHISTORY TARGETS ${ALWAYS} 1`))).toEqual(all.slice(0, 1));
    const backwards = ALWAYS.split(' ').reverse().join(' ');
    expect(found(await ann.ask(`CHATHISTORY TARGETS ${backwards} 1`))).toEqual(all.slice(-1));
    const window = `timestamp=${times[0] ?? ''} timestamp=${times[3] ?? ''}`;
    expect(found(await ann.ask(`CHATHISTORY TARGETS ${window} 10`))).toEqual(all.slice(1, 2));
  });
});

test('a client that pages back reads every line once, and knows where the end is', async () => {
  const server = await startIrc({ irc: { history: { pageLines: 7, onJoin: 0 } } });
  const ann = await server.client('ann', { caps, join: '#channel' });
  const texts = Array.from({ length: 40 }, (_, index) => String(index));
  await ann.ask(...texts.map((text) => `PRIVMSG #channel :${text}`));
  const read: Said[] = [];
  let last = await page(ann, 'LATEST #channel * 7', '#channel');
  for (;;) {
    read.unshift(...last.map(saidOf));
    if (last.length < 7) break;
    last = await page(ann, `BEFORE #channel msgid=${read[0]?.id ?? ''} 7`, '#channel');
  }
  expect(read.map(({ text }) => text)).toEqual(texts);
});
