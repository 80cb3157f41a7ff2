/** The programs of examples/ that the daily suite does not run. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Descriptor, encodeInputEvents, INPUT, type InputEventInput, Pty, sizedRequest } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ctime } from '../examples/support/ctime.js';
import { nextEvent, until } from './support/deadline.js';
import { CTIME, runExample, script, serve, startExample } from './support/examples.js';
import { disposedAtEnd } from './support/fds.js';
import { connectPeer, listenPeer, type Peer } from './support/peers.js';
import { start, startCli } from './support/processes.js';
import { localPort, testSocket, udpSocket } from './support/sockets.js';
import { temporaryFolder } from './support/temporary.js';

/** A port that nobody listens on. */
function freePort(): number {
  const socket = testSocket();
  socket.bind({ family: 'inet', host: '127.0.0.1', port: 0 });
  const port = localPort(socket);
  socket.close();
  return port;
}

function endQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Whether a network of our own can have a device of this type; containers and small kernels have no such. */
const canAdd = (...device: readonly string[]): boolean =>
  spawnSync('unshare', ['-n', 'ip', ...device], { stdio: 'ignore' }).status === 0;

const hasProgram = (name: string): boolean => spawnSync('which', [name]).status === 0;

describe('the GBK pair', () => {
  test('answers until the client has ended, and waits for the other half of a character', async () => {
    const { server, port } = await serve('gbk', 'server', '0');
    const peer = await connectPeer(port);
    const answer = Buffer.from([...Buffer.from('server: '), 0xc4, 0xe3]);
    await peer.write(Uint8Array.of(0xc4, 0xe3));
    expect(await peer.take(answer.length)).toEqual(answer);
    await peer.write(Uint8Array.of(0xc4, 0xe3, 0xba));
    expect(await peer.take(answer.length)).toEqual(answer);
    await peer.write(Uint8Array.of(0xc3));
    expect((await peer.take(answer.length)).subarray(-2)).toEqual(Buffer.from([0xba, 0xc3]));
    peer.end();
    await server.line('has left');
  });

  test.each([
    ['daemon', false],
    ['threads', true],
  ])('ctrl-C ends a server with %s: after its clients %j', async (kind, isHeldUp) => {
    const { server, port } = await serve('gbk', 'server', '0', kind);
    const peer = await connectPeer(port);
    await peer.write('hello');
    await peer.take('server: hello, client!'.length);
    server.kill('SIGINT');
    await server.line('no further clients');
    if (isHeldUp) {
      await peer.write('hello');
      await peer.take('server: hello, client!'.length);
      peer.end();
    }
    expect(await server.ended()).toMatchObject({ code: 0, signal: null });
  });

  test('refuses a character that GBK does not have', async () => {
    const { port } = await serve('gbk', 'server', '0');
    const { code, stderr } = await runExample('gbk', 'client', `${port}`, 'no €');
    expect(code).toBe(1);
    expect(stderr).toBe('RangeError: GBK has no character €\n');
  });

  test('says where its text ends, so that a server that reads to the end of the stream answers it', async () => {
    const server = await listenPeer();
    const client = startExample('gbk', 'client', `${server.port}`, '再见');
    const peer = await server.accepted();
    expect(await peer.ended()).toEqual(Buffer.from([0xd4, 0xd9, 0xbc, 0xfb]));
    await peer.write(Uint8Array.of(0xd4, 0xd9, 0xbc, 0xfb));
    peer.end();
    expect(await client.ended()).toMatchObject({ code: 0, stdout: '再见\n' });
  });

  test('binds the same port at once after a restart', async () => {
    const { server, port } = await serve('gbk', 'server', '0');
    await runExample('gbk', 'client', `${port}`);
    await server.dispose();
    expect((await serve('gbk', 'server', `${port}`)).port).toBe(port);
  });
});

describe('the iterative time server', () => {
  test('serves one client at a time, and the next one from the queue', async () => {
    const { port } = await serve('time-server', '0');
    const first = await connectPeer(port);
    const second = await connectPeer(port);
    await second.write('are you there?\n');
    await first.write('what time is it?\n');
    expect(await first.line()).toMatch(new RegExp(`^${CTIME} what time is it\\?$`));
    expect(second.received).toHaveLength(0);
    first.end();
    expect(await second.line()).toMatch(new RegExp(`^${CTIME} are you there\\?$`));
  });

  test('goes on after a client that vanishes', async () => {
    const { server, port } = await serve('time-server', '0');
    const first = await connectPeer(port);
    await server.line('is served');
    first.reset();
    await server.line('has left');
    const second = await connectPeer(port);
    await second.write('hello\n');
    expect(await second.line()).toContain('hello');
  });
});

