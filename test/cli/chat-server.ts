/** The compiled `fdmux serve` under test, and plain peers that know when they are in the room. */
import { connectPeer, type Peer } from '../support/peers.js';
import { cliPath, type ProcessOptions, start, type TestProcess } from '../support/processes.js';

/** A way of waiting. */
export interface Variant {
  readonly backend: string;
  readonly trigger: string;
}

/** The one that a server uses if nothing is said. */
export const DEFAULT: Variant = { backend: 'epoll', trigger: 'level' };

/** Every way of waiting that the server can use. */
export const VARIANTS: readonly Variant[] = [
  { backend: 'select', trigger: 'level' },
  { backend: 'poll', trigger: 'level' },
  DEFAULT,
  { backend: 'epoll', trigger: 'edge' },
];

export interface RunningServer {
  readonly process: TestProcess;
  readonly plainPort: number;
  readonly ircPort: number;
}

/**
 * Starts a server on free ports. `shell` goes before it in a shell, for limits; what `inside` starts runs that shell.
 */
export async function startServer(
  args: readonly string[] = [],
  { shell = '', inside = [], ...options }: ProcessOptions & { shell?: string; inside?: readonly string[] } = {},
): Promise<RunningServer> {
  const command = [process.execPath, cliPath, 'serve', '--plain-port', '0', '--irc-port', '0', ...args];
  const shelled = shell === '' ? command : ['bash', '-c', `${shell}; exec "$@"`, 'bash', ...command];
  const [first = '', ...rest] = [...inside, ...shelled];
  const server = start(first, rest, options);
  const [, plainPort] = await server.line(/plain lines +.*:(\d+)$/);
  const [, ircPort] = await server.line(/IRC +.*:(\d+)$/);
  await server.line('Ctrl-C ends the server.');
  return { process: server, plainPort: Number(plainPort), ircPort: Number(ircPort) };
}

/** Connects a plain peer. When this resolves, it is in the room, and every witness has heard it join. */
export async function join(server: RunningServer, ...witnesses: readonly Peer[]): Promise<Peer> {
  const peer = await connectPeer(server.plainPort);
  // Only the sender of a line that is too long gets an answer.
  await peer.write(`${'x'.repeat(10_000)}\n`);
  await peer.lineLike(/ server: that line was longer /);
  for (const witness of witnesses) await witness.lineLike(new RegExp(`127\\.0\\.0\\.1:${peer.port} joined$`));
  return peer;
}

/** A line as it reads apart from what differs from run to run; peers are called by their place among the ports. */
export function anonymize(line: string, ports: readonly number[]): string {
  const named = ports.reduce((text, port, index) => text.replaceAll(`127.0.0.1:${port}`, `peer ${index}`), line);
  return named.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, '');
}
