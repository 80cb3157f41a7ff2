/** A room of another domain that arrives anew as a whole, because its home does not keep all that was missed. */
import { expect, test } from 'vitest';
import type { Member } from '../../src/chat/member.js';
import { type Answer, whenSettled } from '../../src/chat/ticket.js';
import { JOIN, ROOM } from './nodes-scene.js';
import { closeAfterTest, startTwo, type World } from './worlds.js';

const of = ({ members }: World, index: number): Member => members[index] ?? expect.fail('nobody is there');

const nicksIn = (world: World, room: string): readonly string[] =>
  (world.room(room)?.seats ?? []).map(({ who }) => who.nick).sort();

/** Has the home say more than it keeps for others. */
function flood({ chat, members: [ann] }: World): void {
  for (let count = 0; count < 10; count += 1) {
    if (ann !== undefined) chat.setTopic(ann, '#a', `${count}`.repeat(1_000_000));
  }
  if (ann !== undefined) chat.setTopic(ann, '#a', 'tea');
}

test('who enters a room while it arrives anew is inside on both sides, and learns so', async () => {
  const two = await startTwo(['ann'], ['cid', 'dan']);
  const { home, far, ways, settle } = two;
  closeAfterTest(far, home);
  settle();
  home.chat.join(of(home, 0), '#a', JOIN);
  far.chat.join(of(far, 0), ROOM, JOIN);
  settle();
  const kinds: string[] = [];
  const joined: Answer<{ readonly kind: string }> = far.chat.join(of(far, 1), ROOM, JOIN);
  whenSettled(joined, ({ kind }) => kinds.push(kind));
  // The home has heard it, and the answer is lost.
  ways.step(1, false);
  ways.cut();
  expect(kinds).toEqual([]);
  expect(nicksIn(home, '#a')).toEqual(['ann', 'cid/far', 'dan/far']);
  flood(home);
  ways.isCut = false;
  settle();
  expect(far.chat.directory.room(ROOM)?.topic?.text).toBe('tea');
  expect(kinds).toEqual(['joined']);
  expect(nicksIn(far, ROOM)).toEqual(nicksIn(home, '#a'));
  expect(nicksIn(home, '#a')).toEqual(['ann', 'cid/far', 'dan/far']);
});
