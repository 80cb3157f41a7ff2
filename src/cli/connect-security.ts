/** The flags of `fdmux connect` that are about TLS. */
import { readFile } from 'node:fs/promises';
import { toError } from '../errors.js';
import type { TlsConnectOptions } from '../net/tls-options.js';
import { UsageError } from './usage-error.js';

/** The flags; each of the last three implies the first. */
export interface ConnectFlags {
  readonly tls?: boolean;
  readonly ca?: string;
  readonly insecure?: boolean;
  readonly servername?: string;
}

/** Returns the options of TLS; undefined without it. @throws UsageError if the file cannot be read */
export async function readSecurity(flags: ConnectFlags): Promise<TlsConnectOptions | undefined> {
  const { tls = false, ca, insecure = false, servername } = flags;
  if (!tls && ca === undefined && !insecure && servername === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : { ca: await readAuthorities(ca) }),
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: !insecure,
  };
}

async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--ca ${path} cannot be read: ${toError(error).message}`);
  }
}
