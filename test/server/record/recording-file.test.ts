import { openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { RecordingFile } from '../../../src/server/record/recording-file.js';
import { until } from '../../support/deadline.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Whether this process has the file open. */
function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}

function create(options: { maxWaiting?: number } = {}) {
  const path = join(temporaryFolder(), 'recording');
  const failures: string[] = [];
  const onFailure = (error: Error) => failures.push(error.message);
  return { path, failures, file: RecordingFile.create(path, { ...options, onFailure }) };
}

test('lines are in the file in their order, also those that were being written when it ended', async () => {
  const { path, failures, file } = create();
  const lines = Array.from({ length: 1000 }, (_, index) => `${index} ${'ü'.repeat(index)}`);
  for (const [index, line] of lines.entries()) {
    file.append(line);
    if (index % 100 === 0) await setImmediate();
  }
  file.end();
  expect(readFileSync(path, 'utf8')).toBe(lines.map((line) => `${line}\n`).join(''));
  expect(failures).toEqual([]);
  await until(() => !isOpen(path), 'the file is still open');
});

test('nobody else may read a recording, and a file that exists is left alone', () => {
  const { path, file } = create();
  file.end();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => RecordingFile.create(path, { onFailure: () => undefined })).toThrow(/EEXIST/);
});

test('a full disk ends the recording, is reported once, and stops nobody', async () => {
  const failures: string[] = [];
  const file = new RecordingFile(openSync('/dev/full', 'w'), { onFailure: ({ message }) => failures.push(message) });
  file.append('a line');
  await until(() => failures.length > 0, 'no failure is reported');
  file.append('another');
  file.end();
  // Deno's error has no code.
  expect(failures).toEqual([expect.stringMatching(/ENOSPC|No space left/)]);
});

test('no more waits for the disk than allowed', () => {
  const { path, failures, file } = create({ maxWaiting: 100 });
  for (let index = 0; index < 30; index += 1) file.append('123456789');
  file.end();
  expect(failures).toEqual(['the disk is too slow: 110 characters wait for it']);
  expect(readFileSync(path, 'utf8')).toBe('');
});

test('more lines than may wait are written if each waits for room', async () => {
  const { path, failures, file } = create({ maxWaiting: 100 });
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
  for (const line of lines) {
    await file.hasRoom();
    file.append(line);
  }
  file.end();
  expect(readFileSync(path, 'utf8')).toBe(lines.map((line) => `${line}\n`).join(''));
  expect(failures).toEqual([]);
  // A recording that is over keeps nobody waiting.
  await file.hasRoom();
});