describe('the time client', () => {
  test('prompts for each line, and ends with an empty one', async () => {
    const { server, port } = await serve('time-server', '0');
    const client = startExample('time-client', `${port}`);
    client.write('one\n');
    await client.line(new RegExp(`^> ${CTIME} one$`));
    client.write('two\n\n');
    expect((await client.ended()).stdout).toMatch(new RegExp(`^> ${CTIME} one\n> ${CTIME} two\n> $`));
    await server.line('has left');
  });

  test('takes a pipe for a keyboard, the last line without an end', async () => {
    const { port } = await serve('time-server', '0');
    const client = startExample('time-client', `${port}`);
    client.write('one\ntwo\nthree');
    client.end();
    const { code, stdout } = await client.ended();
    expect(code).toBe(0);
    expect(stdout.match(new RegExp(`${CTIME} \\w+`, 'g'))).toHaveLength(3);
  });

  test('works at a terminal', async () => {
    const { port } = await serve('time-server', '0');
    const client = Pty.spawn(process.execPath, [script, 'time-client', `${port}`]);
    onTestFinished(() => client.close());
    let screen = '';
    const terminal = client.master.toDuplex().on('data', (bytes: Buffer) => (screen += bytes.toString()));
    const shows = (pattern: RegExp) =>
      until(
        () => pattern.test(screen),
        () => `${String(pattern)} on ${screen}`,
      );
    await shows(/^> $/);
    terminal.write('hello\r');
    await shows(new RegExp(`^> hello\r\n${CTIME} hello\r\n> $`));
    terminal.write('\x04');
    expect((await client.exited).code).toBe(0);
  });
});

describe('the thread per connection server', () => {
  test('serves long connections side by side', async () => {
    const { server, port } = await serve('thread-per-connection-server', '0');
    const first = await connectPeer(port);
    await server.line('connection 1 from');
    const second = await connectPeer(port);
    await server.line('connection 2 from');
    for (const [peer, text] of [
      [second, 'b'],
      [first, 'a'],
      [second, 'd'],
    ] as const) {
      await peer.write(`${text}\n`);
      expect(await peer.line()).toMatch(new RegExp(`^${CTIME} ${text} 127\\.0\\.0\\.1:${peer.port}$`));
    }
    await first.write('bare text');
    const bare = new RegExp(`^${CTIME} bare text 127\\.0\\.0\\.1:${first.port}$`);
    expect((await first.take(`[${ctime()}] bare text 127.0.0.1:${first.port}`.length)).toString()).toMatch(bare);
    first.end();
    await server.line('connection 1 is over');
  });
});

describe('the operator chat', () => {
  test('lets the operator answer each of many clients', async () => {
    const { server, port } = await serve('operator-chat', '0');
    const peers: Peer[] = [];
    for (let number = 1; number <= 3; number++) {
      peers.push(await connectPeer(port));
      await server.line(`client ${number} has come`);
    }
    const [first, second, third] = peers;
    await second?.write('help, please\n');
    await server.line('2: help, please');
    server.write('which kind?\n');
    expect(await second?.line()).toBe('which kind?');
    // One that has sent no line gets none.
    server.write('3 welcome\n');
    expect((await third?.take(7))?.toString()).toBe('welcome');
    server.write('9 nobody\n');
    await server.line('there is no client 9');
    await first?.write('exit\n');
    await server.line('client 1 has left');
    expect(await first?.ended()).toHaveLength(0);
    second?.reset();
    await server.line('client 2 has left');
    server.end();
    await third?.write('still here\n');
    await server.line('3: still here');
  });
});

describe('the operator client', () => {
  test('waits for the answer to each message, and leaves with "exit"', async () => {
    const { server, port } = await serve('operator-chat', '0');
    const client = startExample('operator-client', `${port}`);
    await client.line('connected');
    client.write('\nfirst\nsecond\n');
    await server.line('1: first');
    server.write('answer one\n');
    await client.line(/^> > operator: answer one$/);
    await server.line('1: second');
    server.write('answer two\n');
    await client.line('operator: answer two');
    client.end();
    expect((await client.ended()).code).toBe(0);
    await server.line('client 1 has left');
  });
});

