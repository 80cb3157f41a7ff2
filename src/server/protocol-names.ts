/** The protocols that a server can speak, by name. */
import { IRC, IRC_TLS_PORT } from '../protocol/irc/facts.js';
import { PLAIN } from '../protocol/plain/facts.js';

/** The facts about web listeners, which serve a page and speak IRC in WebSockets. */
export const WEB = { name: 'web', defaultPort: 8067, isOptional: true } as const;

/** The facts of every protocol, in the order in which they are listed. */
export const PROTOCOLS = [PLAIN, IRC, WEB] as const;
export type ProtocolName = (typeof PROTOCOLS)[number]['name'];

/** The protocol that the flags for TLS are about, and its usual port. */
export const FLAGGED_TLS = { protocol: IRC, port: IRC_TLS_PORT } as const;
