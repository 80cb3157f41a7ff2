import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { startChatServer } from '../../src/chat-server.js';
import { nextEvent } from '../support/deadline.js';
import { codeBlocks } from '../support/markdown.js';
import { Peer } from '../support/peers.js';
import { projectPath, start } from '../support/processes.js';

/** The recipe of docs/operations.md, run by nginx as Debian packages it. */

const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';
const why = !existsSync('/usr/sbin/nginx')
  ? 'needs nginx'
  : !existsSync(STREAM_MODULE)
    ? 'needs libnginx-mod-stream'
    : process.getuid?.() === 0
      ? null
      : 'needs root, to give the socket to the group of nginx';

const [, recipe = ''] = readFileSync(projectPath('docs/operations.md'), 'utf8').split(/^## Proxies$/m);
const blocks = codeBlocks(recipe);
const blockOf = (language: string): string => blocks.find((block) => block.language === language)?.text ?? '';

/** One of the addresses 127.0.0.0/8 for each process: nginx cannot choose a free port. */
const host = `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}.9`;

test.skipIf(why !== null)(
  `behind nginx, peers have their own addresses in WHOIS and in bans${why === null ? '' : ` (${why})`}`,
  { tags: ['needs-nginx'] },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdmux-nginx-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    execFileSync('chmod', ['755', folder]);
    const socket = join(folder, 'irc.sock');
    const config = join(folder, 'fdmux.json');
    writeFileSync(config, blockOf('json').replace('/run/fdmux/irc.sock', socket));
    const server = await startChatServer({ config, without: ['plain'] });
    onTestFinished(() => server.close());

    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=chat'].concat(
        ['-keyout', join(folder, 'chat.key')],
        ['-out', join(folder, 'chat.crt')],
      ),
      { stdio: 'ignore' },
    );
    mkdirSync(join(folder, 'logs'));
    const stream = blockOf('nginx')
      .replaceAll('/etc/ssl', folder)
      .replace('/run/fdmux/irc.sock', socket)
      .replace('listen 6697', `listen ${host}:6697`);
    // The user is that of Debian's own nginx.conf.
    const main = ['user www-data', `load_module ${STREAM_MODULE}`, 'daemon off', 'error_log stderr notice'];
    main.push(`pid ${folder}/nginx.pid`);
    writeFileSync(join(folder, 'nginx.conf'), `${main.join(';\n')};\nevents {}\n${stream}`);
    const nginx = start('/usr/sbin/nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);
    // By SIGKILL its worker would stay.
    onTestFinished(async () => {
      nginx.kill('SIGTERM');
      await nginx.ended();
    });
    await nginx.errorText(/start worker process \d/);

    const ann = await ircOverTls('127.0.0.7', 'ann');
    await ann.write('WHOIS ann\r\n');
    expect(await ann.lineLike(/ 311 /)).toContain(' ann ann 127.0.0.7 * ');
    const bob = await ircOverTls('127.0.0.8', 'bob');
    await bob.write('JOIN #a\r\nMODE #a +b *!*@127.0.0.7\r\n');
    await bob.lineLike(/ MODE #a \+b /);
    await ann.write('JOIN #a\r\n');
    await ann.lineLike(/ 474 /);
  },
);

async function ircOverTls(from: string, nick: string): Promise<Peer> {
  const options = { host, port: 6697, localAddress: from, rejectUnauthorized: false };
  const socket = connect(options);
  onTestFinished(() => void socket.destroy());
  await nextEvent(socket, 'secureConnect');
  const peer = new Peer(socket);
  await peer.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\n`);
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}
