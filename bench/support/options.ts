/** What can be said to a suite on the command line. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { root } from './tools.js';

/** A suite in words, and what it does when nothing is said. */
interface Suite {
  /** The script of package.json that runs it. */
  readonly script: string;
  readonly questions: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly hasPeerChoice?: boolean;
}

export interface Options {
  readonly rounds: number;
  /** How long one measurement takes. */
  readonly seconds: number;
  /** The questions to ask; all of them, unless some were named. */
  readonly only: readonly string[];
  /** Parts of the names of the peers to ask; everybody's name has the empty part. */
  readonly peers: readonly string[];
  /** The folder to write to. */
  readonly out: string;
}

/** Reads them, or ends the process with what is wrong about them. */
export function readOptions({ script, questions, rounds, seconds, hasPeerChoice = false }: Suite): Options {
  const command = new Command(`npm run ${script} --`)
    .option('--rounds <count>', 'how often everybody is asked', positive, rounds)
    .option('--seconds <seconds>', 'how long one measurement takes', positive, seconds)
    .option('--only <ids>', `questions, separated by commas: ${questions.join(', ')}`, listOf(questions), questions)
    .option('--out <folder>', 'where to write', (path) => resolve(root, path), resolve(root, 'docs/benchmarks'));
  if (hasPeerChoice) command.option('--peers <parts>', 'parts of the names of those to ask', split);
  return { peers: [''], ...command.parse().opts<Omit<Options, 'peers'>>() };
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
    if (unknown !== undefined) throw new InvalidArgumentError(`There is no question '${unknown}'.`);
    return split(text);
  };
}
