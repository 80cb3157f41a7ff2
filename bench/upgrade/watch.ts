/** The clients that measure for how long a server answers nobody: a thread of its own, which nothing else delays. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { orderSchema, placeSchema, type Silence } from './watching.js';

/** How long a client waits before it asks again. */
const PAUSE_MS = 1;

const { port } = v.parse(placeSchema, workerData);
/** The questions that are not answered yet. */
const open = new Set<Promise<void>>();
let count = 0;
let longestWaitMs = 0;
let longestGapMs = 0;
let answeredMs = performance.now();

function take(): Silence {
  const silence = { waitMs: longestWaitMs, gapMs: longestGapMs };
  longestWaitMs = 0;
  longestGapMs = 0;
  answeredMs = performance.now();
  return silence;
}

/** Returns when the socket has received a line like this. */
async function received(socket: Socket, pattern: RegExp): Promise<void> {
  let text = '';
  while (!pattern.test(text)) {
    const [bytes] = await once(socket, 'data');
    text += String(bytes);
  }
}

async function enter(): Promise<void> {
  const nick = `watch${count}`;
  count += 1;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.write(`NICK ${nick}\r\nUSER ${nick} 0 * :watch\r\n`);
  await received(socket, / (?:376|422) /);
  void ask(socket);
}

/** Asks again and again, as soon as the last question is answered. */
async function ask(socket: Socket): Promise<never> {
  for (let asked = 0; ; asked += 1) {
    const question = answerTo(socket, asked);
    open.add(question);
    await question;
    open.delete(question);
    await delay(PAUSE_MS);
  }
}

async function answerTo(socket: Socket, asked: number): Promise<void> {
  const sinceMs = performance.now();
  socket.write(`PING ${asked}\r\n`);
  await received(socket, new RegExp(` PONG \\S+ :?${asked}\r`));
  const nowMs = performance.now();
  longestWaitMs = Math.max(longestWaitMs, nowMs - sinceMs);
  longestGapMs = Math.max(longestGapMs, nowMs - answeredMs);
  answeredMs = nowMs;
}

/** Does what is asked, and answers with the figures since the last time. */
async function obey(order: unknown): Promise<void> {
  for (let { enter: left } = v.parse(orderSchema, order); left > 0; left -= 1) await enter();
  // Nobody may have been answered yet since the upgrade.
  await Promise.all(open);
  parentPort?.postMessage(take());
}

parentPort?.on('message', (order: unknown) => void obey(order));
