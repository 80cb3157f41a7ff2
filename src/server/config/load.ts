/** Loads the configuration of a chat server. */
import { dirname } from 'node:path';
import { ConfigError } from './config-error.js';
import { readConfigFile, readGroups, readMotd } from './file.js';
import { type DomainTls, mergeConfig, type TlsContents } from './merge.js';
import { type ConfigFile, EMPTY_FILE } from './schema.js';
import type { ServeFlags } from './serve-flags.js';
import type { ServerConfig } from './server-config.js';
import { type ListenerTls, readDomainTls, readTlsFiles, type TlsFiles } from './tls-files.js';

/**
 * Reads the file that the flags name, if any, and merges both.
 *
 * @throws {@link ConfigError} if the file is invalid, or contradicts the flags
 */
export async function loadConfig(flags: ServeFlags): Promise<ServerConfig> {
  const file = flags.config === undefined ? EMPTY_FILE : await readConfigFile(flags.config);
  const motd = await readMotd(file.server, flags.config);
  const [groups, tls] = [await readGroups(file), await readTls(file, flags)];
  return mergeConfig(file, flags, { motd, groups, tls, domainTls: await readTlsOfDomain(file, flags) });
}

async function readTlsOfDomain({ domain }: ConfigFile, { config = '' }: ServeFlags): Promise<DomainTls | null> {
  return domain === null ? null : readDomainTls(domain.tls, dirname(config), `${config}: domain.tls`);
}

async function readTls(file: ConfigFile, flags: ServeFlags): Promise<TlsContents> {
  const ofListeners = new Map<TlsFiles, ListenerTls>();
  const { config = '', tlsCert, tlsKey, tlsPort } = flags;
  for (const [index, { tls }] of (file.listeners ?? []).entries()) {
    const where = `${config}: listeners[${index}].tls`;
    if (tls !== undefined) ofListeners.set(tls, await readTlsFiles(tls, dirname(config), where));
  }
  if (tlsCert === undefined && tlsKey === undefined) {
    if (tlsPort !== undefined) throw new ConfigError('a port for TLS needs a certificate and its key');
    return { ofListeners, ofFlags: null };
  }
  if (tlsCert === undefined || tlsKey === undefined)
    throw new ConfigError('a certificate needs its key, and a key its certificate');
  return { ofListeners, ofFlags: await readTlsFiles({ cert: tlsCert, key: tlsKey }, '.', 'tls') };
}
