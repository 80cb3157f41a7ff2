/** Reads a file that is kept in memory as a whole. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** The most bytes: a file of more has been named by mistake. */
const MAX_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 65_536;

/**
 * Reads a text. Only a regular file has an end that comes at once: a FIFO would wait for somebody who writes, and a
 * device may have no end.
 *
 * @param path - leads to it, also through symbolic links
 * @throws an Error that says why not: it is something else, or has more than 16 MiB; the errors of open(2) and read(2)
 */
export async function readRegularFile(path: string): Promise<string> {
  // open(2) of a FIFO would wait, too.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}, not a regular file`);
    return await readAll(file);
  } finally {
    await file.close();
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO or pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

/** A file of proc(5) says that it has no bytes, and may have any number. */
async function readAll(file: FileHandle): Promise<string> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
    if (total > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  }
}
