/** The runtime of the tests: 'node', 'bun' or 'deno'. */
export const runtime =
  process.versions['bun'] !== undefined ? 'bun' : process.versions['deno'] !== undefined ? 'deno' : 'node';

/** Whether a uv_poll_t works here: Bun and Deno only claim to have it. */
export const hasLoopWatch = runtime === 'node';

/** How an epoll can wait inside the event loop here. */
export const WAITERS = hasLoopWatch ? (['uv', 'thread'] as const) : (['thread'] as const);

/**
 * Whether a backend takes fds of FD_SETSIZE (1024) and above. The kernel's select does; qemu's copy of it aborts the
 * process.
 */
export const takesLargeFds = (backend: string): boolean =>
  backend !== 'select' || process.env['FDMUX_WITHOUT_LARGE_SELECT'] === undefined;

/** Whether a TLSSocket stops reading while it is paused: Deno's goes on. */
export const pausesTls = runtime !== 'deno';

/** Whether worker.terminate() ends a thread that is busy or blocks: Deno's does not, not even one in `for (;;) {}`. */
export const terminatesBusyWorkers = runtime !== 'deno';
