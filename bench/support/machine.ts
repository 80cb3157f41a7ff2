/** What the reports say of the machine, and of what is missing there. */
import { cpus, release } from 'node:os';

export const machine = {
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  kernel: release(),
  node: process.version,
};

export const machineInWords = `${machine.processor}, ${machine.cores} cores; Linux ${machine.kernel}; Node.js ${machine.node}`;

/** Lines of Markdown: where and how often was measured, and who was not. */
export function circumstances(rounds: string, missing: readonly string[]): readonly string[] {
  const lines = [`${machineInWords}; ${rounds}.`];
  if (missing.length > 0) lines.push('', `Not installed, so not measured: ${missing.join(', ')}.`);
  return lines;
}

/** Said where `countsInstructions()` of tools.ts is false. */
export const WITHOUT_COUNTERS =
  'The machine does not count instructions; the cost is the time that the server computed, user and kernel.';
