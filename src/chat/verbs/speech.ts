/** Saying something: to a room, to one person, to all who listen. */
import type { EventOf, Manner, Said } from '../event.js';
import type { Member } from '../member.js';
import { stateOf } from '../member-state.js';
import { isVisible, refusesSpeech, type SpeechRefusal } from '../permissions.js';
import { refuse, type Refused } from '../refusal.js';
import type { Scene } from './scene.js';

/** Whom somebody speaks to. */
export type Target =
  /** A room; with ranks named (as bits), those of the lowest of them and above; 0 for everybody there. */
  | { readonly kind: 'room'; readonly name: string; readonly ranks: number }
  | { readonly kind: 'member'; readonly nick: string };

/** What is said, and how. */
export type Words = Pick<Said, 'text' | 'tags' | 'isDivisible'> & { readonly manner: Manner };

/** Why nothing was said. */
export type SayRefusal = SpeechRefusal | 'no-such-room' | 'no-such-member';

/** Says something. */
export function say(scene: Scene, by: Member, target: Target, words: Words): Said | Refused<SayRefusal> {
  stateOf(by).lastSpokeMs = scene.directory.now();
  return target.kind === 'room' ? sayToRoom(scene, by, target, words) : sayToMember(scene, by, target.nick, words);
}

function sayToRoom(
  scene: Scene,
  by: Member,
  { name, ranks }: Extract<Target, { readonly kind: 'room' }>,
  { manner, text, tags, isDivisible }: Words,
): Said | Refused<SayRefusal> {
  const room = scene.directory.room(name);
  if (room === undefined) return refuse('no-such-room');
  const refusal = refusesSpeech(by, room);
  if (refusal !== null) return isVisible(by, room) ? refuse(refusal, room) : refuse('no-such-room');
  const atMs = scene.directory.now();
  const id = scene.newMessageId();
  const event: Said = { kind: 'said', atMs, by, room, to: null, ranks, manner, text, id, tags, isDivisible };
  scene.publisher.publish(event);
  return event;
}

function sayToMember(
  scene: Scene,
  by: Member,
  nick: string,
  { manner, text, tags, isDivisible }: Words,
): Said | Refused<SayRefusal> {
  const to = scene.directory.member(nick);
  if (to === undefined) return refuse('no-such-member');
  const atMs = scene.directory.now();
  const id = scene.newMessageId();
  const event: Said = { kind: 'said', atMs, by, room: null, to, ranks: 0, manner, text, id, tags, isDivisible };
  scene.publisher.publish(event);
  return event;
}

/** Announces something to everybody who listens to operators. */
export function announce(scene: Scene, by: Member, text: string): EventOf<'announced'> | Refused<'not-operator'> {
  if (!by.isOperator) return refuse('not-operator');
  const event = { kind: 'announced', atMs: scene.directory.now(), by, text } as const;
  scene.publisher.publish(event);
  return event;
}
