/** Pseudo-terminals with real programs on them. */
import { readdirSync, readlinkSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { Descriptor, Pty, type PtyProcess, Termios, TTY } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { errorOf } from '../native/fds.js';
import { pattern } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { callUntyped } from '../support/untyped.js';

/** A program whose output is read, and which is killed at the end. */
function run(...args: Parameters<typeof Pty.spawn>): { child: PtyProcess; stream: Duplex; output: () => string } {
  const child = Pty.spawn(...args);
  const stream = child.master.toDuplex();
  let output = '';
  stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    stream.destroy();
    await child.exited;
  });
  return { child, stream, output: () => output };
}

const shell = (script: string, options = {}) => run('sh', ['-c', script], options);

describe('Pty.spawn', () => {
  test('gives a program a terminal of the size asked for, and all that it printed before the end', async () => {
    const { child, stream, output } = shell('tty; stty size; printf done; exit 7', { columns: 101, rows: 31 });
    const ended = nextEvent(stream, 'end');
    expect(await within(child.exited, 'the exit')).toEqual({ code: 7, signal: null });
    await ended;
    expect(output()).toBe(`${child.slavePath}\r\n31 101\r\ndone`);
    if (!stream.closed) await nextEvent(stream, 'close');
    expect(child.master.closed).toBe(true);
  });

  test('lets Ctrl-C interrupt the foreground job and not the shell, which has job control', async () => {
    const { child, stream, output } = run('sh', ['-i'], { env: { ...process.env, PS1: 'ready> ', ENV: '' } });
    await until(() => output().includes('ready> '), 'the prompt');
    stream.write('sed s/hello/world/\nhello\n');
    await until(() => output().includes('\nworld\r\n'), 'the job');
    // It has a group of its own, to which the terminal belongs.
    expect(foregroundGroup(child)).not.toBe(child.pid);
    stream.write('\x03');
    await until(() => /\^C[^]*ready> /.test(output()), 'the next prompt');
    stream.write('echo "alive $((40 + 2))"; exit 5\n');
    await until(() => output().includes('alive 42'), 'the shell');
    expect(await within(child.exited, 'the exit')).toEqual({ code: 5, signal: null });
  });

  test('reports the signal that ended a program', async () => {
    const { child } = run('cat');
    expect(child.kill('SIGTERM')).toBe(true);
    expect(await within(child.exited, 'the exit')).toEqual({ code: null, signal: 'SIGTERM' });
    expect(child.kill()).toBe(false);
  });

  test('starts with the default actions of all signals, none blocked, and without any other fd', async () => {
    const { child, output } = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; ls -m /proc/self/fd; read line");
    await until(() => output().split('\n').length > 3, 'the answer');
    expect(output().replaceAll(/\s+/g, ' ')).toMatch(/^SigBlk: 0{16} SigIgn: 0{16} 0, 1, 2, 3 $/);
    const fds = readdirSync(`/proc/${child.pid}/fd`).map((fd) => readlinkSync(`/proc/${child.pid}/fd/${fd}`));
    expect(fds.filter((target) => target !== child.slavePath)).toEqual([]);
    child.kill('SIGKILL');
  });

  test('sends SIGWINCH when the window is resized', async () => {
    const { child, output } = shell('trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.01; done');
    await until(() => output().includes('ready'), 'the program');
    child.resize(132, 43);
    expect(child.windowSize).toEqual({ columns: 132, rows: 43, widthPixels: 0, heightPixels: 0 });
    await until(() => output().includes('43 132'), 'the size');
    await child.exited;
  });

  test('sets the folder and the environment, whole', async () => {
    const { child, output } = run('/usr/bin/env', [], { cwd: '/tmp', env: { ONE: '1', NONE: undefined } });
    await child.exited;
    await until(() => output() === 'ONE=1\r\n', 'the environment');
    const second = shell('pwd', { cwd: '/' });
    await until(() => second.output() === '/\r\n', 'the folder');
  });

  test.each([
    ['a file that is not there', '/nonexistent/fdmux', {}, 'ENOENT', 'execve'],
    ['a name that PATH has not', 'no-such-program', {}, 'ENOENT', 'execve'],
    ['a file that may not be run', '/etc/passwd', {}, 'EACCES', 'execve'],
    ['a folder that is not there', 'sh', { cwd: '/nonexistent' }, 'ENOENT', 'chdir'],
  ])('throws what the start failed with: %s', (_what, file, options, code, syscall) => {
    expect(errorOf(() => Pty.spawn(file, [], options))).toMatchObject({ code, syscall });
  });

  test('refuses what no program takes', () => {
    for (const args of [[''], ['sh', ['x\0y']], ['sh', [], { env: { A: 'x\0y' } }], ['sh', 'x'], ['sh', [1]]]) {
      const error = errorOf(() => callUntyped(Pty, 'spawn', ...args));
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    }
    expect(errorOf(() => callUntyped(Pty, 'spawn', 'sh', [], { shell: true }))).toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
    });
    for (const [name, ...args] of [
      ['args[1]', 'sh', ['x', 1]],
      ['options.columns', 'sh', [], { columns: 70_000 }],
      ['options.rows', 'sh', [], { rows: -1 }],
      // A failed look-up of a user must not start the program as this process's.
      ['options.uid', 'sh', [], { uid: -1 }],
      ['options.gid', 'sh', [], { gid: -1 }],
      // It would set A to `B=x`.
      ['options.env', 'sh', [], { env: { 'A=B': 'x' } }],
    ] as const) {
      const error = errorOf(() => callUntyped(Pty, 'spawn', ...args));
      expect(error).toMatchObject({
        code: expect.stringMatching(/^ERR_(?:OUT_OF_RANGE|INVALID_ARG_TYPE)$/),
        message: expect.stringContaining(name),
      });
    }
  });

  test('carries megabytes both ways, slowed down by either side, and loses nothing', async () => {
    const child = Pty.spawn('sh', ['-c', 'stty raw -echo; echo ready; exec cat']);
    const stream = child.master.toDuplex();
    const bytes = pattern(3_000_017);
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      if (length === 0) stream.write(bytes);
      chunks.push(chunk);
      length += chunk.length;
    });
    const prefix = 'ready\n';
    await until(() => length === prefix.length + bytes.length, 'all bytes');
    expect(Buffer.concat(chunks).subarray(prefix.length).equals(bytes)).toBe(true);
    stream.destroy();
    // Its terminal has hung up.
    expect(await within(child.exited, 'the exit')).toEqual({ code: null, signal: 'SIGHUP' });
  });
});

