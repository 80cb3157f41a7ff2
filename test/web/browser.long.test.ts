/** The rest of what the web page does in a real browser. */
import { describe, expect } from 'vitest';
import { connectPeer } from '../support/peers.js';
import {
  eventually,
  inBrowser,
  messages,
  openPage,
  PHONE,
  reconnect,
  say,
  shows,
  signIn,
  useBrowser,
} from './browser.js';
import { findings, throughScreens } from './screens.js';
import { startSite, startWebServer } from './site.js';

useBrowser();

describe('what is written', () => {
  inBrowser('formats and colours are classes, and what reorders text stays within its line', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann');
    await say(ann, '\x02bold\x02 \x034red\x03 \u202eabc');
    const text = ann.locator('.message.sent .text');
    await text.waitFor();
    expect(await text.locator('.bold').textContent()).toBe('bold');
    expect(await text.locator('.fg-4').textContent()).toBe('red');
    expect(await ann.locator('.message.sent bdi.text').count()).toBe(1);
  });
  inBrowser('an Enter that ends a composition sends nothing', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann');
    const session = await ann.context().newCDPSession(ann);
    await session.send('Input.imeSetComposition', { text: 'ni', selectionStart: 2, selectionEnd: 2 });
    await ann.keyboard.press('Enter');
    await session.send('Input.insertText', { text: '你' });
    expect(await messages(ann)).toEqual([]);
    await eventually(() => ann.getByRole('textbox').inputValue()).toContain('你');
  });
});

describe('every screen', () => {
  inBrowser('gives axe-core nothing to say in the dark', async () => {
    const site = await startSite();
    const page = await openPage(site.url, { colorScheme: 'dark' });
    await throughScreens(page, async (screen) => {
      expect({ screen, findings: await findings(page) }).toEqual({ screen, findings: [] });
    });
  });

  inBrowser('gives the focus to a drawer that opens, and back to the field', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann', PHONE);
    const focused = () => ann.evaluate('document.activeElement.closest("nav, aside, form")?.tagName');
    await ann.getByRole('button', { name: 'Show the conversations' }).click();
    await eventually(focused).toBe('NAV');
    await ann.keyboard.press('Escape');
    await eventually(focused).toBe('FORM');
    await eventually(() => ann.getByRole('navigation').count()).toBe(0);
  });
});

describe('the log', () => {
  inBrowser('stays where the user reads, and offers the way back', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann');
    const bob = await connectPeer(site.server.plainPort);
    await bob.write(Array.from({ length: 80 }, (_, index) => `line ${index}\n`).join(''));
    await shows(ann, 'line 79');
    const top = () => ann.evaluate('document.querySelector(".log").scrollTop');
    const isAtEnd = () =>
      ann.evaluate(
        '(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)(document.querySelector(".log"))',
      );
    await eventually(isAtEnd).toBe(true);
    await ann.keyboard.press('PageUp');
    await ann.getByRole('button', { name: 'To the newest' }).waitFor();
    const before = await top();
    await bob.write('line 80\n');
    await ann.getByRole('button', { name: '1 new message' }).waitFor();
    expect(await top()).toBe(before);
    await ann.getByRole('button', { name: '1 new message' }).click();
    await eventually(isAtEnd).toBe(true);
  });

  inBrowser('shows the last lines of many, and earlier ones on request', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann');
    const bob = await connectPeer(site.server.plainPort);
    await bob.write(Array.from({ length: 700 }, (_, index) => `line ${index}.\n`).join(''));
    await shows(ann, 'line 699.');
    await eventually(() => ann.locator('.message').count()).toBe(300);
    await ann.keyboard.press('PageUp');
    await ann.getByRole('button', { name: 'To the newest' }).waitFor();
    // A real click would scroll up to the button, and scrolling shows earlier ones, which moves the button away.
    await ann.getByRole('button', { name: 'Show earlier messages' }).dispatchEvent('click');
    await eventually(() => ann.locator('.message').count()).toBeGreaterThanOrEqual(600);
    await shows(ann, 'line 100.');
  });
});

describe('the language', () => {
  inBrowser('is the browser’s, and can be changed; the choice stays', async () => {
    const site = await startSite();
    const page = await openPage(site.url, { locale: 'zh-CN' });
    await page.getByLabel('昵称').fill('ann');
    await page.getByRole('button', { name: '加入' }).click();
    await page.getByRole('button', { name: '设置' }).click();
    await page.getByRole('radio', { name: 'English' }).check();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('en');
    await page.reload();
    await page.getByRole('button', { name: 'Settings' }).waitFor();
  });
});

describe('a session', () => {
  inBrowser('a reload returns to the rooms under the same nick', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann', { rooms: '#lobby #other' });
    await ann.reload();
    await ann.getByRole('heading', { name: '#lobby' }).waitFor();
    await ann.getByRole('button', { name: '#other', exact: true }).click();
    await ann.getByRole('heading', { name: '#other' }).waitFor();
    await eventually(() => ann.locator('footer .nick').textContent()).toBe('ann');
  });

  inBrowser('goes on after the server has been started again', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann');
    await say(ann, 'before');
    await shows(ann, 'before');
    site.server.process.kill();
    await site.server.process.ended();
    await ann.getByText('The connection is lost.').waitFor();
    const { webPort } = await startWebServer();
    site.network.retarget(webPort);
    await reconnect(ann);
    await ann.getByRole('complementary').waitFor();
    await say(ann, 'after');
    await shows(ann, 'after');
    expect(await messages(ann)).toEqual(['before', 'after']);
  });
});

describe('somebody who looks elsewhere', () => {
  inBrowser('sees in the title that there is something new, and is notified by choice', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann', { permissions: ['notifications'] });
    const bob = await connectPeer(site.server.plainPort);
    await ann.evaluate(`
      window.notified = [];
      window.Notification = class extends EventTarget {
        static permission = 'granted';
        static requestPermission = async () => 'granted';
        constructor(title, { body }) { super(); window.notified.push(title + ': ' + body); }
      };
      document.hasFocus = () => false;`);
    const look = (event: string) => ann.evaluate(`window.dispatchEvent(new Event('${event}'))`);
    await look('blur');
    await bob.write('ann: one\n');
    await eventually(() => ann.title()).toBe('(1) #lobby · fdmux');
    expect(await ann.evaluate('window.notified')).toEqual([]);

    await ann.getByRole('button', { name: 'Settings' }).click();
    await ann.getByRole('checkbox', { name: 'Notify me' }).check();
    await ann.keyboard.press('Escape');
    await bob.write('nothing for her\nann: \x02two\x02\n');
    await eventually(() => ann.title()).toMatch(/^\(2\)/);
    expect(await ann.evaluate('window.notified')).toEqual([expect.stringContaining('#lobby: ann: ')]);
    await ann.evaluate('document.hasFocus = () => true');
    await look('focus');
    await eventually(() => ann.title()).not.toMatch(/^\(/);
    await ann.locator('.new').waitFor();
  });
});
