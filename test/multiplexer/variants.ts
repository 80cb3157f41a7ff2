import type { BackendName, Trigger } from '../../src/multiplexer/backend.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import type { WaiterKind } from '../../src/readiness/waiter.js';
import { disposedAtEnd } from '../support/fds.js';
import { hasLoopWatch } from '../support/runtime.js';

/** One configuration of a multiplexer. */
export interface Variant {
  readonly name: string;
  readonly backend: BackendName;
  readonly waiter: WaiterKind;
  readonly trigger: Trigger;
}

/** How a multiplexer can wait: every backend, and for epoll both waiters if the runtime has both. */
const WAITS = [
  ...(hasLoopWatch ? [{ backend: 'epoll', waiter: 'uv' } as const] : []),
  { backend: 'epoll', waiter: 'thread' },
  { backend: 'poll', waiter: 'thread' },
  { backend: 'select', waiter: 'thread' },
] as const;

const TRIGGERS = ['level', 'edge', 'oneshot', 'edge-oneshot'] as const;

/** Every combination that exists. */
export const VARIANTS: readonly Variant[] = WAITS.flatMap(({ backend, waiter }) =>
  TRIGGERS.filter((trigger) => backend === 'epoll' || trigger === 'level').map((trigger) => ({
    name: backend === 'epoll' ? `epoll (${waiter}), ${trigger}` : `${backend}, ${trigger}`,
    backend,
    waiter,
    trigger,
  })),
);

/** The variants with the level trigger, for tests that do not depend on the trigger. */
export const LEVEL_VARIANTS = VARIANTS.filter(({ trigger }) => trigger === 'level');

/** Each backend once, for tests that do not depend on the waiter either. */
export const BACKENDS = ['epoll', 'poll', 'select'] as const;

/** A multiplexer that is closed when the test ends. */
export function open<T = unknown>({ backend, waiter }: Pick<Variant, 'backend' | 'waiter'>): Multiplexer<T> {
  return disposedAtEnd(new Multiplexer<T>({ backend, waiter }));
}
