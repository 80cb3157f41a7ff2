/** The IRC servers that are compared: how each is started without throttling, and what it costs. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { cpuNsOf, residentBytesOf } from '../support/cost.js';
import { root } from '../support/tools.js';

const SERVER_CORE = 0;
const START_MS = 15_000;

/** A server that may be compared. */
export interface IrcPeer {
  readonly name: string;
  /** The command for a port; `folder` is empty and its own, `nodeFlags` are for servers on Node.js. */
  command(port: number, folder: string, nodeFlags: readonly string[]): readonly string[];
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

/** Every server that is installed, and the names of those that are not. */
export function findIrcPeers(): { readonly peers: readonly IrcPeer[]; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const fdmux = (name: string, args: readonly string[]): IrcPeer => ({
    name,
    command: (port, _folder, nodeFlags) => [
      ...[process.execPath, ...nodeFlags, '--expose-gc', '-r', join(root, 'bench/irc/gc-on-signal.cjs')],
      ...[join(root, 'dist/cli.js'), 'serve', '--no-plain', '--irc-port', String(port), ...args],
    ],
  });
  const peers: IrcPeer[] = [fdmux('fdmux level', []), fdmux('fdmux edge', ['--trigger', 'edge'])];
  if (isInstalled('ngircd')) {
    peers.push({
      name: 'ngircd',
      command: (port, folder) => ['ngircd', '-n', '-f', configured('ngircd.conf', port, folder)],
    });
  } else {
    missing.push('ngircd');
  }
  if (isInstalled('inspircd')) {
    peers.push({
      name: 'InspIRCd',
      command: (port, folder) => [
        'inspircd',
        '--nofork',
        '--runasroot',
        '--config',
        configured('inspircd.conf', port, folder),
      ],
    });
  } else {
    missing.push('InspIRCd');
  }
  return { peers, missing };
}

/** A running server on one core. */
export class IrcServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
  }

  static async start(peer: IrcPeer, nodeFlags: readonly string[] = []): Promise<IrcServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-'));
    const port = await freePort();
    const command = ['-c', String(SERVER_CORE), ...peer.command(port, folder, nodeFlags)];
    const server = new IrcServerProcess(spawn('taskset', command, { stdio: 'ignore' }), port, folder);
    const deadline = performance.now() + START_MS;
    while (!(await takesConnections(port))) {
      if (performance.now() > deadline) throw new Error(`${peer.name} does not listen`);
      await delay(50);
    }
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What all its threads have computed, user and kernel, in ns. */
  cpuNs(): number {
    return cpuNsOf(this.pid);
  }

  /** Resident memory; the garbage is collected first where there is any. */
  async residentBytes(collects: boolean): Promise<number> {
    for (let round = 0; collects && round < 3; round += 1) {
      this.#child.kill('SIGUSR2');
      await delay(300);
    }
    return residentBytesOf(this.pid);
  }

  async stop(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
    rmSync(this.#folder, { recursive: true, force: true });
  }
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
