/**
 * `node scripts/screenshots.mjs`: the pictures of the chat server's page in docs/images/, taken in Debian's Chromium
 * from a server of its own, where a few people talk.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { ensure } from './lib/ensure.mjs';
import { at } from './lib/paths.mjs';
import { Problem, runMain, say } from './lib/progress.mjs';

const MAX_BYTES = 150_000;
/** The messages, in order: nick, then IRC. */
const TALK = [
  ['maren', 'TOPIC #lobby :Release 0.2 on Friday, notes at https://example.org/notes'],
  ['maren', 'PRIVMSG #lobby :Morning all. The build is green again, so we can freeze today.'],
  ['maren', 'PRIVMSG #lobby :I moved the last two fixes to the next milestone.'],
  ['jonas', 'PRIVMSG #lobby :\x01ACTION brings coffee\x01'],
  ['amira', 'PRIVMSG #lobby :All tests pass on arm64 as well: https://example.org/ci/4711'],
  ['jonas', 'PRIVMSG #lobby :nora: could you look at the \x02layout\x02 on small screens?'],
  ['nora', 'PRIVMSG #lobby :Sure, I have it open right now.'],
  ['amira', 'PART #lobby :lunch'],
  ['maren', 'PRIVMSG #design :The new icons are in.'],
  ['jonas', 'PRIVMSG nora :psst'],
  ['maren', 'PRIVMSG #lobby :Thanks! Then I tag it at four.'],
];

async function startServer() {
  const ports = ['--plain-port', '0', '--irc-port', '0', '--web-port', '0'];
  const server = spawn(process.execPath, [at('dist/cli.js'), 'serve', ...ports], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const found = {};
  for await (const line of createInterface({ input: server.stdout })) {
    found.irc ??= /^ *IRC +.*:(\d+)$/.exec(line)?.[1];
    found.url ??= /(http:\/\/\S+)$/.exec(line)?.[1];
    if (line.includes('Ctrl-C')) return { server, ircPort: Number(found.irc), url: found.url };
  }
  throw new Problem('the server did not start');
}

/** An IRC client that resolves once the server has carried out its lines. */
function startPerson(port, nick) {
  const socket = connect(port, '127.0.0.1');
  const waiting = new Map();
  createInterface({ input: socket }).on('line', (line) => waiting.get(/ PONG \S+ :(\S+)$/.exec(line)?.[1])?.());
  const send = (...lines) =>
    new Promise((resolve) => {
      const token = String(waiting.size);
      waiting.set(token, resolve);
      socket.write([...lines, `PING ${token}`, ''].join('\r\n'));
    });
  return { send, ready: send(`NICK ${nick}`, `USER ${nick} 0 * :${nick}`, 'JOIN #lobby,#design'), socket };
}

/** Takes one picture, of a server of its own: another one would show the messages of the picture before. */
async function take(browser, picture) {
  const { server, ircPort, url } = await startServer();
  const people = Object.fromEntries(['maren', 'jonas', 'amira'].map((nick) => [nick, startPerson(ircPort, nick)]));
  try {
    for (const { ready } of Object.values(people)) await ready;
    await talk(browser, url, people, picture);
  } finally {
    for (const { socket } of Object.values(people)) socket.destroy();
    server.kill();
  }
}

async function talk(browser, url, people, { name, width, height, colorScheme }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByLabel('Your nick').fill('nora');
  await page.getByLabel('Rooms').fill('#lobby #design');
  await page.getByRole('button', { name: 'Join' }).click();
  // On a narrow screen the members are there, but out of sight.
  await page.locator('.members-side').waitFor({ state: 'attached' });
  for (const [nick, line] of TALK) {
    if (nick === 'nora') {
      await page.getByRole('textbox').fill(line.split(' :')[1]);
      await page.keyboard.press('Enter');
      await page.locator('.message.own.sent').last().waitFor();
    } else await people[nick].send(line);
  }
  await page.getByText('tag it at four').waitFor();
  const path = at('docs/images', `${name}.png`);
  await page.screenshot({ path });
  await context.close();
  const { size } = statSync(path);
  say(`${name}.png: ${(size / 1000).toFixed(0)} kB`);
  if (size > MAX_BYTES) throw new Problem(`${name}.png is larger than ${MAX_BYTES} bytes`);
}

await runMain(async () => {
  await ensure();
  mkdirSync(at('docs/images'), { recursive: true });
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    for (const picture of [
      { name: 'page', width: 1120, height: 640, colorScheme: 'light' },
      { name: 'page-dark', width: 1120, height: 640, colorScheme: 'dark' },
      { name: 'page-phone', width: 390, height: 700, colorScheme: 'light' },
    ]) {
      await take(browser, picture);
    }
  } finally {
    await browser.close();
  }
});
