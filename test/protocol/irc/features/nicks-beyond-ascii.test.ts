/** The setting `nicks: precis`. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_ACCOUNT_SETTINGS } from '../../../../src/accounts/account-service.js';
import { numerics, startIrc, untagged } from '../irc-client.js';

const precis = (changes = {}) => startIrc({ irc: { nicks: 'precis', ...changes } });

describe('with nicks of all scripts', () => {
  test('a Chinese nick talks, is addressed, and is shown', async () => {
    const server = await precis();
    const ming = await server.client('小明', { join: '#茶' });
    const ann = await server.client('ann', { join: '#茶' });
    await ming.heard();
    await ann.ask('PRIVMSG 小明 :你好');
    expect(await ming.heard()).toEqual([':ann!ann@127.0.0.1 PRIVMSG 小明 :你好']);
    await ming.ask('PRIVMSG ann :好');
    expect(await ann.heard()).toEqual([':小明!user@127.0.0.1 PRIVMSG ann :好']);
    expect(numerics(await ann.ask('NAMES #茶'), '353')).toEqual(['353 = #茶 :@小明 ann']);
    expect(numerics(await ann.ask('WHOIS 小明'), '311')[0]).toMatch(/^311 小明 /);
    await ming.ask('NICK 大明');
    expect(untagged(await ann.heard())[0]).toMatch(/^:小明!\S+ NICK 大明$/);
  });

  test('CASEMAPPING names the rules, and names are compared by them', async () => {
    const server = await precis();
    const client = await server.connect();
    client.send('NICK Ольга', 'USER o 0 * :o');
    const tokens = numerics(await client.heard(), '005').flatMap((line) => line.split(' '));
    expect(tokens).toContain('CASEMAPPING=rfc7613');
    await client.ask('JOIN #Ä');
    const ann = await server.client('ann');
    expect((await ann.ask('JOIN #ä'))[0]).toBe(':ann!ann@127.0.0.1 JOIN #Ä');
    expect(numerics(await ann.ask('NICK ОЛЬГА'))).toEqual(['433 ОЛЬГА :Nickname is already in use']);
    await client.heard();
    await ann.ask('PRIVMSG ольга :hi');
    expect(await client.heard()).toEqual([':ann!ann@127.0.0.1 PRIVMSG Ольга :hi']);
  });

  test('a nick of another width is spelled as usual', async () => {
    const client = await (await precis()).client('ａｎｎ');
    expect(numerics(await client.ask('WHOIS ann'), '311')[0]).toMatch(/^311 ann /);
  });

  test.each([
    ['at registration', false],
    ['later', true],
  ])('a nick that looks like one in use is refused %s', async (_, isRegistered) => {
    const server = await precis();
    const evan = await server.client('evan');
    const other = isRegistered ? await server.client('bob') : await server.connect();
    const lines = isRegistered ? ['NICK \u0435van'] : ['NICK \u0435van', 'USER u 0 * :r'];
    expect(numerics(await other.ask(...lines), '433')).toEqual(['433 \u0435van :Nickname is already in use']);
    expect(numerics(await evan.ask('WHOIS \u0435van'), '401')).toHaveLength(1);
    // Its owner may take it, and leaves the look to others when it takes another name.
    expect(await evan.ask('NICK \u0435van')).toHaveLength(1);
    await evan.ask('NICK eve');
    expect(numerics(await other.ask('NICK evan'), '433')).toEqual([]);
  });

  test('an account must not look like another one, nor like the nick of somebody else', async () => {
    const server = await precis({ accounts: DEFAULT_ACCOUNT_SETTINGS });
    const evan = await server.client('evan');
    await evan.ask('REGISTER * * :sesame', 'QUIT').catch(() => []);
    await server.client('anna');
    const eve = await server.connect();
    for (const name of ['\u0435van', '\u0430nna']) {
      const lines = await eve.ask('CAP LS', `NICK ${name}`, 'REGISTER * * :other');
      expect(lines.at(-1)).toMatch(/ FAIL REGISTER ACCOUNT_EXISTS /);
    }
  });

  test('one that has left leaves its look to others', async () => {
    const server = await precis();
    const evan = await server.client('evan');
    evan.send('QUIT');
    await evan.rest();
    const other = await server.connect();
    other.send('NICK \u0435van', 'USER u 0 * :r');
    expect(numerics(await other.heard(), '001')).toHaveLength(1);
  });

  test.each(['аdmin', 'СhanЅerv', '☺', '7小明', '小 明'])('%s is refused', async (nick) => {
    const client = await (await precis()).connect();
    client.send(`NICK :${nick}`, 'USER u 0 * :r');
    expect(numerics(await client.heard(), '432', '001').map((line) => line.slice(0, 3))).toEqual(['432']);
  });

  test('the length of a nick counts bytes', async () => {
    const server = await precis({ nickLength: 12 });
    await server.client('小明小明');
    const client = await server.client('ann');
    expect(numerics(await client.ask('NICK 小明小明小'), '432')).toHaveLength(1);
  });

  test('MONITOR watches such nicks', async () => {
    const server = await precis();
    const ann = await server.client('ann');
    await ann.ask('MONITOR + 小明');
    await server.client('小明');
    expect(numerics(await ann.heard(), '730')[0]).toMatch(/^730 :小明!/);
  });
});

test('by default, nicks are of ASCII', async () => {
  const client = await (await startIrc()).client('ann');
  expect(numerics(await client.ask('NICK 小明'))).toEqual(['432 小明 :Erroneous nickname']);
});
