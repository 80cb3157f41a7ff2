/** The messages between the nodes of a domain about their link to another one. */
import { choice, flag, list, nullable, oneOf, record, text, whole } from '../log/shape.js';
import { MAX_ROOMS } from './messages.js';

/** The greeting of the other domain, as its nodes need it. */
export interface HomeFacts {
  /** The label behind the nicks of this domain's people there. */
  readonly label: string;
  /** The run of the other domain. */
  readonly epoch: string;
  readonly rooms: readonly string[];
}

/**
 * The way of a letter: over the link that the node holds, over the connection by which the other domain visits rooms of
 * this one, or to somebody whose session is on the node.
 */
export type Errand = 'link' | 'visit' | 'recipient';

/**
 * A message. `term` is the number of the pack in which the node that holds the link has claimed it: messages of another
 * term are from a node that does not hold it any more, and all nodes ignore them.
 */
export type Relayed =
  /** A node takes the link over from the term `after`. The first one to claim it holds it. */
  | { readonly kind: 'claim'; readonly after: number }
  /** The node that holds the link gives it up. */
  | { readonly kind: 'resign'; readonly term: number }
  /** A node needs a room; `isFresh` if it needs it as a whole. */
  | { readonly kind: 'want'; readonly room: string; readonly isFresh: boolean }
  /** A node is gone; the body has the sessions under which its people continue. */
  | { readonly kind: 'lost'; readonly node: string }
  /** A node does not need a room any more. */
  | { readonly kind: 'drop'; readonly room: string }
  /** The body is a pack for a room, from people of a node that knows of the last `caught-up`. */
  | { readonly kind: 'offer'; readonly room: string; readonly term: number; readonly sync: number }
  /** Whether the link is up, from the node that holds it. */
  | { readonly kind: 'held'; readonly term: number; readonly home: HomeFacts | null }
  /**
   * The node that holds the link asks which people of this domain are in a room. The answer has the number of the
   * question, and the sessions in its body.
   */
  | { readonly kind: 'roll-call'; readonly term: number; readonly room: string; readonly call: number }
  | { readonly kind: 'inside'; readonly term: number; readonly call: number }
  /**
   * The body is a room as a whole. If it `isFresh`, only nodes that lack the room take it: the packs that the others
   * lack follow.
   */
  | {
      readonly kind: 'state';
      readonly term: number;
      readonly room: string;
      readonly log: string;
      readonly seq: number;
      readonly isFresh: boolean;
    }
  /** The body is a pack of the home. */
  | { readonly kind: 'pack'; readonly term: number; readonly room: string; readonly seq: number }
  /**
   * All packs of the home have been copied. What has been offered before, and has not returned, is offered again: an
   * offer that does not give this `sync` does not count, since an earlier one of the session may have been lost.
   */
  | { readonly kind: 'caught-up'; readonly term: number; readonly room: string; readonly sync: number }
  | { readonly kind: 'refused'; readonly term: number; readonly room: string }
  | { readonly kind: 'away'; readonly term: number; readonly room: string }
  | { readonly kind: 'back'; readonly term: number; readonly room: string }
  /** A node serves the other domain, whose server has this run. No other message has the same `mark`. */
  | { readonly kind: 'admitted'; readonly run: string; readonly mark: string }
  /** The other domain is not connected to a node any more. */
  | { readonly kind: 'left' }
  /** A node asks another one to carry the letter in the body: see `LetterRelay`. It counts its turns. */
  | { readonly kind: 'letter'; readonly to: string; readonly turn: number; readonly errand: Errand }
  /** The body says what has become of it. */
  | { readonly kind: 'letter-answer'; readonly to: string; readonly turn: number };

/** A message of the node that holds the link about one room. */
export type RoomRelayed = Exclude<
  Extract<Relayed, { readonly term: number; readonly room: string }>,
  { kind: 'offer' | 'roll-call' }
>;

const number = whole(0);
const name = text(512);
const ofRoom = { term: number, room: name };
const home = record<HomeFacts>({ label: text(64), epoch: text(64), rooms: list(name, MAX_ROOMS) });

/** Whether a value is a message between nodes. */
export const isRelayed = choice<Relayed>({
  claim: record({ kind: oneOf('claim'), after: number }),
  resign: record({ kind: oneOf('resign'), term: number }),
  want: record({ kind: oneOf('want'), room: name, isFresh: flag }),
  drop: record({ kind: oneOf('drop'), room: name }),
  lost: record({ kind: oneOf('lost'), node: name }),
  offer: record({ kind: oneOf('offer'), ...ofRoom, sync: number }),
  held: record({ kind: oneOf('held'), term: number, home: nullable(home) }),
  'roll-call': record({ kind: oneOf('roll-call'), ...ofRoom, call: number }),
  inside: record({ kind: oneOf('inside'), term: number, call: number }),
  state: record({ kind: oneOf('state'), ...ofRoom, log: text(300), seq: number, isFresh: flag }),
  pack: record({ kind: oneOf('pack'), ...ofRoom, seq: number }),
  'caught-up': record({ kind: oneOf('caught-up'), ...ofRoom, sync: number }),
  refused: record({ kind: oneOf('refused'), ...ofRoom }),
  away: record({ kind: oneOf('away'), ...ofRoom }),
  back: record({ kind: oneOf('back'), ...ofRoom }),
  admitted: record({ kind: oneOf('admitted'), run: text(64), mark: text(128) }),
  left: record({ kind: oneOf('left') }),
  letter: record({ kind: oneOf('letter'), to: name, turn: number, errand: oneOf('link', 'visit', 'recipient') }),
  'letter-answer': record({ kind: oneOf('letter-answer'), to: name, turn: number }),
});
