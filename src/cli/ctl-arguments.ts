/** The verbs of `fdmux ctl`, with which a running server is asked for something, and the words that each takes. */
import type { Request } from '../control/request.js';
import { UsageError } from './usage-error.js';

/** One verb: how many words follow it at least and at most, how they are written, and what the server does. */
interface Row {
  readonly verb: string;
  readonly least: number;
  readonly most: number;
  readonly words: string;
  readonly does: string;
}

const NO_WORDS = { least: 0, most: 0, words: '' } as const;
/** Somebody, and why: a reason need not be quoted. */
const WITH_REASON = { least: 1, most: Infinity } as const;

/** In the order of the help. */
const VERBS = [
  { verb: 'status', ...NO_WORDS, does: 'says how it is' },
  { verb: 'clients', ...NO_WORDS, does: 'lists the connections' },
  { verb: 'members', ...NO_WORDS, does: 'lists those who are here, and their rooms' },
  { verb: 'rooms', ...NO_WORDS, does: 'lists the rooms that are open' },
  {
    verb: 'drain',
    least: 0,
    most: 1,
    words: '[WORKER]',
    does: 'ends; clients get drainMs to leave. Asked again, it ends at once',
  },
  { verb: 'reload', ...NO_WORDS, does: 'reads the configuration file again, as on SIGHUP' },
  { verb: 'upgrade', ...NO_WORDS, does: 'has the program on the disk go on with its clients, as on SIGUSR2' },
  {
    verb: 'backend',
    least: 0,
    most: 1,
    words: '[NAME]',
    does: 'waits with epoll, poll or select from now on; without NAME, says with which',
  },
  {
    verb: 'log-level',
    least: 0,
    most: 1,
    words: '[LEVEL]',
    does: 'logs so much until the next reload; without LEVEL, says how much',
  },
  { verb: 'kick', ...WITH_REASON, words: 'NICK [REASON]', does: 'puts somebody out' },
  {
    verb: 'ban',
    ...WITH_REASON,
    words: 'WHOM [REASON]',
    does: 'keeps out an address, a network, user@host, or whoever is that nick',
  },
  { verb: 'unban', least: 1, most: 1, words: 'WHOM', does: 'lifts a ban' },
  { verb: 'bans', ...NO_WORDS, does: 'lists the bans' },
] as const satisfies readonly Row[];

export type CtlVerb = (typeof VERBS)[number]['verb'];

/** The verbs in the order of the help. */
export const CTL_VERBS: readonly CtlVerb[] = VERBS.map(({ verb }) => verb);

/** The verbs with their words, a line each. */
export const VERB_LINES = VERBS.map(({ verb, words, does }) => `  ${`${verb} ${words}`.padEnd(20)}  ${does}\n`).join(
  '',
);

/** How long an answer may take, in seconds. What a full disk keeps waiting is given up by the server before that. */
export const PATIENCE = 60;
/** An upgrade checks the store in each process, which may be large. */
export const PATIENCE_SECONDS: Partial<Readonly<Record<CtlVerb, number>>> = { upgrade: 3_600 };

/** The options of `fdmux ctl`. */
export interface CtlFlags {
  readonly data?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly minutes?: number;
  /** How long the answer may take, in seconds. */
  readonly timeout?: number;
}

/** Puts together what is asked for. @throws UsageError */
export function readRequest(verb: CtlVerb, words: readonly string[], { minutes }: CtlFlags): Request {
  for (const row of VERBS) if (row.verb === verb) checkCount(row, words.length);
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

function checkCount({ verb, words, least, most }: Row, count: number): void {
  if (count >= least && count <= most) return;
  throw new UsageError(`this is how it goes: fdmux ctl ${`${verb} ${words}`.trimEnd()}`);
}
