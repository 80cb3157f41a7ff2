/** `fdmux ctl`: asks a running server for something. */
import { askServer } from '../control/ask.js';
import type { Reply, Request } from '../control/request.js';
import { hasCode, toError } from '../errors.js';
import { ConfigError } from '../server/config/config-error.js';
import { findDataFolder } from '../server/config/data-folder.js';
import { escapeUnsafe } from '../server/escape-unsafe.js';
import { lockHolderOf } from '../store/lock-holder.js';
import { type CtlFlags, type CtlVerb, PATIENCE, PATIENCE_SECONDS, readRequest } from './ctl-arguments.js';
import { folderOf } from './data-arguments.js';
import { UsageError } from './usage-error.js';

/**
 * Asks the server that keeps its data in the folder, and prints its answer.
 *
 * @returns the exit code
 * @throws UsageError, also for what makes no sense to the server; an error with the server's message if it does not do
 *   what it was asked for, or does not answer in time
 */
export async function ctlCommand(verb: CtlVerb, words: readonly string[], flags: CtlFlags): Promise<number> {
  const request = readRequest(verb, words, flags);
  const folder = await serverFolderOf(flags);
  if (folder === null) throw new UsageError('name the folder of the data: --data FOLDER, or --config FILE');
  const { text, result } = await ask(folder, request, 1000 * (flags.timeout ?? PATIENCE_SECONDS[verb] ?? PATIENCE));
  const lines = flags.json === true ? [JSON.stringify(result)] : text;
  // It has text in it that people on the server have typed.
  process.stdout.write(lines.map((line) => `${escapeUnsafe(line)}\n`).join(''));
  return 0;
}

/** A server goes on while there are mistakes in its file, which are reported, but must not keep the operator away. */
async function serverFolderOf(flags: CtlFlags): Promise<string | null> {
  try {
    return await folderOf(flags, 'a server whose data is in PostgreSQL has no control socket');
  } catch (error) {
    const folder =
      error instanceof ConfigError && flags.config !== undefined ? await findDataFolder(flags.config) : null;
    if (folder === null) throw error;
    for (const line of toError(error).message.split('\n')) {
      process.stderr.write(`fdmux: warning: ${escapeUnsafe(line)}\n`);
    }
    return folder;
  }
}

/** Whether there is no socket to which a request could be sent. */
function isWithoutSocket(error: unknown): boolean {
  const { cause } = toError(error);
  return hasCode(error, 'ERR_CONTROL_UNREACHABLE') && (hasCode(cause, 'ENOENT') || hasCode(cause, 'ECONNREFUSED'));
}

async function ask(folder: string, request: Request, timeoutMs: number): Promise<Reply> {
  try {
    return await askServer(folder, request, { timeoutMs });
  } catch (error) {
    const pid = isWithoutSocket(error) ? lockHolderOf(folder) : null;
    if (pid !== null) {
      const message = `${folder}: process ${pid} has this data, and takes no requests now: it starts, ends or is replaced`;
      throw new Error(message, { cause: error });
    }
    // A configuration may have several faults, a line each.
    const message = escapeUnsafe(toError(error).message.replaceAll('\n', '; '));
    if (hasCode(error, 'ERR_CONTROL_REQUEST')) throw new UsageError(message, { cause: error });
    throw new Error(message, { cause: error });
  }
}
