/** The programs of the five steps run, and each does what its page says. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Socket as NetSocket } from 'node:net';
import { SO_RCVBUF, SOL_SOCKET } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectPeer, Peer } from '../support/peers.js';
import { projectPath, start, type TestProcess } from '../support/processes.js';
import { accepted, tcpListener, testSocket } from '../support/sockets.js';

interface Room {
  readonly server: TestProcess;
  readonly port: number;
  /** Connects a peer, and resolves when the room knows it by its number. */
  enter(number?: number): Promise<Peer>;
}

async function openRoom(name: string, ...args: readonly string[]): Promise<Room> {
  const server = start(process.execPath, [projectPath('scripts/example.mjs'), `learn/${name}`, '0', ...args]);
  const [, port] = await server.line(/listening on 127\.0\.0\.1:(\d+)/);
  let entered = 0;
  return {
    server,
    port: Number(port),
    enter: async (number = entered + 1) => {
      const peer = await connectPeer(Number(port));
      entered = number;
      await server.line(`${number} has joined`);
      return peer;
    },
  };
}

test('step 1 hears one client at a time', async () => {
  const server = start(process.execPath, [projectPath('scripts/example.mjs'), 'learn/1-blocking', '0']);
  const [, port] = await server.line(/listening on 127\.0\.0\.1:(\d+)/);
  const first = await connectPeer(Number(port));
  const second = await connectPeer(Number(port));
  await second.write('nobody hears me\n');
  await first.write('hello\n');
  await server.line('client 1: hello');
  expect(server.stdout).not.toContain('nobody hears me');
  first.end();
  await server.line('client 1 has left');
  await server.line('client 2: nobody hears me');
  second.reset();
  await server.line('client 2 has left');
});

describe.each([
  ['2-threads'],
  ['3-one-wait', 'select'],
  ['3-one-wait', 'poll'],
  ['3-one-wait', 'epoll'],
  ['4-buffers'],
  ['5-edge'],
])('the chat of step %s %s', (name, ...args) => {
  test('brings what one member says to the others, whole lines only', async () => {
    const room = await openRoom(name, ...args);
    const [ann, bob] = [await room.enter(), await room.enter()];
    expect(await ann.line()).toBe('2 has joined');
    await bob.write('good ');
    await bob.write('morning\nall\n');
    expect([await ann.line(), await ann.line()]).toEqual(['2: good morning', '2: all']);
    await ann.write('你好\r\n');
    expect(await bob.line()).toBe('1: 你好');
    bob.end();
    expect(await ann.line()).toBe('2 has left');
  });

  test('goes on after a member that vanishes, and puts out one whose line does not end', async () => {
    const room = await openRoom(name, ...args);
    const [ann, bob, eve] = [await room.enter(), await room.enter(), await room.enter()];
    bob.reset();
    await room.server.line(/^2 (has left|is gone)/);
    await eve.write('x'.repeat(9000));
    await room.server.line(/^3 (has left|is gone)/);
    const dan = await room.enter();
    await dan.write('hello\n');
    await ann.lineLike(/^4: hello$/);
  });
});

describe.each([['4-buffers'], ['5-edge']])('a member that does not read, in the chat of step %s', (name) => {
  const line = (number: number): string => `${number} ${'x'.repeat(100)}`;

  /** How many lines the kernel takes for a peer that reads nothing and has a small receive buffer. */
  function linesInKernel(): number {
    const listener = tcpListener();
    const peer = testSocket();
    peer.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096);
    peer.connect(listener.getsockname());
    const writer = accepted(listener);
    writer.setBlocking(false);
    let count = 0;
    while (writer.send(`3: ${line(count)}\n`) !== null) count += 1;
    return count;
  }

  test('gets every line when it reads again, and holds up nobody meanwhile', async () => {
    // More than the kernel takes, and less than the room keeps besides.
    const lines = linesInKernel() + 4000;
    const room = await openRoom(name);
    const socket = testSocket();
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096);
    socket.connect({ family: 'inet', host: '127.0.0.1', port: room.port });
    const slow = new Peer(new NetSocket({ fd: socket.detach() }));
    onTestFinished(() => void slow.socket.destroy());
    slow.socket.pause();
    await room.server.line('1 has joined');
    const [quick, talker] = [await room.enter(2), await room.enter(3)];
    await talker.write(Array.from({ length: lines }, (_each, number) => `${line(number)}\n`).join(''));
    await quick.lineLike(new RegExp(`^3: ${line(lines - 1)}$`));
    slow.socket.resume();
    await slow.lineLike(/ has joined$/);
    await slow.lineLike(/ has joined$/);
    for (let number = 0; number < lines; number++) expect(await slow.line()).toBe(`3: ${line(number)}`);
  });

  test('is put out when it is too far behind', async () => {
    const room = await openRoom(name);
    const [slow, talker] = [await room.enter(), await room.enter()];
    slow.socket.pause();
    const piece = `${'x'.repeat(8000)}\n`.repeat(50);
    // The kernel's buffers and the member's own hold a few megabytes.
    for (let pieces = 0; pieces < 100 && !room.server.stdout.includes('1 was too slow'); pieces++) {
      await talker.write(piece);
    }
    await room.server.line('1 was too slow');
  });
});

const MAX_LINES = 105;

test('each step is short, and its page names it', () => {
  const programs = readdirSync(projectPath('examples/learn'));
  expect(programs).toHaveLength(5);
  for (const file of programs) {
    const source = readFileSync(projectPath(`examples/learn/${file}`), 'utf8');
    expect(source.split('\n').length, file).toBeLessThanOrEqual(MAX_LINES);
    const [page = ''] = /docs\/learn\/[\w-]+\.md/.exec(source) ?? [];
    expect(existsSync(projectPath(page)), page).toBe(true);
    expect(readFileSync(projectPath(page), 'utf8')).toContain(`examples/learn/${file}`);
  }
});

describe('the pages', () => {
  const read = (path: string): string => readFileSync(projectPath(path), 'utf8');

  test('have a recording of the timeline that a new run repeats', { tags: ['needs-epoll'] }, () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/record-timeline.mjs', '--check'], {
      cwd: projectPath(),
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  test('are right about mmap: an epoll fd cannot be mapped', { tags: ['needs-epoll'] }, () => {
    const python = /python3 -c '(.*)'\n {2}# (.*)/.exec(read('docs/learn/3-one-wait-for-many.md'));
    const [, program = '', answer = ''] = python ?? [];
    const { error, stderr } = spawnSync('python3', ['-c', program], { encoding: 'utf8' });
    if (error === undefined) expect(stderr).toContain(answer);
  });
});
