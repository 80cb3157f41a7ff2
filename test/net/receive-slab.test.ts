import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Receive } from '../../src/binding/contract.js';
import { type ReceiveCalls, ReceiveSlab } from '../../src/net/receive-slab.js';
import type { Taken } from '../../src/net/turn-list.js';
import type { InputMember } from '../../src/net/turn-member.js';
import { pattern } from '../support/connections.js';

const { EAGAIN, ECONNRESET, ENOBUFS } = constants.errno;

/** The share of one member, as the slab sets it: the tests are about either side of it. */
const BUDGET_BYTES = 65_536;

/** A kernel that has bytes, an end or an errno for each fd. Like the real one, it stops when no share fits any more. */
class FakeKernel implements ReceiveCalls {
  readonly answers = new Map<number, Buffer | number>();
  /** How many fds each call was for. */
  readonly calls: number[] = [];

  receiver(bytes: Uint8Array, operations: Int32Array, maxBytes: number): Receive {
    return (count) => this.#receive(bytes, operations, count, maxBytes);
  }

  #receive(bytes: Uint8Array, operations: Int32Array, count: number, maxBytes: number): number {
    this.calls.push(count);
    let used = 0;
    let done = 0;
    for (; done < count && bytes.length - used >= maxBytes; done += 1) {
      const answer = this.answers.get(operations[done] ?? -1) ?? -EAGAIN;
      if (typeof answer === 'number') {
        operations[done] = answer;
      } else {
        const given = answer.subarray(0, maxBytes);
        bytes.set(given, used);
        used += given.length;
        operations[done] = given.length;
      }
    }
    return done;
  }
}

/** A member that records its calls and the bytes that it is handed. */
class FakeMember implements InputMember {
  readonly fd: number;
  readonly chunks: Buffer[] = [];
  readonly events: string[] = [];
  wantsBytes = true;

  constructor(fd: number) {
    this.fd = fd;
  }

  beginReceive(): boolean {
    return this.wantsBytes;
  }

  received(bytes: Buffer, mayHaveMore: boolean): void {
    this.chunks.push(Buffer.from(bytes));
    this.events.push(mayHaveMore ? 'full' : 'drained');
  }

  receivedEnd(): void {
    this.events.push('end');
  }

  refused(errno: number, syscall: string): void {
    this.events.push(`refused ${errno} ${syscall}`);
  }
}

/** A slab on a kernel of its own, with members. */
function setUp(count: number) {
  const kernel = new FakeKernel();
  const starved: InputMember[] = [];
  const slab = new ReceiveSlab<FakeMember>(kernel, (member) => starved.push(member));
  const members = Array.from({ length: count }, (_, index) => new FakeMember(100 + index));
  return { kernel, starved, slab, members };
}

describe('a receive slab', () => {
  test('hands each of many members its own bytes, turn after turn', () => {
    const { kernel, slab, members } = setUp(150);
    const expected = new Map(members.map(({ fd }) => [fd, '']));
    for (let turn = 0; turn < 3; turn += 1) {
      for (const { fd } of members) {
        const text = 'x'.repeat((fd * (1 + (turn >> 1))) % 9) + `${turn} for ${fd};`;
        kernel.answers.set(fd, Buffer.from(text));
        expected.set(fd, `${expected.get(fd)}${text}`);
      }
      slab.receive(taken(members));
    }
    for (const member of members) expect(Buffer.concat(member.chunks).toString()).toBe(expected.get(member.fd));
    expect(members.every(({ events }) => events.join() === 'drained,drained,drained')).toBe(true);
  });

  test('gives all that was received for a member that is there twice to the one who withdraws it', () => {
    const { kernel, slab, members } = setUp(2);
    const [first, twice] = members;
    if (first === undefined || twice === undefined) throw new Error('two members');
    kernel.answers.set(first.fd, Buffer.from('first'));
    kernel.answers.set(twice.fd, Buffer.from('ab'));
    let withdrawn = '';
    first.received = () => {
      withdrawn = slab.withdraw(twice).toString();
    };
    slab.receive(taken([first, twice, twice]));
    expect(withdrawn).toBe('abab');
  });

  test('goes on when a handler has transferred the memory of its bytes', () => {
    const { kernel, slab, members } = setUp(2);
    const [first, second] = members;
    if (first === undefined || second === undefined) throw new Error('two members');
    for (const { fd } of members) kernel.answers.set(fd, Buffer.from(`for ${fd}`));
    first.received = ({ buffer }) => {
      structuredClone(buffer, { transfer: [buffer] });
      first.received = FakeMember.prototype.received.bind(first);
    };
    slab.receive(taken([first]));
    slab.receive(taken(members));
    expect(members.map(({ chunks }) => Buffer.concat(chunks).toString())).toEqual(['for 100', 'for 101']);
  });

  test('receives for many members by few native calls', () => {
    const { kernel, slab, members } = setUp(100);
    for (const { fd } of members) kernel.answers.set(fd, Buffer.from('short'));
    slab.receive(taken(members));
    expect(kernel.calls).toEqual([64, 36]);
    slab.receive(taken([]));
    expect(kernel.calls).toHaveLength(2);
  });

  test('gives each member at most its share, says if it was full, and goes on when the slab lacked room', () => {
    const { kernel, slab, members } = setUp(5);
    const long = pattern(BUDGET_BYTES + 1);
    for (const { fd } of members) kernel.answers.set(fd, long);
    kernel.answers.set(102, long.subarray(0, BUDGET_BYTES - 1));
    slab.receive(taken(members));
    expect(members.map(({ events }) => events)).toEqual([['full'], ['full'], ['drained'], ['full'], ['full']]);
    for (const { fd, chunks } of members) {
      const bytes = fd === 102 ? BUDGET_BYTES - 1 : BUDGET_BYTES;
      expect(Buffer.concat(chunks).equals(long.subarray(0, bytes))).toBe(true);
    }
  });

  test('asks nothing for a member that wants no bytes', () => {
    const { kernel, slab, members } = setUp(3);
    for (const member of members) {
      kernel.answers.set(member.fd, Buffer.from(`for ${member.fd}`));
      member.wantsBytes = member.fd !== 101;
    }
    slab.receive(taken(members));
    expect(kernel.calls).toEqual([2]);
    expect(members.map(({ chunks }) => Buffer.concat(chunks).toString())).toEqual(['for 100', '', 'for 102']);
  });

  test('reports ends, errors and memory shortage to the members concerned, and nothing to one without bytes', () => {
    const { kernel, starved, slab, members } = setUp(5);
    kernel.answers.set(100, 0);
    kernel.answers.set(101, -ECONNRESET);
    kernel.answers.set(102, -ENOBUFS);
    kernel.answers.set(103, -EAGAIN);
    kernel.answers.set(104, Buffer.from('bytes'));
    slab.receive(taken(members));
    expect(members.map(({ events }) => events)).toEqual([['end'], [`refused ${ECONNRESET} recv`], [], [], ['drained']]);
    expect(starved).toEqual([members[2]]);
  });
});

function taken(entries: readonly FakeMember[]): Taken<FakeMember> {
  return { entries, length: entries.length };
}
