/** The body of a PRIVMSG or NOTICE. */
import type { Incoming } from '../irc/incoming.js';
import { actionOf } from '../irc/outgoing.js';
import { mentions } from './mention.js';
import { isSame, type MessageBody, type State } from './model.js';

/** A message that nothing is known of. */
export const EMPTY_BODY: MessageBody = {
  kind: 'message',
  style: 'text',
  from: '',
  text: '',
  isOwn: false,
  isMention: false,
  audience: '',
  delivery: 'sent',
  label: '',
  redaction: null,
  problem: null,
};

/**
 * Returns the message of a line; null for a CTCP question. Those are for clients, and this one answers none: what it is
 * and where it runs is nobody's business.
 */
export function messageBodyOf(state: State, { command, nick, params }: Incoming): MessageBody | null {
  const [target = '', text = ''] = params;
  const action = actionOf(text);
  if (action === null && text.startsWith('\x01')) return null;
  const isOwn = nick !== '' && isSame(state, nick, state.nick);
  return {
    ...EMPTY_BODY,
    style: command === 'NOTICE' ? 'notice' : action === null ? 'text' : 'action',
    from: nick,
    text: action ?? text,
    isOwn,
    isMention: !isOwn && mentions(text, state.nick),
    audience: audienceOf(state, target),
  };
}

/** The sign of the rank that alone hears what is said to a target; empty for everybody. */
export function audienceOf({ features }: State, target: string): string {
  const sign = target.charAt(0);
  return features.statusSigns.includes(sign) ? sign : '';
}
