/** REDACT: takes back a message (IRCv3 message-redaction). */
import type { Client } from '../client.js';
import { reasonBytes } from '../isupport.js';
import type { Message } from '../message.js';
import { outcomeOf, type Paged } from '../outcome.js';
import { replyNotTaken } from '../refusals.js';
import { echoToOutsider } from '../room-replies.js';
import { targetOf } from '../saying.js';
import { cutToBytes } from '../text-length.js';

/** REDACT. */
export function* redact(client: Client, message: Message): Paged {
  if (!client.has('draft/message-redaction')) {
    client.reply('ERR_UNKNOWNCOMMAND', 'REDACT');
    return;
  }
  const [target = '', id = '', words = ''] = message.params;
  const { chat, settings } = client.server;
  const reason = cutToBytes(words, reasonBytes(settings));
  const redacted = yield* outcomeOf(
    chat.redact(client.member, targetOf(target), { message: id, reason }),
    client.afterAll((late) => {
      if (late.kind === 'redacted') echoToOutsider(client, late, late.room);
    }),
  );
  if (redacted.kind === 'redacted') {
    client.echo(redacted);
    return;
  }
  const fail = (code: string, context: readonly string[], text: string): void =>
    client.fail('REDACT', code, context, text);
  switch (redacted.why) {
    case 'no-such-room':
    case 'no-such-member':
    case 'not-inside':
      fail('INVALID_TARGET', [target], `You cannot delete messages from ${target}`);
      return;
    case 'not-allowed':
      fail('REDACT_FORBIDDEN', [target, id], 'You are not authorised to delete this message');
      return;
    case 'no-such-message':
      fail('UNKNOWN_MSGID', [target, id], 'This message does not exist or is too old');
      return;
    case 'not-taken':
      replyNotTaken(client, 'REDACT', target, id);
  }
}
