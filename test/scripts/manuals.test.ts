/** The package's files for a user's system: the manual page, the completions of shells, the unit, the container. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { cliPath, packagePath, projectPath, run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
const read = (path: string): string => readFileSync(packagePath(path), 'utf8');

const page = packagePath('dist/man/fdmux.1');
const completions = (shell: string): string => packagePath(`dist/completions/fdmux.${shell}`);

const program = createProgram('0.0.0');
const flags = program.commands.flatMap(({ options }) =>
  options.flatMap(({ long, hidden }) => (hidden ? [] : (long ?? []))),
);
const names = program.commands.map((command) => command.name());

test.each(['man/fdmux.1', 'completions/fdmux.bash', 'completions/fdmux.zsh', 'completions/fdmux.fish'])(
  'dist/%s names every command and every option',
  (path) => {
    // The page has `\-` for a minus, and changes the font by `\fB`.
    const text = read(`dist/${path}`)
      .replaceAll('\\-', '-')
      .replaceAll(/\\f[BIR]/g, ' ');
    const words = new Set(text.match(/[\w-]+/g));
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !words.has(name))).toEqual([]);
    const isNamed = (flag: string): boolean => words.has(flag) || words.has(flag.slice('--'.length));
    expect(flags.filter((flag) => !isNamed(flag))).toEqual([]);
  },
);

describe.skipIf(!has('mandoc'))('the manual page', () => {
  test('has nothing that mandoc complains about, but that it has no date', async () => {
    const { stdout, stderr } = await run('mandoc', ['-Tlint', page]);
    const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.includes('missing date'));
    expect(complaints).toEqual([]);
  });

  test('shows options as they are typed', async () => {
    const { stdout } = await run('mandoc', ['-Tutf8', '-Owidth=200', page]);
    // Bold is a letter struck twice.
    const text = stdout.replaceAll(/.\x08/gu, '');
    expect(text).toContain('--tls-cert file');
    expect(text).toContain('$ fdmux connect [::1]:33333');
    expect(text).toContain('fdmux - a chat server on select(2), poll(2) or epoll(7), and a client for it');
  });
});

/** A folder with one file, `room.json`. */
function folderWithFile(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'room.json'), '{}');
  return folder;
}

/** Lines that people type, and what one of the answers must be. */
const typed: readonly (readonly [words: readonly string[], answer: string, notAnswer: string])[] = [
  [['ser'], 'serve', 'connect'],
  [['serve', '--tls-c'], '--tls-cert', '--tls-key'],
  [['serve', '--backend', 'e'], 'epoll', 'poll'],
  [['serve', '--host', 'a', '--log-format', ''], 'json', '--host'],
  [['connect', '--charset', ''], 'gbk', 'auto'],
  [['connect', '--ins'], '--insecure', '--tls'],
  [['serve', '--config', 'r'], 'room.json', 'replay'],
  [['replay', 'r'], 'room.json', '--help'],
  [['help', 'hash'], 'hash-password', 'serve'],
];

describe.skipIf(!has('bash'))('bash', () => {
  const complete = async (words: readonly string[]): Promise<string[]> => {
    const script = `source "$1"; shift; COMP_WORDS=(fdmux "$@"); COMP_CWORD=$#; _fdmux; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { code, stdout, stderr } = await run('bash', ['-c', script, 'bash', completions('bash'), ...words], {
      cwd: folderWithFile(),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.split('\n').filter((line) => line !== '');
  };

  test.each(typed)('completes %j with %s', async (words, answer, notAnswer) => {
    const answers = await complete(words);
    expect(answers).toContain(answer);
    expect(answers).not.toContain(notAnswer);
  });

  test('completes a value after an equals sign, which it takes for a word of its own', async () => {
    expect(await complete(['serve', '--trigger', '='])).toEqual(['level', 'edge']);
    expect(await complete(['serve', '--trigger', '=', 'ed'])).toEqual(['edge']);
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  test.each(typed)('completes %j with %s', async (words, answer, notAnswer) => {
    const line = ['fdmux', ...words].map((word) => (word === '' ? '' : `'${word}'`)).join(' ');
    const script = 'source $argv[1]; complete --do-complete $argv[2]';
    const { code, stdout, stderr } = await run('fish', ['--no-config', '-c', script, completions('fish'), line], {
      cwd: folderWithFile(),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const answers = stdout.split('\n').map((text) => text.split('\t')[0]);
    expect(answers).toContain(answer);
    expect(answers).not.toContain(notAnswer);
  });
});

describe.skipIf(!has('zsh'))('zsh', () => {
  // A shell with a terminal: what is typed is completed by the Tab, and Ctrl-X prints the line and ends it.
  const script = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; source \${(q)1}; setopt no_beep no_list_ambiguous"
    zpty -w shell 'show() { print -r -- "line[$BUFFER]"; exit }; zle -N show; bindkey "^X" show; print rea""dy'
    zpty -r shell output '*ready*'
    zpty -w -n shell "$2"$'\\t\\x18'
    zpty -r shell output '*line\\[*\\]*'
    print -r -- "$output"
  `;

  // Each starts two shells, which takes a second: a command, an option, its value, a file.
  test.each([0, 2, 5, 6].flatMap((index) => typed.slice(index, index + 1)))(
    'completes %j with %s',
    async (words, answer) => {
      const line = `fdmux ${words.join(' ')}`;
      const { code, stdout } = await run('zsh', ['-f', '-c', script, 'zsh', completions('zsh'), line], {
        cwd: folderWithFile(),
      });
      expect(code).toBe(0);
      expect(/line\[(.*)\]/.exec(stdout)?.[1]).toMatch(new RegExp(` ${answer}[= ]?$`));
    },
  );
});

test('npm installs the manual page', () => {
  expect(JSON.parse(read('package.json'))).toMatchObject({
    man: ['dist/man/fdmux.1'],
    files: expect.arrayContaining(['dist']),
  });
});

describe.each(['fdmux.service', 'fdmux-workers.service'])('the unit %s of systemd', (name) => {
  const unit = projectPath(`deploy/${name}`);

  test('is in the package', () => {
    expect(read(`dist/systemd/${name}`)).toBe(readFileSync(unit, 'utf8'));
  });

  test.skipIf(!has('systemd-analyze'))('has nothing that systemd complains about', async () => {
    const { code, stderr } = await run('systemd-analyze', ['verify', '--man=no', unit]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

test('the command line that the container runs is one that fdmux accepts', async () => {
  const [, list = ''] = /^CMD \[(.*)\]$/m.exec(readFileSync(projectPath('deploy/Dockerfile'), 'utf8')) ?? [];
  const [command, ...args] = list.split(', ').map((word) => word.slice(1, -1));
  expect(command).toBe('fdmux');
  const { code, stderr } = await run(process.execPath, [cliPath, ...args, '--check-config']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
