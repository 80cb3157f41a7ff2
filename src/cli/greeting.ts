/** The greeting of `fdmux serve` when it is ready: where it listens, and how to talk to it. */
import { basename, relative } from 'node:path';
import { formatHostPort } from '../protocol/host-port.js';
import type { ChatServer } from '../server/chat-server.js';
import type { ServerConfig } from '../server/config/server-config.js';
import { storePlace } from '../server/config/store-place.js';
import { formatAddress } from '../server/format-address.js';
import { whereTo } from '../server/listen-error.js';
import type { OpenListener } from '../server/listeners.js';
import type { Address } from '../socket/address.js';

/** Where a server listens. */
export type Listening = Pick<ChatServer, 'listeners' | 'skippedListeners' | 'adminAddress'>;

/** Writes it. */
export function greet(server: Listening, config: ServerConfig, version: string): void {
  process.stdout.write(describe(server, config, version));
  for (const { protocol, at } of server.skippedListeners) {
    const lost = LISTENER_NAMES[protocol];
    process.stderr.write(
      `fdmux: ${whereTo(at)} is in use, so there is no ${lost}; --${protocol}-port names another port\n`,
    );
  }
}

function formatAdmin(address: Address): string {
  const place = formatAddress(address);
  return address.family === 'unix' ? `${place} (/metrics)` : `http://${place}/metrics`;
}

const WIDE_HOSTS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
const LISTENER_NAMES = { plain: 'plain lines', irc: 'IRC', web: 'web page' } as const;

/** Returns what to type into a browser on this machine. */
function formatUrl(address: Address, isSecure: boolean): string {
  if (address.family !== 'inet' && address.family !== 'inet6') return formatAddress(address);
  return `${isSecure ? 'https' : 'http'}://${formatHostPort(WIDE_HOSTS[address.host] ?? address.host, address.port)}/`;
}

const NOTHING_KEPT = 'none: rooms and bans end with the server, --data <folder> keeps them';

function describe(server: Listening, config: ServerConfig, version: string): string {
  const lines = [`fdmux ${version}: chat server on ${config.backend}, ${config.trigger}-triggered`];
  for (const { protocol, isSecure, address } of server.listeners) {
    const name = `${LISTENER_NAMES[protocol]}${isSecure && protocol !== 'web' ? ' over TLS' : ''}`;
    const where = protocol === 'web' ? formatUrl(address, isSecure) : formatAddress(address);
    lines.push(`  ${name.padEnd(12)} ${where}`);
  }
  if (server.adminAddress !== null) lines.push(`  admin        ${formatAdmin(server.adminAddress)}`);
  lines.push(`  kept data    ${config.store === null ? NOTHING_KEPT : storePlace(config.store)}`);
  const plain = server.listeners.find(({ protocol, isSecure }) => protocol === 'plain' && !isSecure);
  lines.push(...(plain === undefined ? [] : howToTalk(plain)));
  lines.push('Ctrl-C ends the server.');
  return `${lines.join('\n')}\n`;
}

function howToTalk({ address }: OpenListener): string[] {
  if (address.family !== 'inet' && address.family !== 'inet6') {
    return 'path' in address ? ['To talk, in another terminal:', `  nc -U ${String(address.path)}`] : [];
  }
  const host = WIDE_HOSTS[address.host] ?? address.host;
  return [
    'To talk, type one of these in another terminal:',
    `  nc ${host} ${address.port}`,
    `  ${ownCommand()} connect ${formatHostPort(host, address.port)}`,
  ];
}

/** Returns the command that runs this program: its name if it is installed, its file in a clone. */
function ownCommand(): string {
  const script = process.argv[1] ?? 'fdmux';
  if (basename(script) === 'fdmux') return script.includes('/node_modules/') ? 'npx fdmux' : 'fdmux';
  const path = relative(process.cwd(), script);
  return `node ${path.startsWith('..') ? script : path}`;
}
