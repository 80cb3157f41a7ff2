/** The web page in a real browser: with TLS, after a lost connection, by the keyboard alone, on a telephone. */
import { createServer } from 'node:http';
import { describe, expect, onTestFinished } from 'vitest';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { nextEvent } from '../support/deadline.js';
import { connectPeer } from '../support/peers.js';
import { projectPath, start } from '../support/processes.js';
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
import { type Site, startSite } from './site.js';

useBrowser();

/** What a text would do if it became markup. */
const MARKUP = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(2)</script>',
  '"><svg onload=alert(3)>',
  'javascript:alert(4)',
  '<a href="javascript:alert(5)">x</a>',
  '{{constructor.constructor("alert(6)")()}}',
  'https://example.org/"onmouseover="alert(7)',
];

const BOT = `
const { Client } = require('irc-framework');
const client = new Client({ auto_reconnect: false });
client.connect({ host: '127.0.0.1', port: Number(process.argv[1]), nick: 'robot', username: 'robot', gecos: 'a bot' });
client.on('registered', () => client.join('#lobby'));
client.on('join', ({ nick }) => nick === 'robot' && console.log('ready'));
client.on('privmsg', ({ nick, message }) => {
  if (message.startsWith('!hello')) client.say('#lobby', 'hello ' + nick);
});
`;

describe('in one room', () => {
  const certificates = new CertificateFolder();

  const twoAndABot = async (site: Site): Promise<void> => {
    const bot = start(process.execPath, ['-e', BOT, String(site.server.ircPort)], { cwd: projectPath() });
    await bot.line('ready');
    // Nobody vouches for the certificate of a test.
    const ann = await signIn(site.url, 'ann', { ignoreHTTPSErrors: true });
    const bob = await signIn(site.url, 'bob', { ignoreHTTPSErrors: true });
    const nc = await connectPeer(site.server.plainPort);

    await say(ann, '你好 bob, see https://example.org/x.');
    await shows(bob, '你好 bob');
    expect(await nc.lineLike(/ann say: /)).toContain('你好 bob, see https://example.org/x.');
    await eventually(() => bob.locator('.message.mention').count()).toBe(1);
    const link = bob.getByRole('link', { name: 'https://example.org/x' });
    expect(await link.getAttribute('rel')).toContain('noopener');
    expect(await link.getAttribute('href')).toBe('https://example.org/x');

    await nc.write('hello from nc\n');
    await say(bob, '!hello');
    for (const page of [ann, bob]) {
      await shows(page, 'hello from nc');
      await shows(page, 'hello bob');
    }
    await say(ann, '/me waves');
    await nc.lineLike(/\* ann waves$/);
    await bob.locator('.message.action', { hasText: 'waves' }).waitFor();
    await eventually(() => bob.getByRole('complementary').getByRole('listitem').count()).toBe(4);
  };

  inBrowser('two people in browsers, one with nc, and a bot talk', async () => twoAndABot(await startSite()));

  inBrowser(
    'they do over https as well',
    async () => {
      const site = await startSite(certificates.make({ name: '127.0.0.1' }));
      expect(site.url).toMatch(/^https:/);
      await twoAndABot(site);
    },
    hasOpenssl ? '' : 'openssl',
  );

  inBrowser('what others write, set and call themselves stays text', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann');
    const eve = await connectPeer(site.server.ircPort);
    await eve.write('NICK eve\r\nUSER eve 0 * :<img src=x onerror=alert(8)>\r\nJOIN #lobby,#own\r\n');
    await eve.lineLike(/ 366 eve #own /);
    for (const text of MARKUP) {
      await eve.write(
        `PRIVMSG #lobby :${text}\r\nNOTICE #lobby :${text}\r\nPRIVMSG #lobby :\x01ACTION ${text}\x01\r\n`,
      );
      await eve.write(`TOPIC #own :${text}\r\n`);
    }
    await eve.write(`AWAY :${MARKUP[0]}\r\nINVITE ann #own\r\nPRIVMSG ann :last\r\nPART #lobby :${MARKUP[1]}\r\n`);
    await ann.getByRole('button', { name: 'eve 1 unread' }).waitFor();
    await ann.locator('.event.moved', { hasText: 'eve left' }).waitFor();
    expect(await messages(ann)).toEqual(MARKUP.flatMap((text) => [text, text, text]));
    await say(ann, '/join #own');
    await ann.getByRole('heading', { name: '#own' }).waitFor();
    await say(ann, '/whois eve');
    await ann.getByText('onerror=alert(8)').waitFor();
    expect(await ann.locator('.log').locator('img, script, svg, iframe').count()).toBe(0);
    expect(await ann.locator('[href^="javascript"], [onerror], [onload], [onmouseover]').count()).toBe(0);
  });
});

