/** NAMES: RFC 2812 section 3.2.5; modern, "NAMES message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('NAMES', () => {
  test('shows ranks, all of them with multi-prefix, and masks with userhost-in-names', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    await ann.ask('MODE #a +v ann');
    const bob = await server.client('bob', { caps: 'multi-prefix userhost-in-names', join: '#a' });
    expect(numerics(await ann.ask('NAMES #a'), '353')).toEqual(['353 = #a :@ann bob']);
    expect(numerics(await bob.ask('NAMES #a'), '353')).toEqual(['353 = #a :@+ann!ann@127.0.0.1 bob!bob@127.0.0.1']);
  });

  test('hides secret channels and invisible users from outsiders', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a,#s' });
    await ann.ask('MODE #s +s', 'MODE ann +i');
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('NAMES #a,#s,#none', 'NAMES'))).toEqual([
      '366 #a :End of /NAMES list',
      '366 #s :End of /NAMES list',
      '366 #none :End of /NAMES list',
      '366 * :End of /NAMES list',
    ]);
    expect(numerics(await ann.ask('NAMES #s'), '353')).toEqual(['353 @ #s :@ann']);
  });

  test('of several channels gets one answer each ("NAMES message")', async () => {
    const ann = await (await startIrc()).client('ann', { join: '#a,#b' });
    expect(numerics(await ann.ask('NAMES #a,#none,#b'))).toEqual([
      '353 = #a :@ann',
      '366 #a :End of /NAMES list',
      '366 #none :End of /NAMES list',
      '353 = #b :@ann',
      '366 #b :End of /NAMES list',
    ]);
  });

  test('of many members arrives in lines within the limit', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    for (let index = 0; index < 40; index += 1) await server.client(`member-with-a-long-nick-${index}`, { join: '#a' });
    const lines = (await ann.ask('NAMES #a')).filter((line) => line.includes(' 353 '));
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(510);
    expect(lines.flatMap((line) => line.slice(line.lastIndexOf(':') + 1).split(' '))).toHaveLength(41);
  });
});
