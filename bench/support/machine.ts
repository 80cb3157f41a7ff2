/** The facts about the machine in the reports. */
import { cpus, release } from 'node:os';

/** The variable that is set for a suite in the guest: see guest.ts. */
export const INSIDE_GUEST = 'FDMUX_BENCH_GUEST';

/** Whether this process runs in the guest, where a nanosecond of processor time is an instruction. */
export const isGuest = process.env[INSIDE_GUEST] !== undefined;

/** The unit of processor time. */
export const COST_UNIT = isGuest ? 'instructions' : 'ns of CPU';

const processor = cpus()[0]?.model.trim() ?? 'unknown';

export const machineInWords = `${processor}, ${cpus().length} cores; Linux ${release()}; Node.js ${process.version}`;

/** The note if `countsInstructions()` of tools.ts is false. */
export const WITHOUT_COUNTERS =
  'The machine does not count instructions; the cost is the time that the server computed, user and kernel.';
