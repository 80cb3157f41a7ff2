/** METADATA: IRCv3 metadata, as `draft/metadata-3` has it. */
import { describe, expect, test } from 'vitest';
import { type IrcClient, numerics, startIrc } from '../irc-client.js';

const caps = 'draft/metadata-3 batch';
const failed = (rest: string) => `:fdmux.local FAIL METADATA ${rest}`;
const warned = (rest: string) => `:fdmux.local WARN METADATA ${rest}`;

/** Asks, and returns what the one batch of the answer has, with the parameters that opened it first. */
async function batchOf(client: IrcClient, line: string): Promise<string[]> {
  return inBatch(await client.ask(line));
}

function inBatch(lines: readonly string[]): string[] {
  const [opening = '', ...rest] = lines;
  const [, reference = '', type = ''] = /^:fdmux\.local BATCH \+(\S+) (.*)$/.exec(opening) ?? expect.fail(opening);
  expect(rest.pop()).toBe(`:fdmux.local BATCH -${reference}`);
  return [
    type,
    ...rest.map((line) => {
      expect(line.startsWith(`@batch=${reference} :fdmux.local `)).toBe(true);
      return line.slice(`@batch=${reference} :fdmux.local `.length);
    }),
  ];
}

async function people(...nicks: readonly string[]) {
  const server = await startIrc({ irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }] } });
  const clients: IrcClient[] = [];
  for (const nick of nicks) clients.push(await server.client(nick, { caps }));
  const [client = expect.fail(), user1 = client] = clients;
  return { server, client, user1 };
}

test('the capability has its limits as its value', async () => {
  const eve = await (await startIrc()).connect();
  const offered = (await eve.ask('CAP LS 302')).join(' ').split(/[ :]/);
  expect(offered).toContain(
    'draft/metadata-3=before-connect,max-subs=50,max-keys=20,max-key-bytes=64,max-value-bytes=300',
  );
});

