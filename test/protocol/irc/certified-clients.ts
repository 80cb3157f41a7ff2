/** Clients without a kernel that log in by their certificates, so that no password has to be hashed. */
import { DEFAULT_ACCOUNT_SETTINGS } from '../../../src/accounts/account-service.js';
import { Accounts } from '../../../src/accounts/accounts.js';
import { MemoryAccounts } from '../../../src/accounts/memory-accounts.js';
import { ObservedAccounts } from '../../../src/accounts/observed-accounts.js';
import { foldCase } from '../../../src/chat/case-mapping.js';
import { Chat } from '../../../src/chat/chat.js';
import type { SharedLog } from '../../../src/log/shared-log.js';
import { IrcSession } from '../../../src/protocol/irc/session.js';
import { DEFAULT_IRC_SETTINGS, type IrcSettings } from '../../../src/protocol/irc/settings.js';
import { IrcState } from '../../../src/protocol/irc/shared-state.js';
import { accountOf } from '../../accounts/book.js';
import { until } from '../../support/deadline.js';
import { FakeLink } from '../fake-link.js';
import { SILENT_CONTROL } from '../silent-control.js';

/** The fingerprint by which somebody logs in to an account of {@link startCertified}. */
export const certificateOf = (account: string): string => Buffer.from(account.padEnd(32)).toString('hex');

/** The password `sesame`, as it is stored: to make it anew would take long. */
const SESAME = [
  {
    kind: 'scrypt',
    data: '$scrypt$ln=15,r=8,p=1$zjMrxBySPJQeG8F/lmJ33Q$Pl6ABi5VEGD5j1S+p5tL2kunTVMWA5+XtW/tfoXdwEk',
  },
  {
    kind: 'scram-sha-256',
    data: 'SCRAM-SHA-256$15000:taDV4pocB1i9vP82hRmE6A==$YnuhIJnFmX64Qg8xOJC6aA0dGkN6CD1ozjr2SGw0PL8=:FI11Iq2imbN8TBE2wsjMcq5oGW9QJUwoimLe3S2MyAY=',
  },
] as const;

/** The lines that log a client in. */
export const LOGIN = ['CAP REQ :sasl', 'AUTHENTICATE EXTERNAL', 'AUTHENTICATE +'];

/** One client. */
export class CertifiedClient {
  readonly link: FakeLink;
  readonly #session: IrcSession;

  constructor(link: FakeLink, server: IrcState) {
    this.link = link;
    this.#session = new IrcSession(link, { server, charset: 'utf-8' });
  }

  /** Sends lines. @returns what it has heard when all of them are answered, or its connection is closed */
  async ask(...lines: readonly string[]): Promise<string[]> {
    this.#session.receive(Buffer.from([...lines, 'PING :done', ''].join('\r\n')));
    const heard: string[] = [];
    await until(
      () => {
        // A line may have been left for later, as on a busy machine.
        this.#session.wake();
        heard.push(...this.link.takeLines());
        return this.link.closedBecause !== null || heard.some((line) => line.endsWith(' :done'));
      },
      () => `the answer to ${lines.join()}`,
    );
    return heard.filter((line) => !line.endsWith(' :done'));
  }

  /** Sends a line whose answer is held up, until something has come of it. */
  async sendUntil(line: string, hasBegun: () => boolean): Promise<void> {
    this.#session.receive(Buffer.from(`${line}\r\n`));
    await until(
      () => {
        this.#session.wake();
        return hasBegun();
      },
      () => `the begin of ${line}`,
    );
  }

  /** What it has heard since it was asked last. */
  heard(): string[] {
    return this.link.takeLines();
  }
}

/** A server with some accounts. */
export async function startCertified(names: readonly string[], irc: Partial<IrcSettings> = {}, log?: SharedLog) {
  const book = new MemoryAccounts();
  for (const name of names) {
    const credentials = [...SESAME, { kind: 'certfp', data: certificateOf(name) } as const];
    await book.add(accountOf(name, { credentials }), 1_000);
  }
  const service = new Accounts({ book, settings: DEFAULT_ACCOUNT_SETTINGS, fold: foldCase });
  const accounts = new ObservedAccounts(service, (ask) => ask());
  const chat = new Chat({ log });
  const settings = { ...DEFAULT_IRC_SETTINGS, ...irc };
  const server = new IrcState({ chat, settings, control: SILENT_CONTROL, version: '0', accounts });
  /** Connects as somebody who has the certificate of an account, and has heard nothing yet. */
  const connect = (account: string, from = '127.0.0.1'): CertifiedClient => {
    const link = new FakeLink(40_000, from);
    link.certificate = certificateOf(account);
    return new CertifiedClient(link, server);
  };
  /** Connects, and logs in to the account. */
  const logIn = async (account: string, from?: string): Promise<CertifiedClient> => {
    const client = connect(account, from);
    await client.ask(...LOGIN, `NICK ${account}`, `USER ${account} 0 * :r`, 'CAP END');
    return client;
  };
  /** Connects as a guest. */
  const enter = async (nick: string, from?: string): Promise<CertifiedClient> => {
    const client = connect(nick, from);
    await client.ask(`NICK ${nick}`, `USER ${nick} 0 * :r`);
    return client;
  };
  return { accounts, chat, server, connect, logIn, enter };
}
