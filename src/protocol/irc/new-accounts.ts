/** What holds for the names of new accounts, whichever command makes them. */
import type { RegisterAsk, RegisterOutcome, VerifyOutcome } from '../../accounts/account-service.js';
import { isReservedNick } from '../reserved-nicks.js';
import type { Client } from './client.js';
import { isNick } from './names.js';

/** Judges the name of an account that a client wants: it must be like a nick, and nobody else's. */
export function judgeName({ server, member }: Client, name: string): ReturnType<RegisterAsk['mayBeNamed']> {
  const { directory, settings } = server;
  if (!isNick(name, settings) || isReservedNick(name, settings.reservedNicks, directory)) return 'malformed';
  return directory.isTaken(name, member) ? 'taken' : 'yes';
}

/** Keeps the nick of an account for it, although the client that has made it leaves before it hears of that. */
export async function keepNick<T extends RegisterOutcome | VerifyOutcome>(
  client: Client,
  work: Promise<T>,
): Promise<T> {
  const outcome = await work;
  if (outcome.kind === 'registered' && client.isOver) client.server.chat.reserveNicks([outcome.account], true);
  return outcome;
}
