/** What one node has of the home of rooms, out of the log of all nodes. */
import { onTestFinished, test } from 'vitest';
import { Bus } from '../../src/domains/bus.js';
import { LINK_VERSION, type Visit } from '../../src/domains/messages.js';
import { SharedHome } from '../../src/domains/shared-home.js';
import { Tenure } from '../../src/domains/tenure.js';
import { encodeFrame } from '../../src/log/frames.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import { SILENT as log } from '../../src/server/log.js';

const nothing = (): void => undefined;

test('what a node cannot take as fast as it arrives does not fill its memory', async () => {
  const logs = new MemoryLog();
  onTestFinished(() => logs.close());
  const domain = 'home.example';
  const bus = new Bus({ domain, logs, release: nothing, node: () => 'a.1', applied: () => 0, now: () => 0, log });
  onTestFinished(() => bus.close());
  const tenure = new Tenure();
  const home = new SharedHome({
    ...{ bus, tenure, home: domain, log, lineage: 'x1-' },
    ...{ goneVersion: () => 0, goneNodes: () => [], heirs: () => [] },
  });
  await new Promise<void>((resolve) => {
    bus.open({ heard: nothing, repeat: nothing, missed: nothing, away: nothing, back: resolve });
  });
  tenure.apply(1, 'a.1', { kind: 'claim', after: 0 });
  tenure.apply(2, 'a.1', { kind: 'held', term: 1, home: { label: 'far', epoch: 'e', rooms: ['#a'] } });
  const closed = new Promise<void>((resolve) => {
    const channel = home.dial({
      opened: () => {
        const visits: Visit[] = [
          { kind: 'hello', version: LINK_VERSION, domain: 'far.example', run: 'r' },
          { kind: 'follow', id: 1, room: '#a', resume: null },
        ];
        for (const visit of visits) channel.send(encodeFrame(visit));
        channel.pause();
        const body = new Uint8Array(16_000_000);
        const head = {
          kind: 'state',
          term: 1,
          room: '#a',
          log: 'x',
          at: 0,
          bytes: body.length,
          isFresh: false,
        } as const;
        for (let seq = 1; seq <= 5; seq += 1) home.heard({ ...head, seq }, body);
      },
      received: nothing,
      drained: nothing,
      closed: resolve,
    });
  });
  await closed;
});
