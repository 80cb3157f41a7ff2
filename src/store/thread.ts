/** A thread of the store: it owns one connection, and does one task after the other. */
import { parentPort } from 'node:worker_threads';
import { openForReading, openForWriting } from './database.js';
import { findEngine } from './engine.js';
import { READERS } from './reader.js';
import { failureOf } from './store-error.js';
import { Tables } from './tables.js';
import type { Answer, Jobs, ReadersOf, Report, Task, ThreadData } from './tasks.js';
import { begin, writeBatch } from './writer.js';

/** How each job is done. */
type Desk = ReadersOf<Jobs>;

const DESK: Desk = {
  ...READERS,
  write: writeBatch,
  begin,
  close: ({ connection }) => {
    connection.close();
    return null;
  },
};

function carryOut<K extends keyof Jobs>(tables: Tables, { id, job, ask }: Task<K>): Answer<K> {
  return { kind: 'done', id, job, value: DESK[job](tables, ask) };
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
      (tables) => {
        port.on('message', (task: Task) => {
          report(answer(tables, task));
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

async function open(data: ThreadData): Promise<Tables> {
  const engine = await findEngine();
  return new Tables(data.role === 'write' ? openForWriting(engine, data) : openForReading(engine, data.path));
}

function answer(tables: Tables, task: Task): Report {
  try {
    return carryOut(tables, task);
  } catch (error) {
    return { kind: 'failed', id: task.id, job: task.job, failure: failureOf(error) };
  }
}
