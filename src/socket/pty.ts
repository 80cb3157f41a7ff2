/** Pseudo-terminals, and programs that run on one: pty(7). */
import { constants } from 'node:fs';
import {
  checkArray,
  checkInteger,
  checkObject,
  checkOptions,
  checkString,
  MAX_UINT16,
  MAX_UINT32,
  type OptionNames,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { hasCode, isSystemError, outOfRange, present } from '../errors.js';
import { Descriptor } from './descriptor.js';
import { TTY } from './kernel-constants.js';
import { namingPath } from './named-error.js';
import { type PathInput, toPathBytes } from './path.js';
import { type ExitStatus, PidFd } from './pid-fd.js';
import { getWindowSize, setWindowSize, type WindowSize } from './terminal.js';

/** Options of {@link Pty.open}. */
export interface PtyOptions {
  /** From 0 to 65,535. Default: 80 */
  readonly columns?: number | undefined;
  /** From 0 to 65,535. Default: 24 */
  readonly rows?: number | undefined;
}

/** Options of {@link Pty.spawn}. */
export interface PtySpawnOptions extends PtyOptions {
  /** The program's working directory. Default: this process's */
  readonly cwd?: PathInput | undefined;
  /** Its whole environment; the file is looked for in its `PATH`. Default: `process.env` */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The user and the group that it runs as. Default: this process's */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

const OPTIONS: OptionNames<PtyOptions> = { columns: true, rows: true };
const SPAWN_OPTIONS: OptionNames<PtySpawnOptions> = { ...OPTIONS, cwd: true, env: true, uid: true, gid: true };
const { O_NOCTTY, O_NONBLOCK, O_RDWR } = constants;
const { TIOCGPTN, TIOCSPTLCK } = TTY;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
/** The default of the C library, for an environment without `PATH`. */
const DEFAULT_PATH = '/bin:/usr/bin';
/** For the addon: the same as this process. */
const UNCHANGED = -1;

/**
 * A pseudo-terminal. Bytes that you write to the master are typed at the terminal, and the output of programs there is
 * read from the master. It ends (an empty read, the end of its stream) when no program has the terminal open any more.
 */
export class Pty implements Disposable {
  /** Non-blocking and close-on-exec. */
  readonly master: Descriptor;
  /** The path of the terminal, for programs to open: `/dev/pts/3`. */
  readonly slavePath: string;

  protected constructor(options: PtyOptions) {
    checkObject(options, 'options');
    const { columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS } = options;
    checkInteger(columns, 'options.columns', 0, MAX_UINT16);
    checkInteger(rows, 'options.rows', 0, MAX_UINT16);
    this.master = Descriptor.open('/dev/ptmx', O_RDWR | O_NOCTTY | O_NONBLOCK);
    try {
      const number = new Uint32Array(1);
      this.master.ioctl(TIOCSPTLCK, number);
      this.master.ioctl(TIOCGPTN, number);
      this.slavePath = `/dev/pts/${number.join('')}`;
      this.resize(columns, rows);
    } catch (error) {
      this.master.close();
      throw error;
    }
  }

  /**
   * Makes a pseudo-terminal.
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION; ENOSPC (no terminal is left), EMFILE ...
   */
  static open(options: PtyOptions = {}): Pty {
    checkOptions(options, 'options', OPTIONS);
    return new Pty(options);
  }

  /**
   * Starts a program on a pseudo-terminal of its own: in a new session, with the terminal as its controlling one and as
   * its standard input, output and error. So Ctrl-C, written to the master as `'\x03'`, interrupts it. All signals have
   * their default actions, and no other fd is inherited.
   *
   * @param file a path, or a name to be looked for in `PATH`
   * @param args the arguments after the name of the program
   * @throws as {@link open}; the error of the start in the child: ENOENT, EACCES, ENOEXEC (execve), ENOENT (chdir),
   *   EPERM (setuid) ...; EAGAIN (too many processes)
   */
  static spawn(file: string, args: readonly string[] = [], options: PtySpawnOptions = {}): PtyProcess {
    const program = readProgram(file, args, options);
    return PtyProcess.start(program, { columns: options.columns, rows: options.rows });
  }

  /** @throws ERR_CLOSED */
  get windowSize(): Required<WindowSize> {
    return getWindowSize(this.master);
  }

  /**
   * Sets the window's size; the programs in the foreground get SIGWINCH if it changes.
   *
   * @param columns and `rows`: from 0 to 65,535
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  resize(columns: number, rows: number): void {
    checkInteger(columns, 'columns', 0, MAX_UINT16);
    checkInteger(rows, 'rows', 0, MAX_UINT16);
    setWindowSize(this.master, { columns, rows });
  }

  /** Closes the master, unless its stream has done so: the terminal hangs up, and its session gets SIGHUP. */
  close(): void {
    this.master.close();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A program, as the addon takes it. */
interface Program {
  readonly paths: readonly Uint8Array[];
  readonly args: readonly Uint8Array[];
  readonly environment: readonly Uint8Array[];
  readonly folder: Uint8Array | null;
  readonly uid: number;
  readonly gid: number;
}

/** A program that runs on a pseudo-terminal: the result of {@link Pty.spawn}. */
export class PtyProcess extends Pty {
  readonly pid: number;
  /**
   * How the program ended. The process stays alive until then. Its output may still be unread: read the master to its
   * end.
   */
  readonly exited: Promise<ExitStatus>;
  readonly #process: PidFd;

  private constructor(program: Program, options: PtyOptions) {
    checkObject(program, 'program');
    super(options);
    try {
      const { paths, args, environment, folder, uid, gid } = program;
      const slave = Descriptor.open(this.slavePath, O_RDWR | O_NOCTTY);
      try {
        this.pid = native.spawnOnTerminal(slave.fd, paths, args, environment, folder, uid, gid);
      } catch (error) {
        if (!isSystemError(error)) throw error;
        if (error.syscall === 'execve') throw namingPath(error, present(args[0], 'the name of the program'));
        throw folder !== null && error.syscall === 'chdir' ? namingPath(error, folder) : error;
      } finally {
        slave.close();
      }
      // There is an fd for it: the one that was just closed.
      this.#process = new PidFd(this.pid);
    } catch (error) {
      this.close();
      throw error;
    }
    this.exited = this.#awaitExit();
  }

  /** @internal For {@link Pty.spawn}. */
  static start(program: Program, options: PtyOptions): PtyProcess {
    return new PtyProcess(program, options);
  }

  /**
   * Sends the program a signal, if it still runs.
   *
   * @param signal a name, or a number from 0 to 64. Default: 'SIGHUP', at which a shell ends
   * @returns whether it still ran
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EPERM
   */
  kill(signal: NodeJS.Signals | number = 'SIGHUP'): boolean {
    if (this.#process.closed) return false;
    try {
      this.#process.sendSignal(signal);
      return true;
    } catch (error) {
      if (hasCode(error, 'ESRCH')) return false;
      throw error;
    }
  }

  async #awaitExit(): Promise<ExitStatus> {
    try {
      return await this.#process.wait();
    } finally {
      this.#process.close();
    }
  }
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION */
function readProgram(file: unknown, args: unknown, options: PtySpawnOptions): Program {
  checkString(file, 'file');
  if (file === '') throw outOfRange('file', 'a path or a name', file);
  checkArray(args, 'args');
  checkOptions(options, 'options', SPAWN_OPTIONS);
  const { cwd, env = process.env, uid, gid } = options;
  checkObject(env, 'options.env');
  if (uid !== undefined) checkInteger(uid, 'options.uid', 0, MAX_UINT32);
  if (gid !== undefined) checkInteger(gid, 'options.gid', 0, MAX_UINT32);
  return {
    paths: pathsOf(file, env['PATH'] ?? DEFAULT_PATH),
    args: [Buffer.from(file), ...args.map((arg, index) => bytesOf(arg, `args[${index}]`))],
    environment: environmentOf(env),
    folder: cwd === undefined ? null : toPathBytes(cwd, 'options.cwd'),
    uid: uid ?? UNCHANGED,
    gid: gid ?? UNCHANGED,
  };
}

/** The paths where execvp(3) would look for it. */
function pathsOf(file: string, searched: unknown): Uint8Array[] {
  if (file.includes('/')) return [Buffer.from(file)];
  checkString(searched, 'options.env.PATH');
  // An empty name is the working directory.
  return searched.split(':').map((folder) => Buffer.from(`${folder || '.'}/${file}`));
}

function environmentOf(env: Readonly<Record<string, unknown>>): Uint8Array[] {
  const set = Object.entries(env).filter(([, value]) => value !== undefined);
  // The first '=' ends the name, so it would be another variable.
  const wrong = set.find(([name]) => name === '' || name.includes('='));
  if (wrong !== undefined) throw outOfRange('options.env', "an object of names without '='", wrong[0]);
  return set.map(([name, value]) => Buffer.concat([Buffer.from(`${name}=`), bytesOf(value, `options.env.${name}`)]));
}

function bytesOf(value: unknown, name: string): Uint8Array {
  checkString(value, name);
  return Buffer.from(value);
}
