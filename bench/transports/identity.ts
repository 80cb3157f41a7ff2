/** The certificate of the servers that speak TLS. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { built, hasOpensslHeaders, runs } from '../support/tools.js';

/** A certificate and its key, as files. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** The requirements of the suite for TLS: openssl for the certificate, its headers for the load generators. */
export const TLS_INSTALL = 'apt-get install openssl libssl-dev';

let made: Identity | null | undefined;

/** Makes a certificate on the curve P-256, once; null if something for that is not installed. */
export function findIdentity(): Identity | null {
  made ??= runs('openssl', 'version') && hasOpensslHeaders() ? makeIdentity() : null;
  return made;
}

function makeIdentity(): Identity {
  const folder = join(built, 'tls');
  mkdirSync(folder, { recursive: true });
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const request = ['req', '-x509', ...kind, '-subj', '/CN=localhost', '-days', '30', '-keyout', key, '-out', cert];
  execFileSync('openssl', request, { stdio: 'ignore' });
  return { cert, key };
}
