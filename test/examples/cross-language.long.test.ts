/** The classic programs talk with their Python counterparts, as server and as client. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { cliPath, projectPath, start, startCli, type TestProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const PYTHON_ENVIRONMENT = { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' };
const CTIME = String.raw`\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]`;

type Language = 'fdmux' | 'Python';

function startProgram(language: Language, name: string, ...args: readonly (string | number)[]): TestProcess {
  return language === 'fdmux'
    ? start(process.execPath, [projectPath('scripts/example.mjs'), name, ...args.map(String)])
    : start('python3', [projectPath(`test/examples/python/${name}.py`), ...args.map(String)], {
        env: PYTHON_ENVIRONMENT,
      });
}

/** Starts a server on a free port. */
async function serve(
  language: Language,
  name: string,
  ...args: readonly string[]
): Promise<{ server: TestProcess; port: string }> {
  const server = startProgram(language, name, ...(language === 'fdmux' ? args : []));
  const [, port = ''] = await server.line(/(?:on 127\.0\.0\.1:|on port )(\d+)/);
  return { server, port };
}

/** Types a line, and waits for the answer to it. */
async function exchange(client: TestProcess, text: string, answer: RegExp | string): Promise<void> {
  client.write(`${text}\n`);
  await client.line(answer);
}

/** Who serves whom. */
const PAIRS = [
  ['fdmux', 'Python'],
  ['Python', 'fdmux'],
] as const;

const suite = (name: string, body: () => void): void => {
  describe.skipIf(!hasPython)(hasPython ? name : `${name} (needs python3)`, body);
};

suite('the one-shot programs', () => {
  test.each(PAIRS)('%s serves %s: one client after the other', async (by, to) => {
    const { port } = await serve(by, by === 'fdmux' ? 'one-shot-server' : 'one_shot_server', '0');
    for (const text of ['the first', 'the second']) {
      const client = startProgram(to, to === 'fdmux' ? 'one-shot-client' : 'one_shot_client', port);
      await exchange(client, text, 'server receive your messages, good bye.');
      expect((await client.ended()).code).toBe(0);
    }
  });
});

suite('the GBK programs', () => {
  test.each([
    ['gbk_server', 'Python'],
    ['gbk_iterative_server', 'Python'],
    ['gbk', 'fdmux'],
  ] as const)('%s (%s) serves both clients', async (name, by) => {
    const { server, port } = await serve(by, name, 'server', '0');
    for (const client of [
      startProgram('fdmux', 'gbk', 'client', port, '你好，世界'),
      startProgram('Python', 'gbk_client', port, '你好，世界'),
    ]) {
      await server.line('你好，世界');
      expect((await client.ended()).stdout).toMatch(/^server: (hello, client!|你好，世界)\n$/);
    }
  });

  test.each([
    ['gbk_server', 'Python'],
    ['gbk', 'fdmux'],
  ] as const)('%s (%s) answers each message of a connection, for many at once', async (name, by) => {
    const { port } = await serve(by, name, 'server', '0');
    const clients = [1, 2, 3].map(() => startProgram('Python', 'gbk_client', port, 'hello', 'hello', 'hello'));
    for (const client of clients) {
      expect((await client.ended()).stdout).toBe('server: hello, client!\n'.repeat(3));
    }
  });
});

suite('the time programs', () => {
  test.each(PAIRS)('%s serves %s: in lock-step, the second client when the first has left', async (by, to) => {
    const { port } = await serve(by, by === 'fdmux' ? 'time-server' : 'time_server', '0');
    const name = to === 'fdmux' ? 'time-client' : 'time_client';
    const first = startProgram(to, name, port);
    await exchange(first, 'one', new RegExp(`^> ${CTIME} one$`));
    const second = startProgram(to, name, port);
    second.write('are you there?\n');
    await exchange(first, '二', new RegExp(`^> ${CTIME} 二$`));
    expect(second.stdout).not.toContain('are you there?');
    first.write('\n');
    expect((await first.ended()).code).toBe(0);
    await second.line(new RegExp(`^> ${CTIME} are you there\\?$`));
    second.end();
    expect((await second.ended()).code).toBe(0);
  });
});

