/** What the reports say of the machine. */
import { cpus, release } from 'node:os';

const processor = cpus()[0]?.model.trim() ?? 'unknown';

export const machineInWords = `${processor}, ${cpus().length} cores; Linux ${release()}; Node.js ${process.version}`;

/** Said if `countsInstructions()` of tools.ts is false. */
export const WITHOUT_COUNTERS =
  'The machine does not count instructions; the cost is the time that the server computed, user and kernel.';
