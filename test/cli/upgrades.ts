/** What tests of upgrades have in common: clients of IRC, and the processes that go on one after the other. */
import { onTestFinished } from 'vitest';
import { present } from '../../src/errors.js';
import { connectPeer, type Peer } from '../support/peers.js';
import type { RunningServer } from './chat-server.js';

/** Connects a client that registers, and sends some lines. */
export async function enter(port: number, nick: string, ...lines: readonly string[]): Promise<Peer> {
  return register(await connectPeer(port), nick, ...lines);
}

/** Registers a client that is connected, and sends some lines. When this resolves, all of it is done. */
export async function register(peer: Peer, nick: string, ...lines: readonly string[]): Promise<Peer> {
  await peer.write([`NICK ${nick}`, `USER ${nick} 0 * :${nick}`, ...lines, 'PING in', ''].join('\r\n'));
  await peer.lineLike(/ PONG \S+ :?in$/);
  return peer;
}

/** Has a server upgraded by a signal as often as this is called, and ends the last of its processes. */
export function upgraderOf({ process: server }: RunningServer): () => Promise<void> {
  const pids = [server.pid];
  onTestFinished(() => {
    for (const pid of pids) kill(pid, 'SIGKILL');
  });
  return async () => {
    kill(present(pids.at(-1), 'the process'), 'SIGUSR2');
    const [, pid] = await server.errorText(
      new RegExp(`(?:upgraded pid=(?:${[0, ...pids].join('|')}) [^]*)*upgraded pid=((?!(?:${pids.join('|')}) )\\d+) `),
    );
    pids.push(Number(pid));
  };
}

/** Sends a signal to a process, which may have ended. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
