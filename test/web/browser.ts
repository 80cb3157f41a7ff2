/** People in front of a real browser: Debian's Chromium, driven by playwright-core. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, type TestContext } from 'vitest';
import { DEADLINE_MS } from '../support/deadline.js';
import { runtime } from '../support/runtime.js';

const CHROMIUM = '/usr/bin/chromium';
// playwright-core speaks to it through pipes that other runtimes do not have.
const hasBrowser = runtime === 'node' && existsSync(CHROMIUM);
const browserNote = hasBrowser ? '' : ` (it needs ${CHROMIUM} and Node.js)`;

/** Errors in the pages of the current test: exceptions, the console's, and what the content security policy forbids. */
const problems: string[] = [];
let browser: Browser | null = null;

/** A test of a page; it is skipped if there is no browser, or if something else is missing, which its name says. */
export const inBrowser = (name: string, body: (context: TestContext) => Promise<void>, missing = ''): void => {
  const note = missing === '' ? browserNote : ` (it needs ${missing})`;
  test.skipIf(!hasBrowser || missing !== '')(
    `${name}${note}`,
    { timeout: 6 * DEADLINE_MS, tags: ['needs-browser'] },
    body,
  );
};

export const PHONE = { viewport: { width: 390, height: 844 } };

/** Starts one browser for the tests of a file, and fails each test whose pages have had errors. */
export function useBrowser(): void {
  beforeAll(async () => {
    if (!hasBrowser) return;
    // As root there is no sandbox; the only pages are ours.
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(problems.splice(0)).toEqual([]));
}

/** Opens a page in a browser profile of its own, which ends with the test. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  if (browser === null) throw new Error('no browser');
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options });
  onTestFinished(() => context.close());
  context.setDefaultTimeout(DEADLINE_MS);
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // Chromium itself reports each WebSocket that fails; tests that cut the network expect it.
    const isNetwork = /WebSocket connection to|ERR_CONNECTION/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !isNetwork) problems.push(message.text());
  });
  page.on('dialog', (dialog) => {
    problems.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return page;
}

/** Opens a page and signs in. */
export async function signIn(
  url: string,
  nick: string,
  options: BrowserContextOptions & { rooms?: string } = {},
): Promise<Page> {
  const { rooms = '#lobby', ...rest } = options;
  const page = await openPage(url, rest);
  await page.getByLabel('Your nick').fill(nick);
  await page.getByLabel('Rooms').fill(rooms);
  await page.getByRole('button', { name: 'Join' }).click();
  const [first = ''] = rooms.split(' ');
  await page.getByRole('heading', { name: first }).waitFor();
  await page.getByRole('textbox').waitFor();
  // What arrives before the history has answered may be unread: the page goes to its beginning.
  await page.locator('.log[aria-busy="false"]').waitFor();
  return page;
}

/** Waits for something that a page shows only after a while. */
export const eventually = (find: () => unknown) => expect.poll(find, { timeout: DEADLINE_MS });

/**
 * Connects again at once, if the page waits to do so. The page does it by itself when its time has come, so a test that
 * presses the button for it may find no button.
 */
export async function reconnect(page: Page): Promise<void> {
  await page.evaluate("window.dispatchEvent(new Event('online'))");
}

/** Types a line and sends it. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox').fill(text);
  await page.keyboard.press('Enter');
}

/** The messages that the log shows, without their authors; an own one counts once its echo is there. */
export const messages = (page: Page): Promise<string[]> => page.locator('.message.sent .text').allTextContents();

/** Resolves when the log shows a message. */
export const shows = (page: Page, text: string): Promise<void> =>
  page.locator('.message.sent .text').filter({ hasText: text }).first().waitFor();
