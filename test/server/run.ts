/** One run of a server, as far as its chat goes, for tests of what is kept from one run to the next. */
import { onTestFinished } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { Member, Outlet } from '../../src/chat/member.js';
import { Keeping } from '../../src/server/keeping.js';
import { settled } from '../support/stores.js';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** An outlet that shows nothing. */
export const outlet: Outlet = {
  isSecure: false,
  certificate: null,
  remoteHost: '192.0.2.1',
  encoder: { encode: () => new Uint8Array(0), isDroppable: () => false },
  send: () => undefined,
  expel: () => undefined,
};

interface RunOptions {
  readonly waits?: boolean;
  readonly days?: number | null;
}

/** A chat beside its store. */
export class Run {
  readonly chat: Chat;
  readonly keeping: Keeping;

  private constructor(keeping: Keeping) {
    this.keeping = keeping;
    this.chat = new Chat(keeping.chat);
    this.chat.reviveRooms();
  }

  /** @param options - `days`: for how long everything is kept; `waits`: whether the rooms are read first */
  static async start(folder: string, { waits = true, days = null }: RunOptions = {}): Promise<Run> {
    const history = { days, rooms: new Map<string, number>() };
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

  /** Lets somebody in, who enters a room. @param through - the outlet that the events reach */
  async arrive(nick: string, account: string | null, through = outlet): Promise<Member> {
    const member = this.chat.receive({ host: '192.0.2.1', outlet: through });
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
