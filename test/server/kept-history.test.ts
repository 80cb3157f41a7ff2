/** What was said, after a server that keeps data has stopped, however that was. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RunningServer, startServer } from '../cli/chat-server.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { logInByPlain } from '../support/sasl.js';
import { temporaryFolder } from '../support/temporary.js';

const caps =
  'batch server-time message-tags echo-message draft/chathistory draft/event-playback draft/message-redaction';

async function client(server: RunningServer, nick: string): Promise<Peer> {
  const peer = await connectPeer(server.ircPort);
  await peer.write(`CAP REQ :${caps}\r\nNICK ${nick}\r\nUSER ${nick} 0 * :x\r\nCAP END\r\n`);
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}

async function ask(peer: Peer, line: string, answer: RegExp): Promise<string> {
  await peer.write(`${line}\r\n`);
  return peer.lineLike(answer);
}

/** Returns the lines of a page without their tags. */
async function page(peer: Peer, query: string): Promise<string[]> {
  await ask(peer, `CHATHISTORY ${query}`, /BATCH \+\S+ chathistory/);
  const lines: string[] = [];
  for (;;) {
    const line = await peer.line();
    if (line.includes(' BATCH -')) return lines;
    lines.push(line.replace(/^@\S+ /, ''));
  }
}

describe('after another start', () => {
  test('what was said in a room is there, once, and what was taken back is not, even after SIGKILL', async () => {
    const data = temporaryFolder();
    const config = join(data, 'fdmux.json');
    writeFileSync(config, JSON.stringify({ store: { path: '.' }, history: { rooms: { '#secret': 0 } } }));
    const first = await startServer(['--config', config]);
    const ann = await client(first, 'ann');
    for (const room of ['#tea', '#secret']) {
      await ask(ann, `JOIN ${room}`, / 366 /);
      await ask(ann, `PRIVMSG ${room} :one`, /:one$/);
    }
    const id = /msgid=([^; ]+)/.exec(await ask(ann, 'PRIVMSG #tea :two', /:two$/))?.[1] ?? '';
    await ask(ann, 'PRIVMSG #tea :three', /:three$/);
    await ask(ann, `REDACT #tea ${id}`, / REDACT /);
    const expected = [
      ':ann!ann@127.0.0.1 JOIN #tea',
      ':ann!ann@127.0.0.1 PRIVMSG #tea :one',
      ':ann!ann@127.0.0.1 PRIVMSG #tea :three',
    ];
    expect(await page(ann, 'LATEST #tea * 10')).toEqual(expected);
    expect(await page(ann, 'LATEST #secret * 10')).toHaveLength(2);
    first.process.kill('SIGKILL');
    await first.process.ended();

    const second = await startServer(['--config', config]);
    const again = await client(second, 'ann');
    await ask(again, 'JOIN #tea', / 366 /);
    await ask(again, 'JOIN #secret', / 366 /);
    expect(await page(again, 'LATEST #tea * 10')).toEqual([...expected, ':ann!ann@127.0.0.1 JOIN #tea']);
    expect(await page(again, `AFTER #tea msgid=${id} 1`)).toEqual([expected[2]]);
    expect(await page(again, 'LATEST #secret * 10')).toEqual([':ann!ann@127.0.0.1 JOIN #secret']);
    second.process.kill('SIGTERM');
    await second.process.ended();
  });

  test('an account has its conversations again, and up to when it has read them', async () => {
    const data = temporaryFolder();
    const first = await startServer(['--data', data]);
    const ann = await client(first, 'ann');
    await ask(ann, 'CAP REQ :draft/account-registration draft/read-marker standard-replies', / ACK /);
    await ask(ann, 'REGISTER * * :correct horse battery', / REGISTER SUCCESS ann /);
    const bob = await client(first, 'bob');
    await ask(bob, 'PRIVMSG ann :to an account', /:to an account$/);
    await ask(ann, 'PRIVMSG bob :to somebody without one', /:to somebody without one$/);
    await ask(ann, 'MARKREAD bob timestamp=2020-01-01T00:00:00.000Z', / MARKREAD bob /);
    const expected = [
      ':bob!bob@127.0.0.1 PRIVMSG ann :to an account',
      ':ann!ann@127.0.0.1 PRIVMSG bob :to somebody without one',
    ];
    expect(await page(ann, 'LATEST bob * 10')).toEqual(expected);
    expect(await page(bob, 'LATEST ann * 10')).toEqual(expected);
    first.process.kill('SIGTERM');
    await first.process.ended();

    const second = await startServer(['--data', data]);
    const again = await connectPeer(second.ircPort);
    await logInByPlain(again, 'ann', 'correct horse battery');
    await again.write(`CAP REQ :${caps} draft/read-marker\r\nCAP END\r\nNICK ann\r\nUSER ann 0 * :x\r\n`);
    await again.lineLike(/ (?:376|422) /);
    expect(await page(again, 'LATEST bob * 10')).toEqual(expected);
    expect(await ask(again, 'MARKREAD bob', / MARKREAD bob /)).toMatch(/ timestamp=2020-01-01T00:00:00\.000Z$/);
    const stranger = await client(second, 'bob');
    expect(await page(stranger, 'LATEST ann * 10')).toEqual([]);
    second.process.kill('SIGTERM');
    await second.process.ended();
  });
});
