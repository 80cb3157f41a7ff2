/** MONITOR (IRCv3 monitor). */
import type { Client } from '../client.js';
import { distinct } from '../distinct.js';
import type { Message } from '../message.js';
import { askToSync } from '../metadata.js';
import { isNick, spellNick } from '../names.js';
import type { Paged } from '../outcome.js';
import { sourceOf } from '../source.js';

/** MONITOR + - C L S. */
export function* monitor(client: Client, message: Message): Paged {
  const [verb = '', list = ''] = message.params;
  const { monitors, directory } = client.server;
  const nicks = distinct(list.split(','), directory.fold);
  switch (verb.toUpperCase()) {
    case '+':
      yield* add(client, nicks);
      return;
    case '-':
      for (const nick of nicks) monitors.remove(client, nick);
      return;
    case 'C':
      monitors.clear(client);
      return;
    case 'L':
      yield* client.replyWordsAtLength('RPL_MONLIST', [], monitors.namesOf(client), ',');
      client.reply('RPL_ENDOFMONLIST');
      return;
    case 'S':
      yield* sendStatus(client, monitors.namesOf(client));
      return;
    default:
      client.reply('ERR_NEEDMOREPARAMS', 'MONITOR');
  }
}

function* add(client: Client, nicks: readonly string[]): Paged {
  const { monitors, settings } = client.server;
  const added: string[] = [];
  for (const [index, nick] of nicks.entries()) {
    // A mask or a malformed nick can never come online. Behind a slash is the label of another domain.
    if (!isNick(spellNick(nick.replace(/(?:\/[a-z\d.-]{1,63}){1,2}$/, ''), settings), settings)) continue;
    if (!monitors.add(client, nick, settings.maxMonitored)) {
      client.reply('ERR_MONLISTFULL', String(settings.maxMonitored), nicks.slice(index).join(','));
      break;
    }
    added.push(nick);
  }
  yield* sendStatus(client, added);
}

function* sendStatus(client: Client, nicks: readonly string[]): Paged {
  const { directory } = client.server;
  const online: string[] = [];
  const offline: string[] = [];
  const present: string[] = [];
  for (const nick of nicks) {
    // People of other domains are online while they are in a room that this one has, too.
    const member = directory.anyone(nick);
    if (member === undefined) offline.push(nick);
    else {
      online.push(sourceOf(member));
      present.push(member.nick);
    }
  }
  yield* client.replyWordsAtLength('RPL_MONONLINE', [], online, ',');
  askToSync(client, present);
  yield* client.replyWordsAtLength('RPL_MONOFFLINE', [], offline, ',');
}
