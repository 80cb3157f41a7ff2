/** What a run of several nodes leaves behind: the transcripts of its clients, its logs, its faults. */

/** One thing that a client did or saw. Times are milliseconds of one clock that never goes back. */
export type Sight = { readonly atMs: number } & (
  | { readonly kind: 'said'; readonly room: string; readonly text: string }
  /** A message came, or its echo came back to the one who said it. */
  | { readonly kind: 'heard'; readonly room: string; readonly text: string; readonly msgid: string }
  /** The server has said that a message is not taken. */
  | { readonly kind: 'failed'; readonly text: string; readonly code: string }
  | { readonly kind: 'joined'; readonly room: string; readonly nick: string }
  | { readonly kind: 'left'; readonly room: string; readonly nick: string; readonly reason: string }
  | { readonly kind: 'quit'; readonly nick: string; readonly reason: string }
  | { readonly kind: 'renamed'; readonly nick: string; readonly to: string }
  /** The whole list of a room's members. */
  | { readonly kind: 'listed'; readonly room: string; readonly nicks: readonly string[] }
  | { readonly kind: 'noticed'; readonly room: string; readonly text: string }
  | { readonly kind: 'pinged'; readonly token: string }
  | { readonly kind: 'ponged'; readonly token: string }
  /** The connection is over. */
  | { readonly kind: 'closed'; readonly by: 'client' | 'server' }
);

/** A sort of sight. */
export type SightOf<Kind extends Sight['kind']> = Extract<Sight, { readonly kind: Kind }>;

/** All that one connection did and saw, in its order. */
export interface Transcript {
  /** Names it among all of a run; every text that it says is its id, a space, and a running number. */
  readonly id: string;
  /** The node that it was connected to. */
  readonly node: string;
  /** The nick of one that keeps it, which no other transcript has; null for one that takes what it can get. */
  readonly nick: string | null;
  /** The nick that it had at first. */
  readonly firstNick: string;
  readonly sights: readonly Sight[];
}

/** Where an entry stands in its log. */
export interface Place {
  readonly seq: number;
  /** Its place in the pack, from 0. */
  readonly part: number;
}

/** One thing that has happened in a room, by its log. */
export type Happening = Place &
  (
    | { readonly kind: 'said'; readonly session: string; readonly text: string }
    | { readonly kind: 'joined'; readonly session: string; readonly nick: string }
    | { readonly kind: 'left'; readonly session: string; readonly nick: string }
  );

/** A room's log, applied from nothing. */
export interface RoomLog {
  readonly room: string;
  readonly happenings: readonly Happening[];
  /** The texts in the room's history, in its order. */
  readonly history: readonly string[];
}

/** A time in which something was broken. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A node that others cannot hear any longer: it has died, it stands still, or its link is cut. */
export interface Loss extends Span {
  readonly node: string;
  /** Whether its process is gone, and with it its connections. */
  readonly isDead: boolean;
}

/** A broken promise. */
export interface Violation {
  /** `P1` to `P10`. */
  readonly promise: string;
  readonly text: string;
}

/** Returns the sights of one kind. */
export function sightsOf<Kind extends Sight['kind']>({ sights }: Transcript, kind: Kind): readonly SightOf<Kind>[] {
  return sights.filter((sight): sight is SightOf<Kind> => sight.kind === kind);
}

/** Whether the connection lived to the end of the run. */
export const isAlive = ({ sights }: Transcript): boolean => !sights.some(({ kind }) => kind === 'closed');

/** Returns who has said a text, and the running number of it; undefined for a text that no client has said. */
export function authorOf(text: string): { readonly id: string; readonly n: number } | undefined {
  const [, id, n] = /^(\S+) (\d+)$/.exec(text) ?? [];
  return id === undefined ? undefined : { id, n: Number(n) };
}

/** Returns the place that an id of a message names; undefined if it names none. */
export function placeOfId(msgid: string): Place | undefined {
  const [, seq, part] = /-([0-9a-z]+)(?:\.(\d+))?$/.exec(msgid) ?? [];
  return seq === undefined ? undefined : { seq: parseInt(seq, 36), part: Number(part ?? 0) };
}

/** Compares two places. @returns below 0 if `a` is before `b` */
export const compare = (a: Place, b: Place): number => a.seq - b.seq || a.part - b.part;
