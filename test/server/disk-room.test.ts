import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkDiskRoom } from '../../src/server/hand-over/disk-room.js';
import { temporaryFolder } from '../support/temporary.js';

const room = (blocks: number, bavail: number) => () => Promise.resolve({ blocks, bavail, bsize: 4096 });

test('a disk without room for another megabyte is full', async () => {
  await expect(checkDiskRoom('/data', room(10_000, 255))).rejects.toThrow('/data: the disk is full');
  await checkDiskRoom('/data', room(10_000, 256));
});

test('a file system that does not say its size is not full', async () => {
  await checkDiskRoom('/data', room(0, 0));
});

test('the disk of these tests is asked', async () => {
  await checkDiskRoom(temporaryFolder());
});

test('of a folder that is not there yet, the disk is asked where it will be made', async () => {
  await checkDiskRoom(join(temporaryFolder(), 'not', 'yet'));
});
