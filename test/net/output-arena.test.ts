import { constants } from 'node:os';
import { SharedBytes } from 'fdmux';
import { describe, expect, test } from 'vitest';
import type { Send } from '../../src/binding/contract.js';
import { NO_AUDIENCE, OutputArena, type SendCalls, type Writable } from '../../src/net/output-arena.js';
import type { OutputMember } from '../../src/net/turn-member.js';
import { pattern } from '../support/connections.js';
import { seeded } from '../support/random.js';

const { EAGAIN, ENOBUFS, EPIPE } = constants.errno;

/** The sizes as the arena sets them: the tests are about either side of them. */
const ARENA_BYTES = 262_144;
const SHARED_BYTES = 131_072;
const DIRECT_BYTES = 16_384;

/** A kernel that takes as many bytes as a test allows, and records its calls. */
class FakeKernel implements SendCalls {
  /** The bytes that it took for each fd, in order. */
  readonly sent = new Map<number, Buffer[]>();
  /** One line per call: its name, and the fds of its operations in order. */
  readonly calls: string[] = [];
  /** By fd: how many bytes it takes of a run, or the negative errno; by default it takes everything. */
  readonly answers = new Map<number, number>();

  send(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    this.calls.push(`send ${fd}`);
    const answer = this.#take(fd, [bytes.subarray(offset, offset + length)]);
    if (answer === -EAGAIN) return -1;
    if (answer < 0) throw Object.assign(new Error('send'), { errno: answer, code: 'E', syscall: 'send' });
    return answer;
  }

  sender(bytes: Uint8Array, operations: Int32Array): Send {
    return (count) => this.#sendRanges(bytes, operations, count);
  }

  #sendRanges(bytes: Uint8Array, operations: Int32Array, count: number): void {
    if (3 * count > operations.length) throw new RangeError('more operations than the array holds');
    const fds: number[] = [];
    for (let first = 0; first < count;) {
      const fd = operations[3 * first] ?? -1;
      const run: Uint8Array[] = [];
      let next = first;
      for (; next < count && operations[3 * next] === fd; next += 1) {
        run.push(bytes.subarray(operations[3 * next + 1], operations[3 * next + 2]));
        fds.push(fd);
      }
      operations[3 * first] = this.#take(fd, run);
      first = next;
    }
    this.calls.push(`sendRanges ${fds.join(' ')}`);
  }

  #take(fd: number, run: Uint8Array[]): number {
    const bytes = Buffer.concat(run);
    const answer = Math.min(this.answers.get(fd) ?? bytes.length, bytes.length);
    if (answer > 0) this.sent.set(fd, [...(this.sent.get(fd) ?? []), bytes.subarray(0, answer)]);
    return answer;
  }

  bytesOf(fd: number): Buffer {
    return Buffer.concat(this.sent.get(fd) ?? []);
  }
}

/** A member that keeps the bytes that it is handed, as a connection does, and records its calls. */
class FakeMember implements OutputMember {
  readonly fd: number;
  isDestroyed = false;
  isDirty = false;
  rangeStart = 0;
  rangeEnd = 0;
  earlierRanges: number[] | null = null;
  audienceIndex = NO_AUDIENCE;
  pendingBytes = 0;
  readonly kept: Buffer[] = [];
  /** The pieces as they were handed over, and whether they were shared. */
  readonly pieces: { bytes: Buffer; isShared: boolean }[] = [];
  readonly events: string[] = [];
  onFlushed: () => void = () => undefined;

  constructor(fd: number) {
    this.fd = fd;
  }

  get hasQueue(): boolean {
    return this.kept.length > 0;
  }

  accepted(byteLength: number): void {
    this.pendingBytes += byteLength;
  }

  sent(byteLength: number): void {
    this.pendingBytes -= byteLength;
  }

  keep(bytes: Buffer, isShared: boolean): void {
    this.kept.push(Buffer.from(bytes));
    this.pieces.push({ bytes, isShared });
  }

  /** Its socket has room again. */
  takeKept(kernel: FakeKernel): void {
    const bytes = Buffer.concat(this.kept.splice(0));
    if (bytes.length > 0) kernel.sent.set(this.fd, [...(kernel.sent.get(this.fd) ?? []), bytes]);
    this.pendingBytes -= bytes.length;
  }

