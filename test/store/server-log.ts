/** What logs promise that a database server keeps, while that server crashes, loses something or takes nothing. */
import { expect, test } from 'vitest';
import type { RemoteLog } from '../../src/log/remote-log.js';
import { Answers, Ear, type RemoteLogsUnderTest } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { until } from '../support/deadline.js';

const ROOM = 'r:#a';

/** A server that the tests disturb. */
export interface DisturbedServer {
  /** Kills it as a crash does. */
  crash(): Promise<void>;
  /** Starts it again. */
  restart(): Promise<void>;
  /** Has it refuse appends until it is {@link relieve}d. */
  fill(): Promise<void>;
  relieve(): Promise<void>;
}

/** @param open - opens logs that keep at most so many entries each */
export function checkLogOfServer(
  open: (maxEntries: number) => Promise<RemoteLogsUnderTest & { readonly log: RemoteLog }>,
  server: DisturbedServer,
): void {
  test('a crash of the server loses nothing that was acknowledged, and all goes on when it is back', async () => {
    const logs = await open(100_000);
    const { log } = logs;
    const [ear, answers] = [new Ear(), new Answers()];
    log.follow(ROOM, 0, ear);
    await logs.settle();
    log.append(ROOM, [mark('a')], answers);
    await logs.settle();
    await server.crash();
    await until(() => !log.isUp, 'a lost connection');
    log.append(ROOM, [mark('b')], answers);
    expect(await log.lease('a.1', 1000)).toBe(false);
    expect(await log.read(ROOM, { after: 0, maxPacks: 1 })).toBeNull();
    await server.restart();
    await logs.settle();
    log.append(ROOM, [mark('c')], answers);
    await logs.settle();
    expect(answers.got).toEqual([1, 'unknown', 2]);
    expect(ear.heard).toEqual(['caught up', '1 a', 'away', 'back', '2 c']);
  });

  test('an end that is lost while all are connected is found by itself', async () => {
    const logs = await open(100_000);
    const ear = new Ear();
    logs.log.follow(ROOM, 0, ear);
    for (const text of ['a', 'b', 'c']) logs.log.append(ROOM, [mark(text)], new Answers());
    await logs.settle();
    await logs.loseEnd(ROOM, 1);
    await until(() => ear.packs.includes('restored 2-3'), 'a report of the lost end');
  });

  test('a server that refuses an append is tried until it takes one', async () => {
    const logs = await open(100_000);
    const { log } = logs;
    const [ear, answers] = [new Ear(), new Answers()];
    log.follow(ROOM, 0, ear);
    await logs.settle();
    await server.fill();
    log.append(ROOM, [mark('a')], answers);
    await until(() => !log.isUp, 'a refused append');
    await server.relieve();
    await logs.settle();
    log.append(ROOM, [mark('b')], answers);
    await logs.settle();
    expect(answers.got).toEqual(['unknown', 1]);
    expect(ear.heard).toEqual(['caught up', 'away', 'back', '1 b']);
  });
}
