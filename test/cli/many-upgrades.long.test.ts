/** Twenty upgrades in a row of a server with 2,000 clients that talk. */
import { expect, test } from 'vitest';
import { startServer } from './chat-server.js';
import { Crowd, crowdFlags, describeStandstills, STANDSTILL_MS } from './crowd.js';
import { upgraderOf } from './upgrades.js';

const CLIENTS = 2_000;
const UPGRADES = 20;

/** The middle one of the processor times that records of a log have, for each 500 clients. */
function medianCpuMs(log: string, event: string): string {
  const records = [...log.matchAll(new RegExp(`${event} (?:pid=\\d+ )?clients=(\\d+) ms=\\d+ cpuMs=(\\d+)`, 'g'))];
  const for500 = records.map(([, clients, cpuMs]) => (Number(cpuMs) * 500) / Number(clients)).sort((a, b) => a - b);
  return (for500[Math.floor(for500.length / 2)] ?? NaN).toFixed(0);
}

const NAME = 'nobody is disconnected, every line is heard once and in order, and the server is soon back';

test(NAME, { timeout: 290_000 }, async () => {
  const server = await startServer(['--log-level', 'warning', ...crowdFlags()]);
  const upgrade = upgraderOf(server);
  const crowd = await Crowd.connect(server.ircPort, CLIENTS);
  const standstills: number[] = [];
  for (let round = 0; round < UPGRADES; round += 1) {
    standstills.push(await crowd.during(upgrade));
    await crowd.hearing(round);
  }
  expect(await crowd.end()).toBeGreaterThanOrEqual(UPGRADES);
  const { text, longestMs } = describeStandstills(standstills, CLIENTS);
  const { stderr } = server.process;
  const [old, young] = [medianCpuMs(stderr, 'upgraded'), medianCpuMs(stderr, 'goes on for another process')];
  console.log(`${text}; processor time: ${old} ms in the old process, ${young} ms in the new one`);
  expect(longestMs).toBeLessThan(STANDSTILL_MS);
});
