/** Two devices of one account on two nodes, over real connections and a real database. */
import { beforeEach, expect, test } from 'vitest';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { connectPeer, type Peer } from '../../support/peers.js';
import { logInByPlain } from '../../support/sasl.js';
import { ask, client, stop } from '../keeping.js';
import { register } from '../test-server.js';
import { LOSS_MS, msgidOf, SLACK_MS, startNode, TestNode } from './nodes.js';

/** Connects a device that logs in to the account of ann before it registers. */
async function logIn(ircPort: number): Promise<Peer> {
  const peer = await connectPeer(ircPort);
  await ask(peer, 'CAP REQ :echo-message message-tags draft/read-marker extended-join', / ACK /);
  await logInByPlain(peer, 'ann', 'sesame');
  await peer.write('NICK ann\r\nUSER ann 0 * :x\r\nCAP END\r\n');
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}

describePostgres((database) => {
  beforeEach(() => database.clear());

  const start = (name: string): Promise<TestNode> => TestNode.start(database.server.url, name);

  /** Registers the account of ann on a node, and logs a device in there. */
  async function firstDevice(ircPort: number): Promise<Peer> {
    const guest = await register(ircPort, 'ann');
    await ask(guest, 'NS REGISTER sesame', /logged in as ann$/);
    await guest.write('QUIT\r\n');
    await guest.ended();
    return logIn(ircPort);
  }

  test('are one member: they talk, read, go away, change their nick and leave as one', async () => {
    const [one, two, three] = [await start('one'), await start('two'), await start('three')];
    const first = await firstDevice(one.port('irc'));
    const bob = await three.irc('bob');
    await ask(first, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 366 /);
    await first.lineLike(/:bob!.* JOIN/);
    const second = await logIn(two.port('irc'));
    await second.lineLike(/:ann!.* JOIN #tea/);
    // Its node may hear of bob a moment later than that of bob.
    await second.lineLike(/ 353 ann . #tea :.*bob|:bob!.* JOIN #tea/);
    const own = await ask(second, 'PRIVMSG #tea :from two', /PRIVMSG #tea :from two/);
    for (const peer of [first, bob]) expect(msgidOf(await peer.lineLike(/PRIVMSG #tea :from two/))).toBe(msgidOf(own));
    await ask(first, 'PRIVMSG #tea :from one', /PRIVMSG #tea :from one/);
    for (const peer of [second, bob]) await peer.lineLike(/:ann!.* PRIVMSG #tea :from one/);
    await bob.write('PRIVMSG ann :psst\r\n');
    for (const peer of [first, second]) await peer.lineLike(/:bob!.* PRIVMSG ann :psst/);
    await ask(second, 'JOIN #milk', / 366 ann #milk/);
    await first.lineLike(/:ann!.* JOIN #milk/);
    await first.lineLike(/ 366 ann #milk/);
    const mark = 'timestamp=2026-01-01T00:00:00.000Z';
    await ask(second, `MARKREAD #tea ${mark}`, /MARKREAD #tea timestamp=2026-01-01/);
    await ask(first, 'MARKREAD #tea', /MARKREAD #tea timestamp=2026-01-01/);
    await ask(second, 'AWAY :bath', / 306 /);
    await ask(first, 'AWAY :lunch', / 306 /);
    await first.write('PRIVMSG #tea :at lunch\r\n');
    await bob.lineLike(/PRIVMSG #tea :at lunch/);
    await ask(bob, 'WHOIS ann', / 301 bob ann :lunch/);
    await ask(second, 'AWAY', / 305 /);
    await ask(first, 'NICK anna', /:ann!.* NICK :?anna/);
    for (const peer of [second, bob]) await peer.lineLike(/:ann!.* NICK :?anna/);
    await ask(first, 'PART #milk', / PART #milk/);
    await second.lineLike(/:anna!.* PART #milk/);
    await first.write('QUIT :first\r\n');
    await first.ended();
    await ask(second, 'PRIVMSG #tea :alone', /PRIVMSG #tea :alone/);
    expect(await bob.lineLike(/ QUIT |PRIVMSG #tea :alone/)).toContain('alone');
    await second.write('QUIT :last\r\n');
    expect(await bob.lineLike(/:anna!.* QUIT /)).toContain('last');
    await ask(bob, 'WHOIS anna', / 401 bob anna /);
  });

  test('stay one member when the node is killed that the member is of', async () => {
    const nodes = [];
    for (const name of ['one', 'two', 'three']) nodes.push(await startNode(database.server.url, name));
    const [one, two, three] = nodes;
    if (one === undefined || two === undefined || three === undefined) expect.fail();
    const first = await firstDevice(one.ircPort);
    const bob = await client(three, 'bob');
    await ask(first, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #tea', / 353 .*@ann/);
    const second = await logIn(two.ircPort);
    // Its node may hear of bob a moment later than that of bob.
    await second.lineLike(/ 353 ann . #tea :.*bob|:bob!.* JOIN #tea/);
    // Somebody of the lost node alone shows when it is given up.
    const carol = await client(one, 'carol');
    await ask(carol, 'JOIN #tea', / 366 /);
    await bob.lineLike(/:carol!.* JOIN/);
    await stop(one, 'SIGKILL');
    expect(await bob.lineLike(/:\w+!.* QUIT /, LOSS_MS + SLACK_MS)).toMatch(/^(?:@\S+ )?:carol!/);
    await ask(second, 'PRIVMSG #tea :still here', /PRIVMSG #tea :still here/);
    expect(await bob.lineLike(/PRIVMSG #tea|:ann!.* QUIT /)).toContain('still here');
    await ask(second, 'TOPIC #tea :mine', /TOPIC #tea :mine/);
    await ask(bob, 'NAMES #tea', / 353 .*@ann/);
    await bob.write('PRIVMSG ann :good\r\n');
    await second.lineLike(/:bob!.* PRIVMSG ann :good/);
    await second.write('QUIT :done\r\n');
    expect(await bob.lineLike(/:ann!.* QUIT /)).toContain('done');
    for (const server of [two, three]) await stop(server, 'SIGTERM');
  });
});
