/** A page without a browser: a transcript goes in, the state and the lines that the page sends come out. */
import { expect } from 'vitest';
import { parseIncoming } from '../../web/irc/incoming.js';
import { answersTo } from '../../web/state/answers.js';
import type { PageEvent } from '../../web/state/events.js';
import { hasNewMarks, markLines } from '../../web/state/marks.js';
import { type Conversation, INITIAL_STATE, type LineBody, type LoginWish, type State } from '../../web/state/model.js';
import { reduce } from '../../web/state/reducer.js';
import { historyLines } from '../../web/state/scrollback.js';
import { searchLines } from '../../web/state/search.js';

export const CAPABILITIES = 'away-notify batch echo-message labeled-response message-tags server-time';

export class Page {
  state: State = INITIAL_STATE;
  sent: string[] = [];

  on(...events: readonly PageEvent[]): this {
    for (const event of events) {
      const before = this.state;
      this.state = reduce(before, event);
      this.sent.push(...historyLines(before, this.state, NOW_MS), ...searchLines(before, this.state));
    }
    return this;
  }

  hear(...lines: readonly string[]): this {
    for (const line of lines) {
      const message = parseIncoming(line) ?? expect.fail(`no line: ${line}`);
      const before = this.state;
      this.on({ kind: 'received', message, atMs: 1000 });
      this.sent.push(...answersTo(before, this.state, message));
    }
    return this;
  }

  say(text: string, key = '#a', isSent = true): this {
    const label = `l${this.state.nextId}`;
    return this.on({ kind: 'said', key, style: 'text', text, label, isSent, atMs: 1000 });
  }

  lose(): this {
    return this.on({ kind: 'lost', retryAtMs: 5000, atMs: 2000 });
  }

  signIn(nick: string, rooms: readonly string[] = [], login: LoginWish = 'guest'): this {
    return this.on({ kind: 'signed-in', nick, rooms, isResumed: false, login });
  }

  /** @param offered - with their values */
  connect(offered = CAPABILITIES): this {
    this.on({ kind: 'connecting' }, { kind: 'opened' });
    return this.hear(`:s CAP * LS :${offered}`, `:s CAP * ACK :${offered.replace(/=\S*/g, '')}`);
  }

  takeSent(): string[] {
    return this.sent.splice(0);
  }

  /** What the page tells the server of what was read, when it is time. */
  takeMarks(): string[] {
    const lines = hasNewMarks(this.state) ? markLines(this.state) : [];
    this.on({ kind: 'marked' });
    return lines;
  }

  at(key: string): Conversation {
    return this.state.conversations.get(key) ?? expect.fail(`no conversation ${key}`);
  }

  bodies(key = '#a'): LineBody[] {
    return this.at(key).lines.map(({ body }) => body);
  }

  deliveries(key = '#a'): string[] {
    return this.bodies(key).flatMap((body) => (body.kind === 'message' ? [`${body.text}: ${body.delivery}`] : []));
  }
}

export const ISUPPORT =
  ':s 005 ann PREFIX=(qaohv)~&@%+ STATUSMSG=~&@%+ CHANTYPES=# CASEMAPPING=ascii CHANMODES=beI,k,l,imnst NICKLEN=30 :are';

/** The time that the page takes for now. */
const NOW_MS = Date.parse('2026-01-02T00:00:00.000Z');

/** A page of ann, who is in #a with bob. */
export function joined(): Page {
  const page = new Page().signIn('ann', ['#a']).connect();
  page.hear(':s 001 ann :Welcome', ISUPPORT, ':ann!u@h JOIN #a', ':s 353 ann = #a :@ann bob', ':s 366 ann #a :End');
  page.takeSent();
  return page;
}
