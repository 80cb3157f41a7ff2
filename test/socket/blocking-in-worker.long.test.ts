/** Workers that wait in calls of ours while the process ends. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { preambleOf, WAITS } from '../support/blocking-waits.js';
import { nextEvent } from '../support/deadline.js';
import { addonEnvironment } from '../support/preload.js';
import { terminatesBusyWorkers } from '../support/runtime.js';

test.skipIf(!terminatesBusyWorkers)(
  'the end of the process waits for none of them',
  { tags: ['needs-worker-terminate'] },
  async () => {
    const code = `
    const { Worker } = require('node:worker_threads');
    const waits = JSON.parse(process.argv[1]);
    const threads = [];
    for (const wait of waits) {
      const worker = new Worker(wait, { eval: true });
      worker.once('message', (thread) => threads.push(thread));
      worker.once('error', (error) => { console.error(error); process.exit(1); });
    }
    const isAsleep = (thread) => /\\) S /.test(require('node:fs').readFileSync('/proc/self/task/' + thread + '/stat', 'latin1'));
    let looks = 0;
    setInterval(() => {
      looks = threads.length === waits.length && threads.every(isAsleep) ? looks + 1 : 0;
      if (looks > 4) process.exit(7);
    }, 5);`;
    const folder = mkdtempSync(join(tmpdir(), 'fdmux-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const preamble = `${preambleOf(folder)}\nconst ready = () => parentPort.postMessage(threadId());\n`;
    const waits = JSON.stringify(Object.values(WAITS).map((wait) => preamble + wait));
    const child = spawn(process.execPath, ['-e', code, waits], {
      env: addonEnvironment(),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    expect((await nextEvent(child, 'exit', 60_000))[0]).toBe(7);
  },
);