describe('a page from elsewhere', () => {
  inBrowser('may not connect, as the server’s own may', async () => {
    const site = await startSite();
    const elsewhere = createServer((_request, response) => void response.end('<!doctype html>')).listen(0, '127.0.0.1');
    onTestFinished(() => void elsewhere.close());
    await nextEvent(elsewhere, 'listening');
    const address = elsewhere.address();
    if (address === null || typeof address === 'string') throw new Error('not a TCP address');
    const connect = `new Promise((resolve) => {
      const socket = new WebSocket('${site.url.replace(/^http/, 'ws')}irc');
      socket.onopen = () => resolve('open');
      socket.onclose = ({ code }) => resolve(code);
    })`;

    const foreign = await openPage(`http://127.0.0.1:${address.port}/`);
    const said = foreign.waitForEvent('console');
    expect(await foreign.evaluate(connect)).toBe(1006);
    expect((await said).text()).toContain('Unexpected response code: 403');
    const own = await openPage(site.url);
    expect(await own.evaluate(connect)).toBe('open');
  });
});

describe('a lost connection', () => {
  inBrowser('leaves a message without an echo for the user to judge', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann');
    const bob = await connectPeer(site.server.plainPort);
    // The page believes that it is connected: the network is gone without a word.
    await ann.evaluate('window.realSend = WebSocket.prototype.send; WebSocket.prototype.send = () => {}');
    await say(ann, 'lost on the way');
    await ann.locator('.message.waiting').waitFor();
    site.network.cut();
    await ann.getByText('this may not have arrived').waitFor();
    await ann.evaluate('WebSocket.prototype.send = window.realSend');
    site.network.restore();
    await reconnect(ann);
    await ann.getByRole('button', { name: 'Send again' }).click();
    await bob.lineLike(/ann say: lost on the way$/);
    await shows(ann, 'lost on the way');
    expect(await messages(ann)).toEqual(['lost on the way']);
  });
});

