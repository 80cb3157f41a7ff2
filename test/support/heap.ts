/** How much of the heap is in use after a garbage collection. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = 'Bun' in globalThis ? collectOfBun() : runInNewContext('gc');

/** Bun has no flag for it, but a function of its own. */
function collectOfBun(): unknown {
  const bun: unknown = Reflect.get(globalThis, 'Bun');
  const gc: unknown = typeof bun === 'object' && bun !== null ? Reflect.get(bun, 'gc') : undefined;
  return typeof gc === 'function' ? () => void Reflect.apply(gc, bun, [true]) : undefined;
}

/** Bytes in use after a full collection of the garbage. */
export function heapInUse(): number {
  if (typeof collect !== 'function') throw new Error('this runtime does not let its garbage be collected');
  // A second collection takes the objects that a first one releases through weak references.
  for (let round = 0; round < 3; round += 1) Reflect.apply(collect, undefined, []);
  return process.memoryUsage().heapUsed;
}

/**
 * By how much the heap grows when something is done once more: the least of several times, since code that the engine
 * compiles meanwhile counts once, and a leak every time.
 */
export function heapGrowth(again: () => void): number {
  const grown: number[] = [];
  for (let time = 0; time < 3; time += 1) {
    const before = heapInUse();
    again();
    grown.push(heapInUse() - before);
  }
  return Math.min(...grown);
}
