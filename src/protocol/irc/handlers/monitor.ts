/** MONITOR (IRCv3 monitor). */
import type { LongAnswer } from '../commands.js';
import { distinct } from '../distinct.js';
import type { Message } from '../message.js';
import { isNick } from '../names.js';
import type { IrcSession } from '../session.js';
import { sourceOf } from '../source.js';

/** MONITOR + - C L S. */
export function* monitor(session: IrcSession, message: Message): LongAnswer {
  const [verb = '', list = ''] = message.params;
  const { monitors, directory } = session.server;
  const nicks = distinct(list.split(','), directory.fold);
  switch (verb.toUpperCase()) {
    case '+':
      yield* add(session, nicks);
      return;
    case '-':
      for (const nick of nicks) monitors.remove(session, nick);
      return;
    case 'C':
      monitors.clear(session);
      return;
    case 'L':
      yield* session.replyWordsAtLength('RPL_MONLIST', [], monitors.namesOf(session), ',');
      session.reply('RPL_ENDOFMONLIST');
      return;
    case 'S':
      yield* tellStatus(session, monitors.namesOf(session));
      return;
    default:
      session.reply('ERR_NEEDMOREPARAMS', 'MONITOR');
  }
}

function* add(session: IrcSession, nicks: readonly string[]): LongAnswer {
  const { monitors, settings } = session.server;
  const added: string[] = [];
  for (const [index, nick] of nicks.entries()) {
    // A mask or a malformed nick can never come online.
    if (!isNick(nick, settings.nickLength)) continue;
    if (!monitors.add(session, nick, settings.maxMonitored)) {
      session.reply('ERR_MONLISTFULL', String(settings.maxMonitored), nicks.slice(index).join(','));
      break;
    }
    added.push(nick);
  }
  yield* tellStatus(session, added);
}

function* tellStatus(session: IrcSession, nicks: readonly string[]): LongAnswer {
  const { directory } = session.server;
  const online: string[] = [];
  const offline: string[] = [];
  for (const nick of nicks) {
    const member = directory.member(nick);
    if (member === undefined) offline.push(nick);
    else online.push(sourceOf(member));
  }
  yield* session.replyWordsAtLength('RPL_MONONLINE', [], online, ',');
  yield* session.replyWordsAtLength('RPL_MONOFFLINE', [], offline, ',');
}