describe('errors of the server', () => {
  inBrowser('are shown where they belong', async () => {
    const site = await startSite();
    const eve = await connectPeer(site.server.ircPort);
    await eve.write('NICK eve\r\nUSER eve 0 * :Eve\r\nJOIN #secret,#quiet\r\nMODE #secret +i\r\nMODE #quiet +m\r\n');
    await eve.lineLike(/MODE #quiet \+m/);

    const ann = await openPage(site.url);
    await ann.getByLabel('Your nick').fill('eve');
    await ann.getByRole('button', { name: 'Join' }).click();
    await ann.getByRole('alert').filter({ hasText: 'Somebody else is called eve now.' }).waitFor();
    await ann.getByLabel('Your nick').fill('ann');
    await ann.getByRole('button', { name: 'Join' }).click();
    await ann.getByRole('heading', { name: '#lobby' }).waitFor();

    await say(ann, '/nick eve');
    await ann.getByText('Somebody else is called eve now.').waitFor();
    await say(ann, '/msg nobody hello');
    await ann.getByRole('heading', { name: 'nobody' }).waitFor();
    await ann.locator('.message.refused', { hasText: 'There is nobody called nobody.' }).waitFor();
    await say(ann, '/join #secret');
    await ann.getByText('#secret is for invited guests only.').waitFor();
    await ann.getByText('You are not in this room.').waitFor();
    await say(ann, '/join #quiet');
    await ann.getByRole('complementary').waitFor();
    await say(ann, 'may I?');
    await ann.locator('.message.refused', { hasText: 'You may not speak in #quiet.' }).waitFor();
    await say(ann, '/nonsense');
    await ann.getByText('There is no command /nonsense.').waitFor();
  });
});

describe('the keyboard alone', () => {
  inBrowser('joins, talks, completes, recalls, switches rooms and leaves', async () => {
    const site = await startSite();
    const bob = await connectPeer(site.server.ircPort);
    await bob.write('NICK bob\r\nUSER bob 0 * :Bob\r\nJOIN #lobby,#other\r\n');
    await bob.lineLike(/ 366 bob #other /);
    const ann = await openPage(site.url);
    const press = (...keys: readonly string[]) =>
      keys.reduce((before, key) => before.then(() => ann.keyboard.press(key)), Promise.resolve());
    await ann.locator('input:focus').waitFor();
    await ann.keyboard.type('ann');
    await press('Enter');
    await ann.getByRole('heading', { name: '#lobby' }).waitFor();
    await ann.getByRole('complementary').getByText('bob').waitFor();

    const field = ann.getByRole('textbox');
    await ann.keyboard.type('bo');
    await press('Tab');
    expect(await field.inputValue()).toBe('bob: ');
    await ann.keyboard.type('hi');
    await press('Enter');
    await bob.lineLike(/ann!.* PRIVMSG #lobby :bob: hi$/);
    await press('ArrowUp');
    expect(await field.inputValue()).toBe('bob: hi');
    await press('ArrowDown');
    expect(await field.inputValue()).toBe('');

    await ann.keyboard.type('/join other');
    await press('Enter');
    await ann.getByRole('heading', { name: '#other' }).waitFor();
    await press('Alt+ArrowUp');
    await ann.getByRole('heading', { name: '#lobby' }).waitFor();
    await press('Alt+3');
    await ann.getByRole('heading', { name: '#other' }).waitFor();
    await bob.write('PRIVMSG #lobby :unread\r\n');
    await ann.getByText('1 unread message').waitFor();
    await press('Alt+Shift+ArrowDown');
    await ann.getByRole('heading', { name: '#lobby' }).waitFor();

    // With nothing to complete Tab moves on, and typing returns to the field.
    await press('Tab');
    expect(await ann.evaluate('document.activeElement.tagName')).not.toBe('TEXTAREA');
    await ann.getByRole('log').focus();
    await ann.keyboard.type('/help');
    await press('Enter');
    await ann.getByRole('dialog').waitFor();
    await press('Escape');
    await ann.getByRole('dialog').waitFor({ state: 'detached' });
    await field.focus();
    await ann.keyboard.type('/quit so long');
    await press('Enter');
    await ann.getByLabel('Your nick').waitFor();
    await bob.lineLike(/ann!.* QUIT :Quit: so long$|ann!.* QUIT :so long$/);
  });
});

describe('every screen', () => {
  inBrowser('fits a telephone: nothing scrolls sideways, and axe-core has nothing to say', async () => {
    const site = await startSite();
    const page = await openPage(site.url, { ...PHONE, colorScheme: 'dark' });
    await throughScreens(page, async (screen) => {
      const width = await page.evaluate('Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)');
      const log = await page.evaluate(
        '(() => { const log = document.querySelector(".log"); return log === null ? 0 : log.scrollWidth - log.clientWidth; })()',
      );
      expect({ screen, width, log, findings: await findings(page) }).toEqual({
        screen,
        width: 390,
        log: 0,
        findings: [],
      });
    });
  });
});
