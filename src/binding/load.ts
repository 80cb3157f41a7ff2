/** The one place that finds the addon for this machine and loads it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { environmentVariable, isAllowed } from '../runtime.js';
import type { NativeBinding } from './contract.js';
import { libc } from './libc.js';

/** The package's folder, seen from src/ and from dist/. */
const root = join(__dirname, '..', '..');

/**
 * The addon, loaded with this module. If loading fails, the import succeeds all the same, `constants` is empty, and
 * every call throws `ERR_UNSUPPORTED_PLATFORM` with the reason.
 */
export const native: NativeBinding = load();

function load(): NativeBinding {
  if (process.platform !== 'linux') return unsupported(`fdmux needs Linux; this is ${process.platform}`);
  if (!isAllowed({ name: 'read', path: root })) {
    return unsupported(`fdmux may not read its own files: Deno needs --allow-read=${root}`);
  }
  const path = findBinary();
  if (path instanceof Error) return unsupported(path.message);
  if (!isAllowed({ name: 'ffi', path })) {
    return unsupported(`fdmux may not load its addon: Deno needs --allow-ffi=${path}`);
  }
  try {
    // A copy: to the engine, an addon's exports are a dictionary, in which each look-up costs.
    const binding = { ...(require(path) as NativeBinding) };
    if (!isMainThread) binding.ownFds();
    return binding;
  } catch (error) {
    return unsupported(`fdmux cannot load ${path}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Finds the binary that FDMUX_BINARY names, else the one built here, else the one shipped. */
function findBinary(): string | Error {
  const named = environmentVariable('FDMUX_BINARY');
  if (named !== undefined && named !== '') return named;
  const built = join(root, 'build', 'Release', 'fdmux.node');
  if (existsSync(built)) return built;
  const library = libc();
  const shipped = join(root, 'prebuilds', `linux-${process.arch}`, `fdmux.${library}.node`);
  if (existsSync(shipped)) return shipped;
  return new Error(
    `fdmux has no binary for linux-${process.arch} with ${library}: looked for ${built} and ${shipped}. ` +
      `To build one (needs a C++ compiler, make and Python): npx node-gyp rebuild --directory ${root}`,
  );
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
    ['eventMemory', { words: new Uint32Array(0) }],
  ]);
  return new Proxy(Object.create(null), { get: (_, name) => (data.has(name) ? data.get(name) : refuse) });
}
