/** The C library that this process runs on: a shared object that was built for another one must not be loaded. */
import { closeSync, openSync, readSync } from 'node:fs';
import { isDeno } from '../runtime.js';

export type Libc = 'glibc' | 'musl';

/** Linkers put the name of the program interpreter right behind the program headers. */
const HEAD_BYTES = 4096;

export function libc(): Libc {
  if (isDeno) return 'glibc'; // Deno is not built for musl, and reading its executable would take a permission.
  const [, interpreter] = /\/ld-(linux|musl)-/.exec(headOf(process.execPath)) ?? [];
  if (interpreter === undefined) return libcOfReport();
  return interpreter === 'musl' ? 'musl' : 'glibc';
}

/** The start of a file as text; empty if it cannot be read, as under Node.js's permission model. */
function headOf(path: string): string {
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    const fd = openSync(path, 'r');
    try {
      return head.toString('latin1', 0, readSync(fd, head));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

/** Asks the diagnostic report, whose setting applies to the whole process and is restored. */
function libcOfReport(): Libc {
  const { report } = process;
  const before = Object.getOwnPropertyDescriptor(report, 'excludeNetwork');
  const value: unknown = Reflect.get(report, 'excludeNetwork');
  // Otherwise the report looks up the names of the hosts that this process is connected to.
  Reflect.set(report, 'excludeNetwork', true);
  try {
    return JSON.stringify(report.getReport()).includes('"glibcVersionRuntime"') ? 'glibc' : 'musl';
  } finally {
    if (before === undefined && value === undefined) Reflect.deleteProperty(report, 'excludeNetwork');
    else Reflect.set(report, 'excludeNetwork', value);
  }
}
