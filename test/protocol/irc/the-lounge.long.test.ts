/**
 * The Lounge, a web client that stays connected for its user. No dependency: the test runs where a command `thelounge`
 * is installed, which needs Node.js 22.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { start, type TestProcess } from '../../support/processes.js';
import { temporaryFolder } from '../../support/temporary.js';
import { eventually, inBrowser, openPage, useBrowser } from '../../web/browser.js';
import { numerics, startIrc } from './irc-client.js';
import { type Login, ROOM, signUp } from './real-clients.js';

const isInstalled = spawnSync('which', ['thelounge']).status === 0;
/** Of The Lounge itself: the password `sesame`, as bcrypt. */
const PASSWORD_HASH = '$2a$11$iPaHWusFYtBHiskZ6Gw2duW/gVDlVsvIbu3mLVIL7XF/S84z6WD3a';

/** Starts The Lounge with one user, `bob`, for whom it logs in by SASL and enters the room. */
function startLounge({ port, account, password }: Login): TestProcess {
  const home = temporaryFolder();
  const config = { public: false, host: '127.0.0.1', port: 0, messageStorage: [], prefetch: false };
  const network = {
    name: 'test',
    host: '127.0.0.1',
    port,
    tls: false,
    nick: 'guest',
    username: 'guest',
    sasl: 'plain',
    saslAccount: account,
    saslPassword: password,
    channels: [{ name: ROOM }],
  };
  const user = { password: PASSWORD_HASH, log: false, networks: [network] };
  writeFileSync(join(home, 'config.js'), `module.exports = ${JSON.stringify(config)};`);
  mkdirSync(join(home, 'users'));
  writeFileSync(join(home, 'users', 'bob.json'), JSON.stringify(user));
  // With vitest's NODE_ENV it would look for the files of its own tests.
  const env = { THELOUNGE_HOME: home, NODE_ENV: 'production', FORCE_COLOR: '0' };
  return start('thelounge', ['start'], { env });
}

useBrowser();

inBrowser(
  'The Lounge logs in by SASL, and shows the last lines of a room and those before when its user asks',
  async () => {
    const server = await startIrc({ irc: { history: { pageLines: 100, onJoin: 2 } } });
    const login = await signUp(server);
    const speaker = await server.client('speaker', { join: ROOM });
    const said = ['alpha', 'bravo', 'charlie', 'delta'].map((text) => `said ${text}`);
    await speaker.ask(...said.map((text) => `PRIVMSG ${ROOM} :${text}`));

    const lounge = startLounge(login);
    const [, url = ''] = await lounge.line(/Available at (http:\S+)/);
    const page = await openPage(url);
    await page.locator('input[name=username]').fill('bob');
    await page.locator('input[type=password]').fill('sesame');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator(`.channel-list-item[data-name="${ROOM}"]`).click();
    const shown = () => page.locator('#chat .msg[data-type=message] .content').allInnerTexts();
    await eventually(shown).toEqual(said.slice(2));

    await page.locator('#input').fill(`/quote CHATHISTORY LATEST ${ROOM} * 4`);
    await page.keyboard.press('Enter');
    await eventually(shown).toEqual([...said.slice(2), ...said]);
    await page.locator('#input').fill('hello from The Lounge');
    await page.keyboard.press('Enter');
    await speaker.peer.lineLike(/^:guest!\S+ PRIVMSG #room :hello from The Lounge$/);
    expect(numerics(await speaker.ask('WHOIS guest'), '330')).toEqual([`330 guest ${login.account} :is logged in as`]);
  },
  isInstalled ? '' : 'thelounge, which is not installed',
);
