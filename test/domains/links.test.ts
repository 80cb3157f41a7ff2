import { describe, expect, test } from 'vitest';
import { ask } from '../server/keeping.js';
import { hasOpenssl } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { Authority, QUICK, ROUND, startPair, talk, talkOf, TestDomain, Way } from './domains.js';

describe.skipIf(!hasOpenssl)(`links between domains${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  const authority = new Authority();
  const tea = '#tea:beijing.example';

  test('while a link is down each side talks on, the room can be read, and what is said waits', async () => {
    const { beijing, shanghai, toBeijing } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(bob, 'TOPIC #tea :green', / TOPIC #tea :green/);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    await ask(ann, 'JOIN #local', / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    toBeijing.cut();
    await shanghai.linked('beijing.example', false);
    await ask(ann, 'PRIVMSG #local :still here', /PRIVMSG #local :still here/);
    await ask(ann, `NAMES ${tea}`, / 353 ann \S #tea:beijing\.example :.*@bob\/beijing/);
    await ask(ann, `TOPIC ${tea}`, / 332 ann #tea:beijing\.example :green/);
    await ask(bob, 'PRIVMSG #tea :she does not hear this yet', /PRIVMSG #tea :/);
    await ann.write(`PRIVMSG ${tea} :and he does not hear this\r\n`);
    const joe = await shanghai.irc('joe');
    await ask(joe, 'JOIN #ops:beijing.example', / 403 joe /);
    expect(shanghai.server.readings().domainLinks[0]).toMatchObject({ isUp: false, mirrored: 1 });
    toBeijing.mend();
    await ann.lineLike(/:bob\/beijing!\S+ PRIVMSG \S+ :she does not hear this yet/);
    await ann.lineLike(/:ann!\S+ PRIVMSG \S+ :and he does not hear this/);
    await bob.lineLike(/:ann\/shanghai!\S+ PRIVMSG #tea :and he does not hear this/);
  });

  test('a link that is cut again and again under load loses nothing that was echoed, and doubles nothing', async () => {
    const { beijing, shanghai, toBeijing } = await startPair(authority, {
      beijing: { settings: QUICK },
      shanghai: { settings: QUICK },
    });
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    const read: Record<'bob' | 'ann', string[]> = { bob: [], ann: [] };
    for (let round = 0; round < 12; round += 1) {
      await Promise.all([bob.write(talk('#tea', 'bob', round)), ann.write(talk(tea, 'ann', round))]);
      if (round % 2 === 0) {
        // Some of it is on its way.
        await talkOf(bob, 1).then((lines) => read.bob.push(...lines));
        toBeijing.cut();
        await shanghai.linked('beijing.example', false);
        toBeijing.mend();
      }
      const count = 2 * ROUND * (round + 1);
      read.bob.push(...(await talkOf(bob, count - read.bob.length)));
      read.ann.push(...(await talkOf(ann, count - read.ann.length)));
    }
    expect(read.ann).toEqual(read.bob);
    expect(new Set(read.bob).size).toBe(24 * ROUND);
    expect(read.bob.filter((line) => line.startsWith('ann'))).toEqual(
      Array.from({ length: 12 * ROUND }, (_, index) => `ann ${index}`),
    );
  });

  test('the home restarts: people of the other domain are out, and in again with their ranks', async () => {
    const { beijing, shanghai, toBeijing } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(ann, `JOIN ${tea}`, / 353 .*@ann/);
    await ask(bob, 'JOIN #tea', / 353 .*@ann\/shanghai/);
    await ann.lineLike(/:bob\/beijing!\S+ JOIN/);
    await beijing.server.close('a restart');
    await shanghai.linked('beijing.example', false);
    const again = await TestDomain.start({
      name: 'beijing.example',
      authority,
      rooms: ['#tea'],
      links: [{ name: 'shanghai.example' }],
    });
    toBeijing.leadTo(again.linkPort);
    await ann.lineLike(/:bob\/beijing!\S+ PART #tea:beijing\.example/);
    await ann.lineLike(/:ann!\S+ JOIN #tea:beijing\.example/);
    await ann.lineLike(/ 366 ann #tea:beijing\.example /);
    const joe = await again.irc('joe');
    expect(await ask(joe, 'JOIN #tea', / 353 /)).toContain('ann/shanghai');
    await ask(ann, `PRIVMSG ${tea} :here we are`, /:ann!\S+ PRIVMSG \S+ :here we are/);
    await joe.lineLike(/:ann\/shanghai!\S+ PRIVMSG #tea :here we are/);
  });

  test('people of a domain that is lost for long leave; if it comes back, they come back', async () => {
    const { beijing, shanghai, toBeijing } = await startPair(authority, { beijing: { graceMs: 500 } });
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    toBeijing.cut();
    await bob.lineLike(/:ann\/shanghai!\S+ PART #tea/);
    toBeijing.mend();
    await ann.lineLike(/:ann!\S+ PART #tea:beijing\.example/);
    await ann.lineLike(/:ann!\S+ JOIN #tea:beijing\.example/);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN #tea/);
    await ask(ann, `PRIVMSG ${tea} :back`, /PRIVMSG \S+ :back/);
    await bob.lineLike(/:ann\/shanghai!\S+ PRIVMSG #tea :back/);
  });

  test('people of a server that was killed are gone when the next one greets', async () => {
    const { beijing, shanghai, toBeijing } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    // Nothing that it says at its end arrives.
    toBeijing.cut();
    await shanghai.server.close('killed');
    toBeijing.mend();
    const again = await TestDomain.start({
      name: 'shanghai.example',
      authority,
      links: [{ name: 'beijing.example', way: toBeijing, rooms: ['#tea'] }],
    });
    await again.linked('beijing.example');
    await bob.lineLike(/:ann\/shanghai!\S+ PART #tea/);
    const other = await again.irc('ann');
    await ask(other, `JOIN ${tea}`, / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN #tea/);
    await ask(other, `PRIVMSG ${tea} :me again`, /PRIVMSG \S+ :me again/);
    await bob.lineLike(/PRIVMSG #tea :me again/);
  });

  test('a domain with the certificate of another one is refused, by both ends', async () => {
    const way = await Way.open();
    const beijing = await TestDomain.start({
      name: 'beijing.example',
      authority,
      rooms: ['#tea'],
      links: [{ name: 'shanghai.example' }, { name: 'tokyo.example' }],
    });
    way.leadTo(beijing.linkPort);
    const shanghai = await TestDomain.start({
      name: 'shanghai.example',
      authority,
      identity: authority.identity('tokyo.example'),
      links: [{ name: 'beijing.example', way, rooms: ['#tea'] }],
    });
    await until(() => beijing.records.some((line) => /refused.*certificate/.test(line)), 'a refusal');
    const nanjing = await TestDomain.start({
      name: 'shanghai.example',
      authority,
      // Whoever is there is not nanjing.
      links: [{ name: 'nanjing.example', way, rooms: ['#tea'] }],
    });
    await until(() => nanjing.records.some((line) => /cannot be reached.*nanjing/.test(line)), 'a refusal');
    expect([shanghai, nanjing].map(({ server }) => server.readings().domainLinks[0]?.isUp)).toEqual([false, false]);
    expect(beijing.server.readings().domainLinks.map(({ isServed }) => isServed)).toEqual([false, false]);
  });

  test('a certificate with a pattern is not that of a domain', async () => {
    const way = await Way.open();
    const beijing = await TestDomain.start({
      name: 'beijing.cn.example',
      authority,
      identity: authority.identity('*.cn.example'),
      rooms: ['#tea'],
      links: [{ name: 'shanghai.example' }],
    });
    way.leadTo(beijing.linkPort);
    const shanghai = await TestDomain.start({
      name: 'shanghai.example',
      authority,
      links: [{ name: 'beijing.cn.example', way, rooms: ['#tea'] }],
    });
    const find = (): boolean => shanghai.records.some((line) => line.includes('not that of beijing.cn.example'));
    await until(find, 'a refusal');
    expect(shanghai.server.readings().domainLinks[0]?.isUp).toBe(false);
  });

  test('a certificate of a stranger opens nothing', async () => {
    const strangers = new Authority();
    const way = await Way.open();
    const beijing = await TestDomain.start({
      name: 'beijing.example',
      authority,
      links: [{ name: 'shanghai.example' }],
    });
    way.leadTo(beijing.linkPort);
    await TestDomain.start({
      name: 'shanghai.example',
      authority,
      identity: strangers.identity('shanghai.example'),
      links: [{ name: 'beijing.example', way, rooms: ['#tea'] }],
    });
    await until(() => beijing.records.some((line) => line.startsWith('a link has failed to open')), 'a refusal');
    expect(beijing.server.readings().domainLinks[0]?.isServed).toBe(false);
  });

  test('a room that is left is let go of at its home, and can be entered again', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(ann, `JOIN ${tea}`, / 353 .*@ann/);
    await ask(ann, `PART ${tea}`, / PART /);
    await ask(ann, `JOIN ${tea}`, / 353 .*@ann/);
    await ask(bob, 'JOIN #tea', / 353 .*@ann\/shanghai/);
  });
});
