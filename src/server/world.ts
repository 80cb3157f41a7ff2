/**
 * The surroundings of a server: peers, time, randomness, the results of checks, the requests of those who run it. To
 * record a server, or to replay it, is to put another world around it.
 */
import type { Outside } from '../accounts/observed-accounts.js';
import { verifyPassword } from '../accounts/password.js';
import type { BanKind, ServerBan } from '../log/entry.js';
import type { ClassSettings } from '../protocol/limits.js';
import { newLogId } from '../protocol/log-id.js';
import type { Protocol } from '../protocol/protocol.js';
import type { Arrival } from './arrival.js';
import { type Clock, SYSTEM_CLOCK } from './clock.js';
import { ConnectionLink, type LinkEvents, type LinkFacts } from './link.js';
import type { StoreOpening } from './open-store.js';

/** Everything that makes a link. */
export interface LinkParts {
  readonly arrival: Arrival;
  readonly facts: LinkFacts;
  readonly limits: ClassSettings;
  readonly events: LinkEvents;
  readonly protocol: Protocol;
}

/**
 * A request that the process, or the one who runs a server, may make of it at any time: to begin once its store is
 * open, to keep its rooms, to put a nick out, to set or lift a ban, to read the configuration, to stop.
 */
export type OutsideRequest =
  | readonly ['begin']
  | readonly ['keep']
  | readonly ['put-out', nick: string, parting: string]
  | readonly ['ban', ban: ServerBan, parting: string]
  | readonly ['unban', kind: BanKind, mask: string]
  | readonly ['reload']
  | readonly ['stop', string];

/** The surroundings of one server. */
export interface World extends Clock {
  /** Whether listeners may change while the server runs: a recording knows only those of its start. */
  readonly mayChangeListeners: boolean;
  /** Whether it has links to other domains. */
  readonly mayLink: boolean;
  /** Returns the key of cloaks: a recording has one of its own, since it must not contain the configured one. */
  readonly cloakKey: (configured: string) => string;
  /** Returns a name that no other log of this server has; the ids of its messages begin with it. */
  readonly newLogId: () => string;
  /** Compares a password with the one in the configuration. */
  readonly verifyPassword: (offered: string, expected: string) => Promise<boolean>;
  /** Asks something whose answer is plain data, and which is never rejected: a store, a program. */
  readonly outside: Outside;
  /** Opens the store of the server. */
  readonly openStore: (open: () => Promise<StoreOpening>) => Promise<StoreOpening>;
  /** Looks at the server on behalf of somebody outside it: nothing depends on what is seen. */
  aside<T>(look: () => T): T;
  /** Makes the link of a peer that has arrived. */
  createLink(parts: LinkParts): ConnectionLink;
  /** The wire of a link is closed; the server is about to hear of it. */
  departed(link: ConnectionLink, error: Error | undefined): void;
  /** Does what was asked for from outside the server. */
  fromOutside<T>(request: OutsideRequest, run: () => T): T | Promise<T>;
}

/** The world as it is. */
export const REAL_WORLD: World = {
  ...SYSTEM_CLOCK,
  mayChangeListeners: true,
  mayLink: true,
  cloakKey: (configured) => configured,
  newLogId,
  verifyPassword,
  outside: (ask) => ask(),
  openStore: (open) => open(),
  aside: (look) => look(),
  createLink: ({ arrival, facts, limits, events }) => new ConnectionLink(arrival.wire, facts, limits, events),
  departed: () => undefined,
  fromOutside: (_, run) => run(),
};
