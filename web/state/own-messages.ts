/** Own messages on their way: the lines that carry them. */
import { actionText, formatLine } from '../irc/outgoing.js';
import type { Conversation, MessageBody, MessageStyle, State } from './model.js';

/** The parts of a message on its way. */
export interface Outgoing {
  readonly style: MessageStyle;
  readonly text: string;
  readonly label: string;
}

/** Returns the line that carries a message. It has its label if the server returns labels. */
export function messageLine({ capabilities }: State, target: string, { style, text, label }: Outgoing): string {
  const command = style === 'notice' ? 'NOTICE' : 'PRIVMSG';
  const content = style === 'action' ? actionText(text) : text;
  return formatLine(command, [target, content], hasLabels(capabilities) ? label : null);
}

/** A label needs batches, since an answer of several lines arrives as one. */
export function hasLabels(capabilities: ReadonlySet<string>): boolean {
  return capabilities.has('labeled-response') && capabilities.has('batch');
}

/** The messages that wait for a connection, in order. */
export function queuedIn({ lines }: Conversation): MessageBody[] {
  return lines.flatMap(({ body }) => (body.kind === 'message' && body.delivery === 'queued' ? [body] : []));
}
