/** Certificates for tests, made by openssl when they are needed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A certificate and its key, as PEM and as files. */
export interface TestIdentity {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** How a certificate is made. */
export interface CertificateOptions {
  /** Its name, and its only DNS name; an address is one as well. */
  readonly name: string;
  /** Its signer; without one it is self-signed. */
  readonly issuer?: TestIdentity;
  /** Whether it may sign others. */
  readonly isAuthority?: boolean;
  /** Days until it expires; negative if it has. */
  readonly days?: number;
  /** Encrypts the key. */
  readonly passphrase?: string;
}

/** Whether there is an openssl here to make certificates with. */
export const hasOpenssl = canRun();

function canRun(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A folder of certificates; it is removed when the tests of the file are over. */
export class CertificateFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'fdmux-certificates-'));
  #count = 0;

  constructor() {
    afterAll(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** Makes a key and a certificate for it. */
  make({ name, issuer, days = 30, passphrase, isAuthority = false }: CertificateOptions): TestIdentity {
    this.#count += 1;
    const folder = join(this.path, String(this.#count));
    mkdirSync(folder);
    const keyFile = join(folder, 'key.pem');
    const certFile = join(folder, 'cert.pem');
    const requestFile = join(folder, 'request.pem');
    const extensionsFile = join(folder, 'extensions');
    const encryption = passphrase === undefined ? [] : ['-aes-256-cbc', '-pass', `pass:${passphrase}`];
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', ...encryption, '-out', keyFile);
    const alternative = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
    const constraints = `basicConstraints=critical,CA:${isAuthority ? 'TRUE' : 'FALSE'}`;
    writeFileSync(extensionsFile, `subjectAltName=${alternative}\n${constraints}\n`);
    const decryption = passphrase === undefined ? [] : ['-passin', `pass:${passphrase}`];
    openssl('req', '-new', '-key', keyFile, '-subj', `/CN=${name}`, '-out', requestFile, ...decryption);
    const signer =
      issuer === undefined
        ? ['-signkey', keyFile, ...decryption]
        : ['-CA', issuer.certFile, '-CAkey', issuer.keyFile, '-CAcreateserial'];
    const request = ['x509', '-req', '-in', requestFile, '-extfile', extensionsFile, '-out', certFile];
    openssl(...request, '-days', String(days), ...signer);
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile };
  }

  /** The SHA-256 fingerprint of a certificate according to openssl, as lower-case hexadecimal digits. */
  fingerprint({ certFile }: TestIdentity): string {
    const line = openssl('x509', '-in', certFile, '-noout', '-fingerprint', '-sha256');
    return line.trim().replace(/^.*=/, '').replaceAll(':', '').toLowerCase();
  }
}
