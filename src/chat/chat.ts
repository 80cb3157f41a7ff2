/** The chat: one method for each thing that can be done in it, whatever protocol asks for it. */
import type { Directory, PresenceObserver } from './directory.js';
import { type DirectoryOptions, DirectoryState } from './directory-state.js';
import type { EventOf, Said } from './event.js';
import type { Arrival, Introduction, Member, Trait } from './member.js';
import { MemberState } from './member-state.js';
import type { EntryRefusal, SpeechRefusal } from './permissions.js';
import { Publisher } from './publisher.js';
import { refuse, type Refused } from './refusal.js';
import type { Room } from './room.js';
import { type BanKind, type ServerBan, ServerBans, type ServerBansOptions } from './server-bans.js';
import * as banning from './verbs/bans.js';
import * as membership from './verbs/membership.js';
import * as profile from './verbs/profile.js';
import * as rooms from './verbs/rooms.js';
import type { Scene } from './verbs/scene.js';
import { Amendment } from './verbs/settings.js';
import * as speech from './verbs/speech.js';

/** The choices of a {@link Chat}. */
export interface ChatOptions extends DirectoryOptions {
  /** Where bans of the server are kept, and how many; by default in memory. */
  readonly bans?: Pick<ServerBansOptions, 'store' | 'maxBans'> | undefined;
  /** Returns a name that no other message has; by default messages are counted. */
  readonly newMessageId?: () => string;
}

/**
 * One chat. Each verb returns the event that has happened, for the one who did it (the others have got it), or a
 * refusal, or null when it changes nothing.
 */
export class Chat {
  /** Everybody who is here, and every room that is open. */
  readonly directory: Directory;
  /** Whom the server keeps out, whatever protocol they speak. */
  readonly bans: ServerBans;
  readonly #scene: Scene;

  constructor(options: ChatOptions = {}) {
    const directory = new DirectoryState(options);
    const { fold } = directory;
    this.directory = directory;
    this.bans = new ServerBans({ ...options.bans, fold, now: () => directory.now() });
    this.#scene = {
      directory,
      publisher: new Publisher(directory),
      bans: this.bans,
      newMessageId: options.newMessageId ?? counter(),
    };
  }

  /** Lets an observer know of all who come and go from now on. */
  observe(observer: PresenceObserver): void {
    this.#scene.directory.observe(observer);
  }

  /** Opens a room that stays when everybody has left; finds it if it is there. */
  openRoom(name: string): Room {
    const { directory } = this.#scene;
    return directory.room(name) ?? directory.addRoom(name, true);
  }

  // Arriving and leaving

  /** Makes a member of somebody who has no name yet, and whom nobody sees until it is admitted. */
  receive(arrival: Arrival): Member {
    return new MemberState(arrival, this.#scene.directory.now());
  }

  /** Lets a member in under the names that it gives itself. @returns null when it is in */
  admit(member: Member, names: Introduction): membership.KeptOut | Refused<'nick-taken'> | null {
    return membership.admit(this.#scene, member, names);
  }

  rename(member: Member, nick: string): EventOf<'renamed'> | Refused<'silenced' | 'nick-taken'> {
    return membership.rename(this.#scene, member, nick);
  }

  /** Takes a member out of every room and out of the chat. */
  quit(member: Member, reason: string): EventOf<'quit'> | null {
    return membership.quit(this.#scene, member, reason);
  }

  /** Removes a member from the chat. @param words - the reasons that it and the others get */
  expel(
    by: Member,
    nick: string,
    words: { readonly reason: string; readonly parting: string },
  ): EventOf<'expelled'> | Refused<'not-operator' | 'no-such-member'> {
    return membership.expel(this.#scene, by, nick, words);
  }

  /**
   * Sets a ban of the server, and removes those that it matches. @param parting - the reason that the others get
   */
  setBan(by: Member, ban: ServerBan, parting: string): ReturnType<typeof banning.setBan> {
    return banning.setBan(this.#scene, by, ban, parting);
  }

  liftBan(by: Member, kind: BanKind, mask: string): ReturnType<typeof banning.liftBan> {
    return banning.liftBan(this.#scene, by, kind, mask);
  }

  // Speaking

  say(by: Member, target: speech.Target, words: speech.Words): Said | Refused<speech.SayRefusal> {
    return speech.say(this.#scene, by, target, words);
  }

  /** Tells everybody who listens to operators. */
  announce(by: Member, text: string): EventOf<'announced'> | Refused<'not-operator'> {
    return speech.announce(this.#scene, by, text);
  }

  // Rooms

  join(
    member: Member,
    name: string,
    options: rooms.JoinOptions,
  ): EventOf<'joined'> | Refused<EntryRefusal | 'already-inside' | 'too-many-rooms'> {
    return rooms.join(this.#scene, member, name, options);
  }

  part(member: Member, name: string, reason: string): EventOf<'left'> | Refused<'no-such-room' | 'not-inside'> {
    return rooms.part(this.#scene, member, name, reason);
  }

  kick(
    by: Member,
    name: string,
    target: { readonly nick: string; readonly reason: string },
  ): ReturnType<typeof rooms.kick> {
    return rooms.kick(this.#scene, by, name, target);
  }

  invite(by: Member, nick: string, name: string): ReturnType<typeof rooms.invite> {
    return rooms.invite(this.#scene, by, nick, name);
  }

  setTopic(
    by: Member,
    name: string,
    text: string,
  ): EventOf<'topic'> | Refused<SpeechRefusal | 'no-such-room' | 'not-inside' | 'not-allowed'> | null {
    return rooms.setTopic(this.#scene, by, name, text);
  }

  /**
   * Begins to change the settings of a room.
   *
   * @param maxMasks - the most masks that the room's lists hold together
   * @returns a refusal when there is no such room, or the member may not know of it
   */
  amend(by: Member, name: string, maxMasks: number): Amendment | Refused<'no-such-room'> {
    const room = this.#scene.directory.visibleRoom(by, name);
    return room === undefined ? refuse('no-such-room') : new Amendment(this.#scene, by, room, maxMasks);
  }

  // What a member is

  /** Marks a member as away. @param reason - null when it is back */
  setAway(member: Member, reason: string | null): EventOf<'away'> | null {
    return profile.setAway(this.#scene, member, reason);
  }

  setRealName(member: Member, name: string): EventOf<'realname'> | Refused<'silenced'> {
    return profile.setRealName(this.#scene, member, name);
  }

  /** Shows others another host in place of the one that a member came from. */
  setHost(member: Member, host: string): EventOf<'host'> {
    return profile.setHost(this.#scene, member, host);
  }

  /** Switches a trait of a member. @returns whether that changes it */
  setTrait(member: Member, trait: Trait, on: boolean): boolean {
    return profile.setTrait(this.#scene, member, trait, on);
  }

  /** Gives a member an operator's rights, or takes them. @returns whether that changes it */
  setOperator(member: Member, on: boolean): boolean {
    return profile.setOperator(this.#scene, member, on);
  }
}

function counter(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return String(count);
  };
}
