/** The IRC servers that are compared, and how each is started without throttling. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PeerList } from '../support/peer-list.js';
import { node, ServerProcess } from '../support/server.js';
import { root, SERVER_CORE } from '../support/tools.js';

const START_MS = 15_000;

/** A server that may be compared. */
export interface IrcPeer {
  readonly name: string;
  /** The command for a port; `folder` is empty and its own. */
  command(port: number, folder: string): readonly string[];
}

function configured(name: string, port: number, folder: string): string {
  const group = spawnSync('id', ['-gn'], { encoding: 'utf8' }).stdout.trim();
  const text = readFileSync(join(root, 'bench/irc', name), 'utf8')
    .replaceAll('PORT', String(port))
    .replaceAll('SUID', userInfo().username)
    .replaceAll('SGID', group)
    .replaceAll('PIDFILE', join(folder, 'pid'));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What answers to `--version` is there, whatever it exits with. */
const isInstalled = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;

export function findIrcPeers(): PeerList<IrcPeer> {
  const list = new PeerList<IrcPeer>();
  const fdmux = [...node, join(root, 'dist/cli.js'), 'serve', '--no-plain'];
  list.peers.push(
    { name: 'fdmux level', command: (port) => [...fdmux, '--irc-port', String(port)] },
    { name: 'fdmux edge', command: (port) => [...fdmux, '--irc-port', String(port), '--trigger', 'edge'] },
  );
  list.add(isInstalled('ngircd'), 'apt-get install ngircd', {
    name: 'ngircd',
    command: (port, folder) => ['ngircd', '-n', '-f', configured('ngircd.conf', port, folder)],
  });
  const inspircd = ['inspircd', '--nofork', '--runasroot', '--config'];
  list.add(isInstalled('inspircd'), 'apt-get install inspircd', {
    name: 'InspIRCd',
    command: (port, folder) => [...inspircd, configured('inspircd.conf', port, folder)],
  });
  return list;
}

/** Starts a server, with a folder that is there as long as it runs. */
export async function startIrcServer(peer: IrcPeer): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-'));
  const port = await freePort();
  const command = ['-c', SERVER_CORE, ...peer.command(port, folder)];
  const child = spawn('taskset', command, { stdio: 'ignore' });
  child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return ServerProcess.listening(child, untilListening(peer.name, port));
}

async function untilListening(name: string, port: number): Promise<number> {
  const deadline = performance.now() + START_MS;
  while (!(await takesConnections(port))) {
    if (performance.now() > deadline) throw new Error(`${name} does not listen`);
    await delay(50);
  }
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const connected = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return connected;
}
