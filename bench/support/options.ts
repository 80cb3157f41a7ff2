/** The options of a suite on the command line. */
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type Checkout, checkoutAt } from './checkout.js';
import { isGuest } from './machine.js';
import { built, root } from './tools.js';

/** A suite in words, and its defaults. */
export interface Suite {
  /** The script of package.json that runs it. */
  readonly script: string;
  readonly questions: readonly string[];
  /** The rounds of a run that measures time: instructions are counted once. */
  readonly rounds: number;
  readonly seconds: number;
}

export interface Options {
  readonly rounds: number;
  /** How long one measurement takes. */
  readonly seconds: number;
  /** The questions to ask; all of them, unless some were named. */
  readonly only: readonly string[];
  /** Parts of the names of the peers to ask; null for all of them. */
  readonly peers: readonly string[] | null;
  /** Another checkout to measure beside this one. */
  readonly against: Checkout | null;
  /** Whether the suite is to run in the guest, which counts instructions. */
  readonly instructions: boolean;
  /** The folder of the published results, into which the new ones go; null if nothing is to be published. */
  readonly out: string | null;
}

interface Said {
  readonly rounds?: number;
  readonly seconds: number;
  readonly only: readonly string[];
  readonly peers?: readonly string[];
  readonly against?: string;
  readonly instructions?: true;
  readonly out?: string;
}

/**
 * Reads them, or ends the process with a message about the fault.
 *
 * @throws {@link Refusal} if the other checkout is none
 */
export function readOptions({ script, questions, rounds, seconds }: Suite): Options {
  const command = new Command(`npm run ${script} --`)
    .option('--rounds <count>', `how often everybody is asked (default: ${rounds}; instructions: 1)`, positive)
    .option('--seconds <seconds>', 'how long one measurement takes', positive, seconds)
    .option('--only <ids>', `questions, separated by commas: ${questions.join(', ')}`, listOf(questions), questions)
    .option('--peers <parts>', 'whom to ask: names or words of them, separated by commas', split)
    .option('--against <folder>', 'another built checkout to measure beside this one; nothing is published')
    .option('--instructions', 'count instructions in an emulated machine, in place of time; results of their own')
    .option(
      '--out <folder>',
      'results to merge the new ones into (default: docs/benchmarks; instructions: build/bench/instructions)',
      (path) => resolve(root, path),
    );
  const { peers = null, against, out, instructions = false, ...said } = command.parse().opts<Said>();
  const counts = instructions || isGuest;
  const usual = counts ? join(built, 'instructions') : join(root, 'docs/benchmarks');
  return {
    ...said,
    rounds: said.rounds ?? (counts ? 1 : rounds),
    peers,
    instructions,
    against: against === undefined ? null : checkoutAt(resolve(root, against)),
    // The rows of another commit would stay in the published tables for ever.
    out: out ?? (against === undefined ? usual : null),
  };
}

const split = (text: string): string[] => text.split(',');

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number < Infinity)) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}

function listOf(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const unknown = split(text).find((id) => !known.includes(id));
    if (unknown !== undefined) {
      throw new InvalidArgumentError(`There is no question '${unknown}'; known are: ${known.join(', ')}.`);
    }
    return split(text);
  };
}