describe('the non-blocking client', () => {
  test('connects, sends and receives by readiness', async () => {
    const listener = await listenPeer();
    const client = startExample('non-blocking-client', `${listener.port}`, 'hello');
    const peer = await listener.accepted();
    expect((await peer.take(5)).toString()).toBe('hello');
    await peer.write('answer');
    const { code, stdout } = await client.ended();
    expect(code).toBe(0);
    expect(stdout).toBe(
      'connect: EINPROGRESS\nwritable: SO_ERROR is 0, connected\n' +
        'writable: sent 5 bytes\nreadable: received 6 bytes: answer\n',
    );
  });

  test('asks for one message after the other, until the server ends', async () => {
    const listener = await listenPeer();
    const client = startExample('non-blocking-client', `${listener.port}`);
    const peer = await listener.accepted();
    for (const text of ['one', 'two']) {
      client.write(`${text}\n`);
      expect((await peer.take(3)).toString()).toBe(text);
      await peer.write(text.toUpperCase());
      await client.line(`received 3 bytes: ${text.toUpperCase()}`);
    }
    client.write('three\n');
    await peer.take(5);
    peer.end();
    await client.line('readable: the server has ended');
    expect((await client.ended()).code).toBe(0);
  });

  test('finds a refusal in SO_ERROR', async () => {
    const { code, stdout } = await runExample('non-blocking-client', `${freePort()}`);
    expect(code).toBe(1);
    expect(stdout).toContain('SO_ERROR is ECONNREFUSED');
  });
});

describe('HTTP GET by hand', () => {
  async function serveHttp(handler: RequestListener): Promise<string> {
    const server = createServer(handler);
    onTestFinished(() => {
      server.close();
    });
    server.listen(0, '127.0.0.1');
    await nextEvent(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    return `http://localhost:${address.port}`.replace('localhost', '127.0.0.1');
  }

  test.each([
    ['chunked', {}, ['first, ', 'second, ', 'x'.repeat(100_000)]],
    ['closed at its end', { 'transfer-encoding': 'identity', connection: 'close' }, ['one part']],
    ['of a known length', { 'content-length': '4' }, ['four']],
    ['empty', {}, []],
  ] as const)('prints status, headers and a body that is %s, twice', async (_how, headers, parts) => {
    const url = await serveHttp((request, response) => {
      response.writeHead(request.url === '/page?q=1' ? 203 : 404, { ...headers, 'x-test': 'yes' });
      for (const part of parts) response.write(part);
      response.end();
    });
    const { code, stdout, stderr } = await runExample('http-get', `${url}/page?q=1`);
    expect([code, stderr]).toEqual([0, '']);
    for (const how of ['blocking', 'non-blocking']) {
      const [, text = ''] = stdout.split(`--- ${how}\n`);
      expect(text).toContain('status: HTTP/1.1 203');
      expect(text).toMatch(/^header: x-test: yes$/im);
      expect(/^body: (.*)$/m.exec(text)?.[1]).toBe(parts.join(''));
    }
  });

  test('says so if nobody answers', async () => {
    for (const how of ['blocking', 'non-blocking']) {
      const { code, stderr } = await runExample('http-get', `http://127.0.0.1:${freePort()}/`, how);
      expect(code).toBe(1);
      expect(stderr).toMatch(/ECONNREFUSED|errno 111/);
    }
  });
});

describe('the remote command server', () => {
  test('runs what is on its list, and nothing else', async () => {
    const { port } = await serve('remote-command-server', '0');
    const peer = await connectPeer(port);
    const ask = async (command: string): Promise<string> => {
      await peer.write(`${command}\n`);
      return peer.line();
    };
    expect(await ask('date')).toContain('UTC');
    expect(await ask('host')).toContain('Linux');
    expect(await ask('nothing')).toBe('Done.');
    for (const command of ['rm -rf /', 'date; id', 'date -s 0', '$(id)', '__proto__', 'toString', '']) {
      expect(await ask(command)).toBe('not allowed');
    }
  });

  test('answers several commands in their order, and bare ones without a line end', async () => {
    const { port } = await serve('remote-command-server', '0');
    const peer = await connectPeer(port);
    await peer.write('nothing\nls\r\nnothing\n');
    expect([await peer.line(), await peer.line(), await peer.line()]).toEqual(['Done.', 'not allowed', 'Done.']);
    await peer.write('nothing');
    expect((await peer.take(5)).toString()).toBe('Done.');
    expect(peer.received).toHaveLength(0);
  });

  test('has a client that prints each answer whole', async () => {
    const { port } = await serve('remote-command-server', '0');
    const client = startExample('remote-command-client', `${port}`);
    client.write('disk\nnothing\nls\n');
    client.end();
    const { code, stdout } = await client.ended();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^command> Filesystem .*\n.*\ncommand> Done\.\ncommand> not allowed\ncommand> \n$/);
  });

  test('limits time and output, and serves others meanwhile', async () => {
    const { port } = await serve('remote-command-server', '0');
    const [slow, loud, other] = [await connectPeer(port), await connectPeer(port), await connectPeer(port)];
    await slow.write('sleep\n');
    await loud.write('yes\n');
    await other.write('nothing\n');
    expect(await other.line()).toBe('Done.');
    expect(await loud.line()).toBe('over the limit');
    expect(await slow.line()).toBe('over the limit');
  });
});

