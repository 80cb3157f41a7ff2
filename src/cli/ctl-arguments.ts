/** What can be asked of a running server with `fdmux ctl`, and the words that each verb takes. */
import type { Request } from '../control/request.js';
import { UsageError } from './usage-error.js';

/** The words of each verb after it: how many there must be, how many there may be, and how to write them. */
const VERBS = {
  status: { least: 0, most: 0, usage: 'status' },
  drain: { least: 0, most: 0, usage: 'drain' },
  reload: { least: 0, most: 0, usage: 'reload' },
  'log-level': { least: 0, most: 1, usage: 'log-level [debug|info|warning|error]' },
  kick: { least: 1, most: Infinity, usage: 'kick NICK [REASON]' },
  ban: { least: 1, most: Infinity, usage: 'ban ADDRESS|NETWORK|USER@HOST|NICK [REASON] [--minutes COUNT]' },
  unban: { least: 1, most: 1, usage: 'unban ADDRESS|NETWORK|USER@HOST' },
  bans: { least: 0, most: 0, usage: 'bans' },
} as const;

export type CtlVerb = keyof typeof VERBS;

/** The verbs in the order of the help. */
export const CTL_VERBS = [
  'status',
  'drain',
  'reload',
  'log-level',
  'kick',
  'ban',
  'unban',
  'bans',
] as const satisfies readonly CtlVerb[];

/** The options of `fdmux ctl`. */
export interface CtlFlags {
  readonly data?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly minutes?: number;
}

/** Puts together what is asked for. A reason need not be quoted. @throws UsageError */
export function readRequest(verb: CtlVerb, words: readonly string[], { minutes }: CtlFlags): Request {
  const { least, most, usage } = VERBS[verb];
  if (words.length < least || words.length > most) throw new UsageError(`this is how it goes: fdmux ctl ${usage}`);
  if (minutes !== undefined && verb !== 'ban') throw new UsageError('--minutes is for ban only');
  const [first = '', ...rest] = words;
  const reason = rest.length === 0 ? [] : [rest.join(' ')];
  switch (verb) {
    case 'kick':
      return { verb, words: [first, ...reason] };
    case 'ban':
      return { verb, words: [first, String(minutes ?? 0), ...reason] };
    default:
      return { verb, words };
  }
}
