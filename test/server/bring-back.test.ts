/** What a chat is told of the time in which no server ran. */
import { expect, onTestFinished, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { Member, Outlet } from '../../src/chat/member.js';
import { Keeping } from '../../src/server/keeping.js';
import { eraseAccount } from '../../src/store/archive.js';
import { openFile, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const outlet: Outlet = {
  isSecure: false,
  certificate: null,
  remoteHost: '192.0.2.1',
  encoder: { encode: () => new Uint8Array(0), isDroppable: () => false },
  send: () => undefined,
  expel: () => undefined,
};

/** One run of a server, as far as its chat goes. */
class Run {
  readonly chat: Chat;
  readonly keeping: Keeping;

  private constructor(keeping: Keeping) {
    this.keeping = keeping;
    this.chat = new Chat(keeping.chat);
    this.chat.reviveRooms();
  }

  static async start(folder: string, { waits = true } = {}): Promise<Run> {
    const history = { days: null, rooms: new Map<string, number>() };
    const keeping = await Keeping.open(
      { kind: 'sqlite', path: folder, durability: 'process', maxBytes: 0, history },
      null,
      silent,
    );
    onTestFinished(() => keeping.close());
    const run = new Run(keeping);
    if (waits) await run.settled();
    keeping.bringBack(run.chat);
    await run.settled();
    keeping.members.forgetLastRun();
    return run;
  }

  settled(): Promise<void> {
    return settled(this.keeping.store);
  }

  /** Lets somebody in, who enters a room. */
  async arrive(nick: string, account: string | null): Promise<Member> {
    const member = this.chat.receive({ host: '192.0.2.1', outlet });
    this.chat.admit(member, { nick, user: 'u', realName: 'r', account });
    this.chat.join(member, '#tea', { key: null, maxRooms: 9, flags: [] });
    await this.settled();
    return member;
  }

  /** Ends without a word to anybody, as after a kill. */
  async end(): Promise<void> {
    this.keeping.freeze();
    await this.keeping.close();
  }

  /** Who is in the room, and with which ranks. */
  get inside(): (readonly [nick: string, ranks: number])[] {
    const room = this.chat.directory.room('#tea');
    return [...(room?.seats ?? [])].map(({ member, ranks }) => [member.nick, ranks] as const).sort();
  }
}

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
