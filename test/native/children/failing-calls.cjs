// Terminates workers whose native calls are about to throw:
//   node failing-calls.cjs ADDON WORKERS
// Half of them do nothing but make calls that fail. The others block in recvmsg(2), which returns when the worker may
// run no more JavaScript, so that making its result fails. Prints "clean" and exits with 0 when every worker has ended.
'use strict';
const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const NO_FD = 1_000_000_000;

async function terminateWorkers(addon, workers) {
  const native = require(addon);
  const { AF_UNIX, SOCK_DGRAM } = native.constants;
  for (let i = 0; i < workers; i++) {
    const [ours, theirs] = native.socketPair(AF_UNIX, SOCK_DGRAM, 0, false);
    const worker = new Worker(__filename, { workerData: { addon, fd: i % 2 === 0 ? theirs : undefined } });
    await once(worker, 'message');
    const ended = worker.terminate();
    native.send(ours, Buffer.from('x'), 0, 1, 0);
    await ended;
    for (const fd of [ours, theirs]) native.close(fd);
  }
  console.log('clean');
}

function failForEver(native) {
  const calls = [() => native.inotifyAdd(NO_FD, '/', 1), () => native.timerFd('clock'), () => native.pidFd(-1)];
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

function inWorker({ addon, fd }) {
  const native = require(addon);
  parentPort.postMessage('started');
  if (fd === undefined) failForEver(native);
  else native.recvMsg(fd, [Buffer.alloc(1)], 0, 0);
}

if (isMainThread) void terminateWorkers(process.argv[2], Number(process.argv[3]));
else inWorker(workerData);
