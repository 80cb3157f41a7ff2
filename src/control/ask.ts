/** Asks a running server for something, by its control socket. */
import { isSystemError } from '../errors.js';
import { connect } from '../net/connect.js';
import { CONTROL_FILE } from './control-socket.js';
import { LineBuffer } from './line-buffer.js';
import { ControlError, decodeAnswer, encodeRequest, MAX_ANSWER_BYTES, type Reply, type Request } from './request.js';
import { socketPath } from './socket-path.js';

/**
 * Asks the server that keeps its data in a folder.
 *
 * @throws ControlError: ERR_CONTROL_UNREACHABLE if no server answers; an error with the code and the message of the
 *   server if it does not do what it was asked for
 */
export async function askServer(folder: string, request: Request): Promise<Reply> {
  const path = reach(folder);
  try {
    return await ask(folder, path.path, request);
  } finally {
    path.dispose();
  }
}

function reach(folder: string): ReturnType<typeof socketPath> {
  try {
    return socketPath(folder, CONTROL_FILE);
  } catch (error) {
    throw unreachable(folder, error);
  }
}

function ask(folder: string, path: string, request: Request): Promise<Reply> {
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
          reject(new ControlError('ERR_CONTROL_UNREACHABLE', `${folder}: the server has ended without an answer`));
        },
      },
    });
    connecting.then(
      (connection) => {
        connection.write(encodeRequest(request));
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
  const message = error instanceof Error ? error.message : String(error);
  return new ControlError('ERR_CONTROL_UNREACHABLE', `${folder}: the server cannot be reached: ${message}`, options);
}
