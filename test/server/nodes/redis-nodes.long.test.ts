import { beforeEach, expect, test } from 'vitest';
import { keysOf } from '../../../src/store/redis/scripts.js';
import { startServer } from '../../cli/chat-server.js';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { describeRedis } from '../../store/redis/with-redis.js';
import { until } from '../../support/deadline.js';
import type { Peer } from '../../support/peers.js';
import { ask, configuration, stop } from '../keeping.js';
import { register } from '../test-server.js';
import { meet, msgidOf, TestNode } from './nodes.js';

describePostgres((database) => {
  describeRedis((redis) => {
    beforeEach(async () => {
      await database.clear();
      await redis.admin.flushall();
    });

    const start = async (name: string): Promise<TestNode> => {
      const logs = { kind: 'redis', url: redis.server.url };
      return TestNode.start(database.server.url, name, {
        store: { kind: 'postgres', url: database.server.url, logs },
      });
    };

    const enter = async (node: TestNode, nick: string): Promise<Peer> => {
      const peer = await node.irc(nick);
      await ask(peer, 'JOIN #tea', / 366 /);
      return peer;
    };

    /** Waits until all members of a room see each other. */
    const gather = async (peers: Readonly<Record<string, Peer>>): Promise<void> => {
      for (const peer of Object.values(peers)) for (const nick of Object.keys(peers)) await meet(peer, nick);
    };

    /** Waits until Redis has a state of a log. */
    const kept = async (log: string): Promise<void> => {
      for (let isKept = false; !isKept;) isKept = (await redis.admin.hget(keysOf(log)[0], 'kept')) !== null;
    };

    /** Saves the states of the logs and closes the node: those that start later do not hold all packs. */
    const leaveStates = async ({ server }: TestNode): Promise<void> => {
      server.chat.keepRooms();
      for (const log of ['d', 'r:#tea']) await kept(log);
      await server.close('over');
    };

    /** Has Redis crash, and start again with what it has not lost. */
    const crash = async (lose: () => void): Promise<void> => {
      await redis.server.crash();
      lose();
      await redis.server.start();
      await redis.connect();
    };

    test('three nodes with their logs in Redis are one chat', async () => {
      const nodes = [await start('one'), await start('two'), await start('three')];
      const peers = new Map<string, Peer>();
      for (const [index, nick] of ['ann', 'bob', 'eve'].entries()) {
        const node = nodes[index];
        if (node !== undefined) peers.set(nick, await enter(node, nick));
      }
      await gather(Object.fromEntries(peers));
      for (const [nick, peer] of peers) {
        await peer.write(`PRIVMSG #tea :from ${nick}\r\n`);
        const lines = await Promise.all([...peers.values()].map((one) => one.lineLike(new RegExp(`:from ${nick}$`))));
        expect(new Set(lines.map(msgidOf)).size).toBe(1);
      }
      const [ann] = peers.values();
      await nodes[2]?.server.close('over');
      await ann?.lineLike(/:eve!\S+ QUIT /);
      const late = await enter(await start('four'), 'late');
      await ask(late, 'CHATHISTORY LATEST #tea * 10', /from eve/);
    });

    test('what Redis has lost is put back by the nodes, and everybody learns of it', async () => {
      await redis.admin.config('SET', 'appendfsync', 'everysec');
      const [one, two] = [await start('one'), await start('two')];
      const [ann, bob] = [await enter(one, 'ann'), await enter(two, 'bob')];
      await gather({ ann, bob });
      const ids: string[] = [];
      for (let n = 1; n <= 20; n += 1) {
        await ann.write(`PRIVMSG #tea :message ${n}.\r\n`);
        ids.push(msgidOf(await bob.lineLike(new RegExp(`:message ${n}\\.$`))));
      }
      await crash(() => redis.server.loseEnd(2_000));
      for (const peer of [ann, bob]) expect(await peer.lineLike(/ NOTICE #tea /)).toMatch(/had lost the last messages/);
      const report = /^trouble with a log of the chat .*"log":"r:#tea","kind":"lost"/;
      for (const { records } of [one, two]) {
        await until(() => records.some((record) => report.test(record)), 'a report of the loss');
      }
      await bob.write('PRIVMSG #tea :afterwards\r\n');
      await ann.lineLike(/:afterwards$/);
      // One that starts now has the logs and nothing else.
      const late = await enter(await start('three'), 'late');
      await late.write('CHATHISTORY LATEST #tea * 30\r\n');
      const kept: string[] = [];
      for (let n = 1; n <= 20; n += 1) kept.push(msgidOf(await late.lineLike(new RegExp(`:message ${n}\\.$`))));
      expect(kept).toEqual(ids);
      await late.lineLike(/:afterwards$/);
      await meet(late, 'ann');
      await late.write('PRIVMSG #tea :from the third\r\n');
      for (const peer of [ann, bob]) await peer.lineLike(/:from the third$/);
    });

    test('what Redis has lost together with all nodes stays in the history, and hides nothing that follows', async () => {
      const logs = { kind: 'redis', url: redis.server.url };
      const config = configuration({ store: { kind: 'postgres', url: database.server.url, logs } });
      const first = await startServer(['--config', config, '--node', 'one']);
      const ann = await register(first.ircPort, 'ann');
      await ask(ann, 'JOIN #tea', / 366 /);
      const ids: string[] = [];
      for (let n = 1; n <= 20; n += 1) ids.push(msgidOf(await ask(ann, `PRIVMSG #tea :message ${n}.`, / PRIVMSG /)));
      await ask(ann, 'CHATHISTORY LATEST #tea * 30', /:message 20\.$/);
      await stop(first, 'SIGKILL');
      await crash(() => redis.server.loseEnd(2_000));

      const second = await start('two');
      expect(second.records.filter((record) => record.includes('have lost what the history has'))).toHaveLength(1);
      const bob = await enter(second, 'bob');
      for (let n = 1; n <= 20; n += 1) ids.push(msgidOf(await ask(bob, `PRIVMSG #tea :later ${n}.`, / PRIVMSG /)));
      expect(new Set(ids).size).toBe(40);
      await bob.write('CHATHISTORY LATEST #tea * 50\r\n');
      const kept: string[] = [];
      while (kept.length < 40) kept.push(msgidOf(await bob.lineLike(/ PRIVMSG #tea :/)));
      expect(kept).toEqual(ids);
    });

    test('what Redis has lost altogether is put back by the nodes: their states, and the last packs', async () => {
      const former = await start('one');
      await ask(await enter(former, 'abe'), 'TOPIC #tea :which tea', / TOPIC /);
      await leaveStates(former);
      const [one, two] = [await start('one'), await start('two')];
      const [ann, bob] = [await enter(one, 'ann'), await enter(two, 'bob')];
      await gather({ ann, bob });
      const id = msgidOf(await ask(bob, 'PRIVMSG #tea :early', / PRIVMSG /));
      await crash(() => redis.server.loseAll());
      for (const peer of [ann, bob]) expect(await peer.lineLike(/ NOTICE #tea /)).toMatch(/had lost the last messages/);
      const late = msgidOf(await ask(bob, 'PRIVMSG #tea :late', / PRIVMSG \S+ :late/));
      for (const { records } of [one, two]) expect(records.filter((record) => record.startsWith('stop '))).toEqual([]);
      // One that starts now has the logs, and the states that the others have saved.
      for (const log of ['d', 'r:#tea']) await kept(log);
      const eve = await enter(await start('three'), 'eve');
      await meet(eve, 'ann');
      expect(await ask(eve, 'TOPIC #tea', / 332 /)).toMatch(/:which tea$/);
      expect(await ask(eve, 'NAMES #tea', / 353 /)).toMatch(/ann/);
      await eve.write('CHATHISTORY LATEST #tea * 10\r\n');
      for (const wanted of [id, late]) expect(msgidOf(await eve.lineLike(/ PRIVMSG #tea :/))).toBe(wanted);
      await eve.write('PRIVMSG #tea :from the third\r\n');
      for (const peer of [ann, bob]) await peer.lineLike(/:from the third$/);
    });

    test('nodes that cannot put back what Redis has lost end, and those that start again have the history', async () => {
      const former = await start('one');
      await enter(former, 'abe');
      await leaveStates(former);
      const [first, second] = [await start('one'), await start('two')];
      const bob = await enter(first, 'bob');
      await enter(second, 'ann');
      const before = [first, second];
      const ids: string[] = [];
      for (let n = 1; n <= 5; n += 1) ids.push(msgidOf(await ask(bob, `PRIVMSG #tea :early ${n}.`, / PRIVMSG /)));
      await redis.admin.flushall();
      // Somebody has the first number of the log before the loss is noticed.
      await redis.admin.xadd(keysOf('d')[1], '1-1', 'n', '0', 'b', '', 'm', 'x', 'e', '{}');
      await redis.admin.hset(keysOf('d')[0], 'top', '1', 'mark', 'x', 'entries', '0', 'first', '1');
      for (const { records, server } of before) {
        await until(() => records.some((record) => record.startsWith('stop ')), 'the end of a node');
        await server.close('over');
      }
      const eve = await enter(await start('one'), 'eve');
      const fay = await enter(await start('two'), 'fay');
      await gather({ eve, fay });
      for (let n = 1; n <= 5; n += 1)
        ids.push(msgidOf(await ask(fay, `PRIVMSG #tea :late ${n}.`, / PRIVMSG \S+ :late/)));
      await eve.lineLike(/:late 5\.$/);
      for (const peer of [eve, fay])
        expect(await ask(peer, 'NAMES #tea', / 353 /)).toMatch(/ :@?(?:eve @?fay|fay @?eve)$/);
      await eve.write('CHATHISTORY LATEST #tea * 50\r\n');
      const found: string[] = [];
      while (found.length < 10) found.push(msgidOf(await eve.lineLike(/ PRIVMSG #tea :/)));
      expect(found).toEqual(ids);
    });
  });
});
