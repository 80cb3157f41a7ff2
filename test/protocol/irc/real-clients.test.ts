/** Clients that people use: each joins, talks, changes its nick, sets a topic, kicks and leaves. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, onTestFinished, test } from 'vitest';
import { until } from '../../support/deadline.js';
import { projectPath, start, type TestProcess } from '../../support/processes.js';
import { startIrc, type IrcClient } from './irc-client.js';

const ROOM = '#room';
const DEADLINE_MS = 25_000;

/** A running client that can be told what to do, in the words of its user. */
interface Driven {
  /** A command as it is typed in that client, such as `/topic ...`. */
  type(command: string): void;
  say(text: string): void;
  /** Resolves when the client has shown a text. */
  shows(text: string): Promise<unknown>;
}

/** A folder for a client's settings, gone when the test ends. */
function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'fdmux-client-'));
  // A client that is ending may still be writing its settings, and Deno's rmSync does not try again by itself.
  onTestFinished(() => until(() => isRemoved(home), `the end of ${home}`));
  return home;
}

function isRemoved(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

const isInstalled = (command: string): boolean => spawnSync('which', [command]).status === 0;

const shown = (client: TestProcess, text: string): Promise<void> =>
  until(
    () => client.stdout.includes(text),
    () => `the client shows ${text}; it showed ${client.stdout.slice(-2000)}`,
    DEADLINE_MS,
  );

/** Starts a client for terminals in a terminal of its own, where it is typed to. */
function startInTerminal(command: string): Driven {
  const client = start('script', ['-qec', `stty rows 24 cols 100; exec ${command}`, '/dev/null'], {
    env: { TERM: 'xterm' },
  });
  const type = (text: string): void => {
    client.write(`${text}\r`);
  };
  return { type, say: (text) => type(`/msg ${ROOM} ${text}`), shows: (text) => shown(client, text) };
}

function startIrssi(port: number, nick: string): Driven {
  return startInTerminal(`irssi --home ${temporaryHome()} --connect 127.0.0.1 --port ${port} --nick ${nick}`);
}

function startWeechat(port: number, nick: string): Driven {
  const home = temporaryHome();
  const commands = `/server add test 127.0.0.1/${port};/set irc.server.test.nicks ${nick};/connect test`;
  return startInTerminal(`weechat -s -d ${home} -P irc -r '${commands}'`);
}

const FRAMEWORK_PROGRAM = `
const { Client } = require('irc-framework');
const [port, nick] = process.argv.slice(-2);
const client = new Client({ auto_reconnect: false });
client.connect({ host: '127.0.0.1', port: Number(port), nick, username: nick, gecos: 'a bot', enable_echomessage: true });
client.on('registered', () => console.log('MOTD File is missing'));
client.on('message', (event) => console.log('heard', event.nick, event.message));
const actions = {
  join: (room) => client.join(room),
  nick: (name) => client.changeNick(name),
  topic: (...words) => client.setTopic(words[0], words.slice(1).join(' ')),
  kick: (room, who, ...why) => client.raw('KICK', room, who, why.join(' ')),
  part: (room) => client.part(room),
  quit: () => client.quit('bye'),
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [verb, ...words] = line.replace(/^\\//, '').split(' ');
  if (line.startsWith('/')) actions[verb](...words);
  else client.say('${ROOM}', line);
});
`;

function startFramework(port: number, nick: string): Driven {
  // Where the tests are and not the package, which a matrix may have installed elsewhere.
  const client = start(process.execPath, ['-e', FRAMEWORK_PROGRAM, String(port), nick], { cwd: projectPath() });
  const type = (text: string): void => {
    client.write(`${text}\n`);
  };
  return { type, say: type, shows: (text) => shown(client, text) };
}

function hasFramework(): boolean {
  try {
    createRequire(join(__dirname, 'x.js')).resolve('irc-framework');
    return true;
  } catch {
    return false;
  }
}

const CLIENTS = [
  { name: 'irssi', isHere: isInstalled('irssi') && isInstalled('script'), startClient: startIrssi },
  { name: 'weechat', isHere: isInstalled('weechat') && isInstalled('script'), startClient: startWeechat },
  { name: 'irc-framework', isHere: hasFramework(), startClient: startFramework },
];

/** Waits for a line that a client has caused, whatever tags and prefixes it has. */
async function caused(observer: IrcClient, pattern: RegExp): Promise<void> {
  await observer.peer.lineLike(pattern, DEADLINE_MS);
}

/** Asks again until the answer is yes: nobody is told of what happens in a room that one is not in. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error('the client has not done what it was told');
    await delay(20);
  }
}

describe.each(CLIENTS)('$name', ({ name, isHere, startClient }) => {
  test.skipIf(!isHere)(
    `does what its user says${isHere ? '' : ` (${name} is not installed)`}`,
    async () => {
      const server = await startIrc();
      const observer = await server.client('observer');
      const client = startClient(server.port, 'guest');
      // The last of what the server says at the beginning; some clients take no command before it.
      await client.shows('missing');
      client.type(`/join ${ROOM}`);
      // The client has opened the room, so it is its operator.
      await eventually(async () => (await observer.ask(`LIST ${ROOM}`)).some((line) => line.includes(' 322 ')));
      await observer.ask(`JOIN ${ROOM}`);
      client.say('hello from a real client');
      await caused(observer, / PRIVMSG #room :hello from a real client$/);
      await observer.ask(`PRIVMSG ${ROOM} :hello back, grüß dich`);
      await client.shows('hello back, grüß dich');
      client.type('/nick visitor');
      await caused(observer, /^:guest!\S+ NICK :?visitor$/);
      client.type(`/topic ${name === 'irc-framework' ? `${ROOM} ` : ''}what this is about`);
      await caused(observer, / TOPIC #room :what this is about$/);
      client.type(`/kick ${name === 'irc-framework' ? `${ROOM} ` : ''}observer out you go`);
      await caused(observer, / KICK #room observer :out you go$/);
      await observer.ask(`JOIN ${ROOM}`);
      client.type(`/part${name === 'irc-framework' ? ` ${ROOM}` : ''}`);
      await caused(observer, /^:visitor!\S+ PART #room/);
      await observer.ask('MONITOR + visitor');
      client.type('/quit');
      await caused(observer, / 731 \S+ :visitor$/);
    },
    60_000,
  );
});
