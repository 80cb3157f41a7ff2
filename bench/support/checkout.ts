/** A built working tree of this project that is measured: this one, or another one beside it. */
import { execFileSync, type StdioOptions } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Refusal } from './refusal.js';
import { built, root } from './tools.js';

/** A checkout, as the suites ask for it. */
export interface Checkout {
  /** The name of a peer of this checkout; another one's ends with its commit. */
  label(peer: string): string;
  /** The path of a compiled program of bench/ that imports this checkout's fdmux. */
  program(path: string): string;
  /** The path of the command `fdmux`. */
  readonly cli: string;
}

/** The tree that the suites belong to. */
export const here: Checkout = {
  label: (peer) => peer,
  program: (path) => join(built, path),
  cli: join(root, 'dist/cli.js'),
};

/**
 * Takes another checkout, so that a change can be measured beside the commit before it. The programs are this tree's,
 * so both get the same requests; only the package they import is the other one.
 *
 * @throws {@link Refusal} if `folder` is not a built checkout
 */
export function checkoutAt(folder: string): Checkout {
  const tree = resolve(folder);
  if (!isBuilt(tree)) throw new Refusal(`${tree} is not a built checkout of fdmux: run 'npm run build' there`);
  const commit = commitOf(tree);
  const programs = join(built, 'against', commit);
  preparePrograms(programs, tree);
  return {
    label: (peer) => `${peer}@${commit}`,
    program: (path) => join(programs, path),
    cli: join(tree, 'dist/cli.js'),
  };
}

function isBuilt(tree: string): boolean {
  const manifest = join(tree, 'package.json');
  if (!existsSync(manifest) || !existsSync(join(tree, 'dist/index.js'))) return false;
  return /"name":\s*"fdmux"/.test(readFileSync(manifest, 'utf8'));
}

function commitOf(tree: string): string {
  try {
    const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: tree, encoding: 'utf8', stdio }).trim();
  } catch {
    return basename(tree);
  }
}

/** Copies the programs to a folder where `fdmux` is the package of `tree`. */
function preparePrograms(folder: string, tree: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const part of ['servers', 'waits']) cpSync(join(built, part), join(folder, part), { recursive: true });
  // Without a package.json of their own the programs would belong to this tree, and a package that imports itself by
  // name gets itself, whatever is in node_modules.
  writeFileSync(join(folder, 'package.json'), '{}\n');
  symlinkSync(tree, join(folder, 'node_modules/fdmux'));
}