  failed(error: Error): void {
    this.events.push(`failed ${error.message}`);
    this.isDestroyed = true;
  }

  refused(errno: number, syscall: string): void {
    this.events.push(`refused ${errno} ${syscall}`);
    this.isDestroyed = true;
  }

  flushed(): void {
    this.events.push('flushed');
    this.onFlushed();
  }
}

function members(count: number): FakeMember[] {
  return Array.from({ length: count }, (_, index) => new FakeMember(100 + index));
}

/** An arena on a kernel of its own. */
function setUp() {
  const kernel = new FakeKernel();
  const starved: OutputMember[] = [];
  const arena = new OutputArena<FakeMember>(kernel, (member) => starved.push(member));
  const member = new FakeMember(7);
  const write = (content: Writable): void => arena.append(member, content);
  return { kernel, starved, arena, member, write };
}

describe('an output arena', () => {
  test('sends all that was appended for a member by one call, and flushes it once', () => {
    const { kernel, arena, member, write } = setUp();
    write('text, ');
    write(Buffer.from('bytes, '));
    write(new SharedBytes('shared, '));
    write('');
    write('é€😀');
    expect(arena.isDirty).toBe(true);
    expect(kernel.calls).toEqual([]);
    expect(member.pendingBytes).toBe(Buffer.byteLength('text, bytes, shared, é€😀'));
    arena.flush();
    // What others may get lies elsewhere.
    expect(kernel.calls).toEqual(['sendRanges 7 7 7']);
    expect(kernel.bytesOf(7).toString()).toBe('text, bytes, shared, é€😀');
    expect(member).toMatchObject({ pendingBytes: 0, isDirty: false, rangeEnd: 0, events: ['flushed'] });
    expect(arena.isDirty).toBe(false);
    arena.flush();
    expect(kernel.calls).toHaveLength(1);
  });

  test('takes a copy, so that the writer may reuse its memory', () => {
    const { kernel, arena, write } = setUp();
    const bytes = Buffer.from('before');
    write(bytes);
    bytes.fill('x');
    arena.flush();
    expect(kernel.bytesOf(7).toString()).toBe('before');
  });

  test('flushes a member that has nothing to send, without a system call', () => {
    const { kernel, arena, member, write } = setUp();
    write('');
    expect(arena.isDirty).toBe(false);
    arena.addDirty(member);
    arena.addDirty(member);
    arena.flush();
    expect(member.events).toEqual(['flushed']);
    expect(kernel.calls).toEqual([]);
  });

  test('keeps the order of each member when their writes alternate, however many runs that makes', () => {
    const { kernel, arena } = setUp();
    const writers = members(5);
    const expected = new Map(writers.map(({ fd }) => [fd, '']));
    for (let round = 0; round < 40; round += 1) {
      for (const writer of writers) {
        const text = `${round} for ${writer.fd};`;
        arena.append(writer, text);
        expected.set(writer.fd, `${expected.get(writer.fd)}${text}`);
      }
    }
    arena.flush();
    expect(kernel.calls).toHaveLength(1);
    for (const [fd, text] of expected) expect(kernel.bytesOf(fd).toString()).toBe(text);
    expect(writers.map(({ earlierRanges }) => earlierRanges)).toEqual(writers.map(() => null));
  });

  test('copies a broadcast once for all its recipients, and again after a flush', () => {
    const { kernel, arena } = setUp();
    const recipients = members(50);
    const line = new SharedBytes(pattern(10_000));
    for (let round = 0; round < 3; round += 1) {
      kernel.calls.length = 0;
      for (const recipient of recipients) arena.append(recipient, line);
      // Fifty copies would have overflowed the arena.
      expect(kernel.calls).toEqual([]);
      arena.flush();
      // The next filling holds other bytes in the line's place.
      arena.append(new FakeMember(1), 'something else');
      arena.flush();
    }
    const expected = Buffer.concat([line.bytes, line.bytes, line.bytes]);
    for (const { fd } of recipients) expect(kernel.bytesOf(fd).equals(expected)).toBe(true);
  });

  test('does not confuse shared bytes with those of another arena', () => {
    const first = setUp();
    const second = setUp();
    const line = new SharedBytes('the line');
    first.write('before it, ');
    second.write('in front: ');
    first.write(line);
    second.write(line);
    first.write(line);
    first.arena.flush();
    second.arena.flush();
    expect(first.kernel.bytesOf(7).toString()).toBe('before it, the linethe line');
    expect(second.kernel.bytesOf(7).toString()).toBe('in front: the line');
  });

  test.each([
    ['bytes', ARENA_BYTES, (seed: number) => pattern(DIRECT_BYTES - 1, seed)],
    ['text', ARENA_BYTES, (seed: number) => `${'€'.repeat(5000)}${seed}`],
    ['shared bytes', ARENA_BYTES + SHARED_BYTES, (seed: number) => new SharedBytes(pattern(DIRECT_BYTES - 1, seed))],
  ])('flushes when %s fill it, and loses nothing', (_kind, roomBytes, make: (seed: number) => Writable) => {
    const { kernel, arena, write } = setUp();
    const parts = Array.from({ length: 40 }, (_, seed) => make(seed));
    for (const part of parts) write(part);
    const whole = Buffer.concat(
      parts.map((part) => new SharedBytes(part instanceof SharedBytes ? part.bytes : part).bytes),
    );
    expect(kernel.calls).toHaveLength(Math.floor(whole.length / roomBytes));
    arena.flush();
    expect(kernel.bytesOf(7).equals(whole)).toBe(true);
  });

  test.each([
    ['bytes', pattern(DIRECT_BYTES)],
    ['text', 'x'.repeat(DIRECT_BYTES)],
    ['shared bytes', new SharedBytes(pattern(DIRECT_BYTES))],
  ])('sends long %s at once, behind what it holds for the member', (_kind, content) => {
    const { kernel, arena, member, write } = setUp();
    write('first');
    write(content);
    expect(kernel.calls).toEqual(['sendRanges 7', 'send 7']);
    expect(kernel.bytesOf(7).length).toBe('first'.length + DIRECT_BYTES);
    expect(kernel.bytesOf(7).subarray(0, 5).toString()).toBe('first');
    expect(member.pendingBytes).toBe(0);
    arena.flush();
    expect(member.events).toEqual(['flushed', 'flushed']);
  });

  test.each([0, 1, 7, 12, 13])('hands the member the rest when the kernel took %i bytes of its two runs', (took) => {
    const { kernel, arena, member, write } = setUp();
    const between = new FakeMember(8);
    write('run one');
    arena.append(between, 'between');
    write('run two');
    kernel.answers.set(7, took === 0 ? -EAGAIN : took);
    arena.flush();
    expect(kernel.bytesOf(7).toString()).toBe('run onerun two'.slice(0, took));
    expect(Buffer.concat(member.kept).toString()).toBe('run onerun two'.slice(took));
    expect(member).toMatchObject({ pendingBytes: 14 - took, rangeEnd: 0, earlierRanges: null, isDestroyed: false });
    expect(kernel.bytesOf(8).toString()).toBe('between');
  });

  test('queues new bytes behind those that a member has kept', () => {
    const { kernel, arena, member, write } = setUp();
    kernel.answers.set(7, -EAGAIN);
    write('first, ');
    arena.flush();
    kernel.answers.clear();
    write('second, ');
    write(Buffer.from('third, '));
    write(new SharedBytes('fourth'));
    write(Buffer.alloc(DIRECT_BYTES, '!'));
    // Not by way of the arena, which they would only fill.
    expect(member).toMatchObject({ rangeEnd: 0, kept: { length: 5 } });
    arena.flush();
    expect(kernel.calls).toEqual(['sendRanges 7']);
    const kept = Buffer.concat(member.kept);
    expect(kept.subarray(0, 28).toString()).toBe('first, second, third, fourth');
    expect(kept.length).toBe(28 + DIRECT_BYTES);
    expect(member.pendingBytes).toBe(kept.length);
  });

  test('keeps later bytes behind those whose append overflowed it', () => {
    const { kernel, member, arena, write } = setUp();
    const parts = Array.from({ length: 20 }, (_, index) => pattern(DIRECT_BYTES - 1, index));
    kernel.answers.set(7, -EAGAIN);
    for (const part of parts) write(part);
    arena.flush();
    expect(Buffer.concat(member.kept).equals(Buffer.concat(parts))).toBe(true);
  });

  test('shares one copy among many slow recipients of a broadcast, and hands a single one a view', () => {
    const { kernel, arena, member } = setUp();
    const slow = members(3);
    const line = new SharedBytes('a line for all');
    for (const one of [member, ...slow]) {
      kernel.answers.set(one.fd, -EAGAIN);
      arena.append(one, line);
    }
    arena.flush();
    expect(slow.flatMap(({ pieces }) => pieces)).toMatchObject(slow.map(() => ({ isShared: true })));
    expect(new Set(slow.map(({ pieces }) => pieces[0]?.bytes.buffer)).size).toBe(1);
    // Shared bytes must stay as they are when the arena is filled again.
    const fresh = new FakeMember(9);
    arena.append(fresh, 'x'.repeat(100));
    arena.flush();
    expect(slow.map(({ pieces }) => pieces[0]?.bytes.toString())).toEqual(slow.map(() => 'a line for all'));

    const alone = setUp();
    alone.kernel.answers.set(7, 3);
    alone.write('only one');
    alone.arena.flush();
    expect(alone.member.pieces.map(({ isShared }) => isShared)).toEqual([false]);
  });

  test('reports a broken connection to its member alone, in a flush and in a direct send', () => {
    const { kernel, arena, member, write } = setUp();
    const other = new FakeMember(8);
    kernel.answers.set(7, -EPIPE);
    write('lost');
    arena.append(other, 'arrives');
    write('lost, too');
    arena.flush();
    expect(member.events).toEqual([`refused ${EPIPE} send`, 'flushed']);
    expect(member).toMatchObject({ kept: [], rangeEnd: 0, earlierRanges: null });
    expect(kernel.bytesOf(8).toString()).toBe('arrives');

    const direct = setUp();
    direct.kernel.answers.set(7, -EPIPE);
    direct.write(pattern(DIRECT_BYTES));
    expect(direct.member.events).toEqual(['failed send']);
    expect(direct.member.kept).toEqual([]);
  });

  test('sends nothing for a member that was destroyed after its write', () => {
    const { kernel, arena, member, write } = setUp();
    const other = new FakeMember(8);
    write('never');
    arena.append(other, 'arrives');
    member.isDestroyed = true;
    arena.flush();
    expect(kernel.calls).toEqual(['sendRanges 8']);
    expect(kernel.bytesOf(8).toString()).toBe('arrives');
    expect(member).toMatchObject({ kept: [], rangeEnd: 0 });
    write(pattern(DIRECT_BYTES));
    expect(kernel.calls).toHaveLength(1);
  });

  test('keeps the bytes and reports the member when the kernel has no memory', () => {
    const { kernel, starved, arena, member, write } = setUp();
    kernel.answers.set(7, -ENOBUFS);
    write('later');
    arena.flush();
    expect(starved).toEqual([member]);
    expect(Buffer.concat(member.kept).toString()).toBe('later');
    expect(member).toMatchObject({ isDestroyed: false, pendingBytes: 5 });

    const direct = setUp();
    direct.kernel.answers.set(7, -ENOBUFS);
    const long = pattern(DIRECT_BYTES);
    direct.write(long);
    expect(direct.starved).toEqual([direct.member]);
    expect(Buffer.concat(direct.member.kept).equals(long)).toBe(true);
  });

  test('sends what a flushed member appends with the next flush', () => {
    const { kernel, arena, member, write } = setUp();
    member.onFlushed = () => {
      member.onFlushed = () => undefined;
      write('second');
    };
    write('first ');
    arena.flush();
    expect(arena.isDirty).toBe(true);
    expect(kernel.bytesOf(7).toString()).toBe('first ');
    arena.flush();
    expect(kernel.bytesOf(7).toString()).toBe('first second');
  });
});

