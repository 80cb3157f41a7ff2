import { beforeEach, expect, test } from 'vitest';
import type { RunningServer } from '../../cli/chat-server.js';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { until } from '../../support/deadline.js';
import { connectPeer } from '../../support/peers.js';
import { ask, client, stop } from '../keeping.js';
import { LOSS_MS, SLACK_MS, startNode, TestNode } from './nodes.js';

describePostgres((database) => {
  beforeEach(() => database.clear());

  const start = (name: string): Promise<RunningServer> => startNode(database.server.url, name);

  test('a node that stood still for longer than its lease comes back, and its clients stay connected', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await client(one, 'ann'), await client(two, 'bob')];
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    two.process.kill('SIGSTOP');
    await ask(ann, 'PRIVMSG #tea :while you slept', /PRIVMSG #tea :while you slept/);
    await ann.lineLike(/:bob!.* QUIT :node lost/, LOSS_MS + SLACK_MS);
    two.process.kill('SIGCONT');
    await ann.lineLike(/:bob!.* JOIN #tea/, SLACK_MS);
    await bob.write('PRIVMSG #tea :awake again\r\n');
    const own: string[] = [];
    for (let line = ''; !line.includes('awake again');) {
      line = await bob.line();
      own.push(line.replace(/^@\S+ /, ''));
    }
    expect(own.filter((line) => line.includes('while you slept'))).toHaveLength(1);
    expect(own.filter((line) => / (?:QUIT|JOIN|PART|ERROR) /.test(line))).toEqual([]);
    expect(await ann.lineLike(/PRIVMSG #tea/)).toContain('awake again');
    await ask(bob, 'PING x', / PONG /);
    await ask(ann, 'PRIVMSG #tea :welcome', /PRIVMSG #tea :welcome/);
    await bob.lineLike(/:ann!.* PRIVMSG #tea :welcome/);
    expect(two.process.stderr).toContain('this node is back');
    for (const server of [one, two]) await stop(server, 'SIGTERM');
  });

  test('a node that is given up ends if another process has taken its name', async () => {
    const { url } = database.server;
    const [one, two] = [await TestNode.start(url, 'one'), await TestNode.start(url, 'two')];
    await database.admin.query("INSERT INTO fdmux.lease(node, until) VALUES('two.999', now() + interval '1 hour')");
    one.server.chat.giveUp(`two.${two.server.readings().node?.incarnation ?? 0}`);
    await until(() => two.records.includes('stop another process has the name of this node'), 'the end of a node');
    await two.server.close('it has ended');
  });

  test('a node in this process that is given up comes back, too', async () => {
    const { url } = database.server;
    const [one, two] = [await TestNode.start(url, 'one'), await TestNode.start(url, 'two')];
    const [ann, bob] = [await one.irc('ann'), await two.irc('bob')];
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    const before = two.server.readings().node;
    one.server.chat.giveUp(`two.${before?.incarnation ?? 0}`);
    await ann.lineLike(/:bob!.* QUIT :node lost/);
    await ann.lineLike(/:bob!.* JOIN #tea/);
    await ask(bob, 'PRIVMSG #tea :still here', /PRIVMSG #tea :still here/);
    await ann.lineLike(/:bob!.* PRIVMSG #tea :still here/);
    expect(two.server.readings().node?.incarnation).toBeGreaterThan(before?.incarnation ?? 0);
    const other = await connectPeer(one.port('irc'));
    await other.write('NICK bob\r\nUSER x 0 * :x\r\n');
    await other.lineLike(/ 433 \* bob /);
  });
});
