/** The one place that loads the addon. */
import { isAllowed } from '../runtime.js';
import type { NativeBinding } from './contract.js';
import { findAddon, requireFromHere, root } from './find.js';

/**
 * The addon, loaded with this module. If loading fails, the import succeeds all the same, `constants` is empty, and
 * every call throws `ERR_UNSUPPORTED_PLATFORM` with the reason.
 */
export const native: NativeBinding = load();

/** Whether this thread is a worker. */
export const isWorker = isWorkerOf(native);

function load(): NativeBinding {
  if (process.platform !== 'linux') return unsupported(`fdmux needs Linux; this is ${process.platform}`);
  if (!isAllowed({ name: 'read', path: root })) {
    return unsupported(`fdmux may not read its own files: Deno needs --allow-read=${root}`);
  }
  const found = findAddon();
  if (found instanceof Error) return unsupported(found.message);
  const { path } = found;
  if (!isAllowed({ name: 'ffi', path })) {
    return unsupported(`fdmux may not load its addon: Deno needs --allow-ffi=${path}`);
  }
  try {
    // A copy: to the engine, an addon's exports are a dictionary, in which each look-up costs.
    const binding = { ...(('addon' in found ? found.addon : requireFromHere()(path)) as NativeBinding) };
    if (isWorkerOf(binding)) binding.ownFds();
    return binding;
  } catch (error) {
    return unsupported(`fdmux cannot load ${path}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Asks node:worker_threads, which takes 2 ms to load, only if there is a doubt. */
function isWorkerOf({ isFirstThread }: NativeBinding): boolean {
  return !isFirstThread && !process.getBuiltinModule('node:worker_threads').isMainThread;
}

/** Returns a binding whose calls all throw. */
function unsupported(message: string, cause?: unknown): NativeBinding {
  const refuse = (): never => {
    throw Object.assign(new Error(message, { cause }), { code: 'ERR_UNSUPPORTED_PLATFORM' });
  };
  const data = new Map<string | symbol, unknown>([
    ['constants', {}],
    ['eventStrideWords', 0],
    ['eventDataWord', 0],
    ['isFirstThread', true],
    ['eventMemory', { words: new Uint32Array(0) }],
  ]);
  return new Proxy(Object.create(null), { get: (_, name) => (data.has(name) ? data.get(name) : refuse) });
}