describe('the UDP pair', () => {
  test('echoes datagrams to their senders', async () => {
    const { server, port } = await serve('udp-echo-server', '0');
    expect((await runExample('udp-client', `${port}`, 'hello')).stdout).toBe('the answer is: hello\n');
    await server.line(': hello');
  });

  test('sees that a peer is gone', async () => {
    const socket = udpSocket();
    const port = localPort(socket);
    socket.close();
    const { code, stdout } = await runExample('udp-client', `${port}`);
    expect([code, stdout]).toEqual([1, 'the peer is gone: ECONNREFUSED\n']);
  });
});

describe('the buffers', () => {
  test('fill, block, and give an edge once there is room again', async () => {
    const { code, stdout } = await runExample('send-buffer');
    expect(code).toBe(0);
    expect(stdout).toContain('edge: writable at first: true\n');
    const sent = Number(/^sent (\d+) bytes, then would block$/m.exec(stdout)?.[1]);
    const edge = Number(/^edge: writable again after (\d+) bytes/m.exec(stdout)?.[1]);
    expect(sent).toBeGreaterThan(64 * 1024);
    expect(edge).toBeGreaterThan(0);
    expect(edge).toBeLessThan(sent);
    expect(stdout).toContain(`received all ${sent} bytes\n`);
  });
});

describe('the backends side by side', () => {
  test('prints what each costs', async () => {
    const { code, stdout } = await runExample('backends', '5', '50');
    expect(code).toBe(0);
    expect(stdout).toMatch(/fds +epoll +poll +select\n +5( +[\d.]+){3}\n +50( +[\d.]+){3}\n/);
  });
});

describe('the chat client', () => {
  test('talks in a room that is served by select', async () => {
    const room = startCli(['serve', '--backend', 'select', '--plain-port', '0', '--no-irc']);
    const [, port = ''] = await room.line(/127\.0\.0\.1:(\d+)/);
    const ann = startExample('chat-client', port);
    const bob = startExample('chat-client', port);
    await Promise.all([ann.line('connected'), bob.line('connected')]);
    ann.write('good morning, everybody\n');
    await bob.line('good morning, everybody');
    ann.write('Exit\n');
    expect(await ann.ended()).toMatchObject({ code: 0 });
    bob.write('bye\n');
    room.kill('SIGTERM');
    await bob.line('the room has closed the connection');
  });
});

describe('the input devices', () => {
  test('are read by one wait while the thread pool is stuck', async () => {
    const { code, stdout } = await runExample('input-devices');
    expect(code).toBe(0);
    expect(stdout).toBe(
      'thread pool: the fifth device has clicked, 0 of its events arrived in 200 ms\n' +
        'multiplexer: device 5 says click\n',
    );
  });
});

describe('the follower of a file', () => {
  test('prints what is appended, also to the new file after a rotation', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdmux-follow-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'app.log');
    writeFileSync(path, 'before\n');
    const follower = startExample('follow-file', path);
    // Which lines it prints, whenever it has begun to watch.
    await follower.line(/^watching/);
    appendFileSync(path, 'appended\n');
    await follower.line(/^appended$/m);
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'rotated\n');
    await follower.line(/^rotated$/m);
    expect(follower.stdout).not.toContain('before');
  });
});

