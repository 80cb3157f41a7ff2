/** Where things are, what is installed, and how the parts in C are compiled. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The project's folder, seen from build/bench/. */
export const root = join(__dirname, '../..');
const built = join(root, 'build/bench');

/** The core that each side has to itself, as `taskset -c` takes it. */
export const SERVER_CORE = '0';
export const LOAD_CORE = '1';

/** Compiles a file of bench/ and gives the path of the program. */
export function compile(source: string): string {
  mkdirSync(built, { recursive: true });
  const program = join(built, basename(source, '.c'));
  execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-o', program, join(root, 'bench', source)], { stdio: 'inherit' });
  return program;
}

/** Whether a command runs and ends well: how optional peers are looked for. */
export function runs(command: string, ...parameters: string[]): boolean {
  return spawnSync(command, parameters, { stdio: 'ignore' }).status === 0;
}

/** Bun on the PATH, or the one that `npm run matrix` has fetched. */
export function findBun(): string | null {
  if (runs('bun', '--version')) return 'bun';
  const fetched = join(process.env['FDMUX_CACHE'] ?? join(root, '.cache'), 'fetched');
  if (!existsSync(fetched)) return null;
  for (const name of readdirSync(fetched).filter((entry) => entry.startsWith('bun-'))) {
    const program = join(fetched, name, 'node_modules/@oven/bun-linux-x64/bin/bun');
    if (runs(program, '--version')) return program;
  }
  return null;
}

/** Whether this machine counts instructions; many virtual machines do not. */
export function countsInstructions(): boolean {
  const { status, stderr } = spawnSync('perf', ['stat', '-x,', '-e', 'instructions:u,instructions:k', 'true'], {
    encoding: 'utf8',
  });
  return status === 0 && !stderr.includes('<not');
}
