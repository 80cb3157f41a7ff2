/** A suite's answers, published one by one: a run that is cut short leaves its results so far. */
import { join } from 'node:path';
import type * as v from 'valibot';
import { type Measured, measuredNow } from './measured.js';
import { type Answer, type Known, readResults, type Results, withAnswer, withMemory, writeResults } from './results.js';
import type { Turns } from './turns.js';

/** A question, as it is published. */
type Question = Pick<Answer<unknown>, 'id' | 'title' | 'load'>;

type Servers = Readonly<Record<string, string>>;

/** The published parts of a suite. */
interface Suite<Run> {
  /** The name of the file with every run. */
  readonly file: string;
  readonly run: v.GenericSchema<unknown, Run>;
  readonly known: Known;
  /** Writes the page, and the plots if there are any. */
  writePage(folder: string, results: Results<Run>): void;
}

/** Gives answers the time and the place of this process, and puts them among those that are published already. */
export class Publication<Run> {
  readonly #folder: string | null;
  readonly #suite: Suite<Run>;
  readonly #measured: Measured;
  readonly #answers: Answer<Run>[] = [];

  /**
   * @param folder of the published results; null if nothing is to be published
   * @throws if there are results that cannot be read
   */
  constructor(folder: string | null, suite: Suite<Run>, { rounds, seconds }: { rounds: number; seconds: number }) {
    this.#folder = folder;
    this.#suite = suite;
    this.#measured = measuredNow({ rounds, seconds });
    this.#update((results) => results);
  }

  /** The answers of this process alone. */
  get answers(): readonly Answer<Run>[] {
    return this.#answers;
  }

  /** @param servers the version and the command of each peer */
  publish(question: Question, turns: Turns<Run>, servers: Servers = {}): void {
    const answer = this.#dated(question, turns, servers);
    this.#answers.push(answer);
    this.#update((results) => withAnswer(results, answer, this.#suite.known));
  }

  publishMemory(question: Question, turns: Turns<number>): void {
    this.#update((results) => withMemory(results, this.#dated(question, turns, {}), this.#suite.known));
  }

  #dated<Each>({ id, title, load }: Question, turns: Turns<Each>, servers: Servers): Answer<Each> {
    const measured = Object.fromEntries(
      Object.keys(turns.runs).map((peer) => [peer, { ...this.#measured, server: servers[peer] }]),
    );
    return { id, title, load, measured, runs: turns.runs, failures: turns.failures };
  }

  #update(change: (results: Results<Run>) => Results<Run>): void {
    if (this.#folder === null) return;
    const path = join(this.#folder, this.#suite.file);
    const results = readResults(path, this.#suite.run);
    const changed = change(results);
    if (changed === results) return;
    writeResults(path, changed);
    this.#suite.writePage(this.#folder, changed);
  }
}
