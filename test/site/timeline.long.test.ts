/** The timeline in a real browser, alone on a page: by keyboard, by touch, and by hand. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished } from 'vitest';
import { nextEvent } from '../support/deadline.js';
import { projectPath } from '../support/processes.js';
import { eventually, inBrowser, openPage, PHONE, useBrowser } from '../web/browser.js';
import { findings } from '../web/screens.js';

useBrowser();

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Timeline</title><link rel="icon" href="data:,"><link rel="stylesheet" href="colours.css"><link rel="stylesheet" href="timeline.css">
<body style="background:var(--ground);color:var(--text)"><main><h1>Timeline</h1>
<fdmux-timeline src="timeline.json"><p>the table of the page</p></fdmux-timeline></main>
<script type="module" src="timeline.js"></script></body></html>`;

let script = '';
beforeAll(() => {
  // Not esbuild's own functions: their helper process would outlive this file.
  const esbuild = projectPath('node_modules/.bin/esbuild');
  const tsconfig = projectPath('site/page/tsconfig.json');
  script = execFileSync(
    esbuild,
    [projectPath('site/page/timeline.ts'), '--bundle', '--format=esm', `--tsconfig=${tsconfig}`],
    { encoding: 'utf8' },
  );
});

/** Opens a page that has the timeline alone. */
async function openTimeline(options: BrowserContextOptions = {}) {
  const files: Readonly<Record<string, () => readonly [type: string, text: string | Buffer]>> = {
    '/': () => ['text/html', PAGE],
    '/timeline.js': () => ['text/javascript', script],
    '/timeline.css': () => ['text/css', readFileSync(projectPath('site/page/timeline.css'))],
    '/colours.css': () => ['text/css', readFileSync(projectPath('site/page/colours.css'))],
    '/timeline.json': () => ['application/json', readFileSync(projectPath('docs/learn/timeline.json'))],
  };
  const server = createServer((request, response) => {
    const [type, text] = files[request.url ?? '']?.() ?? ['text/plain', ''];
    response.writeHead(200, { 'content-type': type }).end(text);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await nextEvent(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return openPage(`http://127.0.0.1:${address.port}/`, options);
}

const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
const status = (page: Page) => page.getByRole('status').textContent();

/** The row of a trigger, as a screen reader reads it. */
const reports = (page: Page, trigger: string) =>
  page
    .getByRole('row', { name: new RegExp(`^${trigger} `) })
    .locator('.timeline-spoken')
    .allTextContents();

describe('the timeline', () => {
  inBrowser('shows the recorded steps, one after the other', async () => {
    const page = await openTimeline();
    await button(page, 'Next').click();
    expect(await status(page)).toBe(
      'Step 2: 4 bytes arrive. 4 bytes are unread. Reported by: level, edge, oneshot, edge-oneshot.',
    );
    expect((await reports(page, 'edge')).slice(0, 3)).toEqual(['is silent', 'reports', 'is silent']);
    await button(page, 'Back').click();
    expect(await status(page)).toBe('Step 1: nothing happens. 0 bytes are unread. No trigger reports it.');
    await eventually(() => button(page, 'Back').isDisabled()).toBe(true);
  });

  inBrowser('is worked by the keyboard alone', async () => {
    const page = await openTimeline();
    await page.getByLabel('Step', { exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await status(page)).toMatch(/^Step 3: /);
    await page.keyboard.press('End');
    expect(await status(page)).toMatch(/^Step 9: /);
    await page.getByLabel('Story').focus();
    await page.keyboard.press('ArrowDown');
    expect(await status(page)).toMatch(/^Step 1: 4 bytes arrive/);
    await button(page, 'Next').focus();
    await page.keyboard.press('Enter');
    expect(await status(page)).toMatch(/^Step 2: read until it would block/);
  });

  inBrowser('is worked by touch on a phone, and scrolls within its own box', async () => {
    const page = await openTimeline({ ...PHONE, hasTouch: true });
    await button(page, 'Step 9: nothing happens').tap();
    expect(await status(page)).toMatch(/^Step 9: /);
    await button(page, 'Step 6: 4 bytes arrive').tap();
    expect(await status(page)).toMatch(/^Step 6: .*Reported by: level, edge\.$/);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  inBrowser('answers every order of steps that can be done by hand', async () => {
    const page = await openTimeline();
    await page.getByLabel('Story').selectOption('Your own order');
    expect(await status(page)).toBe('Choose what happens first.');
    for (const choice of ['4 bytes arrive', '2 bytes are read', 'the writer closes']) {
      await button(page, choice).click();
    }
    expect(await status(page)).toBe('Step 3: the writer closes. 2 bytes are unread. Reported by: level, edge.');
    expect(await button(page, '4 bytes arrive').isDisabled()).toBe(true);
    await button(page, 'rearm()').click();
    expect(await status(page)).toMatch(/Reported by: level, edge, oneshot, edge-oneshot\.$/);
    await button(page, 'Undo').click();
    await button(page, 'Undo').click();
    expect(await status(page)).toMatch(/^Step 2: 2 bytes are read\./);
    for (let step = 3; step <= 5; step++) await button(page, '4 bytes arrive').click();
    expect(await status(page)).toMatch(/^Step 5: 4 bytes arrive\. 14 bytes are unread/);
    expect(await button(page, 'rearm()').isDisabled()).toBe(true);
  });

  inBrowser('plays to its end by itself, and can be paused', async () => {
    const page = await openTimeline();
    await page.clock.install();
    await button(page, 'Play').click();
    await page.clock.runFor(1500);
    expect(await status(page)).toMatch(/^Step 2: /);
    await button(page, 'Pause').click();
    await page.clock.runFor(5000);
    expect(await status(page)).toMatch(/^Step 2: /);
    await button(page, 'Play').click();
    await page.clock.runFor(20_000);
    expect(await status(page)).toMatch(/^Step 9: /);
    expect(await button(page, 'Play').isVisible()).toBe(true);
  });

  for (const [name, options] of [
    ['light', { colorScheme: 'light' }],
    ['dark, on a phone', { ...PHONE, colorScheme: 'dark' }],
  ] as const) {
    inBrowser(`has no barrier that axe-core finds: ${name}`, async () => {
      const page = await openTimeline(options);
      await button(page, 'Next').click();
      expect(await findings(page)).toEqual([]);
      await page.getByLabel('Story').selectOption('Your own order');
      await button(page, 'the writer closes').click();
      expect(await findings(page)).toEqual([]);
    });
  }
});
