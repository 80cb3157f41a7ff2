/** Accounts in a real browser. */
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { eventually, inBrowser, openPage, PHONE, reconnect, say, shows, useBrowser } from './browser.js';
import { findings } from './screens.js';
import { joined, startSite } from './site.js';

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
    await reconnect(page);
    await page.getByRole('complementary').waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByText('Logged in as ann.').waitFor();
  });

  inBrowser('gets another password, and is erased by its owner alone', async () => {
    const site = await startSite();
    const page = await openPage(site.url);
    await enter(page, 'Create an account', 'ann', 'correct horse battery');
    await page.getByRole('heading', { name: '#lobby' }).waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('New password').fill('ann');
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByRole('alert').filter({ hasText: 'too easy to guess' }).waitFor();
    await page.getByLabel('New password').fill('another long one');
    await page.getByRole('button', { name: 'Change the password' }).click();
    await page.getByRole('status').filter({ hasText: 'The password is changed' }).waitFor();

    await page.getByRole('button', { name: 'Erase the account' }).click();
    expect(await findings(page)).toEqual([]);
    await page.getByLabel('Password of the account').fill('correct horse battery');
    await page.getByRole('button', { name: 'Erase the account' }).click();
    await page.locator('.failure').filter({ hasText: /\S/ }).waitFor();
    await page.getByLabel('Password of the account').fill('another long one');
    await page.getByRole('button', { name: 'Erase the account' }).click();
    await page.getByText('You are a guest').waitFor();
    expect(await page.locator('.log .message').count()).toBe(0);
  });

  inBrowser('on two devices is one member, and what is read on one is read on the other', async () => {
    const site = await startSite();
    const bob = await joined(site.server.ircPort, 'bob');
    const desk = await openPage(site.url);
    await enter(desk, 'Create an account', 'ann', 'correct horse battery');
    await desk.getByRole('heading', { name: '#lobby' }).waitFor();
    const phone = await openPage(site.url, PHONE);
    await phone.getByLabel('Rooms').fill('#lobby #other');
    await enter(phone, 'Log in', 'ann', 'correct horse battery');
    await phone.getByRole('heading', { name: '#lobby' }).waitFor();
    await say(desk, 'from the desk');
    await shows(phone, 'from the desk');
    await bob.lineLike(/ann!.* PRIVMSG #lobby :from the desk$/);

    await phone.getByRole('button', { name: 'Show the conversations' }).click();
    await phone.getByRole('button', { name: '#other', exact: true }).click();
    await phone.getByRole('heading', { name: '#other' }).waitFor();
    await bob.write('PRIVMSG #lobby :ann: read this\r\n');
    await shows(desk, 'read this');
    // It is new on the telephone until the desk has told the server that it was read.
    await eventually(() => phone.title()).toMatch(/^\(1\)/);
    await eventually(() => phone.title()).not.toMatch(/^\(/);
    await eventually(() => desk.getByRole('complementary').getByRole('listitem').count()).toBe(2);

    await desk.getByRole('button', { name: 'Settings' }).click();
    await desk.getByText('This device').waitFor();
    expect(await findings(desk)).toEqual([]);
    await desk.getByRole('button', { name: 'Log out', exact: true }).click();
    await phone.getByRole('alert').filter({ hasText: 'You were logged out on another device.' }).waitFor();
    await eventually(() => desk.locator('.devices li').count()).toBe(1);
  });
});
