/** The settings in which all nodes of a chat have to agree. */
import { createHash } from 'node:crypto';
import type { ServerConfig } from '../config/server-config.js';

/** Settings by their keys in the file, each as a text that can be compared and shown. */
export type Settings = Readonly<Record<string, string>>;

/** The settings that a node has in common with the others. */
export interface CommonSettings {
  /** Nodes with others would reach other states, or show people another chat: each waits for a restart anyway. */
  readonly fixed: Settings;
  /** A reload applies these: they differ for as long as some nodes have read them and others have not. */
  readonly loose: Settings;
}

/** Returns the settings of a node that others have to have, too. */
export function commonSettingsOf({ lobby, store, domain, cloak, irc }: ServerConfig): CommonSettings {
  const { history } = store ?? {};
  const { accounts, nickLength, topicLength, channelLength, maxMasks } = irc;
  const texts = (values: Readonly<Record<string, unknown>>): Settings =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)]));
  return {
    fixed: texts({
      nicks: irc.nicks,
      lobby,
      'server.name': irc.serverName,
      history: history === undefined ? null : { days: history.days, rooms: [...history.rooms].sort() },
      'store.logs': store?.kind === 'postgres' && store.logs !== null ? 'redis' : null,
      'domain.name': domain?.name ?? null,
      'domain.rooms': domain === null ? null : [...domain.rooms].sort(),
    }),
    loose: texts({
      // It has a secret.
      cloak:
        cloak &&
        createHash('sha256')
          .update(JSON.stringify([cloak.key, cloak.suffix]))
          .digest('hex')
          .slice(0, 12),
      limits: { nickLength, topicLength, channelLength, maxMasks },
      accounts: accounts && { ...accounts, emailCommand: null },
      reservedNicks: irc.reservedNicks,
      defaultChannelModes: irc.defaultChannelModes,
    }),
  };
}
