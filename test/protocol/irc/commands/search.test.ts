/** SEARCH: https://soju.im/search. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { MemoryHistory } from '../../../../src/history/memory-history.js';
import { type IrcClient, type IrcTestServer, numerics, startIrc, tagsOf, untagged } from '../irc-client.js';

const caps = 'batch server-time message-tags echo-message soju.im/search';

/** Searches: the answer must be one batch. @returns the lines within it */
async function found(client: IrcClient, selectors: string): Promise<string[]> {
  const lines = await client.ask(`SEARCH ${selectors}`);
  const [, reference = ''] = /^:fdmux\.local BATCH \+(\S+) soju\.im\/search$/.exec(lines[0] ?? '') ?? [];
  expect(lines[0]).toBe(`:fdmux.local BATCH +${reference} soju.im/search`);
  expect(lines.at(-1)).toBe(`:fdmux.local BATCH -${reference}`);
  const inside = lines.slice(1, -1);
  for (const line of inside) expect(tagsOf(line)['batch']).toBe(reference);
  return inside;
}

const textOf = (line: string): string => /^(?:@\S+ )?:\S+ \S+ \S+ :(.*)$/.exec(line)?.[1] ?? '';
const texts = async (client: IrcClient, selectors: string): Promise<string[]> =>
  (await found(client, selectors)).map(textOf);

/** Two people in one channel: jackie has said some things, and bill one. */
async function conversation(): Promise<{ server: IrcTestServer; jackie: IrcClient; bill: IrcClient }> {
  const server = await startIrc();
  const jackie = await server.client('jackie', { caps, join: '#chan' });
  const bill = await server.client('bill', { caps, join: '#chan' });
  await jackie.ask('PRIVMSG #chan :Be what you want', 'PRIVMSG #chan :Want what you be');
  await bill.ask('PRIVMSG #chan :That was fast!');
  await jackie.ask('NOTICE #chan :Fasting is hard.');
  await bill.heard();
  return { server, jackie, bill };
}

describe("the specification's examples", () => {
  test('what jackie has said in a channel', async () => {
    const { bill } = await conversation();
    const lines = await found(bill, 'from=jackie;in=#chan');
    expect(untagged(lines)).toEqual([
      ':jackie!jackie@127.0.0.1 PRIVMSG #chan :Be what you want',
      ':jackie!jackie@127.0.0.1 PRIVMSG #chan :Want what you be',
      ':jackie!jackie@127.0.0.1 NOTICE #chan :Fasting is hard.',
    ]);
  });

  test('messages with a text, at most two', async () => {
    const { jackie } = await conversation();
    const [own = ''] = await jackie.ask('PRIVMSG #chan :not as fast');
    expect(await texts(jackie, 'text=fast;in=#chan;limit=2')).toEqual(['Fasting is hard.', 'not as fast']);
    const [, last = ''] = await found(jackie, 'text=fast;in=#chan;limit=2');
    expect(tagsOf(last)).toMatchObject({ msgid: tagsOf(own)['msgid'], time: tagsOf(own)['time'] });
  });

  test('when none match, the batch is empty', async () => {
    const { jackie } = await conversation();
    expect(await found(jackie, 'before=2010-01-01T00:00:00.000Z;in=#chan')).toEqual([]);
  });
});

describe('selectors', () => {
  test('words are parts of a text in any order, whatever their case and their script', async () => {
    const { jackie } = await conversation();
    await jackie.ask('PRIVMSG #chan :用epoll的服务器,C++ and io_uring', 'PRIVMSG #chan :a;b \\c');
    for (const text of ['服', '服务', 'URING\\sPOLL', 'c++', '用e', 'Ｃ+', '的服\\sand']) {
      expect([text, await texts(jackie, `text=${text}`)]).toEqual([text, ['用epoll的服务器,C++ and io_uring']]);
    }
    expect(await texts(jackie, 'text=a\\:b\\s\\\\c')).toEqual(['a;b \\c']);
    expect(await texts(jackie, ':in=#chan;text=what want you')).toHaveLength(2);
  });

  test('times are within, and a search from a time begins there', async () => {
    const { jackie } = await conversation();
    const all = await found(jackie, 'in=#chan');
    const times = all.map((line) => tagsOf(line)['time'] ?? '');
    const within = (low: string, high: string): string[] =>
      all.filter((_, at) => (times[at] ?? '') >= low && (times[at] ?? '') <= high).map(textOf);
    const [first = '', second = ''] = times;
    expect(await texts(jackie, `before=${second}`)).toEqual(within('', second));
    expect(await texts(jackie, `after=${second}`)).toEqual(within(second, '9'));
    expect(await texts(jackie, `after=${first};before=${first}`)).toEqual(within(first, first));
    expect(await texts(jackie, `after=${first};limit=1`)).toEqual(['Be what you want']);
  });

  test('pages follow each other by the id of the oldest message', async () => {
    const { jackie } = await conversation();
    const seen: string[] = [];
    let before = '';
    for (;;) {
      const lines = await found(jackie, `in=#chan;limit=1${before}`);
      if (lines.length === 0) break;
      seen.unshift(...lines.map(textOf));
      before = `;before=msgid=${tagsOf(lines[0] ?? '')['msgid']}`;
    }
    expect(seen).toEqual(['Be what you want', 'Want what you be', 'That was fast!', 'Fasting is hard.']);
  });

  test.each([
    ['in=#nowhere', 'in'],
    ['in=', 'in'],
    ['after=yesterday', 'after'],
    ['before=2020-01-01', 'before'],
    ['before=msgid=', 'before'],
    ['limit=0', 'limit'],
    ['limit=ten', 'limit'],
    ['text=a;colour=red', 'colour'],
  ])('%s is refused', async (selectors, wrong) => {
    const jackie = await (await startIrc()).client('jackie', { caps });
    expect(await jackie.ask(`SEARCH ${selectors}`)).toEqual([
      `:fdmux.local FAIL SEARCH INVALID_PARAMS ${wrong} :Invalid parameters`,
    ]);
  });

  test('odd ones are read as far as they have a meaning', async () => {
    const { jackie } = await conversation();
    expect(await texts(jackie, ';;in=#CHAN;from=BILL;')).toEqual(['That was fast!']);
    expect(await texts(jackie, 'in=#chan;limit=1;limit=2;text=fast')).toHaveLength(2);
    expect(await texts(jackie, 'text=fast\\')).toHaveLength(2);
    expect(await texts(jackie, 'from=;text=fast')).toEqual([]);
    expect(await texts(jackie, `text=fast;limit=${'9'.repeat(300)}`)).toHaveLength(2);
    expect(await texts(jackie, 'text=fast;after=2099-01-01T00:00:00.000Z;before=2020-01-01T00:00:00.000Z')).toEqual([]);
    // They would mean something to the index, or to SQL.
    for (const text of ['fast*', '"fast', 'NEAR(fast', 'fast%', "'--", 'fast\\sOR\\sbe']) {
      expect(await texts(jackie, `text=${text}`)).toEqual([]);
    }
  });

  test('without selectors there is nothing to search for', async () => {
    const jackie = await (await startIrc()).client('jackie', { caps });
    expect(numerics(await jackie.ask('SEARCH'))).toEqual(['461 SEARCH :Not enough parameters']);
  });
});

