/** The Lounge, a web client that stays connected for its user. It is fetched once, and the Node.js that it needs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { FETCH_DEADLINE_MS, fetched } from '../../support/fetched.js';
import { start, type TestProcess } from '../../support/processes.js';
import { temporaryFolder } from '../../support/temporary.js';
import { eventually, inBrowser, openPage, useBrowser } from '../../web/browser.js';
import { numerics, startIrc } from './irc-client.js';
import { type Login, ROOM, signUp } from './real-clients.js';

/** The Node.js that runs it, and its folder; undefined if it cannot be had. */
let command: readonly [string, string] | undefined;

beforeAll(async () => {
  const node = await fetched('node26');
  const lounge = await fetched('thelounge');
  if (node !== undefined && lounge !== undefined) command = [join(node, 'bin/node'), lounge];
}, 3 * FETCH_DEADLINE_MS);

/** Of The Lounge itself: the password `sesame`, as bcrypt. */
const PASSWORD_HASH = '$2a$11$iPaHWusFYtBHiskZ6Gw2duW/gVDlVsvIbu3mLVIL7XF/S84z6WD3a';

/** Starts The Lounge with one user, `bob`, for whom it logs in by SASL and enters the room. */
function startLounge([node, folder]: readonly [string, string], { port, account, password }: Login): TestProcess {
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
  // It asks GitHub for a later version, and ends if it gets no answer.
  const alone = join(home, 'alone.cjs');
  const changelog = join(folder, 'dist/server/plugins/changelog.js');
  writeFileSync(alone, `require(${JSON.stringify(changelog)}).default.checkForUpdates = () => undefined;`);
  return start(node, ['--require', alone, join(folder, 'index.js'), 'start'], { env });
}

useBrowser();

inBrowser(
  'The Lounge logs in by SASL, and shows the last lines of a room and those before when its user asks',
  async ({ skip }) => {
    if (command === undefined) return skip('The Lounge cannot be fetched');
    const server = await startIrc({ irc: { history: { pageLines: 100, onJoin: 2 } } });
    const login = await signUp(server);
    const speaker = await server.client('speaker', { join: ROOM });
    const said = ['alpha', 'bravo', 'charlie', 'delta'].map((text) => `said ${text}`);
    await speaker.ask(...said.map((text) => `PRIVMSG ${ROOM} :${text}`));

    const lounge = startLounge(command, login);
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
);
