/** AWAY, ISON, USERHOST, SETNAME (modern, "Optional Messages"; IRCv3 away-notify, setname, extended-monitor). */
import type { Client } from '../client.js';
import { distinct } from '../distinct.js';
import { AWAY_BYTES, REAL_NAME_BYTES } from '../isupport.js';
import type { Message } from '../message.js';
import { outcomeOf, type Paged } from '../outcome.js';
import { replyNotTaken } from '../refusals.js';
import { cutToBytes } from '../text-length.js';

/** The most nicks that USERHOST answers for (RFC 1459 section 5.7). */
const MAX_USERHOST = 5;

/** AWAY. */
export function* away(client: Client, message: Message): Paged {
  const { member, server } = client;
  const text = cutToBytes(message.params[0] ?? '', AWAY_BYTES);
  const reply = (): void => client.reply(text === '' ? 'RPL_UNAWAY' : 'RPL_NOWAWAY');
  const set = yield* outcomeOf(server.chat.setAway(member, text === '' ? null : text), client.afterAll(reply));
  if (set?.kind === 'refused') replyNotTaken(client, 'AWAY');
  else reply();
}

/** SETNAME. */
export function* setname(client: Client, message: Message): Paged {
  const { member, server } = client;
  const [name = ''] = message.params;
  if (name === '' || Buffer.byteLength(name, 'utf8') > REAL_NAME_BYTES) {
    client.fail('SETNAME', 'INVALID_REALNAME', [], 'Realname is not valid');
    return;
  }
  const renamed = yield* outcomeOf(server.chat.setRealName(member, name));
  if (renamed.kind === 'realname') client.echo(renamed);
  else if (renamed.why === 'not-taken') replyNotTaken(client, 'SETNAME');
  else client.fail('SETNAME', 'CANNOT_CHANGE_REALNAME', [], 'You may not speak in a channel that you are in');
}

/** ISON. */
export function ison(client: Client, message: Message): void {
  const { fold } = client.server.directory;
  const asked = distinct(
    message.params.flatMap((param) => param.split(' ')),
    fold,
  );
  const present = asked.map((nick) => client.server.directory.member(nick)?.nick).filter((nick) => nick !== undefined);
  client.reply('RPL_ISON', present.join(' '));
}

/** USERHOST. */
export function userhost(client: Client, message: Message): void {
  const words: string[] = [];
  const { directory } = client.server;
  const asked = message.params.flatMap((param) => param.split(' '));
  for (const nick of distinct(asked, directory.fold).slice(0, MAX_USERHOST)) {
    const member = directory.member(nick);
    if (member === undefined) continue;
    words.push(
      `${member.nick}${member.isOperator ? '*' : ''}=${member.away === null ? '+' : '-'}${member.user}@${member.host}`,
    );
  }
  client.reply('RPL_USERHOST', words.join(' '));
}
