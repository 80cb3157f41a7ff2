/** The conversation of a real client with the server: join, talk, change its nick, set a topic, kick and leave. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readTlsFiles } from '../../../src/server/config/tls-files.js';
import type { TestIdentity } from '../../support/certificates.js';
import { until } from '../../support/deadline.js';
import type { TestProcess } from '../../support/processes.js';
import { type IrcClient, type IrcTestServer, startIrc, tagsOf } from './irc-client.js';

export const ROOM = '#room';
const DEADLINE_MS = 25_000;

/** A running client that takes the commands of its user. */
export interface Driven {
  /** Types a command, such as `/topic ...`. */
  type(command: string): void;
  say(text: string): void;
  /** Resolves when the client has shown a text. */
  shows(text: string): Promise<unknown>;
  hasShown(text: string): boolean;
}

/** A program that people use. */
export interface RealClient {
  readonly name: string;
  readonly isHere: boolean;
  /** Whether `/topic`, `/kick` and `/part` need the name of the room; a client with windows uses that of the window. */
  readonly namesRoom: boolean;
  /** Has it talk over TLS to a server with this certificate. */
  readonly identity?: TestIdentity;
  readonly startClient: (port: number, nick: string) => Driven;
}

/** Resolves when a client has shown a text on its standard output. */
export const shown = (client: TestProcess, text: string): Promise<void> =>
  until(
    () => client.stdout.includes(text),
    () => `the client shows ${text}; it showed ${client.stdout.slice(-2000)}`,
    DEADLINE_MS,
  );

/** Waits for a line that a client has caused, with any tags and prefix. */
async function caused(observer: IrcClient, pattern: RegExp): Promise<void> {
  await observer.peer.lineLike(pattern, DEADLINE_MS);
}

/** Asks again until the answer is yes: an outsider gets no events of a room. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error('the client has not run its command');
    await delay(20);
  }
}

/** What makes a listener one over TLS. */
async function secured({ certFile, keyFile }: TestIdentity) {
  return { tls: await readTlsFiles({ cert: certFile, key: keyFile }, '/', 'tls') };
}

/** Defines the test of a client, which is skipped if the client is not installed. */
export function testRealClient({ name, isHere, namesRoom, identity, startClient }: RealClient): void {
  const room = namesRoom ? ` ${ROOM}` : '';
  test.skipIf(!isHere)(
    `${name} does what its user says${isHere ? '' : ` (${name} is not installed)`}`,
    { timeout: 60_000, tags: ['needs-chat-client'] },
    async () => {
      const server = await startIrc(identity === undefined ? {} : { listeners: [{}, await secured(identity)] });
      const observer = await server.client('observer');
      const client = startClient(server.ports.at(-1) ?? 0, 'guest');
      // The last line of the welcome; some clients accept no command before it.
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
      client.type(`/topic${room} what this is about`);
      await caused(observer, / TOPIC #room :what this is about$/);
      client.type(`/kick${room} observer out you go`);
      await caused(observer, / KICK #room observer :out you go$/);
      await observer.ask(`JOIN ${ROOM}`);
      client.type(`/part${room}`);
      await caused(observer, /^:visitor!\S+ PART #room/);
      await observer.ask('MONITOR + visitor');
      client.type('/quit');
      await caused(observer, / 731 \S+ :visitor$/);
    },
  );
}

/** What a client needs to log in by SASL. */
export interface Login {
  readonly port: number;
  readonly account: string;
  readonly password: string;
}

/** Makes the account that a real client logs in to as `guest`; nobody is logged in to it. */
export async function signUp(server: IrcTestServer): Promise<Login> {
  const password = 'correct horse';
  const owner = await server.client('guest');
  await owner.ask(`REGISTER * * :${password}`, 'NS LOGOUT');
  return { port: server.port, account: 'guest', password };
}

/** Defines the test of a client that logs in as `guest`. */
export function testLogin({
  name,
  isHere,
  startLogin,
}: Pick<RealClient, 'name' | 'isHere'> & { readonly startLogin: (login: Login) => Driven }): void {
  test.skipIf(!isHere)(
    `${name} logs in by SASL${isHere ? '' : ` (${name} is not installed)`}`,
    { timeout: 60_000, tags: ['needs-chat-client'] },
    async () => {
      const server = await startIrc();
      const observer = await server.client('observer');
      const client = startLogin(await signUp(server));
      await client.shows('missing');
      await eventually(async () =>
        (await observer.ask('WHOIS guest')).some((line) => / 330 \S+ guest guest :/.test(line)),
      );
    },
  );
}

/** Defines the test of a client without `draft/chathistory` that logs in as `guest` and reads what was said before. */
export function testPagingBack({
  name,
  isHere,
  startLogin,
}: Pick<RealClient, 'name' | 'isHere'> & { readonly startLogin: (login: Login) => Driven }): void {
  const absence = isHere ? '' : ` (${name} is not installed)`;
  test.skipIf(!isHere)(
    `${name} shows the last lines of a room that it enters, and those before when its user asks${absence}`,
    { timeout: 60_000, tags: ['needs-chat-client'] },
    async () => {
      const server = await startIrc({ irc: { history: { pageLines: 100, onJoin: 2 } } });
      const login = await signUp(server);
      const speaker = await server.client('speaker', { caps: 'echo-message message-tags', join: ROOM });
      const msgids: string[] = [];
      for (const text of ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot']) {
        const [echo = ''] = await speaker.ask(`PRIVMSG ${ROOM} :said ${text}`);
        msgids.push(tagsOf(echo)['msgid'] ?? '');
      }
      const client = startLogin(login);
      await client.shows('missing');
      client.type(`/join ${ROOM}`);
      await Promise.all(['said echo', 'said foxtrot'].map((text) => client.shows(text)));
      expect(client.hasShown('said delta')).toBe(false);
      client.type(`/quote CHATHISTORY BEFORE ${ROOM} msgid=${msgids[4]} 2`);
      await Promise.all(['said charlie', 'said delta'].map((text) => client.shows(text)));
      expect(client.hasShown('said bravo')).toBe(false);
      client.type(`/quote HISTORY ${ROOM} 6`);
      await Promise.all(['said alpha', 'said bravo'].map((text) => client.shows(text)));
    },
  );
}
