import { beforeEach, describe, expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { ChatEvent } from '../../src/chat/event.js';
import type { Encoder, Member, Outlet } from '../../src/chat/member.js';
import type { LogTrouble } from '../../src/chat/replica.js';
import { type Answer, whenSettled } from '../../src/chat/ticket.js';
import { HeldLog } from '../support/held-log.js';

const NOTHING = new Uint8Array(0);

/** What a member hears; it may be made to fail. */
class Ear implements Outlet, Encoder {
  readonly isSecure = false;
  readonly certificate = null;
  readonly encoder = this;
  readonly heard: ChatEvent[] = [];
  isBroken = false;

  encode(event: ChatEvent): Uint8Array {
    if (this.isBroken) throw new Error('broken');
    this.heard.push(event);
    return NOTHING;
  }

  isDroppable(): boolean {
    return false;
  }

  send(): void {
    // It has been heard already.
  }

  expel(): void {
    // Nobody is connected.
  }

  /** What was said since the last call. */
  texts(): string[] {
    return this.heard.splice(0).flatMap((event) => (event.kind === 'said' ? [event.text] : []));
  }
}

/** How an answer has ended; filled in when it has. */
function ending(answer: Answer<{ readonly kind: string } | null> | null): string[] {
  const ended: string[] = [];
  if (answer !== null) {
    whenSettled<{ readonly kind: string; readonly why?: string } | null>(answer, (outcome) => {
      ended.push(outcome?.why ?? outcome?.kind ?? 'nothing');
    });
  }
  return ended;
}

let nowMs: number;
let log: HeldLog;
let chat: Chat;
let troubles: LogTrouble[];

function receive(ear = new Ear()): Member {
  return chat.receive({ host: '192.0.2.1', outlet: ear });
}

function enter(nick: string, ...rooms: readonly string[]): { member: Member; ear: Ear } {
  const ear = new Ear();
  const member = receive(ear);
  expect(ending(chat.admit(member, { nick, user: 'u', realName: 'r' }))).toEqual(['arrived']);
  for (const room of rooms) expect(join(member, room)).toEqual(['joined']);
  return { member, ear };
}

function join(member: Member, room: string): string[] {
  return ending(chat.join(member, room, { key: null, maxRooms: 100_000, flags: [] }));
}

function saying(member: Member, room: string, text: string): ReturnType<Chat['say']> {
  const words = { type: 'message', text, tags: [], isDivisible: false } as const;
  return chat.say(member, { kind: 'room', name: room, ranks: 0 }, words);
}

function say(member: Member, room: string, text: string): string[] {
  return ending(saying(member, room, text));
}

/** Lets time pass. */
function wait(ms: number): void {
  nowMs += ms;
  chat.tick();
}

beforeEach(() => {
  nowMs = 1_000_000;
  log = new HeldLog();
  troubles = [];
  chat = new Chat({ log, now: () => nowMs, onTrouble: (_log, trouble) => troubles.push(trouble) });
});

describe('an error while an entry is shown', () => {
  test('is reported, and the room goes on', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    bob.ear.isBroken = true;
    expect(say(ann.member, '#a', 'one')).toEqual(['said']);
    expect(troubles).toEqual([{ kind: 'unshown', seq: expect.any(Number), error: new Error('broken') }]);
    bob.ear.isBroken = false;
    expect(say(ann.member, '#a', 'two')).toEqual(['said']);
    expect(bob.ear.texts()).toEqual(['two']);
    expect(ending(chat.part(ann.member, '#a', ''))).toEqual(['left']);
  });

  test('leaves the door open for those who arrive later and for those who leave', () => {
    let isBroken = true;
    const appeared = (): void => {
      if (isBroken) throw new Error('broken');
    };
    chat.observe({ appeared, disappeared: () => undefined, followersOf: () => [] });
    const ann = enter('ann');
    isBroken = false;
    enter('bob');
    expect(ending(chat.quit(ann.member, ''))).toEqual(['quit']);
    expect(chat.directory.memberCount).toBe(1);
  });

  test('is answered although the log is late', () => {
    const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
    bob.ear.isBroken = true;
    log.become('held');
    const said = [say(ann.member, '#a', 'one'), say(ann.member, '#a', 'two')];
    log.run();
    expect(said).toEqual([['said'], ['said']]);
  });
});

test('a message that has failed is not delivered, although its sender says something else when it learns of that', () => {
  const [ann, bob] = [enter('ann', '#a'), enter('bob', '#a')];
  log.become('away');
  const ended: string[] = [];
  for (const text of ['one', 'two']) {
    whenSettled(saying(ann.member, '#a', text), ({ kind }) => {
      log.become('prompt');
      ended.push(kind, ...say(ann.member, '#a', `not ${text}`));
    });
  }
  wait(5_000);
  expect(ended).toEqual(['refused', 'said', 'refused', 'said']);
  expect(bob.ear.texts()).toEqual(['not one', 'not two']);
});
