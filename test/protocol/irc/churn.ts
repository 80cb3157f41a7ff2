/** Members that arrive and leave, in numbers. */
import { expect } from 'vitest';
import { Chat } from '../../../src/chat/chat.js';
import { IrcSession } from '../../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS } from '../../../src/protocol/irc/settings.js';
import { IrcState } from '../../../src/protocol/irc/shared-state.js';
import { FakeLink } from '../fake-link.js';
import { SILENT_CONTROL } from '../silent-control.js';

const MEMBERS = 20;
const ROOMS = 500;
function start(): { server: IrcState; sessions: IrcSession[]; links: FakeLink[] } {
  // The clock stands still: after 10 ms of one peer the others would have a turn, which no link here gives.
  const chat = new Chat({ now: () => 1_000_000 });
  chat.openRoom('#lobby');
  const server = new IrcState({
    chat,
    settings: DEFAULT_IRC_SETTINGS,
    control: SILENT_CONTROL,
    version: '0',
  });
  const links = Array.from({ length: MEMBERS }, (_, index) => new FakeLink(index + 1));
  const sessions = links.map((link, index) => {
    const session = new IrcSession(link, { server, charset: 'utf-8' });
    session.receive(Buffer.from(`NICK n${index}\r\nUSER u 0 * :real\r\n`));
    return session;
  });
  return { server, sessions, links };
}

/**
 * Has members join and leave random rooms, and expects no trace.
 *
 * @param joins - how many at a time
 * @param again - does the same once more, and once more after that if it likes
 */
export function churnRooms(joins: number, again: (churn: () => void) => void): void {
  const { server, sessions, links } = start();
  const { directory } = server;
  // A linear congruential sequence: as good as random here, and the same in every run.
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 8) % below;
  };
  let most = 0;
  const churn = (): void => {
    for (let count = 0; count < joins; count += 1) {
      const session = sessions[random(MEMBERS)];
      const room = `#r${random(ROOMS)}`;
      const guest = `n${random(MEMBERS)}`;
      const later = random(3) === 0 ? '' : `PART ${room}\r\n`;
      session?.receive(Buffer.from(`JOIN ${room}\r\nINVITE ${guest} ${room}\r\nMODE ${room} +b x\r\n${later}`));
      if (count % 100 === 0) session?.receive(Buffer.from('JOIN 0\r\n'));
      most = Math.max(most, [...directory.rooms()].length);
    }
    for (const session of sessions) session.receive(Buffer.from('JOIN 0\r\n'));
    for (const link of links) link.takeBytes();
  };
  const expectNothing = (): void => {
    expect([...directory.rooms()].map(({ name }) => name)).toEqual(['#lobby']);
    expect([...directory.members()].map(({ seats, invitations }) => [seats.length, invitations])).toEqual(
      sessions.map(() => [0, null]),
    );
  };
  churn();
  expectNothing();
  expect(most).toBeGreaterThan(100);
  again(churn);
  expectNothing();
}

/** Has peers connect, watch others, join, talk and leave again, and expects no trace. The parameters are as above. */
export function churnPeers(peers: number, again: (visit: () => void) => void): void {
  const { server, sessions, links } = start();
  const { directory } = server;
  let born = 0;
  const visit = (): void => {
    for (let count = 0; count < peers; count += 1) {
      born += 1;
      const link = new FakeLink(1000 + (born % 60_000));
      const session = new IrcSession(link, { server, charset: 'utf-8' });
      const nick = `v${String(born).padStart(6, '0')}`;
      session.receive(Buffer.from('CAP REQ :message-tags server-time\r\nCAP END\r\n'));
      // Every tenth never registers.
      if (count % 10 > 0) session.receive(Buffer.from(`NICK ${nick}\r\nUSER u 0 * :real\r\n`));
      session.receive(Buffer.from(`MONITOR + n1,n2,nobody\r\nJOIN #a,#${nick}\r\nPRIVMSG #a :hello\r\n`));
      sessions[0]?.receive(Buffer.from(`INVITE ${nick} #a\r\n`));
      if (count % 2 === 0) session.receive(Buffer.from('QUIT :bye\r\n'));
      session.disconnected('gone');
    }
    for (const link of links) link.takeBytes();
  };
  const expectNobody = (): void => {
    expect(directory.memberCount).toBe(MEMBERS);
    expect(server.unregisteredCount).toBe(0);
    expect([...directory.rooms()].map(({ name }) => name)).toEqual(['#lobby', '#a']);
    expect([...server.monitors.watchersOf(sessions[1]?.member ?? expect.fail('no member'))]).toEqual([]);
  };
  sessions[0]?.receive(Buffer.from('JOIN #a\r\n'));
  // What is kept within bounds, such as closed rooms and former nicks, is full after a few thousand.
  for (let count = 0; count < 4; count += 1) visit();
  expectNobody();
  again(visit);
  expectNobody();
}
