/** A thread of the store: it owns one connection, and does one task after the other. */
import { parentPort } from 'node:worker_threads';
import { checkStore } from './check.js';
import { openForCheckpoints, openForReading, openForWriting } from './database.js';
import { findEngine } from './engine.js';
import { Exporter } from './exporter.js';
import { Importer } from './importer.js';
import type { MigrationProgress } from './migrations.js';
import { READERS } from './reader.js';
import { failureOf } from './store-error.js';
import { Tables } from './tables.js';
import type { Answer, Jobs, ReadersOf, Report, Task, ThreadData } from './tasks.js';
import { begin, indexNextLines, mergeParts, writeBatch } from './writer.js';

/** How each job is done. */
type Desk = ReadersOf<Jobs>;

/** Returns how a thread does its jobs. An export and an import go on from one task to the next. */
function newDesk(): Desk {
  let exporter: Exporter | null = null;
  let importer: Importer | null = null;
  return {
    ...READERS,
    write: writeBatch,
    begin,
    index: indexNextLines,
    merge: mergeParts,
    checkpoint: ({ connection }) => {
      connection.exec('PRAGMA wal_checkpoint(PASSIVE)');
      return null;
    },
    check: checkStore,
    export: (tables, { length }) => {
      exporter ??= new Exporter(tables);
      return exporter.next(length);
    },
    import: ({ connection }, { lines }) => {
      importer ??= new Importer(connection);
      importer.add(lines);
      return null;
    },
    'import-end': ({ connection }) => {
      importer ??= new Importer(connection);
      return importer.end();
    },
    close: ({ connection }) => {
      connection.close();
      return null;
    },
  };
}

function carryOut<K extends keyof Jobs>(desk: Desk, tables: Tables, { id, job, ask }: Task<K>): Answer<K> {
  return { kind: 'done', id, job, value: desk[job](tables, ask) };
}

/** Runs this thread: the first message is its start data, the others are tasks. */
export function runThread(): void {
  const port = parentPort;
  if (port === null) throw new Error('this file is a thread of the store, not a program');
  const report = (message: Report): void => {
    port.postMessage(message);
  };
  port.once('message', (data: ThreadData) => {
    const migrating = (progress: MigrationProgress): void => {
      report({ kind: 'migrating', progress });
    };
    open(data, migrating).then(
      (tables) => {
        const desk = newDesk();
        port.on('message', (task: Task) => {
          report(answer(desk, tables, task));
          // Deno's has no close(): its thread ends when it is terminated.
          if (task.job === 'close' && 'close' in port) port.close();
        });
        report({ kind: 'ready' });
      },
      (error: unknown) => {
        report({ kind: 'unusable', failure: failureOf(error) });
      },
    );
  });
}

async function open(data: ThreadData, migrating: (progress: MigrationProgress) => void): Promise<Tables> {
  const engine = await findEngine();
  switch (data.role) {
    case 'write':
      return new Tables(openForWriting(engine, data, migrating));
    case 'read':
      return new Tables(openForReading(engine, data.path));
    case 'checkpoint':
      return new Tables(openForCheckpoints(engine, data.path));
    case 'import':
      return new Tables(engine.open(data.path, { isReadOnly: false, timeoutMs: 0 }));
  }
}

function answer(desk: Desk, tables: Tables, task: Task): Report {
  try {
    return carryOut(desk, tables, task);
  } catch (error) {
    return { kind: 'failed', id: task.id, job: task.job, failure: failureOf(error) };
  }
}
