/** SEARCH in a server that keeps data. */
import { expect, test } from 'vitest';
import { type RunningServer, startServer } from '../cli/chat-server.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';

const CAPS = 'batch server-time message-tags echo-message soju.im/search draft/message-redaction';

async function client(server: RunningServer, nick: string, room: string): Promise<Peer> {
  const peer = await connectPeer(server.ircPort);
  await peer.write(`CAP REQ :${CAPS}\r\nNICK ${nick}\r\nUSER ${nick} 0 * :x\r\nCAP END\r\nJOIN ${room}\r\n`);
  await peer.lineLike(/ 366 /);
  return peer;
}

async function say(peer: Peer, text: string): Promise<string> {
  await peer.write(`PRIVMSG #tea :${text}\r\n`);
  const echo = await peer.lineLike(/PRIVMSG #tea :/);
  return /msgid=([^; ]+)/.exec(echo)?.[1] ?? '';
}

/** Returns the texts that a search finds. */
async function search(peer: Peer, selectors: string): Promise<string[]> {
  await peer.write(`SEARCH ${selectors}\r\n`);
  await peer.lineLike(/BATCH \+\S+ soju\.im\/search$/);
  const texts: string[] = [];
  for (;;) {
    const line = await peer.line();
    if (line.includes(' BATCH -')) return texts;
    texts.push(line.slice(line.lastIndexOf(' :') + 2));
  }
}

test('what was said is found at once, and after another start; what was taken back is not', async () => {
  const data = temporaryFolder();
  const first = await startServer(['--data', data]);
  const ann = await client(first, 'ann', '#tea');
  await say(ann, '用epoll的服务器');
  const mistake = await say(ann, 'a mistake of mine');
  await say(ann, 'C++ is not C');
  expect(await search(ann, 'text=务')).toEqual(['用epoll的服务器']);
  expect(await search(ann, 'text=c++')).toEqual(['C++ is not C']);
  await ann.write(`REDACT #tea ${mistake}\r\n`);
  await ann.lineLike(/ REDACT /);
  expect(await search(ann, 'text=mistake')).toEqual([]);
  first.process.kill('SIGKILL');
  await first.process.ended();

  const second = await startServer(['--data', data]);
  const again = await client(second, 'ann', '#tea');
  expect(await search(again, 'in=#tea;text=e')).toEqual(['用epoll的服务器']);
  expect(await search(again, 'in=#tea;text=mistake')).toEqual([]);
  expect(await search(again, 'in=#tea')).toEqual(['用epoll的服务器', 'C++ is not C']);
  const eve = await client(second, 'eve', '#coffee');
  expect(await search(eve, 'text=c++')).toEqual([]);
});
