import { describe, expect, test } from 'vitest';
import { until } from '../support/deadline.js';
import { listenPeer } from '../support/peers.js';
import { cliPath, projectPath, run, start, startCli } from '../support/processes.js';
import { join, startServer } from './chat-server.js';

const connectTo = (port: number) => startCli(['connect', `127.0.0.1:${port}`]);

describe('with a pipe for a keyboard', () => {
  test('lines are sent, what others say is shown, and exit leaves', async () => {
    const server = await startServer();
    const ann = await join(server);
    const client = connectTo(server.plainPort);
    await ann.lineLike(/ joined$/);
    client.write('hello from the client\n');
    await ann.lineLike(/ say: hello from the client$/);
    await ann.write('hello back\n');
    await client.line(/ say: hello back$/);
    client.write(' Exit \n');
    await ann.lineLike(/ left$/);
    expect(await client.ended()).toMatchObject({ code: 0, stderr: '' });
  });

  test('the client leaves at the end of the input; all lines before arrive, even a last one without a newline', async () => {
    const server = await startServer();
    const ann = await join(server);
    const ended = run(process.execPath, [cliPath, 'connect', `127.0.0.1:${server.plainPort}`], { input: 'one\ntwo' });
    await ann.lineLike(/ say: one$/);
    await ann.lineLike(/ say: two$/);
    await ann.lineLike(/ left$/);
    expect((await ended).code).toBe(0);
  });

  test('a file can be the input', async () => {
    const server = await startServer();
    const ann = await join(server);
    const command = [process.execPath, cliPath, 'connect', `127.0.0.1:${server.plainPort}`];
    // Deno adds options of its own before the program if it finds itself among the arguments.
    const client = start('bash', ['-c', 'exec "$@" < "$0"', projectPath('LICENSE'), ...command]);
    await ann.lineLike(/ say: MIT License$/);
    await ann.lineLike(/ say: SOFTWARE\.$/);
    expect((await client.ended()).code).toBe(0);
  });
});

test('bytes from a server cannot act on the terminal', async () => {
  const server = await listenPeer();
  const client = connectTo(server.port);
  const peer = await server.accepted();
  await peer.write('evil \x1b[2J\x07 text\n');
  expect((await client.line(/evil/))[0]).toBeTruthy();

  expect(client.stdout).not.toMatch(/[\x1b\x07]/);
});

test('a prompt without a newline is shown before the server says more', async () => {
  const server = await listenPeer();
  const client = connectTo(server.port);
  const peer = await server.accepted();
  await peer.write('your name? ');
  await client.line(/^your name\? $/);
  await peer.write('rest of a line\n');
  await client.line('rest of a line');
});

test('a client whose output nobody reads leaves', async () => {
  const server = await listenPeer();
  const script = `exec 3> >(exec true); wait $!; exec "$@" >&3`;
  const command = [process.execPath, cliPath, 'connect', `127.0.0.1:${server.port}`];
  const client = start('bash', ['-c', script, 'bash', ...command]);
  const peer = await server.accepted();
  await peer.write('one\n');
  await peer.ended();
  peer.end();
  expect((await client.ended()).stderr).toBe('');
});

test('the client says that the server has closed, and ends well', async () => {
  const server = await listenPeer();
  const client = connectTo(server.port);
  const peer = await server.accepted();
  peer.end();
  await client.line('the server has closed the connection');
  expect((await client.ended()).code).toBe(0);
});

test('the client says that the connection is lost, and ends with 1', async () => {
  const server = await listenPeer();
  const client = connectTo(server.port);
  const peer = await server.accepted();
  await peer.write('welcome\n');
  await client.line('welcome');
  peer.reset();
  await client.line(/the connection is lost/);
  expect((await client.ended()).code).toBe(1);
});

describe('on a terminal', () => {
  test('what others say is shown above the line being typed, which stays intact', async () => {
    const server = await startServer();
    const ann = await join(server);
    const command = [process.execPath, cliPath, 'connect', `127.0.0.1:${server.plainPort}`];
    // script(1) gives the client a terminal of its own.
    const client = start('bash', ['-c', 'exec script -qec "$*" /dev/null', 'bash', ...command], {
      env: { TERM: 'xterm' },
    });
    await ann.lineLike(/ joined$/);
    await client.line(/connected/);
    client.write('half a sen');
    await until(() => client.stdout.includes('half a sen'), 'the typed text is shown');
    await ann.write('an interruption\n');
    await client.line(/ say: an interruption/);
    await until(
      () => client.stdout.lastIndexOf('half a sen') > client.stdout.indexOf('an interruption'),
      'the typed text is shown again',
    );
    client.write('tence\r');
    await ann.lineLike(/ say: half a sentence$/);
    // Ctrl-D on an empty line.
    client.write('\x04');
    await ann.lineLike(/ left$/);
    expect((await client.ended()).code).toBe(0);
  });
});
