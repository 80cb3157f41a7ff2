/** Notifies the user of messages for the user that have just arrived and are not seen. */
import type { State } from './state/model.js';

export interface News {
  readonly key: string;
  /** The conversation's name. */
  readonly name: string;
  readonly from: string;
  readonly text: string;
}

/** Returns the newest message for the user of each conversation that has more of them than before. */
export function newsOf(before: State, after: State): News[] {
  const news: News[] = [];
  for (const [key, { name, mentions, lines }] of after.conversations) {
    if (mentions <= (before.conversations.get(key)?.mentions ?? 0)) continue;
    const body = lines.at(-1)?.body;
    if (body?.kind === 'message') news.push({ key, name, from: body.from, text: body.text });
  }
  return news;
}

/** Returns the page's title: how much is unread, then the conversation. */
export function titleOf(state: State, name: string): string {
  const conversations = [...state.conversations.values()];
  const mentions = conversations.reduce((sum, each) => sum + each.mentions, 0);
  const hasUnread = conversations.some(({ unread }) => unread > 0);
  return `${mentions > 0 ? `(${mentions}) ` : hasUnread ? '• ' : ''}${name}`;
}
