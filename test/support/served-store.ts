/** Stores that one process serves to others, on sockets in a folder. */
import { onTestFinished } from 'vitest';
import { dialService } from '../../src/control/dial.js';
import { LOG_FILE, ServiceSocket, STORE_FILE } from '../../src/control/service-socket.js';
import type { Channel } from '../../src/log/channel.js';
import { LogService, PackBytes } from '../../src/log/log-service.js';
import { RemoteStore, type RemoteStoreOptions } from '../../src/store/remote/remote-store.js';
import { type SharedStore, StoreService } from '../../src/store/remote/store-service.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import type { Store } from '../../src/store/store.js';

export const FORM = 'sqlite 1';
const unobserved = { stranger: () => undefined, failed: () => undefined };

/** Serves a store in a folder until the test is over. */
export async function serveStore(folder: string, store: SharedStore, form = FORM): Promise<ServiceSocket> {
  const serve = (channel: Channel) => new StoreService({ store, form }, channel);
  const socket = await ServiceSocket.open({ folder, file: STORE_FILE, serve }, unobserved);
  onTestFinished(() => socket.close());
  return socket;
}

/** Serves the logs of a store beside it. */
export async function serveLogs(folder: string, store: Store): Promise<ServiceSocket> {
  return serveLog(folder, await SqliteLog.open(store, { isServed: true }));
}

/** Serves logs in a folder until the test is over. */
export async function serveLog(folder: string, log: SqliteLog): Promise<ServiceSocket> {
  const bytes = new PackBytes();
  const serve = (channel: Channel) => new LogService(log, channel, bytes);
  const socket = await ServiceSocket.open({ folder, file: LOG_FILE, serve }, unobserved);
  onTestFinished(() => socket.close());
  return socket;
}

/** Opens the store that is served in a folder. */
export async function openRemote(folder: string, options: Partial<RemoteStoreOptions> = {}): Promise<RemoteStore> {
  const store = await RemoteStore.open({
    dial: dialService(folder, STORE_FILE),
    form: FORM,
    pace: { late: () => undefined, caughtUp: () => undefined },
    refused: () => undefined,
    ...options,
  });
  onTestFinished(() => store.close());
  return store;
}
