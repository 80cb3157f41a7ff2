/** Scripts that a Redis server runs by their digest. */
import { createHash } from 'node:crypto';
import type { Command } from './driver.js';
import { hasForgotten } from './redis-error.js';
import type { Reply } from './reply.js';

/** The work of one script call. */
export interface Ask {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly parameters: readonly (string | number | Uint8Array)[];
}

/** The text of a script, which a server is given once. */
export class Script {
  readonly text: string;
  readonly digest: string;

  constructor(text: string) {
    this.text = text;
    this.digest = createHash('sha1').update(text).digest('hex');
  }

  asks(keys: readonly string[], parameters: readonly (string | number | Uint8Array)[]): Ask {
    return { script: this, keys, parameters };
  }
}

/** Has a server run a script, which it learns if it does not know it. @throws errors of the server */
export async function carryOut(run: (command: Command) => Promise<Reply>, ask: Ask): Promise<Reply> {
  const { script, keys, parameters } = ask;
  const command: Command = ['EVALSHA', script.digest, keys.length, ...keys, ...parameters];
  try {
    return await run(command);
  } catch (error) {
    // A server forgets them when it ends, or on request.
    if (!hasForgotten(error)) throw error;
    await run(['SCRIPT', 'LOAD', script.text]);
    return run(command);
  }
}
