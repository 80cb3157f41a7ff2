import { beforeEach, expect, test } from 'vitest';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { DEADLINE_MS, until } from '../../support/deadline.js';
import { connectPeer } from '../../support/peers.js';
import { ask } from '../keeping.js';
import { meet, msgidOf, TestNode } from './nodes.js';

describePostgres((database) => {
  beforeEach(() => database.clear());

  const start = (name: string, settings: object = {}): Promise<TestNode> =>
    TestNode.start(database.server.url, name, settings);

  test('an account that is made on one node is that of all, and so is its end', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await ask(ann, 'NS REGISTER sesame', /logged in as ann$/);
    await ask(bob, 'NS IDENTIFY ann wrong', /:NickServ!/);
    await ask(bob, 'NS IDENTIFY ann sesame', / 900 bob \S+ ann /);
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'MARKREAD #tea timestamp=2020-01-01T00:00:00.000Z', / MARKREAD #tea /);
    expect(await ask(bob, 'MARKREAD #tea', / MARKREAD #tea timestamp=2020/)).toContain('2020-01-01');
    await ask(ann, 'NS PASSWD sesame other-word', /password is changed/);
    const carol = await two.irc('carol');
    await ask(carol, 'NS IDENTIFY ann sesame', /:NickServ!/);
    await ask(carol, 'NS IDENTIFY ann other-word', / 900 carol \S+ ann /);
  });

  test('a nick of an account is kept for it on all nodes', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const ann = await one.irc('ann');
    await ask(ann, 'NS REGISTER sesame', /logged in as ann$/);
    await until(() => two.server.chat.directory.memberCount === 1, 'a member');
    await ask(ann, 'NICK queen', / NICK :?queen/);
    const bob = await two.irc('bob');
    await meet(bob, 'queen');
    await ask(bob, 'NICK ann', / 433 bob ann /);
  });

  test('rooms and topics go from a server that is no node to nodes, and back', async () => {
    const single = await start('one', { node: null });
    const ann = await single.irc('ann');
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(ann, 'TOPIC #tea :from the first', /TOPIC #tea/);
    await ask(ann, 'PRIVMSG #tea :said alone', /PRIVMSG #tea/);
    await single.server.close('to nodes');
    const node = await start('one');
    const bob = await node.irc('bob');
    await ask(bob, 'JOIN #tea', / 332 bob #tea :from the first/);
    expect(await bob.lineLike(/ 353 /)).toMatch(/ :@?bob$/);
    await ask(bob, 'CHATHISTORY LATEST #tea * 10', /said alone/);
    await ask(bob, 'PRIVMSG #tea :said on a node', /PRIVMSG #tea/);
    await ask(bob, 'JOIN #coffee', / 366 /);
    await ask(bob, 'TOPIC #coffee :from a node', /TOPIC #coffee/);
    await node.server.close('back');
    const again = await start('one', { node: null });
    const carol = await again.irc('carol');
    await ask(carol, 'JOIN #tea', / 332 carol #tea :from the first/);
    await ask(carol, 'CHATHISTORY LATEST #tea * 10', /said on a node/);
    await ask(carol, 'JOIN #coffee', / 332 carol #coffee :from a node/);
  });

  test('a ban is held against those who arrive on a node that has started later', async () => {
    const one = await start('one');
    const ann = await one.irc('ann');
    await ask(ann, 'OPER root secret', / 381 /);
    await ask(ann, 'KLINE carol@* :go away', /Added K-Line/);
    const two = await start('two');
    const carol = await connectPeer(two.port('irc'));
    await carol.write('NICK carol\r\nUSER carol 0 * :x\r\n');
    await carol.lineLike(/ 465 carol /);
    await ask(ann, 'UNKLINE carol@*', /Removed K-Line/);
    await until(() => two.server.chat.bans.list('users').length === 0, 'the end of a ban');
    await two.irc('carol');
  });

  test('rooms that were opened and left leave nothing in the database when their time is over', async () => {
    const count = async (what: string): Promise<number> => {
      const { rows } = await database.admin.query<{ found: string }>(
        `SELECT count(*) AS found FROM fdmux.log WHERE name LIKE 'r:#room%' AND ${what}`,
      );
      return Number(rows[0]?.found);
    };
    const first = await start('one');
    const ann = await first.irc('ann');
    await ask(ann, 'JOIN #stays', / 366 /);
    await ask(ann, 'TOPIC #stays :for ever', /TOPIC #stays/);
    for (let n = 0; n < 40; n += 1) {
      await ask(ann, `JOIN #room${n}`, / 366 /);
      await ask(ann, `PART #room${n}`, / PART /);
    }
    await first.server.close('the first is over');
    expect(await count('kept IS NOT NULL')).toBe(40);
    const second = await start('two');
    expect(second.server.chat.directory.room('#stays')).toBeDefined();
    await second.server.close('the second is over');
    await database.admin.query('UPDATE fdmux.pack SET at_ms = at_ms - 9000000000');
    const third = await start('three');
    await expect.poll(() => count('kept IS NOT NULL'), { timeout: DEADLINE_MS }).toBe(0);
    expect(await count('first <= top')).toBe(0);
    const bob = await third.irc('bob');
    await ask(bob, 'JOIN #stays', / 332 bob #stays :for ever/);
    await ask(bob, 'JOIN #room7', / 366 /);
    const id = msgidOf(await ask(bob, 'PRIVMSG #room7 :again', /PRIVMSG #room7/));
    const fourth = await start('four');
    const carol = await fourth.irc('carol');
    expect(await ask(carol, 'JOIN #room7', / 353 .*bob/)).toContain('@bob');
    await ask(carol, 'CHATHISTORY LATEST #room7 * 1', new RegExp(`msgid=${id}`));
  });

  test('a state that a later version has written ends the start with an error', async () => {
    const one = await start('one');
    await ask(await one.irc('ann'), 'JOIN #tea', / 366 /);
    await one.server.close('the first is over');
    for (const name of ['d', 'r:#tea']) {
      const kept = await database.admin.query('SELECT kept FROM fdmux.log WHERE name = $1', [name]);
      const text: unknown = Reflect.get(Object(kept.rows[0]), 'kept');
      const set = (state: unknown): Promise<unknown> =>
        database.admin.query('UPDATE fdmux.log SET kept = $2 WHERE name = $1', [name, state]);
      await set('{"version":99}');
      const error: unknown = await start('one').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'ERR_STORE_VERSION' });
      expect(String(error)).toContain(`the state of ${name}`);
      await set(text);
    }
    await start('one');
  });

  test('the metrics and the status know of the nodes that live', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const names = (node: TestNode): string[] =>
      (node.server.readings().node?.living ?? []).map((each) => each.replace(/\.\d+$/, '')).sort();
    await until(() => names(one).length === 2 && names(two).length === 2, 'two nodes');
    expect(names(one)).toEqual(['one', 'two']);
    await until(() => one.server.readings().node?.lag === 0, 'a node that keeps up');
    await two.server.close('the test is over');
    await until(() => names(one).length === 1, 'one node');
  });
});
