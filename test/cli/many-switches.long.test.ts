/** A hundred switches of the backend in a row, by `fdmux ctl`, of servers with many clients that talk. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askServer } from '../../src/control/ask.js';
import { present } from '../../src/errors.js';
import { BACKEND_NAMES } from '../../src/multiplexer/backend.js';
import { temporaryFolder } from '../support/temporary.js';
import { startServer } from './chat-server.js';
import { Crowd, crowdFlags, describeStandstills, STANDSTILL_MS } from './crowd.js';
import { startWorkers } from './workers.js';

const SWITCHES = 100;

/** Switches while clients talk. @param ask - asks for a backend, as `fdmux ctl` does */
async function switchAll(port: number, clients: number, ask: (backend: string) => Promise<unknown>): Promise<void> {
  const crowd = await Crowd.connect(port, clients);
  const standstills: number[] = [];
  for (let round = 0; round < SWITCHES; round += 1) {
    const backend = present(BACKEND_NAMES[round % BACKEND_NAMES.length], 'the next');
    standstills.push(await crowd.during(() => ask(backend)));
  }
  await crowd.hearing(10);
  await crowd.end();
  const { text, longestMs } = describeStandstills(standstills, clients);
  console.log(`${clients} clients, switches: ${text}`);
  expect(longestMs).toBeLessThan(STANDSTILL_MS);
}

const NAME = 'nobody is disconnected, and every line is heard once and in order';

test(`one server with 2,000 clients: ${NAME}`, { timeout: 290_000 }, async () => {
  const folder = join(temporaryFolder(), 'data');
  const server = await startServer(['--log-level', 'error', '--data', folder, ...crowdFlags()]);
  await switchAll(server.ircPort, 2_000, (backend) => askServer(folder, { verb: 'backend', words: [backend] }));
});

test(`two workers with 400 clients: ${NAME}`, { timeout: 290_000 }, async () => {
  const { server, ctl } = await startWorkers(crowdFlags());
  await switchAll(server.ircPort, 400, (backend) => ctl('backend', backend));
});
