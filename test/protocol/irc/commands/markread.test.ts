/** MARKREAD: IRCv3 read-marker. */
import { describe, expect, test } from 'vitest';
import { logInByPlain } from '../../../support/sasl.js';
import { type IrcClient, startIrc, tagsOf } from '../irc-client.js';

const caps = 'server-time message-tags echo-message draft/read-marker';
const marked = (rest: string) => `:fdmux.local MARKREAD ${rest}`;
const failed = (rest: string) => [`:fdmux.local FAIL MARKREAD ${rest}`];

/** Says something, and returns its time. */
async function say(client: IrcClient, target: string): Promise<string> {
  const [line = ''] = await client.ask(`PRIVMSG ${target} :message`);
  return tagsOf(line)['time'] ?? expect.fail('no time');
}

describe('examples of the specification', () => {
  test('updating the timestamp after a message has been read, and asking for it', async () => {
    const ann = await (await startIrc()).client('ann', { caps, join: '#channel' });
    const time = await say(ann, '#channel');
    expect(await ann.ask(`MARKREAD #channel timestamp=${time}`)).toEqual([marked(`#channel timestamp=${time}`)]);
    expect(await ann.ask('MARKREAD #channel')).toEqual([marked(`#channel timestamp=${time}`)]);
    expect(await ann.ask('MARKREAD #CHANNEL')).toEqual([marked(`#CHANNEL timestamp=${time}`)]);
  });

  test('getting the timestamp on joining, before the end of NAMES', async () => {
    const ann = await (await startIrc()).client('ann', { caps });
    const first = await ann.ask('JOIN #channel');
    expect(first.findIndex((line) => line === marked('#channel *'))).toBe(1);
    expect(first.findIndex((line) => line.includes(' 366 '))).toBeGreaterThan(1);
    const time = await say(ann, '#channel');
    await ann.ask(`MARKREAD #channel timestamp=${time}`, 'PART #channel');
    expect(await ann.ask('JOIN #channel')).toContain(marked(`#channel timestamp=${time}`));
  });

  test('asking about a person', async () => {
    const ann = await (await startIrc()).client('ann', { caps });
    expect(await ann.ask('MARKREAD target')).toEqual([marked('target *')]);
    await ann.ask('MARKREAD target timestamp=2019-01-04T14:33:26.123Z');
    expect(await ann.ask('MARKREAD target')).toEqual([marked('target timestamp=2019-01-04T14:33:26.123Z')]);
  });
});

test('a mark only moves forward, and never past now', async () => {
  const ann = await (await startIrc()).client('ann', { caps });
  const later = marked('#channel timestamp=2020-01-01T00:00:00.000Z');
  expect(await ann.ask('MARKREAD #channel timestamp=2020-01-01T00:00:00.000Z')).toEqual([later]);
  expect(await ann.ask('MARKREAD #channel timestamp=2019-01-01T00:00:00.000Z')).toEqual([later]);
  expect(await ann.ask('MARKREAD #Channel timestamp=2012-06-30T23:59:60.419Z')).toEqual([
    later.replace('#channel', '#Channel'),
  ]);
  const [line = ''] = await ann.ask('MARKREAD #channel timestamp=2999-01-01T00:00:00.000Z');
  expect(line).toMatch(/ MARKREAD #channel timestamp=20\d\d-/);
});

test.each([
  ['', 'NEED_MORE_PARAMS :Missing parameters'],
  ['#channel *', 'INVALID_PARAMS #channel * :Invalid timestamp'],
  ['#channel 2019-01-04T14:33:26.123Z', 'INVALID_PARAMS #channel 2019-01-04T14:33:26.123Z :Invalid timestamp'],
  [
    '#channel timestamp=2019-02-30T00:00:00.000Z',
    'INVALID_PARAMS #channel timestamp=2019-02-30T00:00:00.000Z :Invalid timestamp',
  ],
  ['@#channel', 'INVALID_PARAMS @#channel :Invalid target'],
  ['#channel,#other', 'INVALID_PARAMS #channel,#other :Invalid target'],
  ['#channel timestamp=soon', 'INVALID_PARAMS #channel timestamp=soon :Invalid timestamp'],
  ['* timestamp=2019-01-04T14:33:26.123Z', 'INVALID_PARAMS * :Invalid target'],
])('MARKREAD %s is refused', async (params, answer) => {
  const ann = await (await startIrc()).client('ann', { caps });
  expect(await ann.ask(`MARKREAD ${params}`.trim())).toEqual(failed(answer));
});

test('without the capability nothing is sent on joining', async () => {
  const ann = await (await startIrc()).client('ann');
  expect((await ann.ask('JOIN #channel')).filter((line) => line.includes('MARKREAD'))).toEqual([]);
});

test('all clients of an account share its marks, and nobody else hears of them', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', {
    caps: `${caps} draft/account-registration standard-replies`,
    join: '#channel',
  });
  await ann.ask('REGISTER * * :correct horse battery');
  const eve = await server.client('eve', { caps, join: '#channel' });
  const phone = await server.connect();
  await logInByPlain(phone.peer, 'ann', 'correct horse battery');
  phone.send(`CAP REQ :${caps}`, 'CAP END', 'NICK ann-phone', 'USER ann 0 * :x');
  await phone.heard();
  await Promise.all([ann.heard(), eve.heard()]);
  const line = marked('#channel timestamp=2020-01-01T00:00:00.000Z');
  expect(await phone.ask('MARKREAD #channel timestamp=2020-01-01T00:00:00.000Z')).toEqual([line]);
  expect(await ann.heard()).toContain(line);
  expect(await eve.heard()).toEqual([]);
  // One that moves nothing is no news.
  await phone.ask('MARKREAD #channel timestamp=2019-01-01T00:00:00.000Z');
  expect(await ann.heard()).toEqual([]);
});