/** The process group that the terminal of a child belongs to. */
function foregroundGroup(child: PtyProcess): number | undefined {
  const group = new Int32Array(1);
  child.master.ioctl(TTY.TIOCGPGRP, group);
  return group[0];
}

describe('Pty.open', () => {
  test('makes a terminal for programs to open, and ends when none has it open any more', () => {
    using pty = Pty.open({ columns: 10, rows: 5 });
    expect(pty.windowSize).toMatchObject({ columns: 10, rows: 5 });
    expect(pty.master.read(10)).toBeNull();
    const slave = Descriptor.open(pty.slavePath, 2);
    Termios.raw(slave);
    slave.write('last words');
    slave.close();
    expect(pty.master.read(100)?.toString()).toBe('last words');
    expect(pty.master.read(100)).toHaveLength(0);
    expect(pty.master.readInto(new Uint8Array(10))).toBe(0);
  });

  test('has a stream that waits, without using the processor, for the first program', async () => {
    const pty = Pty.open();
    const stream = pty.master.toDuplex();
    stream.resume();
    const before = process.cpuUsage();
    let turns = 0;
    while (turns < 3) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      turns += 1;
    }
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(1_000_000);
    const slave = Descriptor.open(pty.slavePath, 2);
    const read = nextEvent(stream, 'data');
    slave.write('x');
    await read;
    slave.close();
    if (!stream.closed) await nextEvent(stream, 'close');
    expect(pty.master.closed).toBe(true);
  });

  test('leaves no fd behind when its options are wrong', () => {
    expect(errorOf(() => Pty.open({ rows: -1 }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(errorOf(() => callUntyped(Pty, 'open', { size: 1 }))).toMatchObject({ code: 'ERR_UNKNOWN_OPTION' });
  });
});
