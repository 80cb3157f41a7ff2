/** Reads the certificates and keys of listeners over TLS, and checks them. */
import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { DomainSettings } from '../../domains/settings.js';
import { toError } from '../../errors.js';
import { loadTls, TlsContexts } from '../../net/tls-contexts.js';
import type { TlsServerContext } from '../../net/tls-options.js';
import { ConfigError } from './config-error.js';
import { readWholeFile } from './whole-file.js';

/** Whether clients are asked for a certificate, and whether they must have one. */
export const CLIENT_CERTIFICATES = ['none', 'request', 'require'] as const;
export type ClientCertificates = (typeof CLIENT_CERTIFICATES)[number];

/** The files of one certificate. */
export interface IdentityFiles {
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string | undefined;
}

/** `listeners[].tls` of the configuration file, and what the flags make of the same. */
export interface TlsFiles extends IdentityFiles {
  readonly sni?: readonly (IdentityFiles & { readonly names: readonly string[] })[] | undefined;
  readonly ca?: string | undefined;
  readonly clientCertificates?: ClientCertificates | undefined;
  readonly handshakeTimeoutMs?: number | undefined;
  readonly maxHandshakes?: number | undefined;
  readonly handshakeCpuPercent?: number | undefined;
}

/** The facts about a certificate that an operator wants to know. */
export interface CertificateFacts {
  readonly file: string;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

/** TLS of one listener, with the contents of its files. */
export interface ListenerTls {
  /** A reload exchanges these. */
  readonly context: TlsServerContext;
  readonly certificates: readonly CertificateFacts[];
  readonly clientCertificates: ClientCertificates;
  readonly handshakeTimeoutMs: number | undefined;
  readonly maxHandshakes: number | undefined;
  readonly handshakeCpuPercent: number | undefined;
}

/**
 * Reads the files of one listener.
 *
 * @param folder - the folder that their names are relative to
 * @param where - the place in the configuration, for the complaint
 * @throws {@link ConfigError} if a file cannot be read, or its contents are of no use
 */
export async function readTlsFiles(files: TlsFiles, folder: string, where: string): Promise<ListenerTls> {
  const read = (name: string, key: string): Promise<string> => readPem(resolve(folder, name), `${where}.${key}`);
  const certificates: CertificateFacts[] = [];
  const readIdentity = async ({ cert, key, passphrase }: IdentityFiles, at: string) => {
    const identity = { cert: await read(cert, `${at}cert`), key: await read(key, `${at}key`), passphrase };
    certificates.push({ file: resolve(folder, cert), expiresMs: expiryOf(identity.cert, `${where}.${at}cert`) });
    return identity;
  };
  const own = await readIdentity(files, '');
  const sni = [];
  for (const [index, identity] of (files.sni ?? []).entries()) {
    sni.push({ ...(await readIdentity(identity, `sni[${index}].`)), servername: identity.names });
  }
  const ca = files.ca === undefined ? undefined : await read(files.ca, 'ca');
  const context: TlsServerContext = { ...own, sni, ca };
  await checkContext(context, where);
  return {
    context,
    certificates,
    clientCertificates: files.clientCertificates ?? 'none',
    handshakeTimeoutMs: files.handshakeTimeoutMs,
    maxHandshakes: files.maxHandshakes,
    handshakeCpuPercent: files.handshakeCpuPercent,
  };
}

/**
 * Reads the files of a domain.
 *
 * @param folder - the folder that their names are relative to
 * @throws {@link ConfigError} if a file cannot be read, or its contents are of no use
 */
export async function readDomainTls(
  files: { readonly cert: string; readonly key: string; readonly ca: string },
  folder: string,
  where: string,
): Promise<DomainSettings['tls']> {
  const { context } = await readTlsFiles(files, folder, where);
  const { cert, key } = context;
  return { cert, key, ca: await readPem(resolve(folder, files.ca), `${where}.ca`) };
}

async function readPem(path: string, where: string): Promise<string> {
  try {
    return await readWholeFile(path);
  } catch (error) {
    throw new ConfigError(`${where} cannot be read: ${toError(error).message}`);
  }
}

function expiryOf(cert: string, where: string): number {
  try {
    return Date.parse(new X509Certificate(cert).validTo);
  } catch {
    throw new ConfigError(`${where}: there is no certificate in the file`);
  }
}

async function checkContext(context: TlsServerContext, where: string): Promise<void> {
  const tls = await loadTls();
  try {
    new TlsContexts(tls, context);
  } catch (error) {
    throw new ConfigError(`${where}: ${toError(error).message}`);
  }
}
