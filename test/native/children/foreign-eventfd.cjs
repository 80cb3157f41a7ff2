// A worker opens an eventfd, other code closes it, and this thread opens one that gets the number:
//   node foreign-eventfd.cjs ADDON
// Prints "kept" if the end of the worker leaves this thread's eventfd alone, and closes the worker's other one.
'use strict';
const { closeSync, existsSync } = require('node:fs');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const native = require(isMainThread ? process.argv[2] : workerData);

function leaveFds() {
  native.ownFds();
  parentPort.postMessage([native.eventFd(0), native.eventFd(0)]);
  parentPort.on('message', () => undefined);
}

function takeOver() {
  const worker = new Worker(__filename, { workerData: process.argv[2] });
  worker.once('message', ([lost, owned]) => {
    closeSync(lost);
    const others = [];
    let mine = native.eventFd(7);
    while (mine !== lost) {
      others.push(mine);
      mine = native.eventFd(7);
    }
    worker.once('exit', () => {
      const count = Buffer.alloc(8);
      const isKept = native.read(mine, count, 0, 8) === 8 && count.readBigUInt64LE() === 7n;
      console.log(isKept ? 'kept' : 'closed', existsSync(`/proc/self/fd/${owned}`) ? 'leaked' : 'cleaned up');
      for (const fd of [...others, mine]) native.close(fd);
    });
    void worker.terminate();
  });
}

if (isMainThread) takeOver();
else leaveFds();
