/** The writes to the subscribers of one topic, as long as these are the same. */
import { Audience } from './audience.js';
import type { Connection } from './connection.js';
import { MAX_BYTES_PER_UNIT } from './output-arena.js';
import { SharedBytes } from './shared-bytes.js';
import type { Turn } from './turn.js';

/** If there are fewer subscribers, each is written to separately at the same cost. */
const FEW = 4;

/**
 * Subscribers that may become an audience, which gets a message by one call. They become one when a second message is
 * written in the same filling of the arena: for a single message, writing to each costs the same.
 */
export class Publication<T> {
  readonly #members: readonly Connection<T>[];
  readonly #turn: Turn;
  readonly #freeBytes: number;
  readonly #audience = new Audience();
  /** The subscribers that are not in the audience; null before the first one. */
  #others: readonly Connection<T>[] | null = null;
  #filling = -1;
  /** The bytes that the audience may still be owed in this filling. */
  #restBytes = 0;

  /** @param freeBytes how many bytes may wait for a connection without any consequence */
  constructor(members: readonly Connection<T>[], turn: Turn, freeBytes: number) {
    this.#members = members;
    this.#turn = turn;
    this.#freeBytes = freeBytes;
  }

  /** Writes to all but one. @returns how many they are */
  publish(content: string | SharedBytes, except: Connection<T> | undefined): number {
    const { filling } = this.#turn;
    const isFirst = filling !== this.#filling;
    if (isFirst) {
      this.#filling = filling;
      this.#restBytes = this.#freeBytes;
    }
    // A write to a connection by itself may have it wait for `drain`, or destroy it. One to an audience does neither.
    this.#restBytes -= mostBytesOf(content);
    if (this.#restBytes < 0) return writeToAll(this.#members, content, except);
    const count = this.#sendToAudience(content, except);
    if (count !== null) return count;
    if (isFirst || this.#members.length < FEW) return writeToAll(this.#members, content, except);
    this.#audience.begin();
    this.#others = this.#members.filter((member) => !this.#audience.add(member));
    return this.#sendToAudience(content, except) ?? writeToAll(this.#members, content, except);
  }

  #sendToAudience(content: string | SharedBytes, except: Connection<T> | undefined): number | null {
    if (this.#others === null) return null;
    const count = this.#audience.send(typeof content === 'string' ? content : content.bytes, except);
    return count === null ? null : count + writeToAll(this.#others, content, except);
  }
}

function mostBytesOf(content: string | SharedBytes): number {
  return typeof content === 'string' ? content.length * MAX_BYTES_PER_UNIT : content.byteLength;
}

function writeToAll<T>(
  members: readonly Connection<T>[],
  content: string | SharedBytes,
  except: Connection<T> | undefined,
): number {
  if (members.length === 0) return 0;
  const shared = typeof content === 'string' ? new SharedBytes(content) : content;
  let count = 0;
  for (const member of members) {
    if (member === except || !member.isWritable) continue;
    member.write(shared);
    count += 1;
  }
  return count;
}