describe('examples of the specification', () => {
  test('syntax', async () => {
    const { client } = await people('client');
    expect(await client.ask('METADATA')).toEqual([failed('INVALID_PARAMS * :Invalid parameters')]);
    expect(await client.ask('METADATA #chan GET')).toEqual([failed('INVALID_PARAMS GET :Invalid parameters')]);
    expect(await client.ask('METADATA #chan SNEEZE')).toEqual([failed('INVALID_PARAMS SNEEZE :Invalid parameters')]);
    expect(await client.ask('METADATA #chan :: hi!')).toEqual([failed('INVALID_PARAMS * :Invalid parameters')]);
    expect(await client.ask('METADATA * SET a b c')).toEqual([failed('INVALID_PARAMS SET :Invalid parameters')]);
  });

  test('setting', async () => {
    const { server, client } = await people('client', 'user1');
    await client.ask('JOIN #example');
    const url = 'http://www.example.com';
    expect(numerics(await client.ask(`METADATA * SET url :${url}`))).toEqual([`761 client url * :${url}`]);
    expect(numerics(await client.ask(`METADATA #example SET url :${url}`))).toEqual([`761 #example url * :${url}`]);
    expect(await client.ask(`METADATA user1 SET url :${url}`)).toEqual([
      failed('KEY_NO_PERMISSION user1 url :Permission denied'),
    ]);
    expect(await client.ask(`METADATA $a:user SET url :${url}`)).toEqual([
      failed('INVALID_TARGET $a:user :Invalid metadata target'),
    ]);
    expect(await client.ask(`METADATA user1 SET $url$ :${url}`)).toEqual([failed('INVALID_KEY $url$ :Invalid key')]);
    expect(server.records.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('listing and viewing', async () => {
    const { client, user1 } = await people('client', 'user1');
    expect(await batchOf(client, 'METADATA user1 LIST')).toEqual(['metadata user1']);
    await user1.ask('METADATA * SET url :http://www.example.com', 'METADATA * SET im.xmpp :user1@xmpp.example.com');
    expect(await batchOf(client, 'METADATA user1 LIST')).toEqual([
      'metadata user1',
      '761 client user1 url * :http://www.example.com',
      '761 client user1 im.xmpp * :user1@xmpp.example.com',
    ]);
    expect(await batchOf(client, 'METADATA user1 GET blargh $plot im.xmpp')).toEqual([
      'metadata user1',
      '766 client user1 blargh :Key not set',
      'WARN METADATA INVALID_KEY $plot :Invalid key',
      '761 client user1 im.xmpp * :user1@xmpp.example.com',
    ]);
    expect(await client.ask('METADATA nobody LIST')).toEqual([
      failed('INVALID_TARGET nobody :Invalid metadata target'),
    ]);
  });

  test('subscribing and unsubscribing', async () => {
    const { client } = await people('modernclient');
    const later = '774 *ALL 0 :Please synchronize metadata later';
    expect(await batchOf(client, 'METADATA * SUBS')).toEqual(['metadata-subs']);
    expect(numerics(await client.ask('METADATA * SUB avatar website foo bar'))).toEqual([
      '770 avatar website foo bar',
      later,
    ]);
    expect(await batchOf(client, 'METADATA * SYNC')).toEqual(['metadata modernclient']);
    expect(numerics(await client.ask('METADATA * UNSUB foo bar'))).toEqual(['771 foo bar']);
    expect(await batchOf(client, 'METADATA * SUBS')).toEqual(['metadata-subs', '772 modernclient avatar website']);
    expect(numerics(await client.ask('METADATA modernclient SUB avatar avatar'))).toEqual(['770 avatar avatar']);
    expect(await client.ask('METADATA * SUB foo $url bar')).toEqual([
      ':fdmux.local 770 modernclient foo bar',
      warned('INVALID_KEY $url :Invalid key'),
      `:fdmux.local 774 modernclient ${later.slice(4)}`,
    ]);
    expect(numerics(await client.ask('METADATA * UNSUB nothing'))).toEqual(['771 nothing']);
    expect(await client.ask('METADATA somebody SUB foo')).toEqual([
      failed('INVALID_TARGET somebody :Invalid metadata target'),
    ]);
  });

  test('too many subscriptions: nothing after the first key that is one too many is looked at', async () => {
    const { client } = await people('client');
    for (const tens of [1, 2, 3, 4, 5]) {
      const keys = Array.from({ length: tens === 5 ? 9 : 10 }, (_, index) => `k${tens}${index}`);
      await client.ask(`METADATA * SUB ${keys.join(' ')}`);
    }
    expect(await client.ask('METADATA * SUB foo k10 bar')).toEqual([
      ':fdmux.local 770 client foo',
      failed('LIMIT_REACHED k10 50 :Too many subscriptions'),
      ':fdmux.local 774 client *ALL 0 :Please synchronize metadata later',
    ]);
    const [type, ...lines] = await batchOf(client, 'METADATA * SUBS');
    expect(type).toBe('metadata-subs');
    expect(lines.flatMap((line) => line.split(' ').slice(2))).toHaveLength(50);
  });
});

describe('changes', () => {
  test('reach those who share a channel and have subscribed, and not the one who makes them', async () => {
    const { server, client, user1 } = await people('client', 'user1');
    const other = await server.client('other', { caps });
    for (const each of [client, user1, other]) await each.ask('METADATA * SUB display-name', 'JOIN #a');
    await other.ask('METADATA * UNSUB display-name');
    for (const each of [client, user1, other]) await each.heard();
    expect(numerics(await user1.ask('METADATA * SET display-name :User One'))).toHaveLength(1);
    expect(await client.heard()).toEqual([':fdmux.local 761 client user1 display-name * :User One']);
    expect(await other.heard()).toEqual([]);
    await user1.ask('METADATA * SET display-name');
    expect(await client.heard()).toEqual([':fdmux.local 766 client user1 display-name :Key not set']);
    await user1.ask('METADATA * SET display-name', 'PART #a', 'METADATA * SET display-name :Gone');
    expect(await client.heard()).toEqual([':user1!user1@127.0.0.1 PART #a']);
  });

  test('of a channel reach those in it; only its operators make them', async () => {
    const { client, user1 } = await people('client', 'user1');
    await client.ask('JOIN #a');
    await user1.ask('METADATA * SUB url', 'JOIN #a');
    expect(await user1.ask('METADATA #a SET url :x')).toEqual([failed('KEY_NO_PERMISSION #a url :Permission denied')]);
    expect(await user1.ask('METADATA #a CLEAR')).toEqual([failed('KEY_NO_PERMISSION #a * :Permission denied')]);
    await client.ask('METADATA #a SET url :http://a', 'METADATA #a SET topic-url b');
    expect(await user1.heard()).toEqual([':fdmux.local 761 user1 #a url * :http://a']);
    await client.heard();
    expect(await batchOf(client, 'METADATA #a CLEAR')).toEqual([
      'metadata #a',
      '766 client #a url :Key not set',
      '766 client #a topic-url :Key not set',
    ]);
    expect(await user1.heard()).toEqual([':fdmux.local 766 user1 #a url :Key not set']);
    expect(await batchOf(client, 'METADATA #a LIST')).toEqual(['metadata #a']);
  });

  test('of people who are watched reach the watcher', async () => {
    const { server, client, user1 } = await people('client', 'user1');
    await client.ask('METADATA * SUB mood');
    expect(numerics(await client.ask('MONITOR + user1,late'), '730', '774')).toEqual([
      '730 :user1!user1@127.0.0.1',
      '774 user1 0 :Please synchronize metadata later',
    ]);
    await user1.ask('METADATA * SET mood :fine');
    expect(await client.heard()).toEqual([':fdmux.local 761 client user1 mood * :fine']);
    await server.client('late');
    expect(numerics(await client.heard())).toEqual([
      '730 :late!late@127.0.0.1',
      '774 late 0 :Please synchronize metadata later',
    ]);
  });
});

test('one who joins is sent what it has subscribed to, of the channel and of those in it', async () => {
  const { client, user1 } = await people('client', 'user1');
  await client.ask('JOIN #a', 'METADATA #a SET foo :room', 'METADATA * SET foo one', 'METADATA * SET bar two');
  await user1.ask('METADATA * SUB foo', 'METADATA * SET foo mine');
  const lines = await user1.ask('JOIN #a');
  const values = [
    'metadata #a',
    '761 user1 #a foo * :room',
    '761 user1 client foo * :one',
    '761 user1 user1 foo * :mine',
  ];
  expect(inBatch(lines.slice(lines.findIndex((line) => line.includes('BATCH +'))))).toEqual(values);
  expect(await batchOf(user1, 'METADATA #a SYNC')).toEqual(values);
  expect(await batchOf(user1, 'METADATA *ALL SYNC')).toEqual(['metadata *ALL', ...values.slice(1)]);
});

test('what is set before registration is there after it, and is sent before the message of the day', async () => {
  const server = await startIrc();
  const ann = await server.connect();
  await ann.ask('CAP LS 302', `CAP REQ :${caps}`);
  expect(await ann.ask('METADATA * SET display-name :Foo The First')).toEqual([
    ':fdmux.local 761 * * display-name * :Foo The First',
  ]);
  expect(await batchOf(ann, 'METADATA * GET display-name')).toEqual([
    'metadata *',
    '761 * * display-name * :Foo The First',
  ]);
  expect(await ann.ask('METADATA ann GET x', 'METADATA #a LIST')).toEqual([
    failed('INVALID_TARGET ann :Invalid metadata target'),
    failed('INVALID_TARGET #a :Invalid metadata target'),
  ]);
  expect(numerics(await ann.ask('METADATA * SUB url'))).toEqual(['770 url']);
  const burst = await ann.ask('NICK ann', 'USER ann 0 * :ann', 'CAP END');
  const at = burst.findIndex((line) => line.includes('BATCH +'));
  expect(inBatch(burst.slice(at, at + 3))).toEqual(['metadata ann', '761 ann ann display-name * :Foo The First']);
  expect(burst.findIndex((line) => line.includes(' 422 '))).toBe(at + 3);
  expect(await batchOf(ann, 'METADATA ann LIST')).toHaveLength(2);
  expect(await batchOf(ann, 'METADATA * SUBS')).toEqual(['metadata-subs', '772 ann url']);
});

describe('limits', () => {
  test('a value is text of at most 300 bytes, a key of at most 64', async () => {
    const { client } = await people('client');
    for (const value of ['x'.repeat(301), '💜'.repeat(76)]) {
      expect(await client.ask(`METADATA * SET a :${value}`)).toEqual([failed('INVALID_VALUE a :Invalid value')]);
    }
    expect(await client.ask(`METADATA * SET ${'a'.repeat(65)} :x`)).toEqual([
      failed(`INVALID_KEY ${'a'.repeat(65)} :Invalid key`),
    ]);
    expect(await client.ask('METADATA * SET Upper :x')).toEqual([failed('INVALID_KEY Upper :Invalid key')]);
    expect(numerics(await client.ask('METADATA * SET a :->💜<-'))).toEqual(['761 client a * :->💜<-']);
  });

  test('somebody, and a channel, has twenty keys, before registration as well', async () => {
    const { server, client } = await people('client');
    await client.ask('JOIN #a');
    const eve = await server.connect();
    await eve.ask(`CAP REQ :${caps}`);
    for (const [each, target, name] of [
      [client, '*', 'client'],
      [client, '#a', '#a'],
      [eve, '*', '*'],
    ] as const) {
      await each.ask(...Array.from({ length: 20 }, (_, index) => `METADATA ${target} SET k${index} v`));
      expect(await each.ask(`METADATA ${target} SET more v`)).toEqual([
        failed(`LIMIT_REACHED ${name} 20 :Metadata limit reached`),
      ]);
      expect(numerics(await each.ask(`METADATA ${target} SET k0 other`))).toHaveLength(1);
    }
  });
});

test('a channel that one may not enter keeps what it says to itself', async () => {
  const { server, client } = await people('client');
  const eve = await server.client('eve', { caps });
  await client.ask('JOIN #a', 'METADATA #a SET url :hidden');
  expect(await batchOf(eve, 'METADATA #a LIST')).toHaveLength(2);
  for (const mode of ['+i', '-i+k key', '-k+s *']) {
    await client.ask(`MODE #a ${mode}`);
    for (const subcommand of ['GET url', 'LIST', 'SYNC', 'SET url x', 'CLEAR']) {
      expect(await eve.ask(`METADATA #a ${subcommand}`)).toEqual([
        failed('INVALID_TARGET #a :Invalid metadata target'),
      ]);
    }
  }
});

test('one who may not speak says nothing in this way either', async () => {
  const { client, user1 } = await people('client', 'user1');
  await client.ask('JOIN #a', 'MODE #a +m');
  await user1.ask('JOIN #a');
  expect(await user1.ask('METADATA * SET display-name :shout')).toEqual([
    failed('KEY_NO_PERMISSION user1 display-name :Permission denied'),
  ]);
});

test('WHOIS has it for those who know it', async () => {
  const { server, client, user1 } = await people('client', 'user1');
  await user1.ask('METADATA * SET display-name :User One');
  expect(numerics(await client.ask('WHOIS user1'), '760')).toEqual(['760 user1 display-name * :User One']);
  const old = await server.client('old');
  expect(numerics(await old.ask('WHOIS user1'), '760')).toEqual([]);
});

test('a label is that of the batch', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { caps: `${caps} labeled-response` });
  const [opening, closing] = await ann.ask('@label=x METADATA * LIST');
  expect(opening).toMatch(/^@label=x :fdmux\.local BATCH \+\S+ metadata ann$/);
  expect(closing).toMatch(/^:fdmux\.local BATCH -/);
  const lines = await ann.ask('@label=y JOIN #a');
  expect(lines[0]).toMatch(/^@label=y :fdmux\.local BATCH \+\S+ labeled-response$/);
  expect(lines.find((line) => / BATCH \+\S+ metadata /.test(line))).toMatch(/^@batch=/);
});

test('METADATA is unknown to clients that have not asked for it, and one that gives it up hears nothing more', async () => {
  const { server, client, user1 } = await people('client', 'user1');
  const old = await server.client('old', { caps: 'draft/metadata-3' });
  expect(numerics(await old.ask('METADATA * LIST'))).toEqual(['421 METADATA :Unknown command']);
  await client.ask('METADATA * SUB a', 'JOIN #a');
  await user1.ask('JOIN #a');
  await client.ask('CAP REQ :-draft/metadata-3', 'CAP REQ :draft/metadata-3');
  await user1.ask('METADATA * SET a b');
  expect(await client.heard()).toEqual([]);
  expect(await batchOf(client, 'METADATA * SUBS')).toEqual(['metadata-subs']);
});
