import { beforeEach, expect, test } from 'vitest';
import type { RunningServer } from '../../cli/chat-server.js';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { ask, client, stop } from '../keeping.js';
import { LOSS_MS, msgidOf, SLACK_MS, startNode } from './nodes.js';

describePostgres((database) => {
  beforeEach(() => database.clear());

  const start = (name: string): Promise<RunningServer> => startNode(database.server.url, name);

  test('the members of a killed node leave, the others talk on, and the name is free again', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob, carol] = [await client(one, 'ann'), await client(two, 'bob'), await client(one, 'carol')];
    for (const peer of [ann, bob, carol]) await ask(peer, 'JOIN #tea', / 366 /);
    await ask(bob, 'PRIVMSG #tea :last words', /PRIVMSG #tea :last words/);
    await stop(two, 'SIGKILL');
    await ask(carol, 'PRIVMSG #tea :nobody waits', /PRIVMSG #tea :nobody waits/);
    expect(await ann.lineLike(/PRIVMSG #tea :nobody waits| QUIT /)).toContain('nobody waits');
    expect(await ann.lineLike(/:bob!.* QUIT /, LOSS_MS + SLACK_MS)).toMatch(/QUIT :node lost$/);
    const again = await start('two');
    const other = await client(again, 'bob');
    await ask(other, 'JOIN #tea', / 353 .*ann/);
    await ann.lineLike(/:bob!.* JOIN #tea/);
    await stop(again, 'SIGTERM');
    expect(await ann.lineLike(/:bob!.* QUIT /)).toMatch(/QUIT :/);
    await stop(one, 'SIGTERM');
    expect(one.process.stderr).toContain('a node is given up');
  });

  test('a crash of the database ends no connection, and all goes on by itself', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await client(one, 'ann'), await client(two, 'bob')];
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    const before = msgidOf(await ask(ann, 'PRIVMSG #tea :before', /PRIVMSG #tea :before/));
    expect(msgidOf(await bob.lineLike(/PRIVMSG #tea :before/))).toBe(before);
    await database.admin.end();
    await database.server.crash();
    await ann.write('PRIVMSG #tea :into the dark\r\n');
    await ask(bob, 'PING x', / PONG /);
    await database.server.start();
    await database.connect();
    expect(await bob.lineLike(/PRIVMSG #tea|QUIT/, SLACK_MS)).toContain('PRIVMSG #tea :into the dark');
    expect(await ann.lineLike(/PRIVMSG #tea :into|FAIL|QUIT/)).toContain('PRIVMSG #tea :into the dark');
    await ask(bob, 'PRIVMSG #tea :light again', /PRIVMSG #tea :light again/);
    expect(await ann.lineLike(/PRIVMSG #tea|QUIT/)).toContain('light again');
    for (const server of [one, two]) {
      await stop(server, 'SIGTERM');
      expect(server.process.stderr).not.toContain('given up');
    }
  });

  test('rooms, topics and history are back when all nodes were killed', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const [ann, bob] = [await client(one, 'ann'), await client(two, 'bob')];
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'TOPIC #tea :for ever', /TOPIC #tea :for ever/);
    const id = msgidOf(await ask(bob, 'PRIVMSG #tea :kept', /PRIVMSG #tea :kept/));
    await Promise.all([stop(one, 'SIGKILL'), stop(two, 'SIGKILL')]);
    const again = await start('three');
    const carol = await client(again, 'carol');
    await carol.write('CAP REQ :draft/chathistory batch server-time\r\n');
    await ask(carol, 'JOIN #tea', / 332 carol #tea :for ever/);
    expect(msgidOf(await ask(carol, 'CHATHISTORY LATEST #tea * 10', /PRIVMSG #tea :kept/))).toBe(id);
    await stop(again, 'SIGTERM');
  });
});
