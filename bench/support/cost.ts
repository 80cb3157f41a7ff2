/** The cost of a process: time, instructions, memory. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** The processor time of all threads of a process, user and kernel, in ns. */
export function cpuNsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, ns) => sum + ns, 0);
}

/** Whether all threads of a process have been stopped by a signal, or have ended. */
export function isStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  // proc(5): the name of the program is in parentheses, and may have some itself.
  return readdirSync(tasks).every((task) => /\) [TZX] [^)]*$/.test(readFileSync(`${tasks}/${task}/stat`, 'utf8')));
}

/** Resident memory of a process. */
export function residentBytesOf(pid: number): number {
  const kilobytes = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return 1024 * Number(kilobytes);
}

/** User and kernel instructions of a process, during a given time. */
export async function countInstructions(pid: number, seconds: number): Promise<number> {
  const events = 'instructions:u,instructions:k';
  const perf = spawn('perf', ['stat', '-x,', '-e', events, '-p', String(pid), '--', 'sleep', String(seconds)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let sum = 0;
  for await (const line of createInterface({ input: perf.stderr })) sum += Number(line.split(',')[0]) || 0;
  return sum;
}