suite('the servers with threads', () => {
  test.each(PAIRS)('%s serves %s: a pool answers for as long as the connections last', async (by, to) => {
    const { port } = await serve(by, by === 'fdmux' ? 'thread-pool-server' : 'pool_server', '0', '3');
    const clients = [1, 2, 3].map(() => startProgram(to, to === 'fdmux' ? 'time-client' : 'time_client', port));
    for (const text of ['one', 'two', 'three']) {
      for (const client of clients) await exchange(client, text, new RegExp(`^> ${CTIME} ${text}$`));
    }
    for (const client of clients) {
      client.write('\n');
      expect((await client.ended()).code).toBe(0);
    }
  });

  test.each(PAIRS)('%s serves %s: each connection has a thread', async (by, to) => {
    const { port } = await serve(by, by === 'fdmux' ? 'thread-per-connection-server' : 'thread_server', '0');
    const clients = [1, 2, 3].map(() => startProgram(to, to === 'fdmux' ? 'time-client' : 'time_client', port));
    const address = by === 'fdmux' ? String.raw`127\.0\.0\.1:\d+` : String.raw`\('127\.0\.0\.1', \d+\)`;
    for (const text of ['one', 'two']) {
      for (const client of clients.toReversed()) {
        await exchange(client, text, new RegExp(`^> ${CTIME} ${text} ${address}$`));
      }
    }
  });
});

suite('the chat with an operator', () => {
  test.each([
    ['fdmux', 'Python', 'operator_client'],
    ['fdmux', 'Python', 'non_blocking_client'],
    ['Python', 'fdmux', 'operator-client'],
    ['Python', 'fdmux', 'non-blocking-client'],
  ] as const)('%s serves %s: %s, in lock-step', async (by, to, name) => {
    const { server, port } = await serve(by, by === 'fdmux' ? 'operator-chat' : 'operator_server', '0');
    const client = startProgram(to, name, port);
    for (const [text, answer] of [
      ['你好', '你也好'],
      ['a question', 'an answer'],
    ] as const) {
      client.write(`${text}\n`);
      await server.line(text);
      server.write(`${answer}\n`);
      await client.line(to === 'Python' ? `the server says [${answer}]` : `: ${answer}`);
    }
    client.write('exit\n');
    expect((await client.ended()).code).toBe(0);
    await server.line('has left');
  });

  test('fdmux serves several Python clients, each answered by its number', async () => {
    const { server, port } = await serve('fdmux', 'operator-chat', '0');
    const first = startProgram('Python', 'operator_client', port);
    first.write('from the first\n');
    await server.line('1: from the first');
    const second = startProgram('Python', 'non_blocking_client', port);
    second.write('from the second\n');
    await server.line('2: from the second');
    server.write('1 to the first\n2 to the second\n');
    await first.line('the server says [to the first]');
    await second.line('the server says [to the second]');
  });
});

suite('the remote commands', () => {
  test('fdmux serves Python: what is on the list, and nothing else', async () => {
    const { port } = await serve('fdmux', 'remote-command-server', '0');
    const client = startProgram('Python', 'command_client', port);
    await exchange(client, 'host', /\[Linux .*\]$/);
    await exchange(client, 'nothing', '[Done.]');
    await exchange(client, 'ls', '[not allowed]');
    client.end();
    expect((await client.ended()).code).toBe(0);
  });

  test('Python serves fdmux: whole answers, however long', async () => {
    const { port } = await serve('Python', 'command_server');
    const client = startProgram('fdmux', 'remote-command-client', port);
    await exchange(client, 'uname', /^command> Linux$/);
    await exchange(client, 'true', /^command> Done\.$/);
    await exchange(client, 'seq 20000', /^20000$/);
    await exchange(client, 'echo next', /^command> next$/);
    client.end();
    expect((await client.ended()).code).toBe(0);
  });
});

