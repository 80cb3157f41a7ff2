import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { startChatServer } from '../../src/chat-server.js';
import { nextEvent } from '../support/deadline.js';
import { codeBlocks } from '../support/markdown.js';
import { connectPeer, Peer } from '../support/peers.js';
import { projectPath, start } from '../support/processes.js';
import { frame, handshake, takeAnswer, takeFrame } from '../support/web-sockets.js';

/** The recipe of docs/operations.md for the web page, run by nginx as Debian packages it. */

const hasNginx = existsSync('/usr/sbin/nginx');
/** One of the addresses 127.0.0.0/8 for each process: nginx cannot choose a free port. */
const host = `127.${1 + (process.pid % 250)}.${1 + (Math.floor(process.pid / 250) % 250)}.11`;
const PORT = 8443;

/** The code block of a language that has a text in it. */
function blockWith(language: string, text: string): string {
  const blocks = codeBlocks(readFileSync(projectPath('docs/operations.md'), 'utf8'));
  const found = blocks.find((block) => block.language === language && block.text.includes(text));
  if (found === undefined) throw new Error(`docs/operations.md has no ${language} with ${text}`);
  return found.text;
}

/** Starts the server of the recipe on a free port. @returns that port, and a folder for nginx */
async function startServer(): Promise<{ port: number; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-nginx-web-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const config = join(folder, 'fdmux.json');
  writeFileSync(config, blockWith('json', '"web"').replace('8067', '0'));
  const server = await startChatServer({ config });
  onTestFinished(() => server.close());
  const address = server.listeners[0]?.address;
  return { port: address !== undefined && 'port' in address ? address.port : 0, folder };
}

async function startNginx(port: number, folder: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'chat.key')];
  const certificate = ['req', '-x509', '-subj', '/CN=chat', '-out', join(folder, 'chat.crt')];
  execFileSync('openssl', [...certificate, ...key], { stdio: 'ignore' });
  mkdirSync(join(folder, 'logs'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  const recipe = blockWith('nginx', 'http {')
    .replaceAll('/etc/ssl', folder)
    .replace('127.0.0.1:8067', `127.0.0.1:${port}`)
    .replace('listen 443', `listen ${host}:${PORT}`)
    .replace('http {', `http {\n  access_log off;\n  ${temporary.join('\n  ')}`);
  const main = `daemon off;\nerror_log stderr notice;\npid ${folder}/nginx.pid;\nevents {}\n`;
  writeFileSync(join(folder, 'nginx.conf'), main + recipe);
  const nginx = start('/usr/sbin/nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')]);
  // By SIGKILL its worker would stay.
  onTestFinished(async () => {
    nginx.kill('SIGTERM');
    await nginx.ended();
  });
  await nginx.errorText(/start worker process \d/);
}

/** Opens a WebSocket through nginx, as the page would, and registers. */
async function registerOverTls(from: string, nick: string): Promise<Peer> {
  const options = { host, port: PORT, localAddress: from, rejectUnauthorized: false };
  const socket = connect(options);
  onTestFinished(() => void socket.destroy());
  await nextEvent(socket, 'secureConnect');
  const peer = new Peer(socket);
  await peer.write(handshake({ Host: `${host}:${PORT}`, Origin: `https://${host}:${PORT}` }));
  expect((await takeAnswer(peer, false)).status).toBe(101);
  await peer.write(
    Buffer.concat([frame({ payload: `NICK ${nick}` }), frame({ payload: `USER ${nick} 0 * :${nick}` })]),
  );
  await hears(peer, / (?:376|422) /);
  return peer;
}

async function hears(peer: Peer, pattern: RegExp): Promise<string> {
  for (;;) {
    const text = (await takeFrame(peer)).payload.toString();
    if (pattern.test(text)) return text;
  }
}

test.skipIf(!hasNginx)(
  `behind nginx, web users have their own addresses in WHOIS and in bans${hasNginx ? '' : ' (needs nginx)'}`,
  { tags: ['needs-nginx'] },
  async () => {
    const { port, folder } = await startServer();
    await startNginx(port, folder);
    const ann = await registerOverTls('127.0.0.7', 'ann');
    await ann.write(frame({ payload: 'WHOIS ann' }));
    expect(await hears(ann, / 311 /)).toContain(' ann ann 127.0.0.7 * ');
    const bob = await registerOverTls('127.0.0.8', 'bob');
    await bob.write(frame({ payload: 'JOIN #a\r\nMODE #a +b *!*@127.0.0.7' }));
    await hears(bob, / MODE #a \+b /);
    await ann.write(frame({ payload: 'JOIN #a' }));
    await hears(ann, / 474 /);

    const answered = await new Promise<number | undefined>((resolve, reject) => {
      get({ host, port: PORT, path: '/config.json', rejectUnauthorized: false, agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      }).on('error', reject);
    });
    expect(answered).toBe(200);
    const foreign = await connectPeer(port);
    await foreign.write(handshake({ Origin: `https://${host}:${PORT}` }));
    expect((await takeAnswer(foreign)).status).toBe(403);
  },
);