/** An audience of the members of an arena. */
function gather(arena: OutputArena<FakeMember>, audience: readonly FakeMember[]): number {
  const number = arena.beginAudience();
  for (const member of audience) arena.enter(member);
  return number;
}

const bytesOf = (text: string): Buffer => Buffer.from(text);

describe('an audience', () => {
  test('gets what is said to it as one range, however much that is', () => {
    const { kernel, arena } = setUp();
    const audience = members(3);
    const number = gather(arena, audience);
    expect(arena.broadcast(number, bytesOf('one, '), null)).toBe(3);
    expect(arena.broadcast(number, 'two €', null)).toBe(3);
    expect(arena.isDirty).toBe(true);
    arena.flush();
    expect(kernel.calls).toEqual(['sendRanges 100 101 102']);
    for (const { fd } of audience) expect(kernel.bytesOf(fd).toString()).toBe('one, two €');
    expect(audience.map(({ isDirty, pendingBytes }) => [isDirty, pendingBytes])).toEqual([
      [false, 0],
      [false, 0],
      [false, 0],
    ]);
    expect(arena.isDirty).toBe(false);
  });

  test('stays from one flush to the next', () => {
    const { kernel, arena } = setUp();
    const audience = members(2);
    const number = gather(arena, audience);
    for (const text of ['one, ', 'two, ', 'three']) {
      arena.broadcast(number, text, null);
      arena.flush();
      arena.flush();
    }
    expect(kernel.calls).toEqual(new Array<string>(3).fill('sendRanges 100 101'));
    for (const { fd } of audience) expect(kernel.bytesOf(fd).toString()).toBe('one, two, three');
  });

  test('ends with the next one: nobody gets anything then', () => {
    const { kernel, arena } = setUp();
    const audience = members(2);
    const first = gather(arena, audience);
    const second = gather(arena, audience.slice(1));
    expect([arena.hasAudience(first), arena.hasAudience(second)]).toEqual([false, true]);
    expect(arena.broadcast(first, bytesOf('late'), null)).toBeNull();
    expect(arena.broadcast(second, bytesOf('now'), null)).toBe(1);
    arena.flush();
    expect(kernel.calls).toEqual(['sendRanges 101']);
    expect(kernel.bytesOf(101).toString()).toBe('now');
  });

  test.each([
    ['the kernel does not take all', 2, []],
    ['the kernel has no memory', -ENOBUFS, []],
    ['the connection is broken', -EPIPE, [`refused ${EPIPE} send`]],
  ])('ends when %s that one is sent', (_reason, answer, events) => {
    const { kernel, arena, starved } = setUp();
    const audience = members(5);
    const number = gather(arena, audience);
    kernel.answers.set(102, answer);
    expect(arena.broadcast(number, 'abc', null)).toBe(5);
    arena.flush();
    expect(arena.broadcast(number, 'def', null)).toBeNull();
    const [, , one] = audience;
    expect(one?.events).toEqual(events);
    expect(starved).toEqual(answer === -ENOBUFS ? [one] : []);
    expect(kernel.bytesOf(102).toString() + Buffer.concat(one?.kept ?? []).toString()).toBe(
      answer === -EPIPE ? '' : 'abc',
    );
    expect(audience.every(({ audienceIndex }) => audienceIndex === NO_AUDIENCE)).toBe(true);
  });

  test('ends when the kernel does not take a long write to one: what is said later waits behind that', () => {
    const { kernel, arena } = setUp();
    const audience = members(3);
    const [one] = audience;
    const number = gather(arena, audience);
    kernel.answers.set(100, 10);
    arena.broadcast(number, 'a', null);
    if (one !== undefined) arena.append(one, Buffer.alloc(DIRECT_BYTES));
    expect(arena.broadcast(number, 'b', null)).toBeNull();
    arena.flush();
    expect(kernel.bytesOf(101).toString()).toBe('a');
  });

  test('does not get a part of it for one who is excepted or has left, or was destroyed', () => {
    const { kernel, arena } = setUp();
    const one = new FakeMember(100);
    const two = new FakeMember(101);
    const three = new FakeMember(102);
    const four = new FakeMember(103);
    const number = gather(arena, [one, two, three]);
    arena.broadcast(number, bytesOf('a'), one);
    arena.broadcast(number, bytesOf('b'), two);
    // One that is not in it is nobody's concern.
    arena.broadcast(number, bytesOf('c'), four);
    arena.leave(two);
    three.isDestroyed = true;
    arena.leave(three);
    expect(arena.broadcast(number, bytesOf('d'), one)).toBe(0);
    arena.flush();
    expect(kernel.bytesOf(one.fd).toString()).toBe('bc');
    expect(kernel.bytesOf(two.fd).toString()).toBe('ac');
    expect(kernel.bytesOf(three.fd)).toHaveLength(0);
  });

  test('is paid when somebody asks what is pending', () => {
    const { arena } = setUp();
    const member = new FakeMember(100);
    const number = gather(arena, [member]);
    arena.broadcast(number, bytesOf('12345'), null);
    expect(member.pendingBytes).toBe(0);
    arena.pay(member);
    arena.pay(member);
    expect(member.pendingBytes).toBe(5);
  });

  test('is sent what it has got when there is no room for more, and takes what has none in an empty arena not at all', () => {
    const { kernel, arena } = setUp();
    const audience = members(2);
    const number = gather(arena, audience);
    const whole: Buffer[] = [];
    for (let seed = 0; seed < 20; seed += 1) {
      const bytes = pattern(10_000, seed);
      whole.push(bytes);
      expect(arena.broadcast(number, bytes, null)).toBe(2);
    }
    expect(kernel.calls).toHaveLength(1);
    arena.flush();
    for (const { fd } of audience) expect(kernel.bytesOf(fd).equals(Buffer.concat(whole))).toBe(true);
    expect(arena.broadcast(number, pattern(SHARED_BYTES + 1), null)).toBeNull();
    expect(arena.broadcast(number, '€'.repeat(SHARED_BYTES / 3 + 1), null)).toBeNull();
  });

  test('keeps what the kernel does not take, shared if that is less than the copies', () => {
    const { kernel, arena } = setUp();
    const first = new FakeMember(99);
    const audience = [first, ...members(9)];
    for (const { fd } of audience) kernel.answers.set(fd, 3);
    const number = gather(arena, audience);
    arena.broadcast(number, bytesOf('hello, '), null);
    arena.append(first, 'you, ');
    arena.broadcast(number, bytesOf('world'), null);
    arena.flush();
    const kept = audience.map((member) => Buffer.concat(member.kept).toString());
    expect(kept).toEqual(['lo, you, world', ...new Array<string>(9).fill('lo, world')]);
    expect(audience.map(({ pieces }) => pieces.every(({ isShared }) => isShared))).toEqual(
      new Array<boolean>(10).fill(true),
    );
  });

  test.each([
    ['', 7, 0],
    [', and however little the kernel takes', 8, 0.3],
  ])(
    'gives each the same bytes in the same order as single writes do, whatever happens in between%s',
    (_how, seed, slowness) => {
      const random = seeded(seed);
      const upTo = (count: number): number => Math.floor(random() * count);
      const { kernel, arena } = setUp();
      const all = members(12);
      const expected = new Map(all.map(({ fd }) => [fd, '']));
      const add = (member: FakeMember, text: string): void => {
        expected.set(member.fd, `${expected.get(member.fd)}${text}`);
      };
      let audience: FakeMember[] = [];
      let number = arena.beginAudience();
      for (let count = 0; count < 5000; count += 1) {
        const text = `${count};`;
        const one = all[upTo(all.length)] ?? new FakeMember(1);
        const dice = upTo(100);
        if (dice < 3) {
          for (const { fd } of all) if (random() < slowness) kernel.answers.set(fd, upTo(2) === 0 ? -EAGAIN : upTo(9));
          arena.flush();
          kernel.answers.clear();
        } else if (dice < 6) {
          for (const member of all) if (random() < 0.5) member.takeKept(kernel);
          audience = all.filter((member) => !member.hasQueue && random() < 0.7);
          number = gather(arena, audience);
        } else if (dice < 20) {
          arena.append(one, text);
          add(one, text);
        } else if (dice < 30) {
          const shared = new SharedBytes(text);
          for (const member of all.slice(upTo(10))) {
            arena.append(member, shared);
            add(member, text);
          }
        } else if (dice < 33) arena.pay(one);
        else if (dice < 35) {
          arena.leave(one);
          audience = audience.filter((member) => member !== one);
        } else if (arena.broadcast(number, upTo(2) === 0 ? text : bytesOf(text), one) !== null) {
          for (const member of audience) if (member !== one) add(member, text);
        }
      }
      arena.flush();
      for (const member of all) member.takeKept(kernel);
      for (const [fd, text] of expected) expect(kernel.bytesOf(fd).toString()).toBe(text);
      expect(all.map(({ pendingBytes }) => pendingBytes)).toEqual(new Array<number>(12).fill(0));
    },
  );
});
