import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/server/config/load.js';
import { Recorder } from '../../../src/server/record/recorder.js';

test('a look at a server within another one does not end that one', async () => {
  const lines: string[] = [];
  const sink = { append: (line: string) => void lines.push(line), hasRoom: () => Promise.resolve() };
  const config = await loadConfig({ plainPort: 0, without: ['irc'] });
  const recorder = new Recorder(sink, { version: '0', configurationName: '-', config });
  const seen = recorder.aside(() => [recorder.aside(() => recorder.isAside), recorder.isAside]);
  expect([...seen, recorder.isAside]).toEqual([true, true, false]);
  // The first line says how the server was started.
  expect(lines).toHaveLength(1);
});
