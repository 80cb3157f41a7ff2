/** A domain of several nodes on one database, linked to a domain of one server. */
import { describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../cli/chat-server.js';
import { ask, client, configuration, stop } from '../server/keeping.js';
import { LOSS_MS, SLACK_MS } from '../server/nodes/nodes.js';
import { describePostgres } from '../store/postgres/with-postgres.js';
import { hasOpenssl } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { Authority, QUICK, ROUND, talk, talkOf, TestDomain, Way } from './domains.js';

describePostgres((database) => {
  describe.skipIf(!hasOpenssl)(`links of nodes${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
    const authority = new Authority();
    const tea = '#tea:beijing.example';

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
      const { certFile: cert, keyFile: key } = authority.identity('shanghai.example');
      const start = (name: string): Promise<RunningServer> => {
        const config = configuration({
          store: { kind: 'postgres', url: database.server.url },
          domain: {
            name: 'shanghai.example',
            tls: { cert, key, ca: authority.own.certFile },
            links: [{ name: 'beijing.example', host: '127.0.0.1', port: way.port, rooms: ['#tea'] }],
          },
          ...QUICK,
        });
        return startServer(['--config', config, '--node', name, '--admin-port', '0', '--log-level', 'info']);
      };
      const one = await start('one');
      await until(() => one.process.stderr.includes('this node holds a link'), 'a link');
      const two = await start('two');
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
      const read = { bob: await talkOf(bob, ROUND), cid: await talkOf(cid, 1) };
      one.process.kill('SIGKILL');
      await Promise.all([bob.write(talk('#tea', 'bob', 1)), cid.write(talk(tea, 'cid', 1))]);
      await until(
        () => two.process.stderr.includes('this node holds a link'),
        'another node with the link',
        LOSS_MS + SLACK_MS,
      );
      await cid.write(`PRIVMSG ${tea} :the end\r\n`);
      for (const peer of ['bob', 'cid'] as const) {
        while (read[peer].at(-1) !== 'the end') read[peer].push(...(await talkOf({ bob, cid }[peer], 1)));
      }
      expect(read.cid).toEqual(read.bob);
      expect(new Set(read.bob).size).toBe(read.bob.length);
      expect(read.bob.filter((line) => line.startsWith('cid'))).toEqual(
        Array.from({ length: 2 * ROUND }, (_, index) => `cid ${index}`),
      );
      await ask(bob, 'NAMES #tea', / 366 /);
      await stop(two, 'SIGTERM');
    });
  });
});
