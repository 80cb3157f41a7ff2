/** Clients of several workers under test. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { client } from '../server/keeping.js';
import { nextEvent, until } from '../support/deadline.js';
import { Peer } from '../support/peers.js';
import { kill } from './upgrades.js';
import type { RunningWorkers } from './workers.js';

/** What is left in the folder of data that nobody uses. */
export const DATA = ['fdmux.db', 'lock'];

/** The names of files, in the order of the alphabet: not every runtime sorts them. */
export const filesIn = (folder: string): string[] => readdirSync(folder).sort();

let nicks = 0;

/** Connects clients until each worker has some. @returns one of each, by worker */
export async function clientsOfBoth({ server, ctl }: RunningWorkers): Promise<ReadonlyMap<string, Peer>> {
  const found = new Map<string, Peer>();
  while (found.size < 2) {
    nicks += 1;
    const peer = await client(server, `ann${nicks}`);
    const { result } = await ctl('clients');
    const entries: readonly unknown[] = Array.isArray(result) ? result : [];
    const entry = entries.find((each) => Reflect.get(Object(each), 'port') === peer.port);
    const worker = String(Reflect.get(Object(entry), 'worker'));
    // A worker that drains would wait for one whom nobody ends.
    found.get(worker)?.destroy();
    found.set(worker, peer);
  }
  return found;
}

export async function stopped({ server, folder }: RunningWorkers): Promise<void> {
  server.process.kill('SIGTERM');
  expect(await server.process.ended()).toMatchObject({ code: 0 });
  expect(filesIn(folder)).toEqual(DATA);
}

export const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Whether a process has not ended. A child that nobody has waited for yet does not run any more. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Kills processes, and waits for their end. */
export async function killed(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) kill(pid, 'SIGKILL');
  await until(() => !pids.some(isRunning), 'the end of what was killed');
}

/** Returns where the workers listen, by protocol. */
export async function addressesOf({ ctl }: RunningWorkers): Promise<readonly string[]> {
  const {
    listeners = [],
  }: { readonly listeners?: readonly { readonly protocol: string; readonly address: string }[] } = Object(
    (await ctl('status')).result,
  );
  return listeners.map(({ protocol, address }) => `${protocol} ${address}`);
}

/** Connects to a port of this machine, or to a unix socket. */
export async function dial(at: string): Promise<Peer> {
  const socket = at.startsWith('/') ? connect(at) : connect(Number(at.replace(/.*:/, '')), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await nextEvent(socket, 'connect');
  return new Peer(socket);
}

/** Connects by plain lines, and waits until a worker has answered. */
export async function isOpen(at: string): Promise<void> {
  const peer = await dial(at);
  // Only the sender of a line that is too long gets an answer.
  await peer.write(`${'x'.repeat(10_000)}\n`);
  await peer.lineLike(/ that line was longer /);
}

/** Connects by IRC, and waits until a worker has answered. */
export async function reached(at: string): Promise<Peer> {
  const peer = await dial(at);
  await peer.write('NICK nobody\r\nPING here\r\n');
  await peer.lineLike(/ 451 | PONG /);
  return peer;
}
