/** LIST: RFC 2812 section 3.2.6; modern, "LIST message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('LIST', () => {
  test('lists channels with their size and topic, by name, mask and ELIST conditions', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#one,#two,#secret' });
    await server.client('bob', { join: '#two' });
    await ann.ask('TOPIC #two :second', 'MODE #secret +s');
    const eve = await server.client('eve');
    const listed = async (query: string) =>
      numerics(await eve.ask(`LIST ${query}`), '322').map((line) => line.slice(4));
    const all = await eve.ask('LIST');
    expect(numerics(all)).toEqual([
      '321 Channel :Users  Name',
      '322 #one 1 :',
      '322 #two 2 :second',
      '323 :End of /LIST',
    ]);
    expect(await listed('#TWO')).toEqual(['#two 2 :second']);
    expect(await listed('#two,#secret,#none')).toEqual(['#two 2 :second']);
    expect(await listed('#one,#two >1')).toEqual(['#two 2 :second']);
    expect(await listed('#two fdmux.local')).toEqual(['#two 2 :second']);
    expect(await listed('#t*')).toEqual(['#two 2 :second']);
    expect(await listed('!#t*')).toEqual(['#one 1 :']);
    expect(await listed('>1')).toEqual(['#two 2 :second']);
    expect(await listed('<2,>0')).toEqual(['#one 1 :']);
    expect(await listed('C>10')).toEqual([]);
    expect(await listed('C<10')).toHaveLength(2);
    expect(await listed('T<10')).toEqual(['#two 2 :second']);
    expect(numerics(await ann.ask('LIST'), '322').join()).toContain('#secret');
  });
});
