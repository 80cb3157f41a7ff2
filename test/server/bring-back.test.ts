/** What a chat is told of the time in which no server ran. */
import { expect, test } from 'vitest';
import { eraseAccount } from '../../src/store/archive.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { outlet, Run } from './run.js';

test('members that stay are back in their rooms, as they were, and the others are not', async () => {
  const folder = temporaryFolder();
  const first = await Run.start(folder);
  const ann = await first.arrive('ann', 'ann');
  const bob = await first.arrive('bob', 'bob');
  await first.arrive('cid', null);
  for (const member of [ann, bob]) first.chat.setTrait(member, 'always-on', true);
  first.chat.annotateSelf(ann, { key: 'color', value: 'red', maxKeys: 9 });
  first.chat.leave(ann, outlet, 'closed');
  first.chat.rename(bob, 'robert');
  await first.settled();
  const ranks = first.inside;
  await first.end();

  const second = await Run.start(folder);
  expect([...second.chat.directory.members()].map(({ nick }) => nick).sort()).toEqual(['ann', 'robert']);
  expect(second.inside).toEqual(ranks.filter(([nick]) => nick !== 'cid'));
  const again = second.chat.directory.member('ann');
  expect(again).toMatchObject({ account: 'ann', away: 'Not connected' });
  expect([...(again?.metadata ?? [])]).toEqual([['color', 'red']]);

  // One who leaves for good is not back.
  const robert = second.chat.directory.member('robert') ?? expect.fail();
  expect(robert.away).toBe('Not connected');
  second.chat.setTrait(robert, 'always-on', false);
  await second.settled();
  await second.end();
  const third = await Run.start(folder);
  expect([...third.chat.directory.members()].map(({ nick }) => nick)).toEqual(['ann']);
  expect(third.inside).toEqual([['ann', expect.any(Number)]]);
});

test.each([
  ['that are read in time', true],
  ['that are still being read when the server starts', false],
])('rooms %s of an account that was erased meanwhile belong to nobody', async (_, waits) => {
  const folder = temporaryFolder();
  const first = await Run.start(folder);
  const ann = await first.arrive('ann', 'Ann');
  first.chat.registerRoom(ann, '#tea', 9);
  await first.keeping.accounts.add(
    {
      name: 'Ann',
      folded: 'ann',
      createdMs: 1,
      email: null,
      confirmation: null,
      suspendedMs: null,
      settings: {},
      credentials: [],
    },
    9,
  );
  await first.settled();
  await first.end();

  const second = await Run.start(folder);
  expect(second.chat.directory.room('#tea')?.registration).toMatchObject({ founder: 'Ann' });
  await second.end();
  expect(await eraseAccount(folder, ['ann'])).toBe(true);
  // A log that lacks something is read page by page.
  if (!waits) (await openFile(folder)).exec('UPDATE log SET top = top + 1');

  const third = await Run.start(folder, { waits });
  expect(third.chat.directory.room('#tea')?.registration ?? null).toBeNull();
  expect(await third.keeping.store.read('erased', null)).toEqual([]);
});
