/** Sends a request to a running server, through its control socket. */
import { existsSync } from 'node:fs';
import { isSystemError, toError } from '../errors.js';
import { connect } from '../net/connect.js';
import type { Connection } from '../net/connection.js';
import { CONTROL_FILE } from './control-socket.js';
import { LineBuffer } from './line-buffer.js';
import { ControlError, decodeAnswer, encodeRequest, MAX_ANSWER_BYTES, type Reply, type Request } from './request.js';
import { socketPath } from './socket-path.js';

/** The server to ask, and how long to wait. */
export interface AskOptions {
  /** The name of the socket's file. @defaultValue that of the folder's server */
  readonly file?: string;
  /** How long the answer may take, in milliseconds. @defaultValue forever */
  readonly timeoutMs?: number;
}

/**
 * Asks the server that keeps its data in a folder.
 *
 * @throws ControlError: ERR_CONTROL_UNREACHABLE if no server answers; an error with the code and the message of the
 *   server if it does not do what was requested
 */
export async function askServer(
  folder: string,
  request: Request,
  { file = CONTROL_FILE, timeoutMs }: AskOptions = {},
): Promise<Reply> {
  const path = reach(folder, file);
  try {
    return await ask(folder, path.path, request, timeoutMs);
  } finally {
    path.dispose();
  }
}

function reach(folder: string, file: string): ReturnType<typeof socketPath> {
  try {
    return socketPath(folder, file);
  } catch (error) {
    throw unreachable(folder, error);
  }
}

function ask(folder: string, path: string, request: Request, timeoutMs: number | undefined): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const lines = new LineBuffer(MAX_ANSWER_BYTES);
    const giveUp = new AbortController();
    let opened: Connection | null = null;
    const leave = (): void => {
      clearTimeout(timer);
      giveUp.abort();
      opened?.destroy();
    };
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            reject(new ControlError('ERR_CONTROL_UNREACHABLE', `${path}: no answer in ${timeoutMs} ms`));
            leave();
          }, timeoutMs);
    connect({
      path,
      signal: giveUp.signal,
      socket: {
        open: (connection) => {
          opened = connection;
          connection.write(encodeRequest(request));
        },
        data: (_, bytes) => {
          const line = lines.push(bytes) ? lines.next() : EMPTY;
          if (line === null) return;
          const answer = decodeAnswer(line);
          if (answer === null) reject(new ControlError('ERR_CONTROL_FAILED', `${path}: this is no server of fdmux`));
          else if (answer.ok) resolve({ text: answer.text, result: answer.result });
          else reject(Object.assign(new Error(answer.message), { code: answer.code }));
          leave();
        },
        close: () => {
          reject(new ControlError('ERR_CONTROL_UNREACHABLE', `${folder}: the server has ended without an answer`));
          leave();
        },
      },
    }).catch((error: unknown) => {
      reject(unreachable(folder, error));
      leave();
    });
  });
}

const EMPTY = new Uint8Array();

function unreachable(folder: string, error: unknown): ControlError {
  return new ControlError('ERR_CONTROL_UNREACHABLE', `${folder}: ${whyUnreachable(folder, error)}`, { cause: error });
}

function whyUnreachable(folder: string, error: unknown): string {
  switch (isSystemError(error) ? error.code : '') {
    case 'ENOENT':
      return existsSync(folder) ? NO_SERVER : 'there is no such folder';
    case 'ECONNREFUSED':
      return NO_SERVER;
    case 'ENOTDIR':
      return 'this is no folder';
    case 'EAGAIN':
      return 'the server accepts no connections now, and too many wait';
    case 'EACCES':
      return 'this is for the user of the server, and root';
    default:
      return `the server cannot be reached: ${toError(error).message}`;
  }
}

const NO_SERVER = 'no server runs with this data';
