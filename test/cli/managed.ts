/** Services and their managers under test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'fdmux';
import { expect, onTestFinished } from 'vitest';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { cliPath, type TestProcess } from '../support/processes.js';
import { startServer } from './chat-server.js';

interface Manager {
  /** Its name, as `NOTIFY_SOCKET` has it. */
  readonly name: string;
  /** Takes reports until one matches. @returns that one */
  readonly reportLike: (pattern: RegExp) => Promise<string>;
  /** Takes all that have arrived. */
  readonly skip: () => void;
}

export function manager(): Manager {
  const socket = disposedAtEnd(Socket.create({ family: 'unix', type: 'dgram' }));
  socket.bind({ family: 'unix' });
  const address = socket.getsockname();
  if (!('abstract' in address)) throw new Error('no abstract name');
  const received: string[] = [];
  const receive = (): void => {
    for (let next = socket.recv(1000); next !== null; next = socket.recv(1000)) received.push(next.toString());
  };
  return {
    name: `@${address.abstract.toString()}`,
    reportLike: async (pattern) => {
      await expect
        .poll(
          () => {
            receive();
            while (received.length > 0 && !pattern.test(received[0] ?? '')) received.shift();
            return received.length;
          },
          { timeout: 10_000 },
        )
        .toBeGreaterThan(0);
      return received.shift() ?? '';
    },
    skip: () => {
      receive();
      received.length = 0;
    },
  };
}

/** A socket of this process that listens on a free port. */
export function listening(): { fd: number; port: number } {
  const socket = Socket.create({ family: 'inet', type: 'stream' });
  onTestFinished(() => {
    socket.close();
  });
  socket.bind({ family: 'inet', host: '127.0.0.1', port: 0 });
  socket.listen(16);
  const address = socket.getsockname();
  return { fd: socket.fd, port: 'port' in address ? address.port : 0 };
}

/** Starts a server that inherits fds 3 and up. LISTEN_PID is its own pid, unless given. */
export function startWithFds(fds: readonly number[], variables: string, args: readonly string[] = []) {
  const command = `exec env LISTEN_PID=$$ ${variables} "$@"`;
  const child = spawn('bash', ['-c', command, 'bash', process.execPath, cliPath, 'serve', '--plain-port=0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe', ...fds],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (output += String(bytes)));
  return {
    outputLike: (pattern: RegExp) => expect.poll(() => output, { timeout: 10_000 }).toMatch(pattern),
    ended: async () => {
      if (child.exitCode === null) await once(child, 'close');
      return child.exitCode;
    },
  };
}

/** A server that drains for a minute, with one client. */
export async function draining(): Promise<{
  server: TestProcess;
  port: number;
  client: Awaited<ReturnType<typeof connectPeer>>;
}> {
  const { process: server, ircPort: port } = await startServer(['--drain-ms', '60000']);
  const client = await connectPeer(port);
  await client.write('NICK ann\r\nUSER ann 0 * :ann\r\n');
  await client.lineLike(/ (?:376|422) /);
  server.kill('SIGTERM');
  await server.errorText(/ draining clients=1 drainMs=60000/);
  return { server, port, client };
}
