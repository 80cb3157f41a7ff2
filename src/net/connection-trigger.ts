/** When readiness is reported to a connection. */
import { type BackendName, triggersOf } from '../multiplexer/backend.js';

/** The triggers that a connection can have. */
export const CONNECTION_TRIGGERS = ['level', 'edge'] as const;
export type ConnectionTrigger = (typeof CONNECTION_TRIGGERS)[number];

/** Whether connections can have that trigger on a backend. */
export function hasTrigger(backend: BackendName, trigger: ConnectionTrigger): boolean {
  return triggersOf(backend).includes(trigger);
}
