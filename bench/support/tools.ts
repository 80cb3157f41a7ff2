/** Where things are, what is installed, and how the parts in C are compiled. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The project's folder, seen from build/bench/. */
export const root = join(__dirname, '../..');
const built = join(root, 'build/bench');

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

/** Whether this machine counts instructions; many virtual machines do not. */
export function countsInstructions(): boolean {
  const { status, stderr } = spawnSync('perf', ['stat', '-x,', '-e', 'instructions:u,instructions:k', 'true'], {
    encoding: 'utf8',
  });
  return status === 0 && !stderr.includes('<not');
}
