/** The small disk of a broker, which can be full. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../../src/errors.js';

const MEGABYTES = 192;

/** A file system in memory. */
export class Disk {
  readonly folder = mkdtempSync(join(tmpdir(), 'fdmux-disk-'));
  readonly #filler = join(this.folder, 'filler');

  constructor() {
    const options = ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m,mode=755`];
    const mounted = spawnSync('mount', [...options, 'fdmux', this.folder]);
    if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr.toString()}`);
  }

  /** Takes the rest of it. */
  fill(): void {
    const fd = openSync(this.#filler, 'w');
    const block = Buffer.alloc(65_536);
    try {
      for (;;) writeSync(fd, block);
    } catch (error) {
      if (!hasCode(error, 'ENOSPC')) throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** Gives that back. */
  free(): void {
    rmSync(this.#filler, { force: true });
  }

  close(): void {
    spawnSync('umount', ['-l', this.folder]);
    rmdirSync(this.folder);
  }
}
