/** The web page in a real browser, with others who use it, `nc`, and a bot. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { connectPeer } from '../support/peers.js';
import { projectPath, start, type TestProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { eventually, inBrowser, messages, openPage, reconnect, say, shows, signIn, useBrowser } from './browser.js';
import { findings, throughScreens } from './screens.js';
import { startSite } from './site.js';

useBrowser();

/** Runs what the script `start` runs, without npm, which would not pass on the signal that ends it. */
function startAsNpmDoes(...args: readonly string[]): TestProcess {
  const { scripts }: { scripts: { start: string } } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8'));
  const [prepare, serve] = scripts.start.split(' && ');
  return start('sh', ['-c', `${prepare} && exec ${serve} "$@"`, 'sh', ...args], { cwd: projectPath() });
}

const hasNc = spawnSync('nc', ['-h']).error === undefined;

describe('in one room', () => {
  inBrowser(
    'two people in browsers and one in nc talk after npm start',
    async () => {
      const ports = ['--plain-port', '0', '--irc-port', '0', '--web-port', '0'];
      const server = startAsNpmDoes(...ports, '--data', temporaryFolder());
      const [, port = ''] = await server.line(/plain lines +127\.0\.0\.1:(\d+)$/);
      const [, url = ''] = await server.line(/web page +(http:\/\/127\.0\.0\.1:\d+\/)$/);
      const nc = start('nc', ['127.0.0.1', port]);
      const ann = await signIn(url, 'ann');
      const bob = await signIn(url, 'bob');
      await nc.line(/bob \(127\.0\.0\.1\) joined$/);
      await say(ann, 'hello from ann');
      await nc.line(/ann say: hello from ann$/);
      await shows(bob, 'hello from ann');
      await say(bob, '大家好');
      await nc.line(/bob say: 大家好$/);
      await shows(ann, '大家好');
      nc.write('hello from nc\n');
      for (const page of [ann, bob]) await shows(page, 'hello from nc');
      server.kill();
      expect((await server.ended()).code).toBe(0);
    },
    hasNc ? '' : 'nc, which is not installed',
  );
});

describe('a lost connection', () => {
  inBrowser('is shown; what is said meanwhile arrives once, and nothing is shown twice', async () => {
    const site = await startSite();
    const ann = await signIn(site.url, 'ann');
    const bob = await connectPeer(site.server.plainPort);
    await say(ann, 'before');
    await bob.lineLike(/ann say: before$/);
    await bob.write('heard\n');
    await shows(ann, 'heard');

    site.network.cut();
    await ann.getByText('The connection is lost.').waitFor();
    await say(ann, 'meanwhile');
    await ann.getByText('Not sent yet.').waitFor();
    await bob.lineLike(/ann left/);
    await ann.getByRole('button', { name: 'Try now' }).click();
    site.network.restore();
    await reconnect(ann);

    await bob.lineLike(/ann say: meanwhile$/);
    await shows(ann, 'meanwhile');
    await say(ann, 'after');
    await bob.lineLike(/ann say: after$/);
    await shows(ann, 'after');
    expect(await messages(ann)).toEqual(['before', 'heard', 'meanwhile', 'after']);
    await eventually(() => ann.getByRole('complementary').getByRole('listitem').count()).toBe(2);
    expect(await ann.locator('.event.gap, .event.hole').count()).toBe(0);
  });
});

describe('every screen', () => {
  inBrowser('gives axe-core nothing to say', async () => {
    const site = await startSite();
    const page = await openPage(site.url);
    await throughScreens(page, async (screen) => {
      expect({ screen, findings: await findings(page) }).toEqual({ screen, findings: [] });
    });
  });
});
