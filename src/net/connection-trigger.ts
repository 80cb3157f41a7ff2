/** When readiness is reported to a connection. */

/** The triggers that a connection can have. */
export const CONNECTION_TRIGGERS = ['level', 'edge'] as const;
export type ConnectionTrigger = (typeof CONNECTION_TRIGGERS)[number];
