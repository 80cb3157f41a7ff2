/** What a worker logs about its control process. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { controlReports, TAKE_OVER_MS } from '../../src/server/control-reports.js';
import { SILENT } from '../../src/server/log.js';

/** Returns an observer with fake timers, and what it logs. */
function observed() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const said: string[] = [];
  const note = (level: string) => (message: string) => void said.push(`${level} ${message}`);
  const reach = controlReports({ ...SILENT, info: note('INF'), warn: note('WRN'), error: note('ERR') });
  return { said, reach };
}

test('a control process that is replaced in time is no error', () => {
  const { said, reach } = observed();
  reach('there');
  reach('replaced');
  vi.advanceTimersByTime(TAKE_OVER_MS - 1);
  reach('there');
  vi.advanceTimersByTime(TAKE_OVER_MS);
  expect(said).toEqual([
    'INF the control process is being replaced: rooms wait',
    'INF the next control process is there',
  ]);
});

test('a control process without a next one is lost', () => {
  const { said, reach } = observed();
  reach('there');
  reach('replaced');
  vi.advanceTimersByTime(TAKE_OVER_MS);
  expect(said.slice(1)).toEqual(['ERR the control process is lost: rooms wait']);
  reach('there');
  expect(said.slice(2)).toEqual(['WRN the control process is back']);
});

test('a control process that is lost is an error at once, also a moment after it has taken over', () => {
  const { said, reach } = observed();
  for (const each of ['there', 'replaced', 'there', 'lost', 'there'] as const) reach(each);
  expect(said.slice(2)).toEqual(['ERR the control process is lost: rooms wait', 'WRN the control process is back']);
});
