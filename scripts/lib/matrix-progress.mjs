/** The results of the parts of the matrix's rows on one package: a run that was cut short goes on from them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { at } from './paths.mjs';
import { run } from './run.mjs';

/** The files that the matrix itself writes. */
const RESULTS = ['docs/matrix.json', 'docs/matrix.md'];
/** What the code of the package is made of, and by what. */
const SOURCES = ['src', 'native', 'web', 'binding.gyp', 'package.json', 'package-lock.json', 'scripts/lib/'];
/** These only say what is run on it. */
const NOT_OF_THE_PACKAGE = 'scripts/lib/matrix-';

/**
 * The commit of a work tree, whether its files are those of the commit, and a name for the content of the package:
 * commits that differ in their tests or pages only have the same.
 *
 * @param {string} folder the work tree
 * @returns {Promise<{ commit: string, content: string, isChanged: boolean } | undefined>} undefined for a copy without
 *   its history
 */
export async function thisCommit(folder = at()) {
  try {
    const commit = (await run('git', ['rev-parse', '--short=8', 'HEAD'], { cwd: folder })).trim();
    const listed = await run('git', ['ls-tree', 'HEAD', '--', ...SOURCES], { cwd: folder });
    const packed = listed.split('\n').filter((line) => !line.includes(NOT_OF_THE_PACKAGE));
    const content = createHash('sha256').update(packed.join('\n')).digest('hex').slice(0, 16);
    const others = RESULTS.map((path) => `:!${path}`);
    const status = await run('git', ['status', '--porcelain', '--', '.', ...others], { cwd: folder });
    return { commit, content, isChanged: status.trim() !== '' };
  } catch {
    return undefined;
  }
}

/** The files of a part that have not passed. @param known the result of an earlier run of the part */
export function filesToRun(files, known) {
  return files.filter((path) => known?.byFile[path]?.failures.length !== 0);
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
