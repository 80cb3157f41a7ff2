/** What is broken in a run, when, and for how long: a seed alone decides it. */
import { seeded } from '../../support/random.js';
import type { Link } from './network.js';

/** What can be broken; `node` is the number of a node, from 0. */
export type Fault =
  /** The process of a node is killed, and started again. */
  | { readonly kind: 'kill'; readonly node: number }
  /** The process of a node stands still. */
  | { readonly kind: 'freeze'; readonly node: number }
  /** The link between a node and the broker is cut: what the node sends, what it gets, or both. */
  | { readonly kind: 'cut'; readonly node: number; readonly way: 'out' | 'in' | 'both' }
  /** The links between a node and the broker are bad. */
  | { readonly kind: 'weather'; readonly node: number; readonly link: Link }
  /** The clock of a node is wrong. */
  | { readonly kind: 'clock'; readonly node: number; readonly aheadSeconds: number }
  /** The broker crashes, and is started again. */
  | { readonly kind: 'broker-crash' }
  /** The broker crashes, and has lost the last bytes that it has written when it is started again. */
  | { readonly kind: 'broker-loss'; readonly bytes: number }
  /** The broker stands still. */
  | { readonly kind: 'broker-freeze' }
  /** The broker's disk is full. */
  | { readonly kind: 'disk-full' };

/** A fault in its time: milliseconds since the beginning. */
export type Event = Fault & { readonly fromMs: number; readonly toMs: number };

/** What a schedule is made for. */
export interface ScheduleOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly seconds: number;
  /** How long a lease lasts: some faults last longer, and some shorter. */
  readonly leaseMs: number;
  /** Whether the broker loses what it has acknowledged. @defaultValue false */
  readonly isLossy?: boolean;
}

/** Everything rests so long between two faults, so that it is known which of them is to blame. */
const REST_MS = 4_000;

/** Returns the faults of a run, one after the other; all of them end before the run does. */
export function scheduleOf({ seed, nodes, seconds, leaseMs, isLossy = false }: ScheduleOptions): Event[] {
  const random = seeded(seed * 7_919 + 1);
  // The first numbers of neighbouring seeds are alike.
  for (let skipped = 0; skipped < 8; skipped += 1) random();
  const between = (least: number, most: number): number => Math.round(least + random() * (most - least));
  const one = <T>(list: readonly [T, ...T[]]): T => list[Math.floor(random() * list.length)] ?? list[0];
  const long = (): number => between(leaseMs + 2_000, leaseMs + 5_000);
  const node = (): number => Math.floor(random() * nodes);
  const loss = () => ({
    fault: { kind: 'broker-loss', bytes: between(500, 40_000) } as const,
    lastsMs: between(500, 4_000),
  });
  const kinds: readonly [() => { fault: Fault; lastsMs: number }, ...(() => { fault: Fault; lastsMs: number })[]] = [
    () => ({ fault: { kind: 'kill', node: node() }, lastsMs: one([between(100, 1_000), long()]) }),
    () => ({ fault: { kind: 'freeze', node: node() }, lastsMs: one([between(500, 2_000), long(), long()]) }),
    () => ({
      fault: { kind: 'cut', node: node(), way: one(['out', 'in', 'both']) },
      lastsMs: one([between(500, 3_000), long(), long()]),
    }),
    () => ({
      fault: {
        kind: 'weather',
        node: node(),
        link: { loss: between(0, 8) / 100, delayMs: between(1, 60), jitterMs: between(0, 40) },
      },
      lastsMs: between(4_000, 8_000),
    }),
    () => ({
      fault: { kind: 'clock', node: node(), aheadSeconds: one([3_600, -3_600]) },
      lastsMs: between(3_000, 6_000),
    }),
    () => ({ fault: { kind: 'broker-crash' }, lastsMs: between(500, 6_000) }),
    () => ({ fault: { kind: 'broker-freeze' }, lastsMs: between(1_000, 8_000) }),
    () => ({ fault: { kind: 'disk-full' }, lastsMs: between(2_000, 6_000) }),
    ...(isLossy ? [loss, loss] : []),
  ];
  const events: Event[] = [];
  const endMs = seconds * 1_000;
  // Each kind once before any comes again.
  let left: (typeof kinds)[number][] = [];
  for (let atMs = 1_000; ;) {
    if (left.length === 0) left = [...kinds];
    const [make] = left.splice(Math.floor(random() * left.length), 1);
    const { fault, lastsMs } = (make ?? kinds[0])();
    if (atMs + lastsMs > endMs) return events;
    events.push({ ...fault, fromMs: atMs, toMs: atMs + lastsMs });
    atMs += lastsMs + REST_MS;
  }
}

/** Writes a schedule for people. */
export function describeSchedule(events: readonly Event[]): string {
  return events
    .map(({ fromMs, toMs, kind, ...rest }) => {
      const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
      return `${(fromMs / 1_000).toFixed(1)} s to ${(toMs / 1_000).toFixed(1)} s: ${kind}${details}`;
    })
    .join('\n');
}
