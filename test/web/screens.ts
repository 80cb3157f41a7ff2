/** Every screen of the page, and what axe-core finds on it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { say } from './browser.js';

/** Opens each screen in turn and calls `look`. */
export async function throughScreens(page: Page, look: (screen: string) => Promise<void>): Promise<void> {
  const isNarrow = (page.viewportSize()?.width ?? 0) < 736;
  const openSide = async (): Promise<void> => {
    if (!isNarrow) return;
    await page.getByRole('button', { name: 'Show the conversations' }).click();
    await page.getByRole('navigation').waitFor();
  };
  await page.getByLabel('Your nick').waitFor();
  await look('sign-in');
  await page.getByLabel('Your nick').fill('ann');
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByRole('heading', { name: '#lobby' }).waitFor();
  await say(page, 'a long word: ' + 'x'.repeat(300));
  await say(page, '\x0304,01colours\x03 \x038yellow\x03 https://example.org/' + 'y'.repeat(200));
  await say(page, '/nonsense');
  await page.locator('.message.sent').nth(1).waitFor();
  await look('room');
  for (const name of ['Settings', 'Help', 'Join a room']) {
    await openSide();
    if (isNarrow) await look(`conversations, before ${name}`);
    await page.getByRole('button', { name, exact: true }).click();
    await page.getByRole('dialog').waitFor();
    await look(name);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
  }
}

const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds on a page. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  // Colours are judged when they have stopped changing.
  await page.evaluate('Promise.all(document.getAnimations().map((animation) => animation.finished))');
  const found = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))',
  );
  return Array.isArray(found) ? found.map(String) : ['no result'];
}