describe('only what one may read is found', () => {
  test('not in channels that one is not in, and no longer after leaving', async () => {
    const { server, jackie, bill } = await conversation();
    const eve = await server.client('eve', { caps, join: '#other' });
    expect(await found(eve, 'text=fast')).toEqual([]);
    expect(await eve.ask('SEARCH in=#chan;text=fast')).toEqual([
      ':fdmux.local FAIL SEARCH INVALID_PARAMS in :Invalid parameters',
    ]);
    expect(await found(bill, 'text=fast')).toHaveLength(2);
    await bill.ask('PART #chan');
    await jackie.heard();
    expect(await found(bill, 'text=fast')).toEqual([]);
    expect(await found(jackie, 'text=fast')).toHaveLength(2);
  });

  test('private messages are found by the two of them alone', async () => {
    const { server, jackie, bill } = await conversation();
    const eve = await server.client('eve', { caps, join: '#chan' });
    await jackie.ask('PRIVMSG bill :a secret of two');
    await bill.ask('PRIVMSG eve :no secret');
    await eve.heard();
    expect(await texts(jackie, 'text=secret')).toEqual(['a secret of two']);
    expect(await texts(bill, 'text=secret')).toEqual(['a secret of two', 'no secret']);
    expect(await texts(bill, 'text=secret;in=jackie')).toEqual(['a secret of two']);
    expect(await texts(eve, 'text=secret')).toEqual(['no secret']);
    expect(await texts(eve, 'text=secret;in=jackie')).toEqual([]);
  });

  test('what was taken back is found no more', async () => {
    const server = await startIrc();
    const jackie = await server.client('jackie', { caps: `${caps} draft/message-redaction`, join: '#chan' });
    const [line = ''] = await jackie.ask('PRIVMSG #chan :a mistake');
    expect(await found(jackie, 'text=mistake')).toHaveLength(1);
    await jackie.ask(`REDACT #chan ${tagsOf(line)['msgid']}`);
    expect(await found(jackie, 'text=mistake')).toEqual([]);
  });

  test('what was said to higher ranks is found by those', async () => {
    const { jackie, bill } = await conversation();
    await jackie.ask('PRIVMSG @#chan :for operators');
    await bill.heard();
    expect(await found(jackie, 'text=operators')).toHaveLength(1);
    expect(await found(bill, 'text=operators')).toEqual([]);
  });
});

test('without batches the messages stand alone, with their times', async () => {
  const { server } = await conversation();
  const old = await server.client('old', { caps: 'soju.im/search server-time', join: '#chan' });
  const lines = await old.ask('SEARCH text=fast;in=#chan');
  expect(untagged(lines)).toEqual([
    ':bill!bill@127.0.0.1 PRIVMSG #chan :That was fast!',
    ':jackie!jackie@127.0.0.1 NOTICE #chan :Fasting is hard.',
  ]);
  for (const line of lines) expect(Object.keys(tagsOf(line))).toEqual(['time']);
});

test('who has not asked for the capability has no such command', async () => {
  const client = await (await startIrc()).client('ann');
  expect(numerics(await client.ask('SEARCH text=a'))).toEqual(['421 SEARCH :Unknown command']);
});

test.each([
  ['asker', 'RATE_LIMITED', 'Another search of yours is under way'],
  ['all', 'TRY_LATER', 'Too many searches are under way, try again later'],
] as const)('a search that has to wait for too much is refused (%s)', async (who, code, text) => {
  const { jackie } = await conversation();
  const search = vi.spyOn(MemoryHistory.prototype, 'search').mockResolvedValue({ kind: 'busy', who });
  onTestFinished(() => {
    search.mockRestore();
  });
  expect(await jackie.ask('SEARCH text=fast')).toEqual([`:fdmux.local FAIL SEARCH ${code} :${text}`]);
});
