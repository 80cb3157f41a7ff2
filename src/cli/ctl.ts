/** `fdmux ctl`: asks a running server for something. */
import { askServer } from '../control/ask.js';
import { escapeUnsafe } from '../server/log.js';
import { type CtlFlags, type CtlVerb, readRequest } from './ctl-arguments.js';
import { folderOf } from './data-arguments.js';
import { UsageError } from './usage-error.js';

/**
 * Asks the server that keeps its data in the folder, and prints its answer.
 *
 * @returns the exit code
 * @throws UsageError; an error with the server's message if it does not do what it was asked for
 */
export async function ctlCommand(verb: CtlVerb, words: readonly string[], flags: CtlFlags): Promise<number> {
  const request = readRequest(verb, words, flags);
  const folder = await folderOf(flags, 'a server whose data is in PostgreSQL has no control socket');
  if (folder === null) throw new UsageError('name the folder of the data: --data FOLDER, or --config FILE');
  const { text, result } = await askServer(folder, request);
  const lines = flags.json === true ? [JSON.stringify(result)] : text;
  // It has text in it that people on the server have typed.
  process.stdout.write(lines.map((line) => `${escapeUnsafe(line)}\n`).join(''));
  return 0;
}
