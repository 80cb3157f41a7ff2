/** A made-up session of a client in one room, as another process might leave it. */
import { SESSION_STATE_VERSION, type SessionState } from './session-state.js';

/** The facts about such a client. */
export interface Example {
  readonly protocol: SessionState['protocol'];
  readonly nick: string;
  readonly host: string;
  readonly lobby: string;
  /** Its room, if the protocol has other rooms than the lobby. */
  readonly room: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

export function exampleSession({ protocol, nick, host, lobby, room, atMs }: Example): SessionState {
  const who = { nick, user: 'user', host, address: host, realName: nick, account: null, privileges: null };
  return {
    version: SESSION_STATE_VERSION,
    protocol,
    charset: 'utf-8',
    input: { rest: '', isDiscarding: false, waiting: '', opening: null, tokens: null },
    member: {
      ...{ who, label: null, sinceMs: atMs, lastSpokeMs: atMs, away: null, traits: [], metadata: [] },
      rooms: [{ name: protocol === 'irc' ? room : lobby, ranks: 0 }],
    },
    irc:
      protocol === 'irc'
        ? {
            ...{ sinceMs: atMs, capabilities: ['server-time'], account: null, registration: null },
            ...{ heardMs: atMs, pingedMs: null, monitored: [], subscriptions: [] },
          }
        : null,
  };
}
