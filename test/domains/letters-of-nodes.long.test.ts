/** Private messages between two domains of two nodes each, on real databases. */
import { describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../cli/chat-server.js';
import { ask, client, configuration, stop } from '../server/keeping.js';
import { LOSS_MS, SLACK_MS } from '../server/nodes/nodes.js';
import { describePostgres } from '../store/postgres/with-postgres.js';
import { hasOpenssl } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { Authority, QUICK, Way } from './domains.js';

const tea = '#tea:beijing.example';
const holds = ({ process: { stderr } }: RunningServer): boolean => stderr.includes('this node holds a link');

describePostgres((database) => {
  describe.skipIf(!hasOpenssl)(`letters of nodes${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
    const authority = new Authority();

    const start = (node: string, name: string, url: string, domain: object): Promise<RunningServer> => {
      const { certFile: cert, keyFile: key } = authority.identity(name);
      const tls = { cert, key, ca: authority.own.certFile };
      const config = configuration({ store: { kind: 'postgres', url }, domain: { name, tls, ...domain }, ...QUICK });
      return startServer(['--config', config, '--node', node, '--admin-port', '0', '--log-level', 'info']);
    };

    test('everybody reaches everybody, and a letter over a node that is killed arrives at most once', async () => {
      const { url } = database.server;
      await database.admin.query('CREATE DATABASE beijing');
      const own = url.replace(/\/postgres$/, '/beijing');
      const home = { listen: { port: 0 }, rooms: ['#tea'], links: [{ name: 'shanghai.example' }] };
      const first = await start('first', 'beijing.example', own, home);
      const second = await start('second', 'beijing.example', own, home);
      const way = await Way.open();
      way.leadTo(Number(/listening for domains .*at=127\.0\.0\.1:(\d+)/.exec(first.process.stderr)?.[1]));
      const links = [{ name: 'beijing.example', host: '127.0.0.1', port: way.port, rooms: ['#tea'] }];
      const one = await start('one', 'shanghai.example', url, { links });
      await until(() => holds(one), 'a link');
      const two = await start('two', 'shanghai.example', url, { links });
      const [bob, dan] = [await client(first, 'bob'), await client(second, 'dan')];
      const [ann, cid] = [await client(one, 'ann'), await client(two, 'cid')];
      await ask(bob, 'JOIN #tea', / 366 /);
      await ask(dan, 'JOIN #tea', / 366 /);
      for (const peer of [ann, cid]) await ask(peer, `JOIN ${tea}`, / 366 /);
      for (const peer of [bob, dan]) await peer.lineLike(/:cid\/shanghai!\S+ JOIN #tea/);
      for (const [from, peer] of [
        ['ann', ann],
        ['cid', cid],
      ] as const) {
        for (const [to, other] of [
          ['bob', bob],
          ['dan', dan],
        ] as const) {
          await ask(peer, `PRIVMSG ${to}/beijing :hello ${to}`, new RegExp(` PRIVMSG ${to}/beijing :hello ${to}`));
          await other.lineLike(new RegExp(`:${from}/shanghai!\\S+ PRIVMSG ${to} :hello ${to}`));
          await ask(other, `PRIVMSG ${from}/shanghai :hi ${from}`, new RegExp(` PRIVMSG ${from}/shanghai :hi ${from}`));
          await peer.lineLike(new RegExp(`:${to}/beijing!\\S+ PRIVMSG ${from} :hi ${from}`));
        }
      }
      await ask(cid, 'PRIVMSG joe/beijing :?', / 401 cid joe\/beijing /);
      await cid.write(Array.from({ length: 5 }, (_, index) => `PRIVMSG dan/beijing :late ${index}\r\n`).join(''));
      one.process.kill('SIGKILL');
      // Each of them is answered: by its echo, or by an error.
      const answers: string[] = [];
      while (answers.length < 5) answers.push(await cid.lineLike(/ PRIVMSG dan\/beijing :| 401 cid dan\/beijing /));
      await until(() => holds(two), 'another node with the link', LOSS_MS + SLACK_MS);
      await ask(cid, `PRIVMSG ${tea} :the end`, / PRIVMSG \S+ :the end/);
      const heard: string[] = [];
      for (;;) {
        const line = await dan.lineLike(/ PRIVMSG /);
        if (line.includes(':the end')) break;
        heard.push(/ :(late \d)/.exec(line)?.[1] ?? line);
      }
      expect(new Set(heard).size).toBe(heard.length);
      const delivered = answers.map((line) => / PRIVMSG dan\/beijing :(late \d)/.exec(line)?.[1]);
      for (const text of delivered) if (text !== undefined) expect(heard).toContain(text);
      await ask(cid, 'PRIVMSG dan/beijing :again', / PRIVMSG dan\/beijing :again/);
      await dan.lineLike(/:cid\/shanghai!\S+ PRIVMSG dan :again/);
      for (const server of [two, first, second]) await stop(server, 'SIGTERM');
    });
  });
});
