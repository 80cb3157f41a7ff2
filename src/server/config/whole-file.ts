/** Reads a file that is kept in memory as a whole. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Multiplexer } from '../../multiplexer/multiplexer.js';

/** The most bytes: a file of more has been named by mistake. */
const MAX_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 65_536;
/** How long a FIFO may take, in milliseconds: who writes to it may have to ask somebody for a passphrase. */
const FIFO_MS = 30_000;

/**
 * Reads a text: that of a regular file, or of a FIFO or pipe until all who write to it have closed it. A device may
 * have no end.
 *
 * @param path - leads to it, also through symbolic links
 * @param fifoMs - how long a FIFO or pipe may take, in milliseconds
 * @throws an Error that says why not: it is something else, or has more than 16 MiB, or nobody has written all of it in
 *   time; the errors of open(2) and read(2)
 */
export async function readWholeFile(path: string, fifoMs = FIFO_MS): Promise<string> {
  // open(2) of a FIFO would wait for somebody who writes.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = await file.stat();
    if (stats.isFIFO()) return await readFifo(file, fifoMs);
    if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}, not a regular file`);
    return await readAll(file);
  } finally {
    await file.close();
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  return stats.isSocket() ? 'a socket' : 'a device';
}

/** A pipe whose writers are gone is at its end; a FIFO without one waits for the next. */
async function readFifo(file: FileHandle, waitMs: number): Promise<string> {
  using multiplexer = new Multiplexer();
  multiplexer.register(file.fd, { interest: 'read' });
  const endMs = performance.now() + waitMs;
  const text = await readAll(file, async () => {
    const ready = await multiplexer.wait(Math.max(0, endMs - performance.now()));
    if (ready.length === 0) throw new Error(`nobody has written this FIFO to its end within ${waitMs / 1000} s`);
  });
  if (text === '') throw new Error('it is a pipe that is empty: it can be read once');
  return text;
}

/**
 * A file of proc(5) says that it has no bytes, and may have any number.
 *
 * @param awaitBytes - waits until there are some, or the end
 */
async function readAll(file: FileHandle, awaitBytes?: () => Promise<void>): Promise<string> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    await awaitBytes?.();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
    if (total > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  }
}
