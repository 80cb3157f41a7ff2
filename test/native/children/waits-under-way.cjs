// Starts waits in workers (and in the main thread, where asked) and ends everything in the way that is asked for:
//   node waits-under-way.cjs ADDON KIND ENDING WORKERS
// KIND: watch | thread. ENDING: terminate | exit | natural (of each worker) | main-exit (process.exit with all under
// way). Prints "clean" and exits with 0 when every worker has ended.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const [addon, kind, ending, workers] = isMainThread ? process.argv.slice(2) : workerData;
const AT_ONCE = 10;

function startWaits() {
  const native = require(addon);
  const { EPOLL_CTL_ADD, EPOLLIN, POLLIN } = native.constants;
  const again = new Map();
  const dispatch = (waiter) => again.get(waiter)();
  // Of each kind one wait that never ends, and one that reports all the time.
  for (const isReady of [false, true]) {
    const [reader, writer] = native.pipe(true);
    if (isReady) native.write(writer, Buffer.from('x'), 0, 1);
    if (kind === 'watch') {
      const epoll = native.epollCreate();
      native.epollCtl(epoll, EPOLL_CTL_ADD, reader, EPOLLIN, 0, 0);
      const watch = native.loopWatchOpen(epoll, dispatch);
      native.waiterRef(watch);
      native.loopWatchStart(watch);
      again.set(watch, () => undefined);
    } else {
      const epoll = native.epollCreate();
      native.epollCtl(epoll, EPOLL_CTL_ADD, reader, EPOLLIN, 0, 0);
      for (const arm of [
        (thread) => native.waitThreadArmPoll(thread, Int32Array.of(reader, POLLIN), 1),
        (thread) => native.waitThreadArmSelect(thread, Int32Array.of(reader), 1, 0, 0),
        (thread) => native.waitThreadArmEpoll(thread, epoll, 1),
      ]) {
        const thread = native.waitThreadOpen(dispatch);
        native.waiterRef(thread);
        again.set(thread, () => arm(thread));
        arm(thread);
      }
    }
  }
  return () => {
    for (const waiter of again.keys()) native.waiterUnref(waiter);
  };
}

function startWorker(onEnd) {
  const worker = new Worker(__filename, { workerData: [addon, kind, ending, workers] });
  worker.on('error', (error) => {
    throw error;
  });
  worker.on('message', () => {
    if (ending === 'terminate') void worker.terminate();
    if (ending === 'main-exit') onEnd();
  });
  worker.on('exit', onEnd);
}

if (isMainThread) {
  if (ending === 'main-exit') startWaits();
  let started = 0;
  let ended = 0;
  const onEnd = () => {
    ended++;
    if (ended === Number(workers)) {
      console.log('clean');
      if (ending === 'main-exit') process.exit(0);
    } else if (ending !== 'main-exit' && started < Number(workers)) {
      started++;
      startWorker(onEnd);
    }
  };
  const atOnce = ending === 'main-exit' ? Number(workers) : Math.min(AT_ONCE, Number(workers));
  for (; started < atOnce; started++) startWorker(onEnd);
} else {
  const letGo = startWaits();
  parentPort.postMessage('waiting');
  if (ending === 'exit') setImmediate(() => process.exit(0));
  if (ending === 'natural') setImmediate(letGo);
}
