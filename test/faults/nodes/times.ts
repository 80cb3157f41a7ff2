/** The promises about when things happen, P5, P6 and P10, as checks of transcripts beside the faults. */
import { isAlive, type Loss, sightsOf, type Span, type Transcript, type Violation } from './record.js';

/** The times that are promised, and how much later they may be on a machine that is busy with other things. */
export interface Times {
  /** How long a node may be silent before it is given up. */
  readonly leaseMs: number;
  /** How much later than promised something may be. */
  readonly slackMs: number;
  /** The longest time from a message to its echo while nothing is broken that it needs. */
  readonly pauseMs: number;
  /** The longest time that a message waits for the broker before it fails. */
  readonly waitMs: number;
}

/** Members leave so much later than the lease ends. */
const AFTER_LEASE_MS = 2_000;
/** The reason that those read whose room a lost node's member was in. */
export const LOST = 'node lost';

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Whether a time is in any of some spans. */
const isIn = (spans: readonly Span[], atMs: number, afterMs = 0): boolean =>
  spans.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs + afterMs);

/** Returns the members that a client saw in any room at a time. */
function seenAt({ sights }: Transcript, atMs: number): Set<string> {
  const seen = new Set<string>();
  for (const sight of sights) {
    if (sight.atMs > atMs) break;
    if (sight.kind === 'listed') for (const nick of sight.nicks) seen.add(nick);
    if (sight.kind === 'joined') seen.add(sight.nick);
    if (sight.kind === 'quit') seen.delete(sight.nick);
  }
  return seen;
}

/** P5: the members of a node that is lost leave in time, with the reason. */
export function checkLosses(
  transcripts: readonly Transcript[],
  losses: readonly Loss[],
  { leaseMs, slackMs }: Times,
): Violation[] {
  const found: Violation[] = [];
  for (const { node, fromMs, toMs } of losses) {
    const limitMs = leaseMs + AFTER_LEASE_MS + slackMs;
    // One that is back within its lease may never have been missed.
    if (toMs - fromMs < limitMs) continue;
    const lost = transcripts.filter(
      (one) =>
        one.node === node && one.nick !== null && (one.sights[0]?.atMs ?? Infinity) < fromMs && livesAt(one, fromMs),
    );
    for (const witness of transcripts.filter((one) => one.node !== node && livesAt(one, fromMs + limitMs))) {
      const seen = seenAt(witness, fromMs);
      for (const nick of lost.flatMap((one) => (one.nick !== null && seen.has(one.nick) ? [one.nick] : []))) {
        const quit = sightsOf(witness, 'quit').find((sight) => sight.nick === nick && sight.atMs >= fromMs);
        const what = `${witness.id}: ${nick} of ${node}`;
        if (quit === undefined) found.push({ promise: 'P5', text: `${what} has never left` });
        else if (quit.atMs - fromMs > limitMs) {
          found.push({ promise: 'P5', text: `${what} has left after ${seconds(quit.atMs - fromMs)}` });
        } else if (quit.reason !== LOST) {
          found.push({ promise: 'P5', text: `${what} has left with the reason "${quit.reason}"` });
        }
      }
    }
  }
  return found;
}

/** Whether a connection was there at a time. */
function livesAt(transcript: Transcript, atMs: number): boolean {
  const [first] = transcript.sights;
  const closed = transcript.sights.find(({ kind }) => kind === 'closed');
  return first !== undefined && first.atMs <= atMs && (closed === undefined || closed.atMs >= atMs);
}

/** How long a message waited for its echo or its failure; `endMs` is null if it has got neither. */
export interface Wait {
  readonly transcript: Transcript;
  readonly text: string;
  readonly fromMs: number;
  readonly endMs: number | null;
}

/** Returns the waits of all messages. */
export function waitsOf(transcripts: readonly Transcript[]): Wait[] {
  return transcripts.flatMap((transcript) => {
    const ends = new Map(
      [...sightsOf(transcript, 'heard'), ...sightsOf(transcript, 'failed')].map(({ text, atMs }) => [text, atMs]),
    );
    return sightsOf(transcript, 'said').map(({ text, atMs }) => {
      return { transcript, text, fromMs: atMs, endMs: ends.get(text) ?? null };
    });
  });
}

/**
 * P5: those whose node and broker are well go on without a pause, whatever becomes of other nodes.
 *
 * @param trouble - when a node has trouble of its own; the broker's is everybody's
 */
