/** Writes to a file descriptor that the process was started with, and never waits for its reader. */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { hasCode } from '../errors.js';
import { MSG_DONTWAIT } from '../socket/constants.js';
import { Socket } from '../socket/socket.js';

/** Takes as many bytes as there is room for. */
export interface LogOutput {
  /**
   * @returns how many bytes were taken; 0 if it would block
   * @throws the error of the system call
   */
  write(bytes: Uint8Array): number;
  /** Closes the file if it was opened for this output. */
  close(): void;
}

/** Opens an output on `fd`, which stays blocking: other processes share its file and rely on that. */
export function openLogOutput(fd: number): LogOutput {
  const stats = fstatSync(fd);
  if (stats.isSocket()) return new SocketOutput(fd);
  return new FileOutput(fd, stats.isFIFO() || stats.isCharacterDevice());
}

class SocketOutput implements LogOutput {
  readonly #socket: Socket;

  constructor(fd: number) {
    this.#socket = Socket.fromFd(fd);
  }

  write(bytes: Uint8Array): number {
    return this.#socket.send(bytes, MSG_DONTWAIT) ?? 0;
  }

  close(): void {
    if (!this.#socket.closed) this.#socket.detach();
  }
}

/** A file, a pipe or a device. Pipes and devices block when they are full, so they are opened again. */
class FileOutput implements LogOutput {
  readonly #fd: number;
  readonly #mayBlock: boolean;
  #openFd: number | null = null;

  constructor(fd: number, mayBlock: boolean) {
    this.#fd = fd;
    this.#mayBlock = mayBlock;
  }

  write(bytes: Uint8Array): number {
    this.#openFd ??= this.#mayBlock ? openAgain(this.#fd) : this.#fd;
    try {
      return writeSync(this.#openFd, bytes);
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) return 0;
      throw error;
    }
  }

  close(): void {
    if (this.#openFd !== null && this.#openFd !== this.#fd) closeSync(this.#openFd);
    this.#openFd = null;
  }
}

/** @throws ENXIO for a pipe that nobody reads */
function openAgain(fd: number): number {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    // Without /proc, or the right to open another user's terminal, the given fd must do.
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EACCES')) return fd;
    throw error;
  }
}
