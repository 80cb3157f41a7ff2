/** What runs the tests: 'node', 'bun' or 'deno'. */
export const runtime =
  process.versions['bun'] !== undefined ? 'bun' : process.versions['deno'] !== undefined ? 'deno' : 'node';

/** Whether a uv_poll_t works here: Bun and Deno only claim to have it. */
export const hasLoopWatch = runtime === 'node';

/** How an epoll can wait inside the event loop here. */
export const WAITERS = hasLoopWatch ? (['uv', 'thread'] as const) : (['thread'] as const);

/** Whether select(2) takes fds from FD_SETSIZE (1024) on: the kernel does, and qemu's copy of the call aborts the process. */
export const selectTakesLargeFds = process.env['FDMUX_WITHOUT_LARGE_SELECT'] === undefined;
