/** Clients of several workers under test. */
import { existsSync, readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { client } from '../server/keeping.js';
import type { Peer } from '../support/peers.js';
import type { RunningWorkers } from './workers.js';

/** What is left in the folder of data that nobody uses. */
export const DATA = ['fdmux.db', 'lock'];

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
    found.set(String(Reflect.get(Object(entry), 'worker')), peer);
  }
  return found;
}

export async function stopped({ server, folder }: RunningWorkers): Promise<void> {
  server.process.kill('SIGTERM');
  expect(await server.process.ended()).toMatchObject({ code: 0 });
  expect(readdirSync(folder)).toEqual(DATA);
}

export const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);
