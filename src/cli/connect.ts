/** `fdmux connect`: a terminal client whose keyboard and socket wait on one multiplexer. */
import { readSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { MAX_PORT } from '../arguments.js';
import { hasCode } from '../errors.js';
import { Multiplexer } from '../multiplexer/multiplexer.js';
import type { Registration } from '../multiplexer/registration.js';
import { connect } from '../net/connect.js';
import type { Connection } from '../net/connection.js';
import type { TlsConnectOptions } from '../net/tls-options.js';
import { type Charset, decodeText, encodeText } from '../protocol/charset.js';
import { LineDecoder, type LineSink } from '../protocol/line-decoder.js';
import { sanitize } from '../protocol/sanitize.js';
import { splitHostPort } from '../socket/address.js';
import { showAbove } from './show-above.js';
import { UsageError } from './usage-error.js';

const STDIN_FD = 0;
const READ_BYTES = 65_536;
/** A longer line of the server is not shown; a note stands in its place. */
const MAX_SHOWN_LINE_BYTES = 65_536;
/** How long the server has to close its side once ours is closed. */
const LEAVE_MS = 2000;
/** Bytes without a newline are shown after a pause of this length. */
const QUIET_MS = 200;

/** Returns the host and the port of the argument. @throws UsageError */
function parseTarget(target: string): { host: string; port: number } {
  const parts = splitHostPort(target);
  if (parts === null) throw new UsageError(`'${target}' is not HOST:PORT, such as 127.0.0.1:33333`);
  const { port } = parts;
  if (port < 1 || port > MAX_PORT)
    throw new UsageError(`port ${port} is out of range: it must be from 1 to ${MAX_PORT}`);
  return parts;
}

/**
 * Talks until the user or the server leaves.
 *
 * @returns the exit code
 * @throws UsageError; Error with a message of one line if there is no connection
 */
export async function connectCommand(target: string, charset: Charset, security?: TlsConnectOptions): Promise<number> {
  const { host, port } = parseTarget(target);
  const client = new TerminalClient(charset);
  try {
    return await client.run(host, port, security);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof UsageError) throw error;
    throw new Error(`cannot connect to ${target}: ${explain(error)}`, { cause: error });
  }
}

function explain(error: Error): string {
  if (hasCode(error, 'ECONNREFUSED')) return 'connection refused: nothing is listening there';
  if (hasCode(error, 'ENOTFOUND') || hasCode(error, 'EAI_AGAIN')) return 'there is no host of that name';
  if (hasCode(error, 'ETIMEDOUT')) return 'it does not answer';
  if (hasCode(error, 'ERR_TLS_UNAUTHORIZED'))
    return `${error.message}; --ca names authorities to trust, --insecure trusts anybody`;
  return error.message;
}

/** A conversation: one connection, one keyboard. */
class TerminalClient implements LineSink {
  readonly #charset: Charset;
  readonly #multiplexer = new Multiplexer({ unpollable: 'ready' });
  readonly #incoming = new LineDecoder({ maxLineBytes: MAX_SHOWN_LINE_BYTES });
  readonly #keyboard = new PassThrough();
  readonly #isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  #lines: Interface | null = null;
  #stdin: Registration | null = null;
  #connection: Connection | null = null;
  /** Runs while an unfinished line waits for its end. */
  #quiet: NodeJS.Timeout | null = null;
  #isLeaving = false;
  #finish: (exitCode: number) => void = () => undefined;

  constructor(charset: Charset) {
    this.#charset = charset;
  }

