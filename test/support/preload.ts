/**
 * Keeps the library of a sanitizer to the processes that load the addon. They need it before everything else; other
 * programs start without it, because a shell does not survive ThreadSanitizer's.
 */
const library = process.env['FDMUX_PRELOAD'];

if (library !== undefined) delete process.env['LD_PRELOAD'];

/** The environment of a process that loads the addon, or of a program that starts one. */
export function addonEnvironment(): NodeJS.ProcessEnv {
  return library === undefined ? process.env : { ...process.env, LD_PRELOAD: library };
}
