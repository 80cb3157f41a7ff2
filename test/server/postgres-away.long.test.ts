/** A server whose database goes away and comes back. */
import { expect, onTestFinished, test } from 'vitest';
import { startServer } from '../cli/chat-server.js';
import { until } from '../support/deadline.js';
import { postgresProblem, startPostgres } from '../support/postgres.js';
import { ask, client, configuration, stop } from './keeping.js';

test.skipIf(postgresProblem !== null)(
  'while the database is away nobody is disconnected, messages fail in time, and then all goes on by itself',
  { timeout: 60_000, tags: ['needs-postgres'] },
  async () => {
    const database = await startPostgres();
    onTestFinished(() => database.close());
    const server = await startServer(['--config', configuration({ store: { kind: 'postgres', url: database.url } })]);
    const [ann, bob] = [await client(server, 'ann'), await client(server, 'bob')];
    await ask(ann, 'CAP REQ :standard-replies', / ACK /);
    for (const peer of [ann, bob]) await ask(peer, 'JOIN #tea', / 366 /);
    await ask(ann, 'PRIVMSG #tea :before', /PRIVMSG #tea :before/);
    await bob.lineLike(/PRIVMSG #tea :before/);

    await database.crash();
    await ask(ann, 'PRIVMSG #tea :meanwhile', /^:\S+ FAIL PRIVMSG STORE_UNAVAILABLE /);
    await ask(bob, 'PING :still', /PONG \S+ :?still/);
    await ask(bob, 'PRIVMSG ann :in private', /PRIVMSG ann :in private/);

    await database.start();
    await until(() => server.process.stderr.includes('the store takes writes again'), 'the store to be back', 30_000);
    await ask(ann, 'PRIVMSG #tea :after', /PRIVMSG #tea :after/);
    expect(await bob.lineLike(/PRIVMSG #tea :(?:meanwhile|after)/)).toContain(':after');
    await stop(server, 'SIGTERM');
  },
);
