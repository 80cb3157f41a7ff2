import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe } from 'vitest';
import { projectPath, start } from '../../support/processes.js';
import { type Driven, type Login, ROOM, shown, testLogin, testRealClient } from './real-clients.js';

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
  return { type, say: type, shows: (text) => shown(client, text) };
}

describe('logging in', () => {
  testLogin({ name: 'irc-framework', isHere: hasFramework(), startLogin: startFrameworkLogin });
});