describe('the service', () => {
  test('reports to its manager when it is ready and when it stops', async () => {
    const manager = testSocket({ family: 'unix', type: 'dgram' });
    manager.bind({ family: 'unix' });
    const name = manager.getsockname();
    if (!('abstract' in name)) throw new Error('no abstract name');
    const env = { NOTIFY_SOCKET: `@${name.abstract.toString()}`, WATCHDOG_USEC: '50000' };
    const service = start(process.execPath, [script, 'service'], { env });
    await service.line(/managed/);
    expect(manager.recv(200)?.toString()).toMatch(/^READY=1\nSTATUS=Listening on 127\.0\.0\.1:\d+$/);
    expect(manager.recv(200)?.toString()).toBe('WATCHDOG=1');
    service.kill();
    const { code } = await service.ended();
    expect(code).toBe(0);
    let last = '';
    manager.setBlocking(false);
    for (let next = manager.recv(200); next !== null; next = manager.recv(200)) last = next.toString();
    expect(last).toBe('STOPPING=1');
  });
});

describe('the forwarder', () => {
  test('moves bytes both ways, and the ends of both sides', async () => {
    const target = await listenPeer();
    const { port } = await serve('splice-forwarder', '0', `127.0.0.1:${target.port}`);
    const client = await connectPeer(port);
    const server = await target.accepted();
    const content = Buffer.alloc(1_000_000, 'forward');
    await client.write(content);
    expect((await server.take(content.length)).equals(content)).toBe(true);
    await server.write('answer');
    expect((await client.take(6)).toString()).toBe('answer');
    client.socket.end();
    await server.ended();
  });
});

describe('the watcher of links', () => {
  const hasNamespaces = spawnSync('unshare', ['-rn', 'ip', 'link']).status === 0;
  test.skipIf(!hasNamespaces)('reports an interface from its beginning to its end', async () => {
    // A network of its own, whose loopback interface goes up and down. It is skipped if none can be made.
    const watcher = start('unshare', [
      '-rn',
      'sh',
      '-c',
      `"$0" "$1" "$2" & read go; ip link set lo up; ip link set lo down; read stop; kill $!`,
      process.execPath,
      script,
      'link-watcher',
    ]);
    await watcher.line('watching links');
    watcher.write('go\n');
    await watcher.line(/^lo \(1\) is up$/);
    await watcher.line(/^lo \(1\) is down$/);
    watcher.end();
    await watcher.ended();
  });
});

describe('the watcher of pressure', () => {
  const canTrigger = process.getuid?.() === 0 && existsSync('/proc/pressure/cpu');
  test.skipIf(!canTrigger)('sets a trigger that the kernel takes', async () => {
    // Without privileges, or a kernel with pressure stall information, there is nothing to wait for.
    const watcher = startExample('pressure');
    await watcher.line('watching /proc/pressure/cpu');
    expect(watcher.stderr).toBe('');
  });
});

describe('the server that restarts itself', () => {
  test('closes no connection, and loses no byte of a line that has begun or of an answer that waits', async () => {
    const { server, port } = await serve('self-restart', '0');
    const peers = await Promise.all(Array.from({ length: 5 }, () => connectPeer(port)));
    const slow = await connectPeer(port);
    slow.socket.pause();
    // More than the kernel holds for a reader who does not read.
    const count = 12_000;
    await slow.write(`${'x'.repeat(999)}\n`.repeat(count));
    let pid = server.pid;
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(peers.map((peer) => peer.write('whole\nha')));
      for (const peer of peers) expect(await peer.line()).toBe(`${pid} ${2 * round + 1} whole`);
      process.kill(pid, 'SIGUSR2');
      pid = Number((await server.line(/^process (\d+) serves on .* with 6 clients$/))[1]);
      onTestFinished(() => endQuietly(pid));
      await Promise.all(peers.map((peer) => peer.write('lf\n')));
      for (const peer of peers) expect(await peer.line()).toBe(`${pid} ${2 * round + 2} half`);
      const { socket } = await connectPeer(port);
      socket.destroy();
    }
    slow.socket.resume();
    for (let line = 1; line <= count; line += 1) expect((await slow.line()).split(' ')[1]).toBe(`${line}`);
    endQuietly(pid);
    await Promise.all([...peers, slow].map((peer) => peer.ended()));
  });
});

