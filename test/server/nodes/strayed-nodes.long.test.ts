/** Nodes whose logs are not those of the others any more. */
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { present } from '../../../src/errors.js';
import { startChatServer } from '../../../src/server/start.js';
import { enter } from '../../cli/upgrades.js';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { ask, client, configuration, stop } from '../keeping.js';
import { startNode, TestNode } from './nodes.js';

describePostgres((database) => {
  beforeEach(() => database.clear());

  /** Another pack has the last number, as in a database that was restored from a backup and then went on. */
  const replaceLastPack = async (): Promise<void> => {
    await database.admin
      .query(`WITH tea AS (UPDATE fdmux.log SET mark = '\\x00' WHERE name = 'r:#tea' RETURNING id, top)
      UPDATE fdmux.pack SET mark = '\\x00' FROM tea WHERE log = tea.id AND seq = tea.top`);
  };

  test('a node whose logs are not those of the others begins anew, and keeps its clients', async () => {
    const node = await startNode(database.server.url, 'one');
    const ann = await client(node, 'ann');
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(ann, 'PRIVMSG #tea :before', /:before$/);
    const two = await TestNode.start(database.server.url, 'two');
    const bob = await two.irc('bob');
    await ask(bob, 'JOIN #tea', / 366 /);
    await ann.lineLike(/:bob!\S+ JOIN/);
    await replaceLastPack();
    await node.process.errorText(/this node begins anew clients=1/);
    // She has kept her connection, and is in the room as the others see it.
    await ask(ann, 'PRIVMSG #tea :and on', /:ann!\S+ PRIVMSG #tea :and on$/);
    expect(await ask(ann, 'NAMES #tea', / 353 /)).toMatch(/ann/);
    const late = await client(node, 'late');
    await ask(late, 'JOIN #tea', / 366 /);
    await ann.lineLike(/:late!\S+ JOIN/);
    await stop(node, 'SIGTERM');
  });

  test('a program whose node strays learns that another server can go on', async () => {
    const config = configuration({ store: { kind: 'postgres', url: database.server.url } });
    const options = { config, node: 'one', plainPort: 0, ircPort: 0 };
    const server = await startChatServer(options);
    onTestFinished(() => server.close());
    const { address } = present(
      server.listeners.find(({ protocol }) => protocol === 'irc'),
      'a listener',
    );
    const ann = await enter('port' in address ? address.port : 0, 'ann', 'CAP REQ echo-message', 'JOIN #tea');
    await ask(ann, 'PRIVMSG #tea :before', /:before$/);
    await replaceLastPack();
    expect(await server.ended).toEqual({ reason: 'this node has other logs than the rest', isFailure: true });
    await (await startChatServer(options)).close();
  });

  test('a node that strays again and again ends with a code of its own: its service manager starts it again', async () => {
    const node = await startNode(database.server.url, 'one');
    const ann = await client(node, 'ann');
    await ask(ann, 'JOIN #tea', / 366 /);
    for (let count = 1; count <= 3; count += 1) {
      await replaceLastPack();
      await node.process.errorText(new RegExp(`(?:this node begins anew[^]*){${count}}`));
      await ask(ann, `PRIVMSG #tea :${count}`, new RegExp(`:ann!\\S+ PRIVMSG #tea :${count}$`));
    }
    await replaceLastPack();
    await ann.lineLike(/^ERROR :.*this node has other logs than the rest/);
    expect(await node.process.ended()).toMatchObject({ code: 75 });
    await stop(await startNode(database.server.url, 'one'), 'SIGTERM');
  });

  test('a node that strays while it drains ends at once, as it was asked to', async () => {
    const node = await startNode(database.server.url, 'one', ['--drain-ms', '600000']);
    const ann = await client(node, 'ann');
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(ann, 'PRIVMSG #tea :before', /:before$/);
    node.process.kill('SIGTERM');
    await node.process.errorText(/ draining clients=1/);
    await replaceLastPack();
    await ann.lineLike(/^ERROR /);
    expect(await node.process.ended()).toMatchObject({ code: 0 });
  });
});
