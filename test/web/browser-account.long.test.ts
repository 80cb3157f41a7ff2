/** Accounts in a real browser. */
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { inBrowser, openPage, useBrowser } from './browser.js';
import { findings } from './screens.js';
import { startSite } from './site.js';

useBrowser();

/** Fills the form of somebody with an account. */
async function enter(page: Page, how: 'Log in' | 'Create an account', nick: string, secret: string): Promise<void> {
  await page.getByLabel(how).check();
  await page.getByLabel('Your nick').fill(nick);
  await page.getByLabel(how === 'Log in' ? 'Password of the account' : 'New password').fill(secret);
  await page.getByRole('button', { name: 'Join' }).click();
}

describe('an account', () => {
  inBrowser('is made, left, entered with its password alone, and never written down', async () => {
    const site = await startSite();
    const page = await openPage(site.url);
    await enter(page, 'Create an account', 'ann', 'ann');
    await page.getByRole('alert').filter({ hasText: 'too easy to guess' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await enter(page, 'Create an account', 'ann', 'correct horse battery');
    await page.getByRole('heading', { name: '#lobby' }).waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByText('Logged in as ann.').waitFor();
    expect(await findings(page)).toEqual([]);
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).not.toContain('correct');

    await page.reload();
    await page.getByLabel('Password of the account').fill('wrong');
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('alert').filter({ hasText: 'The account or its password is wrong.' }).waitFor();
    await enter(page, 'Log in', 'ann', 'correct horse battery');
    await page.getByRole('heading', { name: '#lobby' }).waitFor();

    site.network.cut();
    await page.getByText('The connection is lost.').waitFor();
    site.network.restore();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByRole('complementary').waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByText('Logged in as ann.').waitFor();
  });
});
