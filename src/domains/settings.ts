/** The settings of a domain that shares rooms with others. */
import type { Pem } from '../net/tls-options.js';

/** Another domain that this one knows. */
export interface LinkSettings {
  /** Its name, which its certificate has. */
  readonly name: string;
  /** The address on which it listens for other domains; null if nobody here enters its rooms. */
  readonly at: { readonly host: string; readonly port: number } | null;
  /** Its rooms that people of this domain may enter, by their names there. */
  readonly rooms: readonly string[];
}

/** An address for other domains. */
export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  /** Whether other processes of this machine listen on the same address. */
  readonly reusePort: boolean;
}

/** All settings of a domain, about itself and others. */
export interface DomainSettings {
  readonly name: string;
  /** The address on which it listens for other domains; null if they enter none of its rooms. */
  readonly listen: ListenSettings | null;
  /** Its own rooms that people of linked domains may enter. */
  readonly rooms: readonly string[];
  readonly links: readonly LinkSettings[];
  /** Its certificate with the name of the domain, and the authorities that vouch for the other domains. */
  readonly tls: { readonly cert: Pem; readonly key: Pem; readonly ca: Pem };
}

/** The records of the log of a domain. */
export interface DomainLog {
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}
