/** The IRC servers that are compared, and how each is started without throttling. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Candidate } from '../support/candidates.js';
import type { Checkout } from '../support/checkout.js';
import { describeCommand } from '../support/describe-command.js';
import { isRunning } from '../support/ending.js';
import { node, ServerProcess } from '../support/server.js';
import { root } from '../support/tools.js';

const START_MS = 15_000;
/** Stands for the port in published commands. */
const IRC_PORT = 6667;

/** Returns the command for a port; `folder` is empty and belongs to the server. */
export type IrcCommand = (port: number, folder: string) => readonly string[];

/** A server that is compared. */
export interface IrcPeer {
  readonly command: IrcCommand;
  /** Whether its clients speak in WebSockets. */
  readonly isWeb: boolean;
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

/** A program that answers to `--version` is installed, whatever its exit code. */
const isInstalled = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;

/** @param checkouts those whose fdmux is measured */
export function ircCandidates(checkouts: readonly Checkout[]): readonly Candidate<IrcPeer>[] {
  const inspircd = ['inspircd', '--nofork', '--runasroot', '--config'];
  return [
    ...checkouts.map((checkout) => fdmux(checkout, 'level')),
    ...checkouts.map((checkout) => fdmux(checkout, 'edge')),
    ...checkouts.map((checkout) => fdmuxWeb(checkout)),
    {
      name: 'ws alone',
      install: 'npm ci',
      find: () => ({
        command: (port) => [...node, join(root, 'build/bench/irc/ws-alone.js'), String(port)],
        isWeb: true,
      }),
    },
    installed('ngircd', 'ngircd', (port, folder) => ['ngircd', '-n', '-f', configured('ngircd.conf', port, folder)]),
    installed('InspIRCd', 'inspircd', (port, folder) => [...inspircd, configured('inspircd.conf', port, folder)]),
  ];
}

function fdmux(checkout: Checkout, trigger: 'level' | 'edge'): Candidate<IrcPeer> {
  const serve = [...node, checkout.cli, 'serve', '--no-plain', '--trigger', trigger];
  return {
    name: checkout.label(`fdmux ${trigger}`),
    install: 'npm run build',
    find: () => ({ command: (port) => [...serve, '--irc-port', String(port)], isWeb: false }),
  };
}

function fdmuxWeb(checkout: Checkout): Candidate<IrcPeer> {
  const serve = [...node, checkout.cli, 'serve', '--no-plain', '--no-irc'];
  return {
    name: checkout.label('fdmux WebSocket'),
    install: 'npm run build',
    find: () => ({ command: (port) => [...serve, '--web-port', String(port)], isWeb: true }),
  };
}

function installed(name: string, program: string, command: IrcCommand): Candidate<IrcPeer> {
  const find = (): IrcPeer | null => (isInstalled(program) ? { command, isWeb: false } : null);
  return { name, install: `apt-get install ${program}`, find };
}

/** The version and the command line of a server. */
export function describeIrcServer(command: IrcCommand): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-'));
  try {
    return describeCommand(command(IRC_PORT, folder)).replaceAll(`${folder}/`, 'bench/irc/');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Starts a server, with a folder that exists as long as it runs. */
export async function startIrcServer(command: IrcCommand): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-bench-'));
  const port = await freePort();
  return ServerProcess.start(command(port, folder), 'ignore', (child) => {
    child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    return untilListening(child, port);
  });
}

async function untilListening(child: ChildProcess, port: number): Promise<number> {
  const deadline = performance.now() + START_MS;
  while (!(await takesConnections(port))) {
    if (!isRunning(child)) throw new Error('it ended');
    if (performance.now() > deadline) throw new Error('it does not listen');
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