suite('the UDP programs', () => {
  test.each(PAIRS)('%s serves %s', async (by, to) => {
    const { port } = await serve(by, by === 'fdmux' ? 'udp-echo-server' : 'udp_server', '0');
    const client = startProgram(to, to === 'fdmux' ? 'udp-client' : 'udp_client', port, '数据报');
    const { code, stdout } = await client.ended();
    expect([code, stdout]).toEqual([0, to === 'fdmux' ? 'the answer is: 数据报\n' : '数据报\n']);
  });
});

suite('HTTP by hand', () => {
  test('fdmux asks Python', async () => {
    const server = start('python3', ['-m', 'http.server', '0', '--bind', '127.0.0.1', '-d', temporaryFolder()], {
      env: PYTHON_ENVIRONMENT,
    });
    const [, port = ''] = await server.line(/port (\d+)/);
    const { code, stdout } = await startProgram('fdmux', 'http-get', `http://127.0.0.1:${port}/`).ended();
    expect(code).toBe(0);
    expect(stdout.match(/^status: HTTP\/1\.0 200 OK$/gm)).toHaveLength(2);
    expect(stdout.match(/<title>Directory listing/g)).toHaveLength(2);
  });

  test.each([[[]], [['non-blocking']]])('Python asks fdmux %j', async (how) => {
    const server = startCli(['serve', '--no-irc', '--no-plain', '--web', '--web-port', '0']);
    const [, port = ''] = await server.line(/127\.0\.0\.1:(\d+)/);
    const { code, stdout } = await startProgram('Python', 'http_get', port, '/', ...how).ended();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 /);
    expect(stdout.toLowerCase()).toContain('<!doctype html>');
  });
});

suite('the chat room', () => {
  test('fdmux serves Python clients and its own', async () => {
    const room = startCli(['serve', '--backend', 'select', '--plain-port', '0', '--no-irc', '--backlog', '10']);
    const [, port = ''] = await room.line(/127\.0\.0\.1:(\d+)/);
    const ann = startProgram('fdmux', 'chat-client', port);
    await ann.line('connected');
    const bob = startProgram('Python', 'chat_client', port);
    await ann.line('joined');
    const eve = startProgram('Python', 'chat_client', port);
    await Promise.all([ann.line('joined'), bob.line('joined')]);
    bob.write('早上好\n');
    await Promise.all([ann.line('say: 早上好'), eve.line('say: 早上好')]);
    ann.write('good morning\n');
    await Promise.all([bob.line('say: good morning'), eve.line('say: good morning')]);
    bob.write('exit\n');
    expect((await bob.ended()).stdout).toMatch(/left\n$/);
    await ann.line('left');
    ann.write('EXIT\n');
    expect((await ann.ended()).code).toBe(0);
    await eve.line('left');
  });

  test('Python serves the clients of fdmux and its own', async () => {
    const { server, port } = await serve('Python', 'chat_server');
    const ann = startProgram('fdmux', 'chat-client', port);
    await server.line('has come');
    const bob = start(process.execPath, [cliPath, 'connect', `127.0.0.1:${port}`]);
    await server.line('has come');
    const eve = startProgram('Python', 'chat_client', port);
    await server.line('has come');
    for (const [who, text] of [
      [ann, 'from ann'],
      [bob, 'from bob'],
      [eve, 'from eve'],
    ] as const) {
      who.write(`${text}\n`);
      await Promise.all([ann, bob, eve].filter((other) => other !== who).map((other) => other.line(`say: ${text}`)));
    }
    ann.write('exit\n');
    expect((await ann.ended()).code).toBe(0);
    await server.line('has left');
    bob.end();
    expect((await bob.ended()).code).toBe(0);
    await server.line('has left');
  });
});
