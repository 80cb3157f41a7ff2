/** Sends a request to a running server, through its control socket. */
import { isSystemError, toError } from '../errors.js';
import { connect } from '../net/connect.js';
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
    const connecting = connect({
      path,
      socket: {
        data: (connection, bytes) => {
          const line = lines.push(bytes) ? lines.next() : EMPTY;
          if (line === null) return;
          connection.destroy();
          const answer = decodeAnswer(line);
          if (answer === null) reject(new ControlError('ERR_CONTROL_FAILED', `${path}: this is no server of fdmux`));
          else if (answer.ok) resolve({ text: answer.text, result: answer.result });
          else reject(Object.assign(new Error(answer.message), { code: answer.code }));
        },
        close: () => {
          clearTimeout(timer);
          reject(new ControlError('ERR_CONTROL_UNREACHABLE', `${folder}: the server has ended without an answer`));
        },
      },
    });
    let timer: NodeJS.Timeout | undefined;
    connecting.then(
      (connection) => {
        connection.write(encodeRequest(request));
        if (timeoutMs === undefined) return;
        timer = setTimeout(() => {
          reject(new ControlError('ERR_CONTROL_UNREACHABLE', `${path}: no answer in ${timeoutMs} ms`));
          connection.destroy();
        }, timeoutMs);
      },
      (error: unknown) => {
        reject(unreachable(folder, error));
      },
    );
  });
}

const EMPTY = new Uint8Array();

function unreachable(folder: string, error: unknown): ControlError {
  const options = { cause: error };
  const code = isSystemError(error) ? error.code : '';
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new ControlError('ERR_CONTROL_UNREACHABLE', `${folder}: no server runs with this data`, options);
  }
  if (code === 'EACCES') {
    return new ControlError(
      'ERR_CONTROL_UNREACHABLE',
      `${folder}: this is for the user of the server, and root`,
      options,
    );
  }
  const message = toError(error).message;
  return new ControlError('ERR_CONTROL_UNREACHABLE', `${folder}: the server cannot be reached: ${message}`, options);
}