describe('the supervisor', () => {
  test('starts a program again when it ends, up to its limit', async () => {
    const { code, stdout } = await runExample('supervisor', '2', 'sh', '-c', 'exit 4');
    expect(code).toBe(0);
    expect(stdout).toBe('start 1\nended with code 4, signal null\nstart 2\nended with code 4, signal null\n');
  });

  test('ends its child when it is asked to stop', async () => {
    const supervisor = startExample('supervisor', '2', 'sleep', '1000');
    await supervisor.line('start 1');
    supervisor.kill();
    expect((await supervisor.ended()).code).toBe(0);
  });
});

describe('the listener for multicast DNS', () => {
  test('prints the name that is asked for', async () => {
    const listener = startExample('mdns-listener', 'lo', '0');
    const [, port] = await listener.line(/0\.0\.0\.0:(\d+)/);
    const question = Buffer.from('\0\0\0\0\0\x01\0\0\0\0\0\0\x07printer\x05local\0\0\x01\0\x01', 'latin1');
    const sender = udpSocket();
    sender.sendTo(question, { family: 'inet', host: '224.0.0.251', port: Number(port) });
    await listener.line(/^127\.0\.0\.1:\d+ asks for "printer\.local"$/);
  });
});

describe('the serial line', () => {
  test('sends a command and prints the answer', async () => {
    const { code, stdout } = await runExample('serial-line');
    expect(stdout).toBe('at 115200 baud\nyou said ATI\nOK\n');
    expect(code).toBe(0);
  });
});

describe('the ping through a TUN device', () => {
  test.skipIf(!canAdd('tuntap', 'add', 'tun0', 'mode', 'tun'))('is sent by the kernel, and answered', async () => {
    const network = start('unshare', ['-n', process.execPath, script, 'tun-ping', '10.99.0.1', '10.99.0.2']);
    await network.line(/^tun0 is up$/);
    await network.line(/^10\.99\.0\.2 has answered: hello$/);
  });
});

