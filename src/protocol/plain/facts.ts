/** The facts about plain lines that are known before any of them is loaded. */
import type { ProtocolFacts } from '../protocol.js';

/** The facts of plain lines. */
export const PLAIN = { name: 'plain', defaultPort: 33_333, isOptional: false } as const satisfies ProtocolFacts;
