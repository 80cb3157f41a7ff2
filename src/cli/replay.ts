/** `fdmux replay`: runs a recorded server again, and reports the first difference. */
import { formatDifference } from '../server/replay/difference.js';
import { type Outcome, replay } from '../server/replay/replay.js';

/**
 * Replays a recording.
 *
 * @returns the exit code: 0 if the server did the same, 1 if not
 * @throws RecordingError if the file cannot be replayed
 */
export async function replayCommand(path: string, version: string): Promise<number> {
  const outcome = await replay(path);
  if (outcome.difference === null) {
    process.stdout.write(`${path}: ${describeSame(outcome)}\n`);
    if (!outcome.isComplete) {
      process.stdout.write(
        'The recording ends in the middle, as if its server had been killed; all of it was replayed.\n',
      );
    }
    return 0;
  }
  process.stderr.write(`fdmux: ${path}: the replay differs in ${formatDifference(outcome.difference)}\n`);
  for (const [name, then, now] of [
    ['fdmux', outcome.version, version],
    ['Node.js', outcome.node, process.version],
  ] as const) {
    if (then !== now) process.stderr.write(`It was recorded with ${name} ${then}; this is ${now}.\n`);
  }
  return 1;
}

function describeSame({ counts: { turns, connections, bytes } }: Outcome): string {
  return `the same, in ${count(turns, 'turn')}, ${count(connections, 'connection')} and ${count(bytes, 'byte')}`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