describe('the listener to a CAN bus', () => {
  const hasCan = canAdd('link', 'add', 'vcan0', 'type', 'vcan');

  test.skipIf(!hasCan)('prints the frame that it sends', async () => {
    const commands = 'ip link add vcan0 type vcan && ip link set vcan0 up && exec "$0" "$1" can-dump vcan0 123 beef';
    const bus = start('unshare', ['-n', 'sh', '-c', commands, process.execPath, script]);
    await bus.line('listening to vcan0');
    await bus.line(/^123#beef$/);
  });

  test('says so if there is no such bus', async () => {
    const { code, stderr } = await runExample('can-dump', 'no-can0');
    expect(code).toBe(1);
    expect(stderr).toMatch(/EAFNOSUPPORT|ENODEV/);
  });
});

describe('the watcher of a GPIO line', () => {
  const SIMULATORS = '/sys/kernel/config/gpio-sim';

  test.skipIf(!existsSync(SIMULATORS))('prints the edges of a simulated line', async () => {
    const simulator = join(SIMULATORS, `fdmux-${process.pid}`);
    mkdirSync(join(simulator, 'bank'), { recursive: true });
    onTestFinished(() => {
      writeFileSync(join(simulator, 'live'), '0');
      for (const folder of [join(simulator, 'bank'), simulator]) rmdirSync(folder);
    });
    writeFileSync(join(simulator, 'bank/num_lines'), '4');
    writeFileSync(join(simulator, 'live'), '1');
    const read = (path: string): string => readFileSync(join(simulator, path), 'utf8').trim();
    const chip = read('bank/chip_name');
    const watcher = startExample('gpio-edges', `/dev/${chip}`, '2');
    await watcher.line(/^watching line 2/);
    const pull = `/sys/devices/platform/${read('dev_name')}/${chip}/sim_gpio2/pull`;
    for (const [edge, level] of [
      ['rising', 'pull-up'],
      ['falling', 'pull-down'],
    ] as const) {
      writeFileSync(pull, level);
      await watcher.line(new RegExp(`^${edge} edge of line 2 at \\d`));
    }
  });

  test('says so of a device that is no chip', async () => {
    const { code, stderr } = await runExample('gpio-edges', '/dev/null', '4');
    expect(code).toBe(1);
    expect(stderr).toContain('ENOTTY');
  });
});

describe('the reader of an input device', () => {
  const key = (code: number, value: number): InputEventInput => ({ type: INPUT.EV_KEY, code, value });
  const SYNC = { type: INPUT.EV_SYN, code: INPUT.SYN_REPORT, value: 0 };

  test.skipIf(!existsSync('/dev/uinput'))('prints its name, and the keys that are pressed', async () => {
    const keyboard = disposedAtEnd(Descriptor.open('/dev/uinput', constants.O_RDWR));
    keyboard.ioctl(INPUT.UI_SET_EVBIT, INPUT.EV_KEY);
    keyboard.ioctl(INPUT.UI_SET_KEYBIT, INPUT.KEY_A);
    const setup = Buffer.alloc(92); // struct uinput_setup: the bus at 0, the name at 8
    setup.writeUInt16LE(INPUT.BUS_VIRTUAL, 0);
    setup.write('fdmux test', 8);
    keyboard.ioctl(INPUT.UI_DEV_SETUP, setup);
    keyboard.ioctl(INPUT.UI_DEV_CREATE);
    const name = Buffer.alloc(64);
    keyboard.ioctl(sizedRequest(INPUT.UI_GET_SYSNAME, name.length), name);
    const folder = `/sys/devices/virtual/input/${name.toString('utf8', 0, name.indexOf(0))}`;
    const event = readdirSync(folder).find((entry) => entry.startsWith('event'));
    const reader = startExample('key-events', `/dev/input/${event}`);
    await reader.line(/: fdmux test$/);
    keyboard.write(encodeInputEvents([key(INPUT.KEY_A, 1), SYNC, key(INPUT.KEY_A, 0), SYNC]));
    await reader.line(/^KEY_A is 1$/);
    await reader.line(/^KEY_A is 0$/);
  });

  test('names what arrives, here through a FIFO', async () => {
    const fifo = join(temporaryFolder(), 'events');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    const reader = startExample('key-events', fifo);
    await reader.line(/^reading .*: no input device, but read as if it were one$/);
    const writer = disposedAtEnd(Descriptor.open(fifo, constants.O_WRONLY));
    const events = [
      key(INPUT.BTN_LEFT, 1),
      { type: INPUT.EV_REL, code: INPUT.REL_WHEEL, value: -3 },
      SYNC,
      { type: 30, code: 7, value: 1 },
    ];
    writer.write(encodeInputEvents(events));
    await reader.line(/^BTN_(?:LEFT|MOUSE) is 1$/);
    await reader.line(/^REL_WHEEL is -3$/);
    await reader.line(/^type 30, code 7 is 1$/);
    expect(reader.stdout).not.toContain('SYN');
  });
});

describe('the clients of a D-Bus daemon', () => {
  test.skipIf(!hasProgram('dbus-daemon'))('hand a file from one to the other', async () => {
    const address = `unix:path=${join(temporaryFolder(), 'bus')}`;
    const daemon = start('dbus-daemon', ['--session', '--nofork', '--print-address=1', `--address=${address}`]);
    const [bus] = await daemon.line(/^unix:.*/);
    const { code, stdout, stderr } = await runExample('dbus-pass-fd', bus);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^:1\.0 sends to :1\.1\nreceived: what no path leads to\n$/);
  });

  test('say so if there is no daemon', async () => {
    const { code, stderr } = await runExample('dbus-pass-fd', 'unix:path=/nonexistent/bus');
    expect(code).toBe(1);
    expect(stderr).toContain('ENOENT');
  });
});

describe('the window', () => {
  test.skipIf(!hasProgram('Xvfb'))('appears on the screen of an X server', async () => {
    const server = start('Xvfb', ['-displayfd', '1', '-screen', '0', '640x480x24', '-nolisten', 'tcp']);
    const [number] = await server.line(/^\d+$/);
    const window = startExample('x11-window', `:${number}`, 'a title');
    await window.line(/^"a title" is on the screen as window 0x[0-9a-f]+; return closes it$/);
    window.write('\n');
    expect((await window.ended()).code).toBe(0);
  });
});
