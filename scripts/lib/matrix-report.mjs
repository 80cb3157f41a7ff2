/** The results of the matrix, as one table: kept in docs/matrix.json row by row, shown in docs/matrix.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Problem } from './progress.mjs';

const BEGIN = '<!-- npm run matrix writes from here -->';
const END = '<!-- to here -->';

/** The results that a file keeps, by row; none if there is no file. */
export function readResults(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** Puts one row's result among the others, in the order of `ids`; a row that no longer exists is removed. */
export function keepResult(path, ids, id, result) {
  const results = { ...readResults(path), [id]: result };
  const kept = ids.filter((each) => results[each] !== undefined).map((each) => [each, results[each]]);
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}

/** Writes the table into its place in a page; the text around it is written by hand. */
export function writeIntoPage(path, results) {
  const page = readFileSync(path, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Problem(`${path} has no place for the table: '${BEGIN}' and '${END}'`);
  writeFileSync(path, `${page.slice(0, begin + BEGIN.length)}\n\n${toMarkdown(results)}\n\n${page.slice(end)}`);
}

/** The end of the name of a part with the tests of a suite that take minutes. */
const LONG = ', long';

export const longPart = (suite) => `${suite}${LONG}`;

/**
 * Returns the result of a part.
 *
 * @param byFile the outcomes of the files that have run now, by their paths
 * @param {{ files: readonly string[], known?: object, commit?: string, seconds: number }} options `files` are those of
 *   the part; `known` is its result of an earlier run, of which those stay that have not run now, unless they are no
 *   files of the part any more; `commit` had the tests that have run now, which took `seconds`
 */
export function sumOfFiles(byFile, { files, known, commit, seconds }) {
  const { byFile: before = {}, commits = [], passedLater = [], seconds: until = 0 } = known ?? {};
  const sum = emptyOutcome();
  const all = ofFiles(files, { ...before, ...byFile });
  for (const { reasons, failures, ...counts } of Object.values(all)) {
    for (const key of Object.keys(counts)) sum[key] += counts[key];
    add(reasons, sum.reasons);
    sum.failures.push(...failures);
  }
  const earlier = Object.values(ofFiles(files, before)).flatMap(({ failures }) => failures);
  const hasRun = Object.keys(byFile).length > 0;
  return {
    ...sum,
    seconds: until + seconds,
    commits: [...new Set([...commits, ...(hasRun && commit !== undefined ? [commit] : [])])],
    passedLater: [...passedLater, ...earlier].filter((failure) => !sum.failures.includes(failure)),
    byFile: all,
  };
}

/** The outcome of no test at all. */
export function emptyOutcome() {
  return { passed: 0, failed: 0, skipped: 0, reasons: {}, failures: [] };
}

/** The outcomes that these files have. */
function ofFiles(files, byFile) {
  return Object.fromEntries(files.flatMap((file) => (byFile[file] === undefined ? [] : [[file, byFile[file]]])));
}

/** Adds counts by their names to others. */
function add(counts, to) {
  for (const [name, times] of Object.entries(counts)) to[name] = (to[name] ?? 0) + times;
}

/** Returns the sum of the results of a row's parts. @param parts the results by the names of the parts */
export function sumOfParts(parts) {
  const sum = { seconds: 0, bySuite: {}, skipped: {}, failures: [], passedLater: [] };
  const commits = new Set();
  for (const [name, part] of Object.entries(parts)) {
    const ofSuite = (sum.bySuite[name.replace(LONG, '')] ??= { passed: 0, failed: 0, skipped: 0 });
    for (const key of Object.keys(ofSuite)) ofSuite[key] += part[key];
    add(part.reasons, sum.skipped);
    sum.seconds += part.seconds;
    sum.failures.push(...part.failures);
    sum.passedLater.push(...part.passedLater);
    for (const commit of part.commits) commits.add(commit);
  }
  return commits.size === 0 ? sum : { commit: [...commits].join(' and '), ...sum };
}

/** A table of rows by suites, and below it the failures and the reasons for skipped tests. */
export function toMarkdown(results) {
  const suites = [...new Set(results.flatMap(({ bySuite }) => Object.keys(bySuite)))].sort();
  return [
    `| runtime | ${suites.join(' | ')} | together | on |`,
    `|---|${suites.map(() => '---').join('|')}|---|---|`,
    ...results.map(
      (result) =>
        `| ${result.title} | ${suites.map((suite) => counted(result.bySuite[suite])).join(' | ')} | ${summary(result)} | ${when(result)} |`,
    ),
    ...remarks(results),
  ].join('\n');
}

/** The date of a row, with the commit that was tested, or those that had the same package and other tests. */
function when({ date, commit }) {
  return commit === undefined ? date : `${date}, ${commit}`;
}

/** One line about a row. */
export function summary({ bySuite, problem, seconds, isDaily = false, isInPart = false }) {
  if (problem !== undefined) return `not run: ${problem}`;
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of Object.values(bySuite)) for (const key of Object.keys(total)) total[key] += counts[key];
  const left = isInPart ? ', not the whole row' : isDaily ? ', without long tests' : '';
  return `${counted(total)}, in ${seconds} s${left}`;
}

/** The counts of a part, a suite or a row, in words. */
export function counted(counts) {
  if (counts === undefined) return '';
  const { passed, failed, skipped } = counts;
  return [`${passed}`, failed > 0 ? `**${failed} failed**` : '', skipped > 0 ? `${skipped} skipped` : '']
    .filter((part) => part !== '')
    .join(', ');
}

/** The reasons, each once with the rows that have it, then the failures. */
function remarks(results) {
  const reasons = new Map();
  for (const { title, skipped } of results) {
    for (const [reason, times] of Object.entries(skipped)) {
      reasons.set(reason, [...(reasons.get(reason) ?? []), `${title}: ${times}`]);
    }
  }
  const lines = [];
  if (reasons.size > 0) lines.push('', 'Skipped, because of', '');
  for (const [reason, rows] of reasons) lines.push(`- ${reason} (${rows.join('; ')})`);
  lines.push(...listOf(results, 'Failed', 'failures'));
  lines.push(...listOf(results, 'Failed at first, and passed when the part was run again', 'passedLater'));
  return lines;
}

/** A list of what some rows have, under a title; nothing if no row has any. */
function listOf(results, title, key) {
  const lines = results.flatMap((result) => (result[key] ?? []).map((failure) => `- ${result.title}: ${failure}`));
  return lines.length === 0 ? [] : ['', title, '', ...lines];
}
