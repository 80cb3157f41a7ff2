/** What was said before, and what is found of it, in a real browser. */
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import type { Peer } from '../support/peers.js';
import { eventually, inBrowser, messages, PHONE, reconnect, say, shows, signIn, useBrowser } from './browser.js';
import { findings } from './screens.js';
import { joined, startSite } from './site.js';

useBrowser();

/** Says lines in #lobby, and waits until the server has them. */
async function sayLines(peer: Peer, lines: readonly string[]): Promise<void> {
  for (const line of lines) await peer.write(`PRIVMSG #lobby :${line}\r\n`);
  await peer.write(`PING ${lines.length}-${lines[0]?.length}\r\n`);
  await peer.lineLike(new RegExp(` PONG \\S+ :?${lines.length}-${lines[0]?.length}$`));
}

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}.`);

interface Visible {
  readonly text: string;
  readonly top: number;
}

const FIRST_VISIBLE = `(() => {
  const { top } = document.querySelector('.log').getBoundingClientRect();
  const line = [...document.querySelectorAll('.message')].find((each) => each.getBoundingClientRect().bottom > top);
  return { text: line.querySelector('.text').textContent, top: line.getBoundingClientRect().top };
})()`;

/** The first message that can be seen, and where it stands. */
const firstVisible = (page: Page): Promise<Visible> => page.evaluate(FIRST_VISIBLE);

/** Scrolls the log, and returns what can be seen then, before anything else arrives. */
const readNear = (page: Page, top: number): Promise<Visible> =>
  page.evaluate(`(document.querySelector('.log').scrollTop = ${top}, ${FIRST_VISIBLE})`);

const scrollTo = (page: Page, top: number) => page.evaluate(`document.querySelector('.log').scrollTop = ${top}`);
const countOf = (page: Page) => page.locator('.message').count();

describe('what was said before', () => {
  inBrowser('is there when a room is opened, and goes back to its beginning without moving what is read', async () => {
    const site = await startSite();
    const bob = await joined(site.server.ircPort, 'bob');
    await sayLines(bob, numbered(1, 230));
    const ann = await signIn(site.url, 'ann');
    await shows(ann, 'line 230.');
    // Who came is among the hundred lines of an answer.
    await eventually(() => countOf(ann)).toBeGreaterThan(90);
    for (;;) {
      const count = await countOf(ann);
      const before = await readNear(ann, 150);
      if (count === 230) break;
      // The lines arrive while the user reads the first ones.
      await eventually(() => countOf(ann)).toBeGreaterThan(count);
      const after = await firstVisible(ann);
      expect(after.text).toBe(before.text);
      // Browsers scroll by whole pixels, and lines are not as high as that.
      expect(Math.abs(after.top - before.top)).toBeLessThan(2);
    }
    await scrollTo(ann, 0);
    await ann.getByText('This is the beginning of the conversation.').waitFor();
    expect(await ann.locator('.message .text').first().textContent()).toBe('line 1.');
    expect(new Set(await messages(ann)).size).toBe(230);
  });

  inBrowser('while the connection was lost is there after it, and nothing twice', async () => {
    const site = await startSite();
    const bob = await joined(site.server.ircPort, 'bob');
    const ann = await signIn(site.url, 'ann');
    await sayLines(bob, numbered(1, 3));
    await shows(ann, 'line 3.');
    site.network.cut();
    await ann.getByText('The connection is lost.').waitFor();
    await bob.lineLike(/ann!.* QUIT/);
    await sayLines(bob, numbered(4, 150));
    site.network.restore();
    await reconnect(ann);
    await shows(ann, 'line 150.');
    const shown = await messages(ann);
    // Who left and came back is among the hundred lines of an answer.
    expect(shown.length).toBeLessThan(103);
    expect(shown).toEqual([...numbered(1, 3), ...numbered(150 - shown.length + 4, 150)]);
    await ann.getByRole('button', { name: 'Load them' }).click();
    await eventually(() => messages(ann)).toEqual(numbered(1, 150));
    expect(await ann.locator('.hole, .gap').count()).toBe(0);
  });
});

describe('a search', () => {
  inBrowser('marks what it finds, and leads to the place, by the keyboard alone', async () => {
    const site = await startSite();
    const bob = await joined(site.server.ircPort, 'bob');
    await sayLines(bob, [...numbered(1, 60), '我们断开了连接', ...numbered(61, 260)]);
    const ann = await signIn(site.url, 'ann', PHONE);
    await shows(ann, 'line 260.');
    await say(ann, '/search');
    await ann.getByRole('dialog').waitFor();
    await ann.keyboard.type('断开');
    await ann.keyboard.press('Enter');
    await ann.getByText('1 message', { exact: true }).waitFor();
    expect(await ann.locator('mark').allTextContents()).toEqual(['断开']);
    expect(await findings(ann)).toEqual([]);
    await ann.getByRole('button', { name: '断开' }).focus();
    await ann.keyboard.press('Enter');
    await ann.locator('.message.found').filter({ hasText: '我们断开了连接' }).waitFor();
    await eventually(() => ann.evaluate('document.activeElement.textContent')).toContain('我们断开了连接');
    expect(await ann.getByRole('button', { name: 'Load them' }).count()).toBe(1);
    await ann.getByRole('button', { name: 'To the newest' }).click();
    await ann.getByText('line 260.').waitFor();
  });
});
