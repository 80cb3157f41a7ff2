/** The settings of the IRC side; all but the server's name and `nicks` can change while it runs. */
import { type AccountSettings, DEFAULT_ACCOUNT_SETTINGS } from '../../accounts/account-service.js';
import type { Privilege } from '../../chat/member.js';
import type { NickAlphabet } from '../naming.js';
import { DEFAULT_PAST, type PastSettings } from '../past.js';
import { DEFAULT_RESERVED_NICKS } from '../reserved-nicks.js';

/** An operator, who may use the operator commands. */
export interface OperatorSettings {
  readonly name: string;
  /** In clear, or hashed by `hashPassword`. */
  readonly password: string;
  /** Masks `user@host` of those who may use it. */
  readonly masks: readonly string[];
  /** Its privileges. @defaultValue everything */
  readonly privileges?: readonly Privilege[] | undefined;
  /** The host that others see after a successful OPER; null for the real one. */
  readonly host: string | null;
}

/** A WebIRC gateway, which connects on behalf of others. */
export interface GatewaySettings {
  /** For the log. */
  readonly name: string;
  /** In clear, or hashed by `hashPassword`. */
  readonly password: string;
  /** Where it connects from: see `AddressList`. */
  readonly addresses: readonly string[];
}

/** Where clients are to use TLS, and for how long they remember it (IRCv3 sts). */
export interface StsSettings {
  /** The port of IRC over TLS. */
  readonly port: number;
  /** 0 has them forget it. */
  readonly durationSeconds: number;
}

/** The settings of the IRC side. */
export interface IrcSettings {
  readonly serverName: string;
  readonly networkName: string;
  readonly description: string;
  /** The password that clients must send with PASS, in clear or hashed; null for none. */
  readonly password: string | null;
  readonly operators: readonly OperatorSettings[];
  /** The first that has a peer's address counts. */
  readonly gateways: readonly GatewaySettings[];
  /** The message of the day, line by line; empty for none. */
  readonly motd: readonly string[];
  /** The choices about accounts; null if there are none. */
  readonly accounts: AccountSettings | null;
  /** Null if clients are not asked to use TLS. */
  readonly sts: StsSettings | null;
  readonly admin: { readonly location: string; readonly organization: string; readonly email: string };
  /** How nicks are compared follows from it. */
  readonly nicks: NickAlphabet;
  /** In bytes. */
  readonly nickLength: number;
  readonly topicLength: number;
  readonly channelLength: number;
  /** Entries in all lists of masks of one channel. */
  readonly maxMasks: number;
  /** Nicks that one client may watch. */
  readonly maxMonitored: number;
  /** Masks of nicks that nobody may use, besides those that the protocols reserve for themselves. */
  readonly reservedNicks: readonly string[];
  /** How much is sent of what was said before. */
  readonly history: PastSettings;
  /** Flags that a new channel starts with, as mode letters. */
  readonly defaultChannelModes: string;
}

/** The settings of a server without a configuration. */
export const DEFAULT_IRC_SETTINGS: IrcSettings = {
  serverName: 'fdmux.local',
  networkName: 'fdmux',
  description: 'fdmux chat server',
  password: null,
  operators: [],
  gateways: [],
  motd: [],
  accounts: DEFAULT_ACCOUNT_SETTINGS,
  sts: null,
  admin: { location: 'not specified', organization: 'not specified', email: 'not specified' },
  nicks: 'ascii',
  nickLength: 30,
  topicLength: 390,
  channelLength: 64,
  maxMasks: 100,
  maxMonitored: 100,
  reservedNicks: DEFAULT_RESERVED_NICKS,
  history: DEFAULT_PAST,
  defaultChannelModes: 'nt',
};
