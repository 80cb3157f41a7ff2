/** The results of the parts of the matrix's rows on one commit: a run that was cut short goes on from them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { at } from './paths.mjs';
import { run } from './run.mjs';

/** The files that the matrix itself writes. */
const RESULTS = ['docs/matrix.json', 'docs/matrix.md'];

/**
 * The commit of this work tree, and whether its files are those of the commit.
 *
 * @returns {Promise<{ commit: string, isChanged: boolean } | undefined>} undefined for a copy without its history
 */
export async function thisCommit() {
  try {
    const commit = (await run('git', ['rev-parse', '--short=8', 'HEAD'], { cwd: at() })).trim();
    const others = RESULTS.map((path) => `:!${path}`);
    const status = await run('git', ['status', '--porcelain', '--', '.', ...others], { cwd: at() });
    return { commit, isChanged: status.trim() !== '' };
  } catch {
    return undefined;
  }
}

export class Progress {
  #path;
  #subject;

  /** @param subject says what is tested; results of another subject are forgotten */
  constructor(path, subject) {
    this.#path = path;
    this.#subject = subject;
  }

  /** The results of the parts of a row that have ended, by their names. */
  of(row) {
    return this.#read().rows[row] ?? {};
  }

  /** Keeps the result of a part. It is read again first: another run may have kept its own meanwhile. */
  keep(row, part, outcome) {
    const state = this.#read();
    (state.rows[row] ??= {})[part] = outcome;
    writeFileSync(this.#path, `${JSON.stringify(state, null, 2)}\n`);
  }

  #read() {
    const state = existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, 'utf8')) : {};
    return state.subject === this.#subject ? state : { subject: this.#subject, rows: {} };
  }
}
