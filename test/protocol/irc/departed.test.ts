/** A client that leaves while its password is checked. */
import { beforeEach, expect, vi } from 'vitest';
import { Chat } from '../../../src/chat/chat.js';
import { IrcSession } from '../../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS } from '../../../src/protocol/irc/settings.js';
import { IrcState } from '../../../src/protocol/irc/shared-state.js';
import { LOOPBACK_CLASS } from '../../../src/protocol/limits.js';
import { testOfSources } from '../../support/of-sources.js';
import { FakeLink } from '../fake-link.js';
import { SILENT_CONTROL } from '../silent-control.js';

const check = vi.hoisted(() => ({ settle: (_isRight: boolean): void => undefined, done: Promise.resolve(true) }));
vi.mock(import('../../../src/accounts/password.js'), async (importOriginal) => ({
  ...(await importOriginal()),
  verifyPassword: () => check.done,
}));

beforeEach(() => {
  check.done = new Promise((resolve) => {
    check.settle = resolve;
  });
});

const password = 'anything';

function startSession(irc: object, now = Date.now) {
  const chat = new Chat({ now });
  const server = new IrcState({
    chat,
    settings: { ...DEFAULT_IRC_SETTINGS, ...irc },
    control: SILENT_CONTROL,
    version: '0.0.0',
  });
  const link = new FakeLink();
  link.limits = { ...LOOPBACK_CLASS, registrationTimeoutMs: 1 };
  const session = new IrcSession(link, {
    server,
    charset: 'utf-8',
  });
  const send = (text: string): void => {
    session.receive(Buffer.from(text));
  };
  return { directory: chat.directory, server, link, session, send };
}

/** The ways of leaving; some are caused by the server. */
const departures: readonly (readonly [string, (session: IrcSession) => void])[] = [
  [
    'is disconnected',
    (session) => {
      session.disconnected('Connection reset by peer');
    },
  ],
  [
    'ends its input',
    (session) => {
      session.endOfInput();
    },
  ],
  [
    'is shut down',
    (session) => {
      session.shutDown('the server is shutting down');
    },
  ],
  [
    'is expelled',
    (session) => {
      session.expel('Killed');
    },
  ],
];

testOfSources.for(departures)(
  'a client that %s while PASS is checked is not admitted',
  { tags: ['needs-sources'] },
  async ([, leave]) => {
    const { directory, server, session, send, link } = startSession({ password });
    send('PASS secret\r\nNICK ann\r\nUSER a 0 * :Ann\r\n');
    leave(session);
    link.takeText();
    check.settle(true);
    await check.done;
    await Promise.resolve();
    expect(directory.member('ann')).toBeUndefined();
    expect([...directory.members()]).toEqual([]);
    expect(server.unregisteredCount).toBe(0);
    expect(link.takeText()).toBe('');
  },
);

testOfSources.for(departures)(
  'a client that %s while OPER is checked is not an operator',
  { tags: ['needs-sources'] },
  async ([, leave]) => {
    const operators = [{ name: 'root', password, masks: ['*@*'], host: null }];
    const { session, send, link, server } = startSession({ operators });
    send('NICK ann\r\nUSER a 0 * :Ann\r\nOPER root secret\r\n');
    leave(session);
    link.takeText();
    check.settle(true);
    await check.done;
    await Promise.resolve();
    expect(session.member.isOperator).toBe(false);
    expect(server.directory.operatorCount).toBe(0);
    expect(link.takeText()).toBe('');
  },
);

testOfSources(
  'a client that registers too late while PASS is checked is not admitted',
  { tags: ['needs-sources'] },
  async () => {
    const { directory, session, send, link } = startSession({ password });
    send('PASS secret\r\nNICK ann\r\nUSER a 0 * :Ann\r\n');
    await vi.waitUntil(() => directory.now() > session.member.sinceMs);
    session.wake();
    expect(link.closedBecause).toBe('Registration timed out');
    check.settle(true);
    await check.done;
    await Promise.resolve();
    expect(directory.member('ann')).toBeUndefined();
  },
);

testOfSources(
  'a client that stays is admitted, and then its waiting commands run',
  { tags: ['needs-sources'] },
  async () => {
    // The clock stands still: after 10 ms of one peer the others would have a turn, which no link here gives.
    const { directory, send, link } = startSession({ password }, () => 1_000_000);
    send('PASS secret\r\nNICK ann\r\nUSER a 0 * :Ann\r\nPING later\r\n');
    expect(link.takeText()).toBe('');
    check.settle(true);
    await vi.waitUntil(() => directory.member('ann') !== undefined);
    expect(link.takeLines().at(-1)).toBe(':fdmux.local PONG fdmux.local :later');
  },
);