  async run(host: string, port: number, security: TlsConnectOptions | undefined): Promise<number> {
    const finished = new Promise<number>((resolve) => {
      this.#finish = resolve;
    });
    const stop = new AbortController();
    // Nobody reads the output any more.
    const leave = (): void => {
      this.#leave();
    };
    process.stdout.on('error', leave);
    // The keyboard is not registered yet: what is typed early waits in the terminal.
    const running = this.#multiplexer.run(
      (batch) => {
        for (const ready of batch) if (ready.fd === STDIN_FD) this.#readKeyboard();
      },
      { signal: stop.signal },
    );
    try {
      this.#connection = await connect({
        host,
        port,
        multiplexer: this.#multiplexer,
        tls: security,
        socket: {
          data: (_connection, bytes) => {
            this.#received(bytes);
          },
          drain: () => this.#stdin?.resume(),
          end: () => {
            this.#serverLeft();
          },
          close: (_connection, error) => {
            this.#closed(error);
          },
        },
      });
      this.#openKeyboard();
      return await finished;
    } finally {
      this.#closeKeyboard();
      process.stdout.off('error', leave);
      if (this.#quiet !== null) clearTimeout(this.#quiet);
      stop.abort();
      await running;
      this.#multiplexer.close();
    }
  }

  // The keyboard

  #openKeyboard(): void {
    if (this.#isTerminal) process.stdin.setRawMode(true);
    this.#lines = createInterface({
      input: this.#keyboard,
      ...(this.#isTerminal ? { output: process.stdout } : {}),
      terminal: this.#isTerminal,
    });
    this.#lines.on('line', (line) => {
      this.#say(line);
    });
    this.#lines.on('close', () => {
      this.#leave();
    });
    this.#lines.on('SIGINT', () => {
      this.#leave();
    });
    this.#lines.setPrompt('> ');
    if (this.#isTerminal) {
      process.stdout.write('connected; type a line and press Enter; "exit" or Ctrl-D leaves\n');
      this.#lines.prompt();
    }
    this.#stdin = this.#multiplexer.register(STDIN_FD, { interest: 'read', data: null });
  }

  #readKeyboard(): void {
    const bytes = Buffer.allocUnsafe(READ_BYTES);
    let length = 0;
    try {
      length = readSync(STDIN_FD, bytes, 0, bytes.length, null);
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) return;
      // EIO: the terminal is gone, which ends the input just as an end of file does.
      length = 0;
    }
    if (length > 0) {
      this.#keyboard.write(bytes.subarray(0, length));
    } else {
      this.#stdin?.unregister();
      this.#stdin = null;
      this.#keyboard.end();
    }
  }

  #say(line: string): void {
    if (this.#isLeaving) return;
    if (line.trim().toLowerCase() === 'exit') {
      this.#leave();
      return;
    }
    const hasRoom = this.#connection?.write(encodeText(`${line}\n`, this.#charset)) ?? true;
    // A file on stdin is faster than any network.
    if (!hasRoom) this.#stdin?.pause();
    if (this.#isTerminal) this.#lines?.prompt();
  }

  #closeKeyboard(): void {
    this.#isLeaving = true;
    this.#stdin?.unregister();
    this.#stdin = null;
    this.#lines?.close();
    if (!this.#isTerminal) return;
    process.stdin.setRawMode(false);
    // setRawMode starts reading from the terminal, which would keep the process alive.
    process.stdin.pause();
  }

  // The server

  line(bytes: Uint8Array): void {
    this.#show(sanitize(decodeText(bytes, this.#charset)));
  }

  overlong(): void {
    this.#show('(a line too long to be shown)');
  }

  #received(bytes: Uint8Array): void {
    this.#incoming.push(bytes, this);
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    this.#quiet = null;
    if (!this.#incoming.hasPending) return;
    // A prompt often ends without a newline.
    this.#quiet = setTimeout(() => {
      this.#quiet = null;
      this.#incoming.flush(this);
    }, QUIET_MS).unref();
  }

  #show(text: string): void {
    if (this.#isTerminal && !this.#isLeaving && this.#lines !== null) showAbove(this.#lines, process.stdout, text);
    else process.stdout.write(`${text}\n`);
  }

  /** Says goodbye: what was said before still arrives. */
  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#stdin?.unregister();
    this.#stdin = null;
    this.#connection?.end();
    setTimeout(() => this.#connection?.destroy(), LEAVE_MS).unref();
  }

  #serverLeft(): void {
    this.#incoming.flush(this);
    if (!this.#isLeaving) this.#show('the server has closed the connection');
    this.#isLeaving = true;
    this.#connection?.end();
  }

  #closed(error: Error | undefined): void {
    if (error !== undefined && !this.#isLeaving) {
      this.#show(`the connection is lost: ${error.message}`);
      this.#isLeaving = true;
      this.#finish(1);
    } else {
      this.#finish(0);
    }
  }
}
