/** The facts about IRC that are known before any of it is loaded. */
import type { ProtocolFacts } from '../protocol.js';

/** The facts about IRC; its port is the one that clients try first. */
export const IRC = { name: 'irc', defaultPort: 6667, isOptional: true } as const satisfies ProtocolFacts;

/** The usual port of IRC over TLS (RFC 7194). */
export const IRC_TLS_PORT = 6697;
