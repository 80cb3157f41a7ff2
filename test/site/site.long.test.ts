/** The built site: every link of every page, and what it does in a real browser. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { eventually, inBrowser, openPage, PHONE, useBrowser } from '../web/browser.js';
import { findings } from '../web/screens.js';
import { builtSite, serveSite } from './served-site.js';

useBrowser();

let folder = '';
beforeAll(async () => {
  folder = await builtSite();
}, 240_000);

/** One page of each kind, of those that are not long: axe-core takes seconds for a long one. */
const KINDS = [
  'index.html',
  'guides/bundlers.html',
  'guides/truth-table.html?fd=eventfd',
  'recipes/echo.html',
  'learn/5-level-edge-one-shot.html',
  'api/fdmux/errors.html',
  'api/fdmux/class/EventFd.html',
  'benchmarks/imports.html',
];

test('every link and picture of every page leads to a file of the site, and to a place that is there', () => {
  const files = new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }));
  const pages = [...files].filter((name) => name.endsWith('.html'));
  const texts = new Map(pages.map((page) => [page, readFileSync(join(folder, page), 'utf8')]));
  const ids = new Map(
    [...texts].map(([page, text]) => [page, new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
  );
  const dead = [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/ (?:href|src)="([^"]+)"/g)].flatMap(([, link = '']) => {
      if (/^(?:https?|mailto):/.test(link)) return [];
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : posix.join(posix.dirname(page), path);
      const isThere = files.has(target) && (anchor === undefined || ids.get(target)?.has(anchor) === true);
      return isThere ? [] : [`${page}: ${link}`];
    }),
  );
  expect(pages.length).toBeGreaterThan(200);
  expect(dead).toEqual([]);
});

test('every page of the repository and every example is a page of the site, named in a menu', () => {
  const menu = (page: string) =>
    /<nav class="side"[\s\S]*?<\/nav>/.exec(readFileSync(join(folder, page), 'utf8'))?.[0] ?? '';
  for (const name of ['net', 'semantics', 'socket', 'chat', 'errors', 'bundlers', 'truth-table']) {
    expect(menu('guides/index.html')).toContain(`href="${name}.html"`);
  }
  expect(menu('recipes/index.html')).toContain('href="send-buffer.html"');
  expect(menu('api/index.html')).toContain('fdmux/chat: ');
});

describe('a page in a browser', () => {
  const look = async (page: Page, path: string): Promise<void> => {
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${path} scrolls sideways`).toBe(
      true,
    );
    expect({ path, findings: await findings(page) }).toEqual({ path, findings: [] });
  };

  for (const path of KINDS) {
    inBrowser(`is accessible in light and dark, and fits a phone: ${path}`, async () => {
      const root = await serveSite();
      await look(await openPage(root + path, { colorScheme: 'light' }), path);
      await look(await openPage(root + path, { ...PHONE, colorScheme: 'dark' }), path);
    });
  }

  inBrowser('finds a name by a part of it, by keyboard, and goes there', async () => {
    const page = await openPage(`${await serveSite()}guides/net.html`);
    await page.keyboard.press('/');
    await page.keyboard.type('waitsync');
    const field = page.getByRole('combobox', { name: 'Search' });
    await page.getByRole('option').first().waitFor();
    await eventually(() => field.getAttribute('aria-activedescendant')).toBe('result-0');
    await page.keyboard.press('ArrowDown');
    await eventually(() => field.getAttribute('aria-activedescendant')).toBe('result-1');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.waitForURL(/#waitsync$/);
    await page.getByRole('heading', { name: 'waitSync', exact: true }).waitFor();
  });

  inBrowser('says that nothing was found, and Escape ends the search', async () => {
    const page = await openPage(`${await serveSite()}index.html`, PHONE);
    await page.getByRole('combobox').fill('qqqqzzzz');
    await page.getByText('Nothing found').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('listbox').waitFor({ state: 'hidden' });
  });

  inBrowser('keeps the colours that the reader chose, from page to page', async () => {
    const root = await serveSite();
    const page = await openPage(`${root}index.html`, { colorScheme: 'light' });
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Light or dark' }).click();
    await eventually(ground).not.toBe(light);
    await page.goto(`${root}guides/net.html`);
    expect(await ground()).not.toBe(light);
  });

  inBrowser('unfolds the constant that a link leads to', async () => {
    const page = await openPage(`${await serveSite()}api/fdmux/readiness-the-kernels-own-calls.html#pollrdhup`);
    await page.getByRole('cell', { name: 'POLLRDHUP', exact: true }).waitFor();
    await page.locator('#pollrdhup').getByText('8192').waitFor();
  });

  inBrowser('filters the truth table, and the address keeps the filter', async () => {
    const page = await openPage(`${await serveSite()}guides/truth-table.html`);
    await page.getByLabel('fd', { exact: true }).selectOption('eventfd');
    await page.getByLabel('Trigger').selectOption('edge');
    await page.getByText('3 of ').waitFor();
    expect(await page.locator('#truth tbody tr:visible td:nth-child(2)').allTextContents()).toEqual([
      'at 0',
      'above 0',
      'at its maximum',
    ]);
    await page.reload();
    await page.getByText('3 of ').waitFor();
  });

  inBrowser('has a menu on a phone that opens and closes', async () => {
    const page = await openPage(`${await serveSite()}guides/net.html`, PHONE);
    const entry = page.getByRole('navigation', { name: 'Guides' }).getByRole('link', { name: 'Errors' });
    await page.getByRole('button', { name: 'Guides: all pages' }).click();
    await entry.waitFor();
    await page.getByRole('button', { name: 'Guides: all pages' }).click();
    await entry.waitFor({ state: 'hidden' });
  });
});
