/** Messages of several lines (IRCv3 multiline): those that arrive, and those that the page sends. */
import type { Incoming } from '../irc/incoming.js';
import { formatLine } from '../irc/outgoing.js';
import { byteLength, cutExactly, messageBytes, splitText } from '../irc/split.js';
import type { MessageStyle, OpenMultiline, State } from './model.js';
import { hasLabels, messageLine, type Outgoing } from './own-messages.js';

const MULTILINE = 'draft/multiline';
const CONCAT = 'draft/multiline-concat';

/**
 * Takes a line that opens, fills or ends such a message.
 *
 * @returns the state after it, and the message if it is whole now; null for any other line
 */
export function collected(
  state: State,
  line: Incoming,
): { readonly state: State; readonly message: Incoming | null } | null {
  const { command, params, tags } = line;
  const [first = '', type = '', target = ''] = params;
  const reference = command === 'BATCH' ? first.slice(1) : (tags.get('batch') ?? '');
  if (command === 'BATCH' && first.startsWith('+') && type === MULTILINE) {
    const opening = { ...line, command: 'PRIVMSG', params: [target] };
    return { state: withOpen(state, reference, { opening, text: null }), message: null };
  }
  const known = state.multilines.get(reference);
  if (known === undefined) return null;
  const { opening, text } = known;
  if (command === 'BATCH') {
    const message = { ...opening, params: [...opening.params, text ?? ''] };
    return { state: withOpen(state, reference, null), message };
  }
  const gap = text === null || tags.has(CONCAT) ? '' : '\n';
  const longer = { opening, text: `${text ?? ''}${gap}${params[1] ?? ''}` };
  return { state: withOpen(state, reference, longer), message: null };
}

/** @param multiline - what has arrived of it; null if it has ended */
function withOpen(state: State, reference: string, multiline: OpenMultiline | null): State {
  const multilines = new Map(state.multilines);
  if (multiline === null) multilines.delete(reference);
  else multilines.set(reference, multiline);
  return { ...state, multilines };
}

/** The bytes that one line to a target may have. */
function lineBytes({ features, mask, nick }: State, target: string): number {
  return messageBytes(features, mask, nick, target);
}

/** The lines of a text as a batch has them; a line that is too long is cut, and its parts give the same text. */
function batchParts(
  state: State,
  target: string,
  text: string,
): { readonly text: string; readonly isConcat: boolean }[] {
  const maxBytes = lineBytes(state, target);
  return text
    .split('\n')
    .flatMap((line) => cutExactly(line, maxBytes).map((part, index) => ({ text: part, isConcat: index > 0 })));
}

/** The limits that the server gives; null if it takes no such messages. */
function limitsOf({ capabilities, offered }: State): { readonly bytes: number; readonly lines: number } | null {
  if (!capabilities.has(MULTILINE) || !capabilities.has('batch')) return null;
  const tokens = new Map(
    (offered.get(MULTILINE) ?? '').split(',').map((token) => [token.split('=')[0], token.split('=')[1]]),
  );
  return { bytes: Number(tokens.get('max-bytes')) || 0, lines: Number(tokens.get('max-lines')) || Infinity };
}

/** Returns a text in pieces that are a message each: one if the server takes it whole. */
export function messagePieces(state: State, target: string, style: MessageStyle, text: string): string[] {
  const extra = style === 'action' ? '\x01ACTION \x01'.length : 0;
  const pieces = splitText(text, lineBytes(state, target) - extra);
  const limits = limitsOf(state);
  if (pieces.length < 2 || style !== 'text' || limits === null) return pieces;
  const whole = text.replace(/\r\n?/g, '\n');
  const fits = byteLength(whole) <= limits.bytes && batchParts(state, target, whole).length <= limits.lines;
  return fits ? [whole] : pieces;
}

/** Returns the lines that carry a message. */
export function messageLines(state: State, target: string, message: Outgoing): string[] {
  const { text, label, style } = message;
  const parts = style === 'text' ? batchParts(state, target, text) : [];
  if (parts.length < 2) return [messageLine(state, target, message)];
  if (limitsOf(state) === null) {
    // It waited for a server that takes less than the one before.
    return splitText(text, lineBytes(state, target)).map((piece) =>
      messageLine(state, target, { ...message, text: piece }),
    );
  }
  const reference = label === '' ? 'm' : label;
  return [
    formatLine('BATCH', [`+${reference}`, MULTILINE, target], hasLabels(state.capabilities) ? label : null),
    ...parts.map(({ text: part, isConcat }) => {
      const tags = isConcat ? `batch=${reference};${CONCAT}` : `batch=${reference}`;
      return `@${tags} ${formatLine('PRIVMSG', [target, part])}`;
    }),
    formatLine('BATCH', [`-${reference}`]),
  ];
}
