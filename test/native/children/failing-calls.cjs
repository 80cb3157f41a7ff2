// Terminates workers that do nothing but make calls that fail, so that the end finds most of them about to throw:
//   node failing-calls.cjs ADDON WORKERS
// Prints "clean" and exits with 0 when every worker has ended.
'use strict';
const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const NO_FD = 1_000_000_000;

async function terminateWorkers(addon, workers) {
  for (let i = 0; i < workers; i++) {
    const worker = new Worker(__filename, { workerData: addon });
    await once(worker, 'message');
    await worker.terminate();
  }
  console.log('clean');
}

function failForEver(native) {
  const calls = [() => native.inotifyAdd(NO_FD, '/', 1), () => native.timerFd('clock'), () => native.pidFd(-1)];
  parentPort.postMessage('failing');
  for (;;) {
    for (const call of calls) {
      try {
        call();
      } catch {
        // It always fails.
      }
    }
  }
}

if (isMainThread) void terminateWorkers(process.argv[2], Number(process.argv[3]));
else failForEver(require(workerData));
