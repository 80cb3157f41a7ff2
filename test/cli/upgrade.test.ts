/** `fdmux serve` and SIGUSR2: the program on the disk goes on in the place of the one that runs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { present } from '../../src/errors.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { connectPeer, Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { type RunningServer, startServer } from './chat-server.js';

const certificates = new CertificateFolder();

async function enter(port: number, nick: string, ...lines: readonly string[]): Promise<Peer> {
  return register(await connectPeer(port), nick, ...lines);
}

async function register(peer: Peer, nick: string, ...lines: readonly string[]): Promise<Peer> {
  await peer.write([`NICK ${nick}`, `USER ${nick} 0 * :${nick}`, ...lines, 'PING in', ''].join('\r\n'));
  await peer.lineLike(/ PONG \S+ :?in$/);
  return peer;
}

/** Has a server upgraded as often as this is called, and ends the last of its processes. */
function upgraderOf({ process: server }: RunningServer): () => Promise<void> {
  const pids = [server.pid];
  onTestFinished(() => {
    for (const pid of pids) kill(pid, 'SIGKILL');
  });
  return async () => {
    kill(present(pids.at(-1), 'the process'), 'SIGUSR2');
    const [, pid] = await server.errorText(
      new RegExp(`(?:upgraded pid=(?:${[0, ...pids].join('|')}) [^]*)*upgraded pid=((?!(?:${pids.join('|')}) )\\d+) `),
    );
    pids.push(Number(pid));
  };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

test('two upgrades under load: nobody is disconnected, and everybody gets every line once, in order', async () => {
  const server = await startServer(['--log-level', 'warning', '--max-clients', '0']);
  const upgrade = upgraderOf(server);
  const count = 50;
  const peers = await Promise.all(
    Array.from({ length: count }, (_, index) => enter(server.ircPort, `n${index}`, 'JOIN #a')),
  );
  const [speaker, ...hearers] = peers;
  const author = present(speaker, 'the first');
  let said = 0;
  let isOver = false;
  const speak = async (): Promise<void> => {
    while (!isOver) {
      // Half of a line is in one process, and the other half in the next.
      await author.write(`PRIVMSG #a :line `);
      await author.write(`${said}\r\nPING ${said}\r\n`);
      await author.lineLike(new RegExp(` PONG \\S+ :?${said}$`));
      said += 1;
    }
  };
  const speaking = speak();
  await upgrade();
  await upgrade();
  isOver = true;
  await speaking;
  expect(said).toBeGreaterThan(2);
  for (const hearer of hearers) {
    for (let line = 0; line < said; line += 1) {
      expect(await hearer.lineLike(/ PRIVMSG | QUIT | PART |^ERROR/)).toMatch(new RegExp(` PRIVMSG #a :line ${line}$`));
    }
  }
  // Those who connect now find the others.
  const late = await connectPeer(server.ircPort);
  await late.write('NICK late\r\nUSER late 0 * :late\r\nJOIN #a\r\n');
  await late.lineLike(/ 366 late #a /);
  await author.write('LUSERS\r\n');
  expect(await author.lineLike(/ 251 /)).toContain(`There are ${count + 1} users`);
});

test('a room stays as it was: settings, topic, ranks, and those who could not enter now are inside', async () => {
  const server = await startServer(['--log-level', 'warning']);
  const upgrade = upgraderOf(server);
  const ann = await enter(server.ircPort, 'ann', 'JOIN #a', 'TOPIC #a :what it is about');
  const bob = await enter(server.ircPort, 'bob', 'JOIN #a');
  const plain = await connectPeer(server.plainPort);
  await plain.write('half of ');
  await ann.write('MODE #a +iklb key 2 bob!*@*\r\nPING set\r\n');
  await ann.lineLike(/ PONG \S+ :?set$/);
  await upgrade();
  await plain.write('a line\n');
  await bob.write('PRIVMSG ann :still here\r\n');
  expect(await ann.lineLike(/ PRIVMSG | JOIN | MODE | QUIT /)).toMatch(/ PRIVMSG ann :still here$/);
  await ann.write('MODE #a\r\nMODE #a +b\r\nMODE #a +e\r\nTOPIC #a\r\nNAMES #a\r\n');
  const modes = (await ann.lineLike(/ 324 /)).replace(/.* #a /, '');
  expect(modes).toMatch(/^\+[a-z]*i[a-z]* /);
  expect(modes.split(' ').slice(1).sort()).toEqual(['2', 'key']);
  expect(await ann.lineLike(/ 36[78] /)).toMatch(/ 367 ann #a bob!\*@\* /);
  expect(await ann.lineLike(/ 34[89] /)).toMatch(/ 349 /);
  expect(await ann.lineLike(/ 33[12] /)).toMatch(/ :what it is about$/);
  expect((await ann.lineLike(/ 353 /)).replace(/.*:/, '').split(' ').sort()).toEqual(['@ann', 'bob']);
});

test.skipIf(!hasOpenssl)(
  'those whom TLS keeps from moving find their room as it was, and a hang-up ends nothing',
  async () => {
    const { certFile, keyFile } = certificates.make({ name: '127.0.0.1' });
    const tls = ['--tls-cert', certFile, '--tls-key', keyFile, '--tls-port', '0'];
    const server = await startServer([...tls, '--log-level', 'warning']);
    const upgrade = upgraderOf(server);
    const [, port] = present(/IRC over TLS +.*:(\d+)$/m.exec(server.process.stdout), 'the port for TLS');
    const connect = (): Peer =>
      new Peer(connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }));
    const before = await register(connect(), 'ann', 'JOIN #s', 'TOPIC #s :what it is about');
    const upgraded = upgrade();
    await before.lineLike(/^ERROR .*upgraded/);
    kill(server.process.pid, 'SIGHUP');
    await upgraded;
    const after = await register(connect(), 'ann');
    await after.write('JOIN #s\r\n');
    expect(await after.lineLike(/ 33[12] | 353 /)).toMatch(/ 332 ann #s :what it is about$/);
    expect(await after.lineLike(/ 353 /)).toMatch(/ :@ann$/);
  },
);

test('if the new process does not start, the old one goes on with everybody', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, '{}');
  const server = await startServer(['--config', config, '--log-level', 'warning']);
  const peer = await enter(server.ircPort, 'ann', 'JOIN #a');
  writeFileSync(config, '{ "noSuchKey": 1 }');
  kill(server.process.pid, 'SIGUSR2');
  await server.process.errorText(/not upgraded: the new process has not started/);
  await peer.write('PING after\r\n');
  await peer.lineLike(/ PONG \S+ :?after$/);
  await enter(server.ircPort, 'bob', 'JOIN #a');
  await peer.lineLike(/^:bob!\S+ JOIN /);
  writeFileSync(config, '{}');
  await upgraderOf(server)();
  await peer.write('PING again\r\n');
  await peer.lineLike(/ PONG \S+ :?again$/);
});

test('what a store keeps moves along: what was said before and after an upgrade is there, once', async () => {
  const server = await startServer(['--data', join(temporaryFolder(), 'data'), '--log-level', 'warning']);
  const upgrade = upgraderOf(server);
  const caps = 'CAP REQ :batch draft/chathistory server-time message-tags';
  const ann = await enter(server.ircPort, 'ann', caps, 'CAP END', 'JOIN #a', 'PRIVMSG #a :before');
  await upgrade();
  await ann.write('PRIVMSG #a :after\r\nPING said\r\n');
  await ann.lineLike(/ PONG \S+ :?said$/);
  await ann.write('CHATHISTORY LATEST #a * 10\r\n');
  expect(await ann.lineLike(/ PRIVMSG #a /)).toMatch(/ :before$/);
  expect(await ann.lineLike(/ PRIVMSG #a | BATCH -/)).toMatch(/ :after$/);
  expect(await ann.lineLike(/ PRIVMSG #a | BATCH -/)).toMatch(/ BATCH -/);
});
