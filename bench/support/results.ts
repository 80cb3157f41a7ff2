/**
 * The published results: kept in a file question by question and peer by peer, so that a part can be measured again.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { type Measured, measuredSchema } from './measured.js';

/** The answers of the peers to one question, by the names of the peers. */
export interface Answer<Run> {
  readonly id: string;
  readonly title: string;
  /** The arguments of the load generator. */
  readonly load: Readonly<Record<string, string | number>>;
  /** A peer that has never survived the question has none. */
  readonly runs: Readonly<Record<string, readonly Run[]>>;
  readonly measured: Readonly<Record<string, Measured>>;
  /** How a peer failed the last time it was asked; it may have runs of an earlier time. */
  readonly failures: Readonly<Record<string, string>>;
}

/** All that a suite has published. */
export interface Results<Run> {
  readonly answers: readonly Answer<Run>[];
  /** Bytes for each idle connection, if that was ever measured. */
  readonly memory: Answer<number> | null;
}

/** The existing questions and peers, in the order of the page. */
export interface Known {
  readonly questions: readonly string[];
  readonly peers: readonly string[];
}

function answerSchema<Run>(run: v.GenericSchema<unknown, Run>): v.GenericSchema<unknown, Answer<Run>> {
  return v.strictObject({
    id: v.string(),
    title: v.string(),
    load: v.record(v.string(), v.union([v.string(), v.number()])),
    runs: v.record(v.string(), v.array(run)),
    measured: v.record(v.string(), measuredSchema),
    failures: v.record(v.string(), v.string()),
  });
}

/** Returns the results that a file keeps; none if there is no file. */
export function readResults<Run>(path: string, run: v.GenericSchema<unknown, Run>): Results<Run> {
  if (!existsSync(path)) return { answers: [], memory: null };
  const schema = v.strictObject({ answers: v.array(answerSchema(run)), memory: v.nullable(answerSchema(v.number())) });
  return v.parse(schema, JSON.parse(readFileSync(path, 'utf8')));
}

export function writeResults(path: string, results: Results<unknown>): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`);
}

/** Puts an answer among the others; questions that are no longer known are removed. */
export function withAnswer<Run>(results: Results<Run>, answer: Answer<Run>, known: Known): Results<Run> {
  const byId = new Map(results.answers.map((each) => [each.id, each]));
  byId.set(answer.id, merged(byId.get(answer.id), answer, known.peers));
  return { ...results, answers: known.questions.flatMap((id) => byId.get(id) ?? []) };
}

export function withMemory<Run>(results: Results<Run>, memory: Answer<number>, known: Known): Results<Run> {
  return { ...results, memory: merged(results.memory ?? undefined, memory, known.peers) };
}

/** A peer's new runs replace its old ones. Peers that were not asked, or failed, keep theirs. */
function merged<Run>(old: Answer<Run> | undefined, fresh: Answer<Run>, peers: readonly string[]): Answer<Run> {
  const runs: Record<string, readonly Run[]> = {};
  const measured: Record<string, Measured> = {};
  const failures: Record<string, string> = {};
  for (const peer of new Set([...peers, ...Object.keys(old?.runs ?? {}), ...Object.keys(fresh.runs)])) {
    const isKept = (fresh.runs[peer] ?? []).length === 0 && old?.runs[peer] !== undefined;
    const source = isKept ? old : fresh;
    const { [peer]: when } = source.measured;
    if (source.runs[peer] === undefined || when === undefined) continue;
    runs[peer] = source.runs[peer];
    measured[peer] = when;
    const failure = (fresh.runs[peer] === undefined ? old : fresh)?.failures[peer];
    if (failure !== undefined) failures[peer] = failure;
  }
  return { ...fresh, runs, measured, failures };
}
