/**
 * A server that restarts itself, for instance as a newer version, and closes no connection: SIGUSR2 starts the program
 * anew, and the old process sends it the listening socket and every connection (SCM_RIGHTS), with what it knows of
 * each. If the new process fails, the old one goes on. It numbers the lines of each client.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Connection, formatAddress, listen, type Listener, Multiplexer, Socket } from 'fdmux';
import { confirm, expectConfirmation, giveAll, takeAll } from './support/hand-over.js';

/** What is known of a client: how many lines it has sent, and the beginning of one. Undefined before the first. */
type Client = { lines: number; rest: string } | undefined;

/** How long each process waits for the other. */
const PATIENCE_MS = 10_000;

const clients = new Set<Connection<Client>>();

const socket = {
  open: (connection: Connection<Client>): void => void clients.add(connection),
  data(connection: Connection<Client>, bytes: Buffer): void {
    const client = (connection.data ??= { lines: 0, rest: '' });
    const lines = (client.rest + bytes.toString('latin1')).split('\n');
    client.rest = lines.pop() ?? '';
    for (const line of lines) {
      client.lines += 1;
      connection.write(Buffer.from(`${process.pid} ${client.lines} ${line}\n`, 'latin1'));
    }
  },
  close: (connection: Connection<Client>): void => void clients.delete(connection),
};

/** Starts the program anew, and ends when the new process serves. */
async function restart(listener: Listener<Client>): Promise<void> {
  const [link, theirs] = Socket.pair({ type: 'seqpacket', blocking: true });
  try {
    link.setTimeout(PATIENCE_MS);
    const child = spawn(process.execPath, [__filename], {
      stdio: ['ignore', 'inherit', 'inherit', theirs.fd],
      env: { ...process.env, TAKE_OVER_FD: '3' },
      detached: true,
    });
    child.unref();
    theirs.close();
    await once(child, 'spawn');
    await readable(link);
    expectConfirmation(link);
    giveAll(link, listener, clients);
    process.exit(0);
  } catch (error) {
    console.error(`not restarted: ${String(error)}`);
    link.close();
  }
}

/** Waits until the new process has started. This one serves meanwhile. */
async function readable(link: Socket): Promise<void> {
  const multiplexer = new Multiplexer();
  multiplexer.register(link, { interest: 'read' });
  await multiplexer.wait(PATIENCE_MS);
  multiplexer.close();
}

async function main(): Promise<void> {
  const link = process.env['TAKE_OVER_FD'] === undefined ? null : Socket.fromFd(Number(process.env['TAKE_OVER_FD']));
  link?.setTimeout(PATIENCE_MS);
  if (link !== null) confirm(link);
  const port = Number(process.argv[2] ?? 7007);
  const listener = link === null ? await listen({ port, socket }) : await takeAll(link, socket);
  link?.close();
  process.on('SIGUSR2', () => void restart(listener));
  console.log(`process ${process.pid} serves on ${formatAddress(listener.address)} with ${clients.size} clients`);
}

void main();