export function checkPauses(
  transcripts: readonly Transcript[],
  trouble: (node: string) => readonly Span[],
  { pauseMs, slackMs }: Times,
): Violation[] {
  return waitsOf(transcripts).flatMap(({ transcript, text, fromMs, endMs }) => {
    if (endMs === null || endMs - fromMs <= pauseMs + slackMs) return [];
    const spans = trouble(transcript.node);
    // One that was sent before or within the trouble waits for the end of that.
    const isExcused = spans.some((span) => span.fromMs <= endMs && span.toMs + pauseMs + slackMs >= fromMs);
    return isExcused ? [] : [{ promise: 'P5', text: `${transcript.id}: "${text}" took ${seconds(endMs - fromMs)}` }];
  });
}

/** So long after a broker is back it has again what it had lost, and a node has found it. */
const NOTICED_MS = 3_000;

/**
 * P10: those who are in a room whose log has lost its end are told so once, and in time, unless their node has trouble
 * of its own.
 *
 * @param losses - when the broker was back each time
 * @param trouble - when a node has trouble of its own
 */
export function checkNotices(
  transcripts: readonly Transcript[],
  losses: readonly number[],
  trouble: (node: string) => readonly Span[],
  { slackMs }: Times,
): Violation[] {
  const limitMs = NOTICED_MS + slackMs;
  return losses.flatMap((lossMs) => {
    const noticed = transcripts.map((transcript) => {
      const notices = sightsOf(transcript, 'noticed').filter(({ atMs }) => Math.abs(atMs - lossMs) <= limitMs);
      return { transcript, rooms: notices.map(({ room }) => room) };
    });
    const rooms = [...new Set(noticed.flatMap((one) => one.rooms))];
    return noticed.flatMap(({ transcript, rooms: seen }) => {
      if (!livesAt(transcript, lossMs) || !livesAt(transcript, lossMs + limitMs)) return [];
      if (isIn(trouble(transcript.node), lossMs)) return [];
      return rooms.flatMap((room) => {
        const count = seen.filter((one) => one === room).length;
        const isInside = sightsOf(transcript, 'listed').some((one) => one.room === room && one.atMs < lossMs);
        if (count === 1 || (count === 0 && !isInside)) return [];
        return [{ promise: 'P10', text: `${transcript.id} was told ${count} times that ${room} had lost its end` }];
      });
    });
  });
}

/** P6: no message waits longer than promised, whatever is broken. Those whose node stands still are not answered. */
export function checkWaits(
  transcripts: readonly Transcript[],
  still: (node: string) => readonly Span[],
  { waitMs, slackMs }: Times,
): Violation[] {
  return waitsOf(transcripts).flatMap(({ transcript, text, fromMs, endMs }) => {
    if (endMs === null) return [];
    const excusedMs = still(transcript.node)
      .filter((span) => span.fromMs <= endMs && span.toMs >= fromMs)
      .reduce((sum, span) => sum + span.toMs - span.fromMs, 0);
    const tookMs = endMs - fromMs - excusedMs;
    if (tookMs <= waitMs + slackMs) return [];
    return [{ promise: 'P6', text: `${transcript.id}: "${text}" was answered after ${seconds(tookMs)}` }];
  });
}

/** P6: nobody is disconnected but by the end of the process that it is connected to. */
export function checkConnections(transcripts: readonly Transcript[], losses: readonly Loss[]): Violation[] {
  return transcripts.flatMap((transcript) => {
    const closed = sightsOf(transcript, 'closed').find(({ by }) => by === 'server');
    const deaths = losses.filter(({ node, isDead }) => isDead && node === transcript.node);
    if (isAlive(transcript) || closed === undefined || isIn(deaths, closed.atMs)) return [];
    return [{ promise: 'P6', text: `${transcript.id} was disconnected from ${transcript.node}` }];
  });
}

/** P6: PING is answered at once, whatever the broker does. */
export function checkPings(
  transcripts: readonly Transcript[],
  still: (node: string) => readonly Span[],
  { pauseMs, slackMs }: Times,
): Violation[] {
  return transcripts.flatMap((transcript) => {
    const pongs = new Map(sightsOf(transcript, 'ponged').map(({ token, atMs }) => [token, atMs]));
    const end = transcript.sights.at(-1)?.atMs ?? 0;
    return sightsOf(transcript, 'pinged').flatMap(({ token, atMs }) => {
      const pongMs = pongs.get(token) ?? Infinity;
      const tookMs = pongMs - atMs;
      if (tookMs <= pauseMs + slackMs) return [];
      // One that was on its way when the node began to stand still waits for the end of that.
      const dueMs = Math.min(pongMs, atMs + pauseMs + slackMs);
      const hasStoodStill = still(transcript.node).some(
        ({ fromMs, toMs }) => fromMs <= dueMs && toMs + slackMs >= atMs,
      );
      if (hasStoodStill || end - atMs <= pauseMs + slackMs) return [];
      return [{ promise: 'P6', text: `${transcript.id}: PING ${token} was answered after ${seconds(tookMs)}` }];
    });
  });
}
