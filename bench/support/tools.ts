/** The paths, the installed tools, and the compilation of the parts in C. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { isGuest } from './machine.js';

/** The project's folder, seen from build/bench/. */
export const root = join(__dirname, '../..');
/** The folder of compiled files, laid out like their sources in bench/. */
export const built = join(root, 'build/bench');
const cache = process.env['FDMUX_CACHE'] ?? join(root, '.cache');

/** The core that each side has to itself, as `taskset -c` takes it; if there is only one, they share it. */
export const SERVER_CORE = '0';
export const LOAD_CORE = cpus().length > 1 ? '1' : '0';
/** Both, for a server that has threads for them and leaves the load little. */
export const ALL_CORES = cpus().length > 1 ? '0,1' : '0';

/** Compiles a file of bench/, unless that has been done for the guest, and returns the path of the program. */
export function compile(source: string, ...flags: string[]): string {
  const program = join(built, source.replace(/\.c$/, ''));
  if (isGuest && isNewer(program, join(root, 'bench', source))) return program;
  mkdirSync(dirname(program), { recursive: true });
  const options = ['-O2', '-Wall', '-Wextra', '-o', program];
  // The linker searches a library only for names that the files before it need.
  execFileSync('cc', [...options, join(root, 'bench', source), ...flags], { stdio: 'inherit' });
  return program;
}

/** Compiling takes long in the guest. */
function isNewer(program: string, source: string): boolean {
  return existsSync(program) && statSync(program).mtimeMs >= statSync(source).mtimeMs;
}

/** Compiles a load generator, with TLS if OpenSSL's headers are installed. */
export function compileLoad(source: string): string {
  return compile(source, ...(hasOpensslHeaders() ? ['-DWITH_TLS', '-lssl', '-lcrypto'] : []));
}

/** Whether load generators can speak TLS. */
export function hasOpensslHeaders(): boolean {
  return runs('cc', '-fsyntax-only', '-include', 'openssl/ssl.h', '-x', 'c', '/dev/null');
}

/** Whether a command runs and succeeds: the search for optional peers uses it. */
export function runs(command: string, ...parameters: string[]): boolean {
  return spawnSync(command, parameters, { stdio: 'ignore' }).status === 0;
}

/** Bun on the PATH, or the one that `npm run matrix` has fetched. */
export function findBun(): string | null {
  if (runs('bun', '--version')) return 'bun';
  const fetched = join(cache, 'fetched');
  if (!existsSync(fetched)) return null;
  for (const name of readdirSync(fetched).filter((entry) => entry.startsWith('bun-'))) {
    const program = join(fetched, name, 'node_modules/@oven/bun-linux-x64/bin/bun');
    if (runs(program, '--version')) return program;
  }
  return null;
}

/** npm's epoll needs its install script, so only a person's command installs it. */
export const NPM_EPOLL_INSTALL = `npm install --prefix ${join(cache, 'bench')} epoll@4.0.2`;

/** The folder of npm's epoll if it has been installed for this Node.js. */
export function findNpmEpoll(): string | null {
  const folder = join(cache, 'bench/node_modules/epoll');
  return runs(process.execPath, '-e', 'require(process.argv[1])', folder) ? folder : null;
}

/** Whether this machine counts instructions; many virtual machines do not. */
export function countsInstructions(): boolean {
  if (isGuest) return true;
  const { status, stderr } = spawnSync('perf', ['stat', '-x,', '-e', 'instructions:u,instructions:k', 'true'], {
    encoding: 'utf8',
  });
  return status === 0 && !stderr.includes('<not');
}
