/** A thread of the store: it owns one connection, and does one task after the other. */
import { parentPort } from 'node:worker_threads';
import { openForReading, openForWriting } from './database.js';
import { type Connection, findEngine } from './engine.js';
import { readBans, readEnds, readExpired, readPacks, readStates } from './reader.js';
import { failureOf } from './store-error.js';
import type { Answer, Jobs, Report, Task, ThreadData } from './tasks.js';
import { Writer } from './writer.js';

/** How each job is done. */
type Desk = { readonly [K in keyof Jobs]: (ask: Jobs[K]['ask']) => Jobs[K]['answer'] };

function deskOf(connection: Connection): Desk {
  const writer = new Writer(connection);
  return {
    write: (batch) => writer.write(batch),
    begin: () => writer.begin(),
    bans: () => readBans(connection),
    states: () => readStates(connection),
    ends: () => readEnds(connection),
    packs: (ask) => readPacks(connection, ask),
    expired: (ask) => readExpired(connection, ask),
    close: () => {
      connection.close();
      return null;
    },
  };
}

function carryOut<K extends keyof Jobs>(desk: Desk, { id, job, ask }: Task<K>): Answer<K> {
  return { kind: 'done', id, job, value: desk[job](ask) };
}

/** Runs this thread: the first message is what it is started with, the others are tasks. */
export function runThread(): void {
  const port = parentPort;
  if (port === null) throw new Error('this file is a thread of the store, not a program');
  const report = (message: Report): void => {
    port.postMessage(message);
  };
  port.once('message', (data: ThreadData) => {
    open(data).then(
      (desk) => {
        port.on('message', (task: Task) => {
          report(answer(desk, task));
          if (task.job === 'close') port.close();
        });
        report({ kind: 'ready' });
      },
      (error: unknown) => {
        report({ kind: 'unusable', failure: failureOf(error) });
      },
    );
  });
}

async function open(data: ThreadData): Promise<Desk> {
  const engine = await findEngine();
  return deskOf(data.role === 'write' ? openForWriting(engine, data) : openForReading(engine, data.path));
}

function answer(desk: Desk, task: Task): Report {
  try {
    return carryOut(desk, task);
  } catch (error) {
    return { kind: 'failed', id: task.id, job: task.job, failure: failureOf(error) };
  }
}
