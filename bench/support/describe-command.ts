/** How a peer was started, in words: its version, and its command line. */
import { spawnSync } from 'node:child_process';
import { built, root } from './tools.js';

/** For example `Python 3.11.2: /usr/bin/python3 bench/servers/asyncio_server.py`; the compiler's version for C. */
export function describeCommand(command: readonly string[]): string {
  const [program = ''] = command;
  const words = command.map((word) => word.replaceAll(`${root}/`, ''));
  return `${versionOf(program.startsWith(built) ? 'cc' : program)}: ${words.join(' ')}`;
}

/** The first line that a program prints about its version. */
function versionOf(program: string): string {
  const { stdout, stderr } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const [line = ''] = `${stdout}${stderr}`.trim().split('\n');
  return program === process.execPath ? `Node.js ${line}` : line;
}
