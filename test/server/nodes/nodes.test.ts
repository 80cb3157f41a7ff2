import { beforeEach, expect, test } from 'vitest';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { until } from '../../support/deadline.js';
import { connectPeer } from '../../support/peers.js';
import { ask } from '../keeping.js';
import { meet, msgidOf, TestNode } from './nodes.js';

describePostgres((database) => {
  beforeEach(() => database.clearSettled());

  const start = (name: string, settings: object = {}): Promise<TestNode> =>
    TestNode.start(database.server.url, name, settings);

  test('people on two nodes see each other come, talk and go, and get the same ids', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await ask(ann, 'JOIN #tea', / 366 /);
    expect(await ask(bob, 'JOIN #tea', / 353 /)).toMatch(/@ann/);
    await ann.lineLike(/:bob!.* JOIN #tea/);
    const own = await ask(bob, 'PRIVMSG #tea :hello', /PRIVMSG #tea :hello/);
    const heard = await ann.lineLike(/PRIVMSG #tea :hello/);
    expect(msgidOf(heard)).toBe(msgidOf(own));
    await ask(ann, 'TOPIC #tea :tea for two', /TOPIC #tea :tea for two/);
    await bob.lineLike(/:ann!.* TOPIC #tea :tea for two/);
    await bob.write('QUIT :bye\r\n');
    await ann.lineLike(/:bob!.* QUIT :.*bye/);
  });

  test('plain users of two nodes meet in the lobby', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const ann = await connectPeer(one.port('plain'));
    // A member joins the lobby somewhat later than it is there: bob could be there before.
    await until(() => one.server.chat.directory.occupiedRoomCount === 1, 'the lobby');
    const bob = await connectPeer(two.port('plain'));
    await ann.lineLike(/plain-\d+ .* joined/);
    await bob.write('hello from afar\n');
    expect(await ann.lineLike(/hello from afar/)).toContain(`plain-${bob.port} say: hello from afar`);
  });

  test('a nick is there once, whichever node it was taken on', async () => {
    const [one, two] = [await start('one'), await start('two')];
    await one.irc('ann');
    const other = await connectPeer(two.port('irc'));
    await other.write('NICK Ann\r\nUSER x 0 * :x\r\n');
    await other.lineLike(/ 433 \* Ann /);
    const bob = await two.irc('bob');
    await ask(bob, 'NICK ann', / 433 bob ann /);
    await ask(bob, 'WHOIS ann', / 318 /);
  });

  test('private messages reach another node, and errors come back', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await meet(ann, 'bob');
    const own = await ask(ann, 'PRIVMSG bob :for you', /PRIVMSG bob :for you/);
    const heard = await bob.lineLike(/:ann!.* PRIVMSG bob :for you/);
    expect(msgidOf(heard)).toBe(msgidOf(own));
    await ask(bob, 'AWAY :asleep', / 306 /);
    // In the order of the logs: the node of ann knows that bob is away when it knows what he says after that.
    await meet(bob, 'ann');
    await ask(bob, 'PRIVMSG ann :good night', /PRIVMSG ann/);
    await ann.lineLike(/PRIVMSG ann :good night/);
    await ask(ann, 'PRIVMSG bob :there?', / 301 ann bob :asleep/);
    await ask(ann, 'PRIVMSG carol :?', / 401 /);
  });

  test('WHOIS, WHO, NAMES, LIST and LUSERS are about all nodes', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(bob, 'TOPIC #tea :tea', /TOPIC #tea :tea/);
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(ann, 'PART #tea', / PART #tea/);
    await meet(ann, 'bob');
    await ask(ann, 'WHOIS bob', / 319 ann bob :@#tea/);
    await ask(ann, 'WHO #tea', / 352 ann #tea \S+ \S+ \S+ bob /);
    await ask(ann, 'NAMES #tea', / 353 ann = #tea :@bob/);
    await ask(ann, 'LIST', / 322 ann #tea 1 :.*tea/);
    await ask(ann, 'LUSERS', / 265 ann 2 /);
    await ann.write('MONITOR + carol\r\n');
    await ann.lineLike(/ 731 ann :carol/);
    await two.irc('carol');
    await ann.lineLike(/ 730 ann :carol/);
  });

  test('operators put people out of another node, and keep them out of all', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob, carol] = [await one.irc('ann'), await two.irc('bob'), await two.irc('carol')];
    await ask(ann, 'OPER root secret', / 381 /);
    for (const nick of ['bob', 'carol']) await meet(ann, nick);
    await ann.write('KILL bob :enough\r\n');
    expect((await bob.ended()).toString()).toContain('enough');
    await ask(ann, 'KLINE carol@* :go away', /KLINE|K-line|banned|go away/i);
    expect((await carol.ended()).toString()).toContain('go away');
    const again = await connectPeer(two.port('irc'));
    await again.write('NICK dave\r\nUSER carol 0 * :x\r\n');
    await again.lineLike(/ 465 dave /);
  });

  test('what was said is found on each node under the same ids, once', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    const ids: string[] = [];
    for (const [peer, text] of [
      [ann, 'one'],
      [bob, 'two'],
      [ann, 'three'],
    ] as const) {
      ids.push(msgidOf(await ask(peer, `PRIVMSG #tea :${text}`, new RegExp(`PRIVMSG #tea :${text}`))));
      const other = peer === ann ? bob : ann;
      await other.lineLike(new RegExp(`PRIVMSG #tea :${text}`));
    }
    for (const peer of [ann, bob]) {
      await peer.write('CHATHISTORY LATEST #tea * 10\r\n');
      await peer.lineLike(/BATCH \+/);
      const found: string[] = [];
      for (let line = await peer.line(); !line.includes('BATCH -'); line = await peer.line()) {
        if (line.includes('PRIVMSG')) found.push(msgidOf(line));
      }
      expect(found).toEqual(ids);
    }
  });

  test('a node that starts later knows rooms, topics and members', async () => {
    const one = await start('one');
    const ann = await one.irc('ann');
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(ann, 'TOPIC #tea :still here', /TOPIC #tea :still here/);
    await ask(ann, 'MODE #tea +k sesame', /MODE #tea \+k/);
    const two = await start('two');
    const bob = await two.irc('bob');
    await ask(bob, 'JOIN #tea', / 475 /);
    await ask(bob, 'JOIN #tea sesame', / 332 bob #tea :still here/);
  });

  test('a node with another lobby is refused as long as another one runs, and one with other limits warns', async () => {
    const one = await start('one');
    const refused = start('two', { lobby: '#hall' });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_NODE_SETTINGS' });
    await expect(refused).rejects.toThrow('lobby is "#hall" here, and "#lobby" there');
    // It has left nothing behind, so one with the same name can start at once.
    const two = await start('two', { limits: { nickLength: 12 } });
    expect(two.records.filter((record) => record.startsWith('settings are not those'))).toEqual([
      expect.stringContaining('"keys":["limits"],"nodes":["one"]'),
    ]);
    for (const { server } of [one, two]) await server.close('all of them');
    await start('two', { lobby: '#hall' });
  });

  test('two processes cannot have one name, and another server cannot have the database', async () => {
    await start('one');
    await expect(start('one')).rejects.toMatchObject({ code: 'ERR_NODE_IN_USE' });
    const alone = TestNode.start(database.server.url, 'one', { node: null });
    await expect(alone).rejects.toMatchObject({ code: 'ERR_STORE_IN_USE' });
  });

  test('members of a node that has ended in order leave the others at once, and rooms stay', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'JOIN #tea', / 366 /);
    await two.server.close('maintenance');
    await ann.lineLike(/:bob!.* QUIT :/);
    expect(one.server.readings().node).toMatchObject({ name: 'one' });
  });
});
