/** RENAME on several nodes: one name, one order, and everything that the channel has goes with it. */
import { beforeEach, expect, test } from 'vitest';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { ask } from '../keeping.js';
import { TestNode } from './nodes.js';

describePostgres((database) => {
  beforeEach(() => database.clearSettled());

  const start = (name: string): Promise<TestNode> => TestNode.start(database.server.url, name);

  test('a channel that is renamed on one node has its new name on both, with bans, topic and history', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    await ann.lineLike(/:bob!.* JOIN #tea/);
    await ask(ann, 'MODE #tea +b eve!*@*', / MODE #tea \+b eve/);
    await ask(ann, 'TOPIC #tea :leaves', / TOPIC #tea :leaves/);
    await bob.lineLike(/ TOPIC #tea :leaves/);
    await ask(ann, 'PRIVMSG #tea :before', /PRIVMSG #tea :before/);
    await ask(ann, 'RENAME #tea #mate :stronger', /:ann!\S+ (RENAME #tea #mate :stronger|JOIN #mate)/);
    await bob.lineLike(/:(ann!\S+ RENAME #tea #mate :stronger|bob!\S+ JOIN #mate)/);
    await ask(bob, 'PRIVMSG #mate :hello', /PRIVMSG #mate :hello/);
    await ann.lineLike(/:bob!.* PRIVMSG #mate :hello/);
    await ask(ann, 'CHATHISTORY LATEST #mate * 10', /PRIVMSG #\S+ :before/);
    // Who asks for the former name is led to the channel.
    const cid = await two.irc('cid');
    await cid.write('JOIN #tea\r\n');
    await cid.lineLike(/ 470 cid #tea #mate /);
    await cid.lineLike(/:cid!.* JOIN #mate/);
    await cid.lineLike(/ 332 cid #mate :leaves/);
    const eve = await one.irc('eve');
    await ask(eve, 'JOIN #tea', / 474 eve #mate /);
    await ask(eve, 'JOIN #mate', / 474 eve #mate /);
    const three = await start('three');
    const dan = await three.irc('dan');
    await ask(dan, 'LIST', / 322 dan #mate /);
    await ask(dan, 'JOIN #mate', / 332 dan #mate :leaves/);
  });

  test('of two channels that ask for one name at once, one gets it, and both nodes agree on that', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await ask(ann, 'JOIN #a', / 366 /);
    await ask(bob, 'JOIN #b', / 366 /);
    const [ours, theirs] = await Promise.all([
      ask(ann, 'RENAME #a #c', /JOIN #c|RENAME #a #c|CHANNEL_NAME_IN_USE #a #c/),
      ask(bob, 'RENAME #b #c', /JOIN #c|RENAME #b #c|CHANNEL_NAME_IN_USE #b #c/),
    ]);
    const hasLost = (line: string): boolean => line.includes('CHANNEL_NAME_IN_USE');
    expect([ours, theirs].filter(hasLost)).toHaveLength(1);
    const winner = hasLost(ours) ? 'bob' : 'ann';
    const cid = await one.irc('cid');
    const dan = await two.irc('dan');
    await ask(cid, 'JOIN #c', new RegExp(` 353 cid = #c :.*@${winner}`));
    await ask(dan, 'JOIN #c', new RegExp(` 353 dan = #c :.*@${winner}`));
  });
});
