import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { cliCommand, cliPath, run } from '../support/processes.js';

/**
 * Nothing of this process's own environment decides: what commander reads, and what Node.js reads to find out how many
 * colours a terminal has (`tty.WriteStream.getColorDepth`). In most hosted builds (`CI`) it has none.
 */
const UNDECIDED = {
  ...Object.fromEntries(
    'NO_COLOR FORCE_COLOR CLICOLOR_FORCE NODE_DISABLE_COLORS CI TF_BUILD AGENT_NAME TEAMCITY_VERSION TERM_PROGRAM TMUX'
      .split(' ')
      .map((name) => [name, undefined]),
  ),
  TERM: 'xterm-256color',
};

const help = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  run(process.execPath, [cliPath, ...args, '--help'], { env: { ...UNDECIDED, ...env } });

/** The help as somebody at a terminal sees it. */
const helpAtTerminal = (env: Readonly<Record<string, string>>) =>
  run('script', ['-qec', `${cliCommand} --help`, '/dev/null'], { env: { ...UNDECIDED, ...env } });

const hasTerminal = spawnSync('script', ['--version']).status === 0;

describe('the help', () => {
  test('has no colours in a pipe', async () => {
    const { stdout } = await help({});
    expect(stdout).toContain('Usage: fdmux');
    expect(stdout).toBe(stripVTControlCharacters(stdout));
  });

  test('has colours where FORCE_COLOR asks for them, in the help of a command, too, and says the same', async () => {
    const { stdout } = await help({ FORCE_COLOR: '1' }, 'serve');
    expect(stdout).toMatch(/\x1b\[1mUsage:\x1b\[22m.*\n[\s\S]*\x1b\[32m.*--help\x1b\[39m/);
    expect(stripVTControlCharacters(stdout)).toBe((await help({}, 'serve')).stdout);
  });

  test('has none where NO_COLOR is set, even if FORCE_COLOR is set as well', async () => {
    expect((await help({ NO_COLOR: '1', FORCE_COLOR: '1' })).stdout).not.toContain('\x1b');
  });

  test.skipIf(!hasTerminal)('has colours at a terminal, but none with NO_COLOR', async () => {
    expect((await helpAtTerminal({})).stdout).toContain('\x1b[1mUsage:\x1b[22m');
    expect((await helpAtTerminal({ NO_COLOR: '1' })).stdout).not.toContain('\x1b[1m');
  });
});
