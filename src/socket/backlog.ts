/** How many connections may wait to be accepted by default; the kernel caps it at its own limit. */
export const DEFAULT_BACKLOG = 511;
