/** OPER, KILL, WALLOPS, GLOBAL, REHASH, DIE (modern, "Operator Messages"). */
import { type Member, PRIVILEGES } from '../../../chat/member.js';
import { completeUserHost, UserMask } from '../../../chat/user-mask.js';
import type { Client } from '../client.js';
import { HOST_LENGTH, REASON_BYTES } from '../isupport.js';
import type { Message } from '../message.js';
import { defer, type Deferred, type Outcome, outcomeOf, type Paged } from '../outcome.js';
import { replyNotTaken, replyUnprivileged } from '../refusals.js';
import { answerBroadcast } from '../saying.js';
import type { OperatorSettings } from '../settings.js';
import { sourceOf } from '../source.js';
import { cutToBytes } from '../text-length.js';

/** OPER. */
export function oper(client: Client, message: Message): Outcome {
  const [name = '', password = ''] = message.params;
  const { passwords, settings } = client.server;
  const operator = settings.operators.find((candidate) => candidate.name === name);
  const source = `OPER ${client.source}`;
  // The names that no operator has are unlimited, so they are not remembered.
  const names = operator === undefined ? [source] : [source, `account ${operator.name}`];
  return defer(passwords.turn(names, client.limits.maxPasswordDelayMs), () => {
    if (operator !== undefined && isAllowedFrom(client, operator))
      return tryPassword(client, operator, password, names);
    passwords.failed([source]);
    client.reply('ERR_NOOPERHOST');
    logRefusal(client, operator);
    return undefined;
  });
}

function tryPassword(
  client: Client,
  operator: OperatorSettings,
  password: string,
  names: readonly string[],
): Deferred<void> {
  return defer(client.server.passwords.check(password, operator.password, names), (verdict) => {
    if (verdict === 'right') return makeOperator(client, operator);
    if (verdict === 'busy') {
      client.fail('OPER', 'TEMPORARILY_UNAVAILABLE', [], 'Too many passwords are being checked, try again later');
    } else {
      client.reply('ERR_PASSWDMISMATCH');
      logRefusal(client, operator);
    }
    return undefined;
  });
}

function* makeOperator(client: Client, { name, host, privileges = PRIVILEGES }: OperatorSettings): Paged {
  const { member, server } = client;
  const welcome = (): void => {
    client.reply('RPL_YOUREOPER');
    client.answer(`:${sourceOf(member)} MODE ${member.nick} +o`);
    client.log('operator', { name, privileges: privileges.join(' ') });
  };
  const made = yield* outcomeOf(
    server.chat.setOperator(member, privileges),
    client.afterAll((late) => {
      if (late?.kind === 'refused') return;
      welcome();
      if (host !== null) server.chat.setHost(member, host.slice(0, HOST_LENGTH));
    }),
  );
  if (made?.kind === 'refused') {
    replyNotTaken(client, 'OPER');
    return;
  }
  welcome();
  // From now on others see another host (IRCv3 chghost).
  if (host !== null) {
    const shown = yield* outcomeOf(server.chat.setHost(member, host.slice(0, HOST_LENGTH)));
    if (shown.kind === 'host') {
      client.echo(shown);
      client.reply('RPL_HOSTHIDDEN', member.host);
    }
  }
}

/** A name that no operator has is left out: it may be a password, typed in the wrong place. */
function logRefusal(client: Client, operator: OperatorSettings | undefined): void {
  client.log('operator refused', { address: client.connection.address, name: operator?.name ?? null });
}

function isAllowedFrom(client: Client, operator: OperatorSettings): boolean {
  const { fold } = client.server.directory;
  const identity = client.member.identity(fold);
  return operator.masks.some((mask) => new UserMask(completeUserHost(mask), fold).matches(identity));
}

/** KILL: disconnects somebody, in any protocol. */
export function* kill(client: Client, message: Message): Paged {
  const [nick = '', text = 'no reason'] = message.params;
  const { member, server } = client;
  if (nick === server.name) {
    client.reply('ERR_CANTKILLSERVER');
    return;
  }
  const reason = cutToBytes(text, REASON_BYTES);
  // The victim learns who did it before its connection closes (modern, "KILL message").
  const parting = `Killed (${member.nick} (${reason}))`;
  const note = (target: Member): void => client.log('kill', { target: target.nick, reason });
  const expelled = yield* outcomeOf(
    server.chat.expel(member, nick, { reason, parting }),
    client.afterAll((late) => {
      if (late.kind === 'expelled') note(late.member);
    }),
  );
  if (expelled.kind === 'expelled') note(expelled.member);
  else if (expelled.why === 'not-taken') replyNotTaken(client, 'KILL', nick);
  else if (expelled.why === 'not-privileged') replyUnprivileged(client, 'kill');
  else client.reply('ERR_NOSUCHNICK', nick);
}

/** WALLOPS. */
export function* wallops(client: Client, message: Message): Paged {
  const { member, server } = client;
  const [text = ''] = message.params;
  if (text === '') {
    client.reply('ERR_NEEDMOREPARAMS', 'WALLOPS');
    return;
  }
  const announced = yield* outcomeOf(
    server.chat.announce(member, text),
    client.afterAll((late) => {
      if (late.kind === 'announced') client.log('wallops');
    }),
  );
  if (announced.kind === 'refused') {
    if (announced.why === 'not-taken') replyNotTaken(client, 'WALLOPS');
    else replyUnprivileged(client, 'wallops');
    return;
  }
  client.log('wallops');
  if (member.traits.has('hears-announcements')) client.echo(announced);
}

/** GLOBAL: a NOTICE to everybody. */
export function* global(client: Client, message: Message): Paged {
  const [text = ''] = message.params;
  if (text === '') {
    client.reply('ERR_NEEDMOREPARAMS', 'GLOBAL');
    return;
  }
  const sent = yield* outcomeOf(
    client.server.chat.broadcast(client.member, 'notice', text),
    client.afterAll((late) => {
      if (late.kind === 'broadcast') client.log('broadcast');
    }),
  );
  if (sent.kind === 'broadcast') client.log('broadcast');
  answerBroadcast(client, sent, 'GLOBAL');
}

/** REHASH: reads the configuration again. */
export function rehash(client: Client): Outcome {
  const { control } = client.server;
  client.log('rehash');
  client.reply('RPL_REHASHING', control.configurationName);
  return defer(control.reload(), ({ problem, waitingKeys }) => {
    const news =
      problem ?? (waitingKeys.length > 0 ? `these keys wait for a restart: ${waitingKeys.join(', ')}` : null);
    if (news !== null) client.notice(news);
  });
}

/** DIE: ends the server. */
export function die(client: Client): void {
  client.log('die');
  client.server.control.stop(`stopped by ${client.member.nick}`);
}
