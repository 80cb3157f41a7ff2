/** What an operator of the server decides; all of it can change while the server runs, but for the names. */
import { DEFAULT_RESERVED_NICKS } from '../reserved-nicks.js';

/** Somebody who may use the operator commands. */
export interface OperatorSettings {
  readonly name: string;
  /** In clear, or hashed as `hashPassword` makes it. */
  readonly password: string;
  /** Masks `user@host` from which it may be used. */
  readonly masks: readonly string[];
  /** A host that others see in place of the real one once the operator command has succeeded; null for none. */
  readonly host: string | null;
}

/** The settings of the IRC side. */
export interface IrcSettings {
  readonly serverName: string;
  readonly networkName: string;
  readonly description: string;
  /** What a client must give with PASS, in clear or hashed; null for nothing. */
  readonly password: string | null;
  readonly operators: readonly OperatorSettings[];
  /** The message of the day, line by line; empty for none. */
  readonly motd: readonly string[];
  readonly admin: { readonly location: string; readonly organization: string; readonly email: string };
  readonly nickLength: number;
  readonly topicLength: number;
  readonly channelLength: number;
  /** Entries in one channel's lists of masks together. */
  readonly maxMasks: number;
  /** Nicks that one client may watch. */
  readonly maxMonitored: number;
  /** Masks of nicks that nobody may take, beside those that the protocols reserve for themselves. */
  readonly reservedNicks: readonly string[];
  /** Flags that a new channel starts with, as mode letters. */
  readonly defaultChannelModes: string;
}

/** The settings of a server that was told nothing. */
export const DEFAULT_IRC_SETTINGS: IrcSettings = {
  serverName: 'fdmux.local',
  networkName: 'fdmux',
  description: 'fdmux chat server',
  password: null,
  operators: [],
  motd: [],
  admin: { location: 'not told', organization: 'not told', email: 'not told' },
  nickLength: 30,
  topicLength: 390,
  channelLength: 64,
  maxMasks: 100,
  maxMonitored: 100,
  reservedNicks: DEFAULT_RESERVED_NICKS,
  defaultChannelModes: 'nt',
};
