import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectPath, start } from '../../support/processes.js';
import { numerics, startIrc, tagsOf } from './irc-client.js';
import { type Driven, type Login, ROOM, shown, signUp, testLogin, testRealClient } from './real-clients.js';

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
  // The folder of the tests, not of the package, which a matrix may have installed elsewhere.
  const client = start(process.execPath, ['-e', FRAMEWORK_PROGRAM, String(port), nick], { cwd: projectPath() });
  const type = (text: string): void => {
    client.write(`${text}\n`);
  };
  return { type, say: type, shows: (text) => shown(client, text), hasShown: (text) => client.stdout.includes(text) };
}

function hasFramework(): boolean {
  try {
    createRequire(join(__dirname, 'x.js')).resolve('irc-framework');
    return true;
  } catch {
    return false;
  }
}

testRealClient({ name: 'irc-framework', isHere: hasFramework(), namesRoom: true, startClient: startFramework });

const LOGIN_PROGRAM = `
const { Client } = require('irc-framework');
const [port, account, password] = process.argv.slice(-3);
const client = new Client({ auto_reconnect: false });
client.connect({ host: '127.0.0.1', port: Number(port), nick: 'guest', username: 'guest', gecos: 'a bot',
  account: { account, password }, sasl_disconnect_on_fail: true });
client.on('loggedin', (event) => console.log('logged in as', event.account));
client.on('sasl failed', (event) => console.log('login failed', event.reason));
client.on('registered', () => console.log('MOTD File is missing'));
client.on('socket close', () => process.exit(0));
`;

function startFrameworkLogin({ port, account, password }: Login): Driven {
  const args = ['-e', LOGIN_PROGRAM, String(port), account, password];
  const client = start(process.execPath, args, { cwd: projectPath() });
  const type = (): void => undefined;
  return { type, say: type, shows: (text) => shown(client, text), hasShown: (text) => client.stdout.includes(text) };
}

describe('logging in', () => {
  testLogin({ name: 'irc-framework', isHere: hasFramework(), startLogin: startFrameworkLogin });
});

const PAGE_LINES = 5;

/** Reads a channel from its end to its beginning, a page at a time, and prints the pages, oldest first. */
const PAGING_PROGRAM = `
const { Client } = require('irc-framework');
const [port, account, password] = process.argv.slice(-3);
const client = new Client({ auto_reconnect: false });
client.requestCap('draft/chathistory');
client.connect({ host: '127.0.0.1', port: Number(port), nick: 'guest', username: 'guest', gecos: 'a reader',
  account: { account, password }, sasl_disconnect_on_fail: true });
const pages = [];
let page = [];
const ask = (verb, reference) => client.raw('CHATHISTORY', verb, '${ROOM}', reference, '${PAGE_LINES}');
client.on('sasl failed', (event) => console.log('login failed', event.reason));
client.on('registered', () => client.join('${ROOM}'));
client.on('join', (event) => {
  if (event.nick === client.user.nick) ask('LATEST', '*');
});
client.on('message', ({ batch, nick, target, message, time, tags }) =>
  page.push({ batch: [batch?.type, ...(batch?.params ?? [])], nick, target, message, time, msgid: tags.msgid }));
client.on('batch end chathistory', () => {
  pages.unshift(page);
  if (page.length === 0) console.log('all', JSON.stringify(pages.slice(1)));
  else ask('BEFORE', 'msgid=' + page[0].msgid);
  page = [];
});
client.on('socket close', () => process.exit(0));
`;

const absence = hasFramework() ? '' : ' (irc-framework is not installed)';
test.skipIf(!hasFramework())(
  `irc-framework logs in by SASL and pages back to the beginning of a channel, with each line once${absence}`,
  { tags: ['needs-chat-client'] },
  async () => {
    const server = await startIrc();
    const login = await signUp(server);
    const caps = 'echo-message message-tags server-time';
    const speaker = await server.client('speaker', { caps, join: ROOM });
    const said: unknown[] = [];
    for (let number = 1; number <= 4 * PAGE_LINES + 3; number += 1) {
      const message = `line ${number}, grüß dich`;
      const [echo = ''] = await speaker.ask(`PRIVMSG ${ROOM} :${message}`);
      const { msgid, time = '' } = tagsOf(echo);
      said.push({
        batch: ['chathistory', ROOM],
        nick: 'speaker',
        target: ROOM,
        message,
        time: Date.parse(time),
        msgid,
      });
    }
    const args = ['-e', PAGING_PROGRAM, String(server.port), login.account, login.password];
    const reader = start(process.execPath, args, { cwd: projectPath() });
    const [, printed = ''] = await reader.line(/^all (.*)$/);
    const pages: unknown = JSON.parse(printed);
    const starts = [0, 3, 8, 13, 18];
    expect(pages).toEqual(starts.map((from, index) => said.slice(from, starts[index + 1])));
    expect(numerics(await speaker.ask('WHOIS guest'), '330')).toEqual([`330 guest ${login.account} :is logged in as`]);
  },
);
