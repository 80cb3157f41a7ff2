/** A domain of several nodes on one database, with logs there or in Redis, linked to a domain of one server. */
import { beforeEach, describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../cli/chat-server.js';
import { ask, client, configuration, stop } from '../server/keeping.js';
import { LOSS_MS, SLACK_MS } from '../server/nodes/nodes.js';
import { type Database, describePostgres } from '../store/postgres/with-postgres.js';
import { describeRedis } from '../store/redis/with-redis.js';
import { hasOpenssl } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import type { Peer } from '../support/peers.js';
import { Authority, QUICK, ROUND, talk, talkOf, TestDomain, Way } from './domains.js';

const tea = '#tea:beijing.example';

/** Reads what both hear until somebody says `the end`. */
async function readToEnd(peers: readonly Peer[], texts: readonly string[][]): Promise<void> {
  for (const [index, peer] of peers.entries()) {
    const read = texts[index] ?? [];
    while (read.at(-1) !== 'the end') read.push(...(await talkOf(peer, 1)));
  }
}

/** Expects that everything has been said once, in one order, and all of somebody's lines of two rounds. */
function expectOnce([one = [], other = []]: readonly string[][], nick: string): void {
  expect(other).toEqual(one);
  expect(new Set(one).size).toBe(one.length);
  const own = Array.from({ length: 2 * ROUND }, (_, index) => `${nick} ${index}`);
  expect(one.filter((line) => line.startsWith(nick))).toEqual(own);
}

/** @param storeOf - the configuration of the store */
function testsOfLinks(database: Database, storeOf: () => object): void {
  const authority = new Authority();

  /** Starts a node of a domain. */
  const start = (node: string, name: string, domain: object): Promise<RunningServer> => {
    const { certFile: cert, keyFile: key } = authority.identity(name);
    const tls = { cert, key, ca: authority.own.certFile };
    const config = configuration({ store: storeOf(), domain: { name, tls, ...domain }, ...QUICK });
    return startServer(['--config', config, '--node', node, '--admin-port', '0', '--log-level', 'info']);
  };

  test('the node that holds the link is killed under load: the others talk on, and each line is there once', async () => {
    await database.clear();
    const way = await Way.open();
    const beijing = await TestDomain.start({
      name: 'beijing.example',
      authority,
      rooms: ['#tea'],
      links: [{ name: 'shanghai.example' }],
      settings: QUICK,
    });
    way.leadTo(beijing.linkPort);
    const links = [{ name: 'beijing.example', host: '127.0.0.1', port: way.port, rooms: ['#tea'] }];
    const one = await start('one', 'shanghai.example', { links });
    await until(() => one.process.stderr.includes('this node holds a link'), 'a link');
    const two = await start('two', 'shanghai.example', { links });
    const bob = await beijing.irc('bob');
    const [ann, cid] = [await client(one, 'ann'), await client(two, 'cid')];
    await ask(bob, 'JOIN #tea', / 366 /);
    for (const peer of [ann, cid]) await ask(peer, `JOIN ${tea}`, / 366 /);
    await bob.lineLike(/:cid\/shanghai!\S+ JOIN #tea/);
    await Promise.all([
      bob.write(talk('#tea', 'bob', 0)),
      ann.write(talk(tea, 'ann', 0)),
      cid.write(talk(tea, 'cid', 0)),
    ]);
    // Some of it is on its way.
    const read = [await talkOf(bob, ROUND), await talkOf(cid, 1)];
    one.process.kill('SIGKILL');
    await Promise.all([bob.write(talk('#tea', 'bob', 1)), cid.write(talk(tea, 'cid', 1))]);
    await until(
      () => two.process.stderr.includes('this node holds a link'),
      'another node with the link',
      LOSS_MS + SLACK_MS,
    );
    await cid.write(`PRIVMSG ${tea} :the end\r\n`);
    await readToEnd([bob, cid], read);
    expectOnce(read, 'cid');
    await ask(bob, 'NAMES #tea', / 366 /);
    await stop(two, 'SIGTERM');
  });

  test('the node of a home that serves a domain is killed under load: another one goes on with it', async () => {
    await database.clear();
    const home = { listen: { port: 0 }, rooms: ['#tea'], links: [{ name: 'shanghai.example' }] };
    const [one, two] = [await start('one', 'beijing.example', home), await start('two', 'beijing.example', home)];
    const portOf = ({ process: { stderr } }: RunningServer): number =>
      Number(/listening for domains .*at=127\.0\.0\.1:(\d+)/.exec(stderr)?.[1]);
    const way = await Way.open();
    way.leadTo(portOf(one));
    const shanghai = await TestDomain.start({
      name: 'shanghai.example',
      authority,
      links: [{ name: 'beijing.example', way, rooms: ['#tea'] }],
      settings: QUICK,
    });
    await shanghai.linked('beijing.example');
    const [bob, ann] = [await client(two, 'bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN #tea/);
    await Promise.all([bob.write(talk('#tea', 'bob', 0)), ann.write(talk(tea, 'ann', 0))]);
    const read = [await talkOf(bob, 1), await talkOf(ann, 1)];
    way.leadTo(portOf(two));
    one.process.kill('SIGKILL');
    await Promise.all([bob.write(talk('#tea', 'bob', 1)), ann.write(talk(tea, 'ann', 1))]);
    await shanghai.linked('beijing.example');
    await ann.write(`PRIVMSG ${tea} :the end\r\n`);
    await readToEnd([bob, ann], read);
    expectOnce(read, 'ann');
    await stop(two, 'SIGTERM');
  });
}

describePostgres((database) => {
  describe.skipIf(!hasOpenssl)(`links of nodes${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
    testsOfLinks(database, () => ({ kind: 'postgres', url: database.server.url }));
  });

  describeRedis((redis) => {
    beforeEach(() => redis.admin.flushall());

    describe.skipIf(!hasOpenssl)(`links of nodes with logs in Redis${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
      const logs = (): object => ({ kind: 'redis', url: redis.server.url });
      testsOfLinks(database, () => ({ kind: 'postgres', url: database.server.url, logs: logs() }));
    });
  });
});
