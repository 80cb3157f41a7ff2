/** Finds the addon for this machine: of a package that is installed, and of a program that a bundler has made of it. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { environmentVariable } from '../runtime.js';
import { here } from './here.js';
import { type Libc, libc } from './libc.js';

/** The package's folder, seen from src/ and from dist/. */
export const root = join(dirname(here), '..', '..');

/** The result of the search: the path of the addon, or the addon itself if a bundler has put it into the program. */
export type Found = { readonly path: string } | { readonly path: string; readonly addon: object };

/**
 * Looks in this order: the file that `FDMUX_BINARY` names, the addon compiled in the package's folder, the one shipped
 * there. If a bundler has moved this code elsewhere: the results of its loader for `.node` files from the literal paths
 * below, a `prebuilds` folder beside this code or one folder above it, and the package in the `node_modules` that the
 * program sees.
 *
 * @returns an Error that says where it has looked, if there is none
 */
export function findAddon(): Found | Error {
  const named = environmentVariable('FDMUX_BINARY');
  if (named !== undefined && named !== '') return { path: resolve(named) };
  const built = join(root, 'build', 'Release', 'fdmux.node');
  if (existsSync(built)) return { path: built };
  const library = libc();
  const file = join(`linux-${process.arch}`, `fdmux.${library}.node`);
  const shipped = join(root, 'prebuilds', file);
  if (existsSync(shipped)) return { path: shipped };
  const bundled = bundledAddon(library);
  if (bundled !== undefined) return bundled;
  const elsewhere = [...foldersOfProgram()].map((folder) => join(folder, 'prebuilds', file));
  const path = elsewhere.find((each) => existsSync(each));
  if (path !== undefined) return { path };
  return new Error(
    `fdmux has no binary for linux-${process.arch} with ${library}: looked for ${[built, shipped, ...elsewhere].join(', ')}. ` +
      `To build one (needs a C++ compiler, make and Python): npx node-gyp rebuild --directory ${sources()}`,
  );
}

/** The folder with binding.gyp: the root of a clone, native/ in the package, lest npm compile it by itself. */
function sources(): string {
  return existsSync(join(root, 'binding.gyp')) ? root : join(root, 'native');
}

/** A `require` in which a bundler sees only a call. It includes all changes made to that of Node.js. */
export function requireFromHere(): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(here);
}

/** The result of a bundler's loader for the shipped addon: the addon, or the path to which it has copied the file. */
function bundledAddon(library: Libc): Found | undefined {
  const value = requireShipped(`${process.arch} ${library}`);
  const made: unknown = typeof value === 'object' && value !== null && 'default' in value ? value.default : value;
  if (typeof made === 'object' && made !== null && 'constants' in made)
    return { path: 'the bundled addon', addon: made };
  const path = typeof made === 'string' ? resolve(dirname(here), made) : '';
  return existsSync(path) ? { path } : undefined;
}

/**
 * Literal paths, because a bundler follows no others; inside of `try`, because it then goes on if one is missing.
 *
 * @returns undefined if no bundler was at work, or if it left the paths as they are
 */
function requireShipped(target: string): unknown {
  try {
    switch (target) {
      case 'x64 glibc':
        return require('../../prebuilds/linux-x64/fdmux.glibc.node');
      case 'x64 musl':
        return require('../../prebuilds/linux-x64/fdmux.musl.node');
      case 'arm64 glibc':
        return require('../../prebuilds/linux-arm64/fdmux.glibc.node');
      case 'arm64 musl':
        return require('../../prebuilds/linux-arm64/fdmux.musl.node');
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

/** The folders that can have a `prebuilds` of ours if this code is part of a bundle. */
function* foldersOfProgram(): Generator<string> {
  yield dirname(here);
  // Shared code of a program is often in a folder below it: Vite's `assets`, rollup's `chunks`.
  yield join(dirname(here), '..');
  try {
    yield dirname(requireFromHere().resolve('fdmux/package.json'));
  } catch {
    // fdmux is not installed at the place of the program.
  }
  if (isSingleExecutable()) yield dirname(process.execPath);
}

/** Whether this is a single executable application of Node.js, which has its code in the executable. */
function isSingleExecutable(): boolean {
  const sea: unknown = process.getBuiltinModule('node:sea');
  const isSea: unknown = typeof sea === 'object' && sea !== null ? Reflect.get(sea, 'isSea') : undefined;
  return typeof isSea === 'function' && Reflect.apply(isSea, sea, []) === true;
}
