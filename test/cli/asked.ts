/** Servers under test that are asked as `fdmux ctl` asks. */
import { type CtlVerb, readRequest } from '../../src/cli/ctl-arguments.js';
import { askServer } from '../../src/control/ask.js';
import type { Reply } from '../../src/control/request.js';
import { cliPath, run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { type RunningServer, startServer } from './chat-server.js';

export const typed = (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  run(process.execPath, [cliPath, 'ctl', ...args]);

interface Served {
  readonly server: RunningServer;
  readonly folder: string;
  /** Asks as the command does, in this process. */
  readonly ctl: (verb: CtlVerb, ...words: readonly string[]) => Promise<Reply>;
}

/** Starts a server that keeps data. */
export async function serve(...args: string[]): Promise<Served> {
  const folder = temporaryFolder();
  const server = await startServer(['--data', folder, ...args]);
  return { server, folder, ctl: (verb, ...words) => askServer(folder, readRequest(verb, words, {})) };
}
